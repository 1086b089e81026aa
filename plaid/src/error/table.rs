//! Every documented error: what it calls for, and whether the same request may be
//! sent again without anybody looking.
//!
//! One row per pair of type and code, since the same code means different things
//! under different types.

use super::{Action, ErrorCode, ErrorType};

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) error_type: ErrorType,
    pub(crate) error_code: ErrorCode,
    /// The HTTP status it comes with, where one is documented. Nothing is decided
    /// by it: Plaid reports a bank that is down as a bad request.
    #[cfg_attr(
        not(any(test, feature = "testing")),
        expect(dead_code, reason = "documents the row; tests read it")
    )]
    pub(crate) status: Option<u16>,
    pub(crate) action: Action,
    pub(crate) again: Again,
}

/// Whether the same request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// After a pause of seconds.
    ///
    /// The three `INSTITUTION_*` rows are among these although a bank that is
    /// down often stays so for hours: many outages are blips, and a read costs
    /// nothing. The budget of a [`RetryPolicy`](crate::RetryPolicy) bounds it.
    Automatic,
    /// Once something has happened: a webhook, a day later, an approval.
    AfterEvent,
    /// Only as the first request of its sequence.
    Restart,
    /// The answer would be the same.
    Never,
}

/// The row for an error.
pub(crate) fn find(error_type: &ErrorType, error_code: &ErrorCode) -> Option<&'static Entry> {
    TABLE
        .iter()
        .find(|entry| entry.error_code == *error_code && entry.error_type == *error_type)
}

impl Action {
    /// What an error of Plaid's calls for, also one that came inside a webhook or
    /// an Item and not as an [`Error`](crate::Error).
    ///
    /// ```
    /// use plaid::{Action, ErrorCode, ErrorType};
    ///
    /// let action = Action::for_error(&ErrorType::ItemError, &ErrorCode::ItemLoginRequired);
    /// assert_eq!(action, Action::RelinkUpdateMode);
    /// ```
    pub fn for_error(error_type: &ErrorType, error_code: &ErrorCode) -> Self {
        find(error_type, error_code)
            .map(|entry| entry.action)
            .or_else(|| agreed_action(error_code))
            .unwrap_or_else(|| Self::for_type(error_type))
    }

    /// A code that is not known yet, by its type alone.
    fn for_type(error_type: &ErrorType) -> Self {
        match error_type {
            ErrorType::RateLimitExceeded | ErrorType::ApiError => Self::RetryWithBackoff,
            ErrorType::InvalidRequest | ErrorType::InvalidInput => Self::FixRequest,
            _ => Self::Unknown,
        }
    }
}

/// What every row for a code calls for, where they agree: Plaid moves codes from
/// one type to another.
pub(crate) fn agreed_action(error_code: &ErrorCode) -> Option<Action> {
    let mut rows = TABLE.iter().filter(|entry| entry.error_code == *error_code);
    let first = rows.next()?.action;
    rows.all(|entry| entry.action == first).then_some(first)
}

const fn row(
    error_type: ErrorType,
    error_code: ErrorCode,
    status: Option<u16>,
    action: Action,
    again: Again,
) -> Entry {
    Entry {
        error_type,
        error_code,
        status,
        action,
        again,
    }
}

use Action as A;
use ErrorCode as C;
use ErrorType as T;

#[rustfmt::skip]
pub(crate) static TABLE: &[Entry] = &[
    row(T::ApiError, C::InternalServerError, Some(500), A::RetryWithBackoff, Again::Automatic),
    row(T::ApiError, C::PlannedMaintenance, Some(503), A::RetryWithBackoff, Again::Automatic),
    row(T::AssetReportError, C::AssetReportGenerationFailed, Some(400), A::WaitThenRetry, Again::AfterEvent),
    row(T::AssetReportError, C::DataQualityCheckFailed, Some(400), A::WaitThenRetry, Again::AfterEvent),
    row(T::AssetReportError, C::DataUnavailable, Some(400), A::RecreateReport, Again::Never),
    row(T::AssetReportError, C::InsightsNotEnabled, Some(400), A::AccountSetup, Again::Never),
    row(T::AssetReportError, C::InsightsPreviouslyNotEnabled, Some(400), A::RecreateReport, Again::Never),
    row(T::AssetReportError, C::InvalidParent, Some(400), A::RecreateReport, Again::Never),
    row(T::AssetReportError, C::ProductNotEnabled, Some(400), A::NewLinkSession, Again::Never),
    row(T::AssetReportError, C::ProductNotReady, Some(400), A::WaitThenRetry, Again::AfterEvent),
    row(T::BankTransferError, C::BankTransferAccountBlocked, Some(400), A::NewLinkSession, Again::Never),
    row(T::CheckReportError, C::DataQualityCheckFailed, Some(400), A::WaitThenRetry, Again::AfterEvent),
    row(T::CheckReportError, C::DataUnavailable, Some(400), A::RecreateReport, Again::Never),
    row(T::CheckReportError, C::InstitutionTransactionHistoryNotSupported, Some(400), A::PermanentInstitution, Again::Never),
    row(T::CheckReportError, C::InsufficientTransactionData, Some(400), A::NewLinkSession, Again::Never),
    row(T::CheckReportError, C::NetworkConsentRequired, Some(400), A::RelinkUpdateMode, Again::Never),
    row(T::CheckReportError, C::NoAccounts, Some(400), A::NewLinkSession, Again::Never),
    row(T::ConsumerReportError, C::ConsumerReportExpired, Some(400), A::RecreateReport, Again::Never),
    row(T::ConsumerReportError, C::ProductNotReady, Some(400), A::WaitThenRetry, Again::AfterEvent),
    row(T::IncomeVerificationError, C::EmploymentNotFound, Some(400), A::FixRequest, Again::Never),
    row(T::IncomeVerificationError, C::IncomeVerificationDocumentNotFound, Some(400), A::FixRequest, Again::Never),
    row(T::IncomeVerificationError, C::IncomeVerificationFailed, Some(400), A::FixRequest, Again::Never),
    row(T::IncomeVerificationError, C::IncomeVerificationNotFound, Some(400), A::FixRequest, Again::Never),
    row(T::IncomeVerificationError, C::IncomeVerificationUploadError, Some(500), A::RetryWithBackoff, Again::Automatic),
    row(T::IncomeVerificationError, C::ProductNotEnabled, Some(400), A::NewLinkSession, Again::Never),
    row(T::IncomeVerificationError, C::ProductNotReady, Some(400), A::WaitThenRetry, Again::AfterEvent),
    row(T::IncomeVerificationError, C::VerificationStatusPendingApproval, Some(400), A::WaitThenRetry, Again::AfterEvent),
    row(T::InstitutionError, C::InstitutionDown, Some(400), A::RetryWithBackoff, Again::Automatic),
    row(T::InstitutionError, C::InstitutionNotAvailable, Some(400), A::RetryWithBackoff, Again::Automatic),
    row(T::InstitutionError, C::InstitutionNotEnabledInEnvironment, Some(400), A::PermanentInstitution, Again::Never),
    row(T::InstitutionError, C::InstitutionNotResponding, Some(400), A::RetryWithBackoff, Again::Automatic),
    row(T::InstitutionError, C::InstitutionNoLongerSupported, Some(400), A::PermanentInstitution, Again::Never),
    row(T::InstitutionError, C::InstitutionRegistrationRequired, Some(400), A::AccountSetup, Again::Never),
    row(T::InstitutionError, C::UnauthorizedInstitution, Some(400), A::AccountSetup, Again::Never),
    row(T::InstitutionError, C::UnsupportedResponse, Some(400), A::PermanentInstitution, Again::Never),
    row(T::InvalidInput, C::AdditionalConsentRequired, Some(400), A::RelinkUpdateMode, Again::Never),
    row(T::InvalidInput, C::DirectIntegrationNotEnabled, Some(400), A::AccountSetup, Again::Never),
    row(T::InvalidInput, C::IncorrectDepositVerification, Some(400), A::UserAction, Again::Never),
    row(T::InvalidInput, C::InvalidAccessToken, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidInput, C::InvalidAccountId, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidInput, C::InvalidApiKeys, Some(400), A::AccountSetup, Again::Never),
    row(T::InvalidInput, C::InvalidAuditCopyToken, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidInput, C::InvalidInstitution, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidInput, C::InvalidLinkCustomization, Some(400), A::AccountSetup, Again::Never),
    row(T::InvalidInput, C::InvalidLinkToken, Some(400), A::NewLinkSession, Again::Never),
    row(T::InvalidInput, C::InvalidProcessorToken, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidInput, C::InvalidProduct, Some(400), A::AccountSetup, Again::Never),
    row(T::InvalidInput, C::InvalidProducts, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidInput, C::InvalidPublicToken, Some(400), A::NewLinkSession, Again::Never),
    row(T::InvalidInput, C::InvalidStripeAccount, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidInput, C::InvalidUserId, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidInput, C::InvalidUserToken, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidInput, C::InvalidWebhookVerificationKeyId, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidInput, C::ProductUnavailable, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidInput, C::ProfileAccessForbidden, None, A::AccountSetup, Again::Never),
    row(T::InvalidInput, C::ProfileAuthenticationFailed, Some(400), A::NewLinkSession, Again::Never),
    row(T::InvalidInput, C::TooManyVerificationAttempts, Some(400), A::NewLinkSession, Again::Never),
    row(T::InvalidInput, C::UnauthorizedEnvironment, Some(400), A::AccountSetup, Again::Never),
    row(T::InvalidInput, C::UnauthorizedRouteAccess, Some(400), A::AccountSetup, Again::Never),
    row(T::InvalidInput, C::UserPermissionRevoked, Some(400), A::NewLinkSession, Again::Never),
    row(T::InvalidRequest, C::FailedPrecondition, Some(400), A::WaitThenRetry, Again::AfterEvent),
    row(T::InvalidRequest, C::IncompatibleApiVersion, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidRequest, C::InvalidAccountNumber, Some(400), A::UserAction, Again::Never),
    row(T::InvalidRequest, C::InvalidBody, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidRequest, C::InvalidConfiguration, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidRequest, C::InvalidField, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidRequest, C::InvalidHeaders, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidRequest, C::MissingFields, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidRequest, C::NotFound, Some(404), A::FixRequest, Again::Never),
    row(T::InvalidRequest, C::NoLongerAvailable, Some(404), A::FixRequest, Again::Never),
    row(T::InvalidRequest, C::SandboxOnly, Some(400), A::AccountSetup, Again::Never),
    row(T::InvalidRequest, C::UnknownFields, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidResult, C::LastUpdatedDatetimeOutOfRange, Some(400), A::FixRequest, Again::Never),
    row(T::InvalidResult, C::PlaidDirectItemImportReturnedInvalidMfa, Some(400), A::FixRequest, Again::Never),
    row(T::ItemError, C::AccessNotGranted, Some(400), A::RelinkUpdateMode, Again::Never),
    row(T::ItemError, C::InstantMatchFailed, Some(400), A::NewLinkSession, Again::Never),
    row(T::ItemError, C::InsufficientCredentials, Some(400), A::RelinkUpdateMode, Again::Never),
    row(T::ItemError, C::InvalidCredentials, Some(400), A::UserAction, Again::Never),
    row(T::ItemError, C::InvalidMfa, Some(400), A::UserAction, Again::Never),
    row(T::ItemError, C::InvalidOtp, Some(400), A::UserAction, Again::Never),
    row(T::ItemError, C::InvalidPhoneNumber, Some(400), A::UserAction, Again::Never),
    row(T::ItemError, C::InvalidSendMethod, Some(400), A::UserAction, Again::Never),
    row(T::ItemError, C::InvalidUpdatedUsername, Some(400), A::NewLinkSession, Again::Never),
    row(T::ItemError, C::ItemConcurrentlyDeleted, Some(400), A::FixRequest, Again::Never),
    row(T::ItemError, C::ItemLocked, Some(400), A::UserAction, Again::Never),
    row(T::ItemError, C::ItemLoginRequired, Some(400), A::RelinkUpdateMode, Again::Never),
    row(T::ItemError, C::ItemNotFound, Some(400), A::NewLinkSession, Again::Never),
    row(T::ItemError, C::ItemNotSupported, Some(400), A::NewLinkSession, Again::Never),
    row(T::ItemError, C::ManualVerificationRequired, Some(400), A::RelinkUpdateMode, Again::Never),
    row(T::ItemError, C::MfaNotSupported, Some(400), A::NewLinkSession, Again::Never),
    row(T::ItemError, C::NoAccounts, Some(400), A::RelinkUpdateMode, Again::Never),
    row(T::ItemError, C::NoAuthAccounts, Some(400), A::RelinkUpdateMode, Again::Never),
    row(T::ItemError, C::NoInvestmentAccounts, Some(400), A::NewLinkSession, Again::Never),
    row(T::ItemError, C::NoInvestmentAuthAccounts, Some(400), A::NewLinkSession, Again::Never),
    row(T::ItemError, C::NoLiabilityAccounts, Some(400), A::NewLinkSession, Again::Never),
    row(T::ItemError, C::PasswordResetRequired, Some(400), A::UserAction, Again::Never),
    row(T::ItemError, C::ProductsNotSupported, Some(400), A::PermanentInstitution, Again::Never),
    row(T::ItemError, C::ProductNotEnabled, Some(400), A::NewLinkSession, Again::Never),
    row(T::ItemError, C::ProductNotReady, Some(400), A::WaitThenRetry, Again::AfterEvent),
    row(T::ItemError, C::UserInputTimeout, Some(400), A::UserAction, Again::Never),
    row(T::ItemError, C::UserSetupRequired, Some(400), A::UserAction, Again::Never),
    row(T::OauthError, C::IncorrectLinkToken, Some(400), A::NewLinkSession, Again::Never),
    row(T::OauthError, C::IncorrectOauthNonce, Some(400), A::NewLinkSession, Again::Never),
    row(T::OauthError, C::InvalidClient, None, A::AccountSetup, Again::Never),
    row(T::OauthError, C::InvalidGrant, None, A::FixRequest, Again::Never),
    row(T::OauthError, C::InvalidRequest, None, A::FixRequest, Again::Never),
    row(T::OauthError, C::InvalidScope, None, A::FixRequest, Again::Never),
    row(T::OauthError, C::OauthStateIdAlreadyProcessed, Some(208), A::NewLinkSession, Again::Never),
    row(T::OauthError, C::OauthStateIdNotFound, Some(404), A::NewLinkSession, Again::Never),
    row(T::OauthError, C::UnauthorizedClient, None, A::AccountSetup, Again::Never),
    row(T::OauthError, C::UnsupportedGrantType, None, A::FixRequest, Again::Never),
    row(T::PartnerError, C::AssetsUnderManagementRequired, Some(400), A::FixRequest, Again::Never),
    row(T::PartnerError, C::ContactRequired, Some(400), A::FixRequest, Again::Never),
    row(T::PartnerError, C::CustomerAlreadyCreated, Some(400), A::FixRequest, Again::Never),
    row(T::PartnerError, C::CustomerAlreadyEnabled, Some(400), A::FixRequest, Again::Never),
    row(T::PartnerError, C::CustomerNotFound, Some(404), A::FixRequest, Again::Never),
    row(T::PartnerError, C::CustomerNotReadyForEnablement, Some(412), A::AccountSetup, Again::Never),
    row(T::PartnerError, C::CustomerRemovalNotAllowed, Some(400), A::FixRequest, Again::Never),
    row(T::PartnerError, C::FlowdownNotComplete, Some(412), A::AccountSetup, Again::Never),
    row(T::PartnerError, C::InvalidLogo, Some(400), A::FixRequest, Again::Never),
    row(T::PartnerError, C::LogoRequired, Some(400), A::FixRequest, Again::Never),
    row(T::PartnerError, C::OauthRegistrationError, Some(400), A::AccountSetup, Again::Never),
    row(T::PartnerError, C::QuestionnaireNotComplete, Some(412), A::AccountSetup, Again::Never),
    row(T::PaymentError, C::PaymentBlocked, Some(400), A::FixRequest, Again::Never),
    row(T::PaymentError, C::PaymentCancelled, Some(400), A::UserAction, Again::Never),
    row(T::PaymentError, C::PaymentConsentCancelled, Some(400), A::UserAction, Again::Never),
    row(T::PaymentError, C::PaymentConsentInvalidConstraints, Some(400), A::FixRequest, Again::Never),
    row(T::PaymentError, C::PaymentInsufficientFunds, Some(400), A::UserAction, Again::Never),
    row(T::PaymentError, C::PaymentInvalidRecipient, Some(400), A::FixRequest, Again::Never),
    row(T::PaymentError, C::PaymentInvalidReference, Some(400), A::FixRequest, Again::Never),
    row(T::PaymentError, C::PaymentInvalidSchedule, Some(400), A::FixRequest, Again::Never),
    row(T::PaymentError, C::PaymentRejected, Some(400), A::UserAction, Again::Never),
    row(T::PaymentError, C::PaymentSchemeNotSupported, Some(400), A::FixRequest, Again::Never),
    row(T::RateLimitExceeded, C::AccountsBalanceGetLimit, Some(429), A::RetryWithBackoff, Again::Automatic),
    row(T::RateLimitExceeded, C::AccountsLimit, Some(429), A::RetryWithBackoff, Again::Automatic),
    row(T::RateLimitExceeded, C::AuthLimit, Some(429), A::RetryWithBackoff, Again::Automatic),
    row(T::RateLimitExceeded, C::BalanceLimit, Some(429), A::RetryWithBackoff, Again::Automatic),
    row(T::RateLimitExceeded, C::CreditsExhausted, Some(429), A::AccountSetup, Again::Never),
    row(T::RateLimitExceeded, C::IdentityLimit, Some(429), A::RetryWithBackoff, Again::Automatic),
    row(T::RateLimitExceeded, C::InstitutionsGetByIdLimit, Some(429), A::RetryWithBackoff, Again::Automatic),
    row(T::RateLimitExceeded, C::InstitutionsGetLimit, Some(429), A::RetryWithBackoff, Again::Automatic),
    row(T::RateLimitExceeded, C::InstitutionRateLimit, Some(429), A::RetryWithBackoff, Again::Automatic),
    row(T::RateLimitExceeded, C::InvestmentHoldingsGetLimit, Some(429), A::RetryWithBackoff, Again::Automatic),
    row(T::RateLimitExceeded, C::InvestmentTransactionsLimit, Some(429), A::RetryWithBackoff, Again::Automatic),
    row(T::RateLimitExceeded, C::ItemGetLimit, Some(429), A::RetryWithBackoff, Again::Automatic),
    row(T::RateLimitExceeded, C::RateLimit, Some(429), A::RetryWithBackoff, Again::Automatic),
    row(T::RateLimitExceeded, C::TransactionsLimit, Some(429), A::RetryWithBackoff, Again::Automatic),
    row(T::RateLimitExceeded, C::TransactionsRefreshLimit, Some(429), A::RetryWithBackoff, Again::Automatic),
    row(T::RateLimitExceeded, C::TransactionsSyncLimit, Some(429), A::RetryWithBackoff, Again::Automatic),
    row(T::RateLimitExceeded, C::TrialConnectionLimit, Some(429), A::AccountSetup, Again::Never),
    row(T::RecaptchaError, C::RecaptchaBad, Some(400), A::UserAction, Again::Never),
    row(T::RecaptchaError, C::RecaptchaRequired, Some(400), A::UserAction, Again::Never),
    row(T::SandboxError, C::SandboxProductNotEnabled, Some(400), A::FixRequest, Again::Never),
    row(T::SandboxError, C::SandboxTransferEventTransitionInvalid, Some(400), A::FixRequest, Again::Never),
    row(T::SandboxError, C::SandboxWebhookInvalid, Some(400), A::FixRequest, Again::Never),
    row(T::SignalError, C::AddendumNotSigned, Some(403), A::AccountSetup, Again::Never),
    row(T::SignalError, C::ClientTransactionIdAlreadyInUse, Some(400), A::FixRequest, Again::Never),
    row(T::SignalError, C::InvalidConfigurationState, Some(400), A::AccountSetup, Again::Never),
    row(T::SignalError, C::NotEnabledForSignalTransactionScoreRulesets, Some(403), A::AccountSetup, Again::Never),
    row(T::SignalError, C::RulesetNotFound, Some(400), A::AccountSetup, Again::Never),
    row(T::SignalError, C::SignalTransactionNotInitiated, Some(400), A::FixRequest, Again::Never),
    row(T::TransactionsError, C::TransactionsSyncMutationDuringPagination, Some(400), A::RestartPagination, Again::Restart),
    row(T::TransactionError, C::NonidenticalRequest, Some(400), A::FixRequest, Again::Never),
    row(T::TransactionError, C::RequestConflict, Some(400), A::RetryWithBackoff, Again::Automatic),
    row(T::TransactionError, C::TransactionAmountExceeded, Some(400), A::FixRequest, Again::Never),
    row(T::TransactionError, C::TransactionBacsInvalid, Some(400), A::FixRequest, Again::Never),
    row(T::TransactionError, C::TransactionCurrencyMismatch, Some(400), A::FixRequest, Again::Never),
    row(T::TransactionError, C::TransactionExecutionFailed, Some(400), A::WaitThenRetry, Again::AfterEvent),
    row(T::TransactionError, C::TransactionFastPayDisabled, Some(400), A::FixRequest, Again::Never),
    row(T::TransactionError, C::TransactionIbanInvalid, Some(400), A::FixRequest, Again::Never),
    row(T::TransactionError, C::TransactionInsufficientFunds, Some(400), A::FixRequest, Again::Never),
    row(T::TransactionError, C::TransactionOnSameAccount, Some(400), A::FixRequest, Again::Never),
    row(T::TransferError, C::IncompleteCustomerOnboarding, Some(400), A::AccountSetup, Again::Never),
    row(T::TransferError, C::TransferAccountBlocked, Some(400), A::NewLinkSession, Again::Never),
    row(T::TransferError, C::TransferForbiddenAchClass, Some(400), A::AccountSetup, Again::Never),
    row(T::TransferError, C::TransferLimitReached, Some(400), A::FixRequest, Again::Never),
    row(T::TransferError, C::TransferNetworkLimitExceeded, Some(400), A::FixRequest, Again::Never),
    row(T::TransferError, C::TransferNotCancellable, Some(400), A::FixRequest, Again::Never),
    row(T::TransferError, C::TransferOriginatorNotFound, Some(400), A::FixRequest, Again::Never),
    row(T::TransferError, C::TransferUiUnauthorized, Some(400), A::AccountSetup, Again::Never),
    row(T::TransferError, C::TransferUnsupportedAccountType, Some(400), A::NewLinkSession, Again::Never),
    row(T::TransferError, C::UnauthorizedAccess, Some(400), A::AccountSetup, Again::Never),
    row(T::UserError, C::InvalidUserIdentityData, Some(403), A::FixRequest, Again::Never),
    row(T::UserError, C::UserNotFound, Some(400), A::FixRequest, Again::Never),
];
