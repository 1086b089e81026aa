//! The codes that Plaid answers with, and what kind of failure each belongs to.

use std::fmt;

/// A code or type of error that this version of the crate does not know.
///
/// It cannot be made by hand, and there is no need to match on it: compare
/// [`ErrorCode::as_str`], which goes on working once the code becomes known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnknownCode(Box<str>);

impl UnknownCode {
    /// The code as Plaid sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Plaid adds codes at any time, so neither enum may be closed.
macro_rules! open_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            /// Not known to this version of the crate.
            Unknown(UnknownCode),
        }

        impl $name {
            /// The name as Plaid writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(code) => code.as_str(),
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    _ => Self::Unknown(UnknownCode(text.into())),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

open_enum! {
    /// The group that an [`ErrorCode`] belongs to.
    ErrorType {
        /// Plaid itself failed or is under maintenance.
        ApiError = "API_ERROR",
        /// Asset Reports.
        AssetReportError = "ASSET_REPORT_ERROR",
        /// Bank transfers and micro-deposits.
        BankTransferError = "BANK_TRANSFER_ERROR",
        /// Base Reports.
        BaseReportError = "BASE_REPORT_ERROR",
        /// Consumer reports made by Plaid Check.
        CheckReportError = "CHECK_REPORT_ERROR",
        /// A consumer report that is not there yet or no longer.
        ConsumerReportError = "CONSUMER_REPORT_ERROR",
        /// Income and employment.
        IncomeVerificationError = "INCOME_VERIFICATION_ERROR",
        /// The bank's side failed.
        InstitutionError = "INSTITUTION_ERROR",
        /// A value in the request, often a token, is not valid.
        InvalidInput = "INVALID_INPUT",
        /// The request is malformed.
        InvalidRequest = "INVALID_REQUEST",
        /// The answer would be invalid.
        InvalidResult = "INVALID_RESULT",
        /// The connection between the user and the bank.
        ItemError = "ITEM_ERROR",
        /// Micro-deposits.
        MicrodepositsError = "MICRODEPOSITS_ERROR",
        /// OAuth with a bank, or Plaid's own token endpoints.
        OauthError = "OAUTH_ERROR",
        /// Resellers and their customers.
        PartnerError = "PARTNER_ERROR",
        /// Payments in Europe.
        PaymentError = "PAYMENT_ERROR",
        /// Too many requests, or a quota that is used up.
        RateLimitExceeded = "RATE_LIMIT_EXCEEDED",
        /// A challenge that the user has to pass.
        RecaptchaError = "RECAPTCHA_ERROR",
        /// Something only the sandbox can do.
        SandboxError = "SANDBOX_ERROR",
        /// Signal.
        SignalError = "SIGNAL_ERROR",
        /// Transactions.
        TransactionsError = "TRANSACTIONS_ERROR",
        /// Virtual accounts (not Transactions).
        TransactionError = "TRANSACTION_ERROR",
        /// Transfer.
        TransferError = "TRANSFER_ERROR",
        /// Users.
        UserError = "USER_ERROR",
    }
}

open_enum! {
    /// What went wrong, as Plaid names it.
    ///
    /// A few codes occur under several types and then mean different things:
    /// [`Action::for_error`](crate::Action::for_error) takes both.
    ErrorCode {
        /// `ITEM_ERROR`: see [`RelinkUpdateMode`](crate::Action::RelinkUpdateMode).
        AccessNotGranted = "ACCESS_NOT_GRANTED",
        /// `RATE_LIMIT_EXCEEDED`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        AccountsBalanceGetLimit = "ACCOUNTS_BALANCE_GET_LIMIT",
        /// `RATE_LIMIT_EXCEEDED`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        AccountsLimit = "ACCOUNTS_LIMIT",
        /// `SIGNAL_ERROR`: see [`AccountSetup`](crate::Action::AccountSetup).
        AddendumNotSigned = "ADDENDUM_NOT_SIGNED",
        /// `INVALID_INPUT`: see [`RelinkUpdateMode`](crate::Action::RelinkUpdateMode).
        AdditionalConsentRequired = "ADDITIONAL_CONSENT_REQUIRED",
        /// `PARTNER_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        AssetsUnderManagementRequired = "ASSETS_UNDER_MANAGEMENT_REQUIRED",
        /// `ASSET_REPORT_ERROR`: see [`WaitThenRetry`](crate::Action::WaitThenRetry).
        AssetReportGenerationFailed = "ASSET_REPORT_GENERATION_FAILED",
        /// `RATE_LIMIT_EXCEEDED`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        AuthLimit = "AUTH_LIMIT",
        /// `RATE_LIMIT_EXCEEDED`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        BalanceLimit = "BALANCE_LIMIT",
        /// `BANK_TRANSFER_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        BankTransferAccountBlocked = "BANK_TRANSFER_ACCOUNT_BLOCKED",
        /// `SIGNAL_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        ClientTransactionIdAlreadyInUse = "CLIENT_TRANSACTION_ID_ALREADY_IN_USE",
        /// `CONSUMER_REPORT_ERROR`: see [`RecreateReport`](crate::Action::RecreateReport).
        ConsumerReportExpired = "CONSUMER_REPORT_EXPIRED",
        /// `PARTNER_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        ContactRequired = "CONTACT_REQUIRED",
        /// `RATE_LIMIT_EXCEEDED`: see [`AccountSetup`](crate::Action::AccountSetup).
        CreditsExhausted = "CREDITS_EXHAUSTED",
        /// `PARTNER_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        CustomerAlreadyCreated = "CUSTOMER_ALREADY_CREATED",
        /// `PARTNER_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        CustomerAlreadyEnabled = "CUSTOMER_ALREADY_ENABLED",
        /// `PARTNER_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        CustomerNotFound = "CUSTOMER_NOT_FOUND",
        /// `PARTNER_ERROR`: see [`AccountSetup`](crate::Action::AccountSetup).
        CustomerNotReadyForEnablement = "CUSTOMER_NOT_READY_FOR_ENABLEMENT",
        /// `PARTNER_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        CustomerRemovalNotAllowed = "CUSTOMER_REMOVAL_NOT_ALLOWED",
        /// `ASSET_REPORT_ERROR`, `CHECK_REPORT_ERROR`: see [`WaitThenRetry`](crate::Action::WaitThenRetry).
        DataQualityCheckFailed = "DATA_QUALITY_CHECK_FAILED",
        /// `ASSET_REPORT_ERROR`, `CHECK_REPORT_ERROR`: see [`RecreateReport`](crate::Action::RecreateReport).
        DataUnavailable = "DATA_UNAVAILABLE",
        /// `INVALID_INPUT`: see [`AccountSetup`](crate::Action::AccountSetup).
        DirectIntegrationNotEnabled = "DIRECT_INTEGRATION_NOT_ENABLED",
        /// `INCOME_VERIFICATION_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        EmploymentNotFound = "EMPLOYMENT_NOT_FOUND",
        /// `INVALID_REQUEST`: see [`WaitThenRetry`](crate::Action::WaitThenRetry).
        FailedPrecondition = "FAILED_PRECONDITION",
        /// `PARTNER_ERROR`: see [`AccountSetup`](crate::Action::AccountSetup).
        FlowdownNotComplete = "FLOWDOWN_NOT_COMPLETE",
        /// `RATE_LIMIT_EXCEEDED`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        IdentityLimit = "IDENTITY_LIMIT",
        /// `INCOME_VERIFICATION_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        IncomeVerificationDocumentNotFound = "INCOME_VERIFICATION_DOCUMENT_NOT_FOUND",
        /// `INCOME_VERIFICATION_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        IncomeVerificationFailed = "INCOME_VERIFICATION_FAILED",
        /// `INCOME_VERIFICATION_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        IncomeVerificationNotFound = "INCOME_VERIFICATION_NOT_FOUND",
        /// `INCOME_VERIFICATION_ERROR`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        IncomeVerificationUploadError = "INCOME_VERIFICATION_UPLOAD_ERROR",
        /// `INVALID_REQUEST`: see [`FixRequest`](crate::Action::FixRequest).
        IncompatibleApiVersion = "INCOMPATIBLE_API_VERSION",
        /// `TRANSFER_ERROR`: see [`AccountSetup`](crate::Action::AccountSetup).
        IncompleteCustomerOnboarding = "INCOMPLETE_CUSTOMER_ONBOARDING",
        /// `INVALID_INPUT`: see [`UserAction`](crate::Action::UserAction).
        IncorrectDepositVerification = "INCORRECT_DEPOSIT_VERIFICATION",
        /// `OAUTH_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        IncorrectLinkToken = "INCORRECT_LINK_TOKEN",
        /// `OAUTH_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        IncorrectOauthNonce = "INCORRECT_OAUTH_NONCE",
        /// `ASSET_REPORT_ERROR`: see [`AccountSetup`](crate::Action::AccountSetup).
        InsightsNotEnabled = "INSIGHTS_NOT_ENABLED",
        /// `ASSET_REPORT_ERROR`: see [`RecreateReport`](crate::Action::RecreateReport).
        InsightsPreviouslyNotEnabled = "INSIGHTS_PREVIOUSLY_NOT_ENABLED",
        /// `ITEM_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        InstantMatchFailed = "INSTANT_MATCH_FAILED",
        /// `RATE_LIMIT_EXCEEDED`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        InstitutionsGetByIdLimit = "INSTITUTIONS_GET_BY_ID_LIMIT",
        /// `RATE_LIMIT_EXCEEDED`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        InstitutionsGetLimit = "INSTITUTIONS_GET_LIMIT",
        /// `INSTITUTION_ERROR`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        InstitutionDown = "INSTITUTION_DOWN",
        /// `INSTITUTION_ERROR`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        InstitutionNotAvailable = "INSTITUTION_NOT_AVAILABLE",
        /// `INSTITUTION_ERROR`: see [`PermanentInstitution`](crate::Action::PermanentInstitution).
        InstitutionNotEnabledInEnvironment = "INSTITUTION_NOT_ENABLED_IN_ENVIRONMENT",
        /// `INSTITUTION_ERROR`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        InstitutionNotResponding = "INSTITUTION_NOT_RESPONDING",
        /// `INSTITUTION_ERROR`: see [`PermanentInstitution`](crate::Action::PermanentInstitution).
        InstitutionNoLongerSupported = "INSTITUTION_NO_LONGER_SUPPORTED",
        /// `RATE_LIMIT_EXCEEDED`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        InstitutionRateLimit = "INSTITUTION_RATE_LIMIT",
        /// `INSTITUTION_ERROR`: see [`AccountSetup`](crate::Action::AccountSetup).
        InstitutionRegistrationRequired = "INSTITUTION_REGISTRATION_REQUIRED",
        /// `CHECK_REPORT_ERROR`: see [`PermanentInstitution`](crate::Action::PermanentInstitution).
        InstitutionTransactionHistoryNotSupported = "INSTITUTION_TRANSACTION_HISTORY_NOT_SUPPORTED",
        /// `ITEM_ERROR`: see [`RelinkUpdateMode`](crate::Action::RelinkUpdateMode).
        InsufficientCredentials = "INSUFFICIENT_CREDENTIALS",
        /// `CHECK_REPORT_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        InsufficientTransactionData = "INSUFFICIENT_TRANSACTION_DATA",
        /// `API_ERROR`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        InternalServerError = "INTERNAL_SERVER_ERROR",
        /// `INVALID_INPUT`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidAccessToken = "INVALID_ACCESS_TOKEN",
        /// `INVALID_INPUT`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidAccountId = "INVALID_ACCOUNT_ID",
        /// `INVALID_REQUEST`: see [`UserAction`](crate::Action::UserAction).
        InvalidAccountNumber = "INVALID_ACCOUNT_NUMBER",
        /// `INVALID_INPUT`: see [`AccountSetup`](crate::Action::AccountSetup).
        InvalidApiKeys = "INVALID_API_KEYS",
        /// `INVALID_INPUT`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidAuditCopyToken = "INVALID_AUDIT_COPY_TOKEN",
        /// `INVALID_REQUEST`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidBody = "INVALID_BODY",
        /// `OAUTH_ERROR`: see [`AccountSetup`](crate::Action::AccountSetup).
        InvalidClient = "INVALID_CLIENT",
        /// `INVALID_REQUEST`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidConfiguration = "INVALID_CONFIGURATION",
        /// `SIGNAL_ERROR`: see [`AccountSetup`](crate::Action::AccountSetup).
        InvalidConfigurationState = "INVALID_CONFIGURATION_STATE",
        /// `ITEM_ERROR`: see [`UserAction`](crate::Action::UserAction).
        InvalidCredentials = "INVALID_CREDENTIALS",
        /// `INVALID_REQUEST`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidField = "INVALID_FIELD",
        /// `OAUTH_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidGrant = "INVALID_GRANT",
        /// `INVALID_REQUEST`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidHeaders = "INVALID_HEADERS",
        /// `INVALID_INPUT`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidInstitution = "INVALID_INSTITUTION",
        /// `INVALID_INPUT`: see [`AccountSetup`](crate::Action::AccountSetup).
        InvalidLinkCustomization = "INVALID_LINK_CUSTOMIZATION",
        /// `INVALID_INPUT`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        InvalidLinkToken = "INVALID_LINK_TOKEN",
        /// `PARTNER_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidLogo = "INVALID_LOGO",
        /// `ITEM_ERROR`: see [`UserAction`](crate::Action::UserAction).
        InvalidMfa = "INVALID_MFA",
        /// `ITEM_ERROR`: see [`UserAction`](crate::Action::UserAction).
        InvalidOtp = "INVALID_OTP",
        /// `ASSET_REPORT_ERROR`: see [`RecreateReport`](crate::Action::RecreateReport).
        InvalidParent = "INVALID_PARENT",
        /// `ITEM_ERROR`: see [`UserAction`](crate::Action::UserAction).
        InvalidPhoneNumber = "INVALID_PHONE_NUMBER",
        /// `INVALID_INPUT`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidProcessorToken = "INVALID_PROCESSOR_TOKEN",
        /// `INVALID_INPUT`: see [`AccountSetup`](crate::Action::AccountSetup).
        InvalidProduct = "INVALID_PRODUCT",
        /// `INVALID_INPUT`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidProducts = "INVALID_PRODUCTS",
        /// `INVALID_INPUT`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        InvalidPublicToken = "INVALID_PUBLIC_TOKEN",
        /// `OAUTH_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidRequest = "INVALID_REQUEST",
        /// `OAUTH_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidScope = "INVALID_SCOPE",
        /// `ITEM_ERROR`: see [`UserAction`](crate::Action::UserAction).
        InvalidSendMethod = "INVALID_SEND_METHOD",
        /// `INVALID_INPUT`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidStripeAccount = "INVALID_STRIPE_ACCOUNT",
        /// `ITEM_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        InvalidUpdatedUsername = "INVALID_UPDATED_USERNAME",
        /// `INVALID_INPUT`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidUserId = "INVALID_USER_ID",
        /// `USER_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidUserIdentityData = "INVALID_USER_IDENTITY_DATA",
        /// `INVALID_INPUT`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidUserToken = "INVALID_USER_TOKEN",
        /// `INVALID_INPUT`: see [`FixRequest`](crate::Action::FixRequest).
        InvalidWebhookVerificationKeyId = "INVALID_WEBHOOK_VERIFICATION_KEY_ID",
        /// `RATE_LIMIT_EXCEEDED`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        InvestmentHoldingsGetLimit = "INVESTMENT_HOLDINGS_GET_LIMIT",
        /// `RATE_LIMIT_EXCEEDED`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        InvestmentTransactionsLimit = "INVESTMENT_TRANSACTIONS_LIMIT",
        /// `ITEM_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        ItemConcurrentlyDeleted = "ITEM_CONCURRENTLY_DELETED",
        /// `RATE_LIMIT_EXCEEDED`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        ItemGetLimit = "ITEM_GET_LIMIT",
        /// `ITEM_ERROR`: see [`UserAction`](crate::Action::UserAction).
        ItemLocked = "ITEM_LOCKED",
        /// `ITEM_ERROR`: see [`RelinkUpdateMode`](crate::Action::RelinkUpdateMode).
        ItemLoginRequired = "ITEM_LOGIN_REQUIRED",
        /// `ITEM_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        ItemNotFound = "ITEM_NOT_FOUND",
        /// `ITEM_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        ItemNotSupported = "ITEM_NOT_SUPPORTED",
        /// `INVALID_RESULT`: see [`FixRequest`](crate::Action::FixRequest).
        LastUpdatedDatetimeOutOfRange = "LAST_UPDATED_DATETIME_OUT_OF_RANGE",
        /// `PARTNER_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        LogoRequired = "LOGO_REQUIRED",
        /// `ITEM_ERROR`: see [`RelinkUpdateMode`](crate::Action::RelinkUpdateMode).
        ManualVerificationRequired = "MANUAL_VERIFICATION_REQUIRED",
        /// `ITEM_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        MfaNotSupported = "MFA_NOT_SUPPORTED",
        /// `INVALID_REQUEST`: see [`FixRequest`](crate::Action::FixRequest).
        MissingFields = "MISSING_FIELDS",
        /// `CHECK_REPORT_ERROR`: see [`RelinkUpdateMode`](crate::Action::RelinkUpdateMode).
        NetworkConsentRequired = "NETWORK_CONSENT_REQUIRED",
        /// `TRANSACTION_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        NonidenticalRequest = "NONIDENTICAL_REQUEST",
        /// `SIGNAL_ERROR`: see [`AccountSetup`](crate::Action::AccountSetup).
        NotEnabledForSignalTransactionScoreRulesets = "NOT_ENABLED_FOR_SIGNAL_TRANSACTION_SCORE_RULESETS",
        /// `INVALID_REQUEST`: see [`FixRequest`](crate::Action::FixRequest).
        NotFound = "NOT_FOUND",
        /// `CHECK_REPORT_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession); `ITEM_ERROR`: see [`RelinkUpdateMode`](crate::Action::RelinkUpdateMode).
        NoAccounts = "NO_ACCOUNTS",
        /// `ITEM_ERROR`: see [`RelinkUpdateMode`](crate::Action::RelinkUpdateMode).
        NoAuthAccounts = "NO_AUTH_ACCOUNTS",
        /// `ITEM_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        NoInvestmentAccounts = "NO_INVESTMENT_ACCOUNTS",
        /// `ITEM_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        NoInvestmentAuthAccounts = "NO_INVESTMENT_AUTH_ACCOUNTS",
        /// `ITEM_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        NoLiabilityAccounts = "NO_LIABILITY_ACCOUNTS",
        /// `INVALID_REQUEST`: see [`FixRequest`](crate::Action::FixRequest).
        NoLongerAvailable = "NO_LONGER_AVAILABLE",
        /// `PARTNER_ERROR`: see [`AccountSetup`](crate::Action::AccountSetup).
        OauthRegistrationError = "OAUTH_REGISTRATION_ERROR",
        /// `OAUTH_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        OauthStateIdAlreadyProcessed = "OAUTH_STATE_ID_ALREADY_PROCESSED",
        /// `OAUTH_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        OauthStateIdNotFound = "OAUTH_STATE_ID_NOT_FOUND",
        /// `ITEM_ERROR`: see [`UserAction`](crate::Action::UserAction).
        PasswordResetRequired = "PASSWORD_RESET_REQUIRED",
        /// `PAYMENT_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        PaymentBlocked = "PAYMENT_BLOCKED",
        /// `PAYMENT_ERROR`: see [`UserAction`](crate::Action::UserAction).
        PaymentCancelled = "PAYMENT_CANCELLED",
        /// `PAYMENT_ERROR`: see [`UserAction`](crate::Action::UserAction).
        PaymentConsentCancelled = "PAYMENT_CONSENT_CANCELLED",
        /// `PAYMENT_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        PaymentConsentInvalidConstraints = "PAYMENT_CONSENT_INVALID_CONSTRAINTS",
        /// `PAYMENT_ERROR`: see [`UserAction`](crate::Action::UserAction).
        PaymentInsufficientFunds = "PAYMENT_INSUFFICIENT_FUNDS",
        /// `PAYMENT_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        PaymentInvalidRecipient = "PAYMENT_INVALID_RECIPIENT",
        /// `PAYMENT_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        PaymentInvalidReference = "PAYMENT_INVALID_REFERENCE",
        /// `PAYMENT_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        PaymentInvalidSchedule = "PAYMENT_INVALID_SCHEDULE",
        /// `PAYMENT_ERROR`: see [`UserAction`](crate::Action::UserAction).
        PaymentRejected = "PAYMENT_REJECTED",
        /// `PAYMENT_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        PaymentSchemeNotSupported = "PAYMENT_SCHEME_NOT_SUPPORTED",
        /// `INVALID_RESULT`: see [`FixRequest`](crate::Action::FixRequest).
        PlaidDirectItemImportReturnedInvalidMfa = "PLAID_DIRECT_ITEM_IMPORT_RETURNED_INVALID_MFA",
        /// `API_ERROR`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        PlannedMaintenance = "PLANNED_MAINTENANCE",
        /// `ITEM_ERROR`: see [`PermanentInstitution`](crate::Action::PermanentInstitution).
        ProductsNotSupported = "PRODUCTS_NOT_SUPPORTED",
        /// `ASSET_REPORT_ERROR`, `INCOME_VERIFICATION_ERROR`, `ITEM_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        ProductNotEnabled = "PRODUCT_NOT_ENABLED",
        /// `ASSET_REPORT_ERROR`, `CONSUMER_REPORT_ERROR`, `INCOME_VERIFICATION_ERROR`, `ITEM_ERROR`: see [`WaitThenRetry`](crate::Action::WaitThenRetry).
        ProductNotReady = "PRODUCT_NOT_READY",
        /// `INVALID_INPUT`: see [`FixRequest`](crate::Action::FixRequest).
        ProductUnavailable = "PRODUCT_UNAVAILABLE",
        /// `INVALID_INPUT`: see [`AccountSetup`](crate::Action::AccountSetup).
        ProfileAccessForbidden = "PROFILE_ACCESS_FORBIDDEN",
        /// `INVALID_INPUT`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        ProfileAuthenticationFailed = "PROFILE_AUTHENTICATION_FAILED",
        /// `PARTNER_ERROR`: see [`AccountSetup`](crate::Action::AccountSetup).
        QuestionnaireNotComplete = "QUESTIONNAIRE_NOT_COMPLETE",
        /// `RATE_LIMIT_EXCEEDED`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        RateLimit = "RATE_LIMIT",
        /// `RECAPTCHA_ERROR`: see [`UserAction`](crate::Action::UserAction).
        RecaptchaBad = "RECAPTCHA_BAD",
        /// `RECAPTCHA_ERROR`: see [`UserAction`](crate::Action::UserAction).
        RecaptchaRequired = "RECAPTCHA_REQUIRED",
        /// `TRANSACTION_ERROR`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        RequestConflict = "REQUEST_CONFLICT",
        /// `SIGNAL_ERROR`: see [`AccountSetup`](crate::Action::AccountSetup).
        RulesetNotFound = "RULESET_NOT_FOUND",
        /// `INVALID_REQUEST`: see [`AccountSetup`](crate::Action::AccountSetup).
        SandboxOnly = "SANDBOX_ONLY",
        /// `SANDBOX_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        SandboxProductNotEnabled = "SANDBOX_PRODUCT_NOT_ENABLED",
        /// `SANDBOX_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        SandboxTransferEventTransitionInvalid = "SANDBOX_TRANSFER_EVENT_TRANSITION_INVALID",
        /// `SANDBOX_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        SandboxWebhookInvalid = "SANDBOX_WEBHOOK_INVALID",
        /// `SIGNAL_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        SignalTransactionNotInitiated = "SIGNAL_TRANSACTION_NOT_INITIATED",
        /// `INVALID_INPUT`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        TooManyVerificationAttempts = "TOO_MANY_VERIFICATION_ATTEMPTS",
        /// `RATE_LIMIT_EXCEEDED`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        TransactionsLimit = "TRANSACTIONS_LIMIT",
        /// `RATE_LIMIT_EXCEEDED`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        TransactionsRefreshLimit = "TRANSACTIONS_REFRESH_LIMIT",
        /// `RATE_LIMIT_EXCEEDED`: see [`RetryWithBackoff`](crate::Action::RetryWithBackoff).
        TransactionsSyncLimit = "TRANSACTIONS_SYNC_LIMIT",
        /// `TRANSACTIONS_ERROR`: see [`RestartPagination`](crate::Action::RestartPagination).
        TransactionsSyncMutationDuringPagination = "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION",
        /// `TRANSACTION_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        TransactionAmountExceeded = "TRANSACTION_AMOUNT_EXCEEDED",
        /// `TRANSACTION_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        TransactionBacsInvalid = "TRANSACTION_BACS_INVALID",
        /// `TRANSACTION_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        TransactionCurrencyMismatch = "TRANSACTION_CURRENCY_MISMATCH",
        /// `TRANSACTION_ERROR`: see [`WaitThenRetry`](crate::Action::WaitThenRetry).
        TransactionExecutionFailed = "TRANSACTION_EXECUTION_FAILED",
        /// `TRANSACTION_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        TransactionFastPayDisabled = "TRANSACTION_FAST_PAY_DISABLED",
        /// `TRANSACTION_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        TransactionIbanInvalid = "TRANSACTION_IBAN_INVALID",
        /// `TRANSACTION_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        TransactionInsufficientFunds = "TRANSACTION_INSUFFICIENT_FUNDS",
        /// `TRANSACTION_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        TransactionOnSameAccount = "TRANSACTION_ON_SAME_ACCOUNT",
        /// `TRANSFER_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        TransferAccountBlocked = "TRANSFER_ACCOUNT_BLOCKED",
        /// `TRANSFER_ERROR`: see [`AccountSetup`](crate::Action::AccountSetup).
        TransferForbiddenAchClass = "TRANSFER_FORBIDDEN_ACH_CLASS",
        /// `TRANSFER_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        TransferLimitReached = "TRANSFER_LIMIT_REACHED",
        /// `TRANSFER_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        TransferNetworkLimitExceeded = "TRANSFER_NETWORK_LIMIT_EXCEEDED",
        /// `TRANSFER_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        TransferNotCancellable = "TRANSFER_NOT_CANCELLABLE",
        /// `TRANSFER_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        TransferOriginatorNotFound = "TRANSFER_ORIGINATOR_NOT_FOUND",
        /// `TRANSFER_ERROR`: see [`AccountSetup`](crate::Action::AccountSetup).
        TransferUiUnauthorized = "TRANSFER_UI_UNAUTHORIZED",
        /// `TRANSFER_ERROR`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        TransferUnsupportedAccountType = "TRANSFER_UNSUPPORTED_ACCOUNT_TYPE",
        /// `RATE_LIMIT_EXCEEDED`: see [`AccountSetup`](crate::Action::AccountSetup).
        TrialConnectionLimit = "TRIAL_CONNECTION_LIMIT",
        /// `TRANSFER_ERROR`: see [`AccountSetup`](crate::Action::AccountSetup).
        UnauthorizedAccess = "UNAUTHORIZED_ACCESS",
        /// `OAUTH_ERROR`: see [`AccountSetup`](crate::Action::AccountSetup).
        UnauthorizedClient = "UNAUTHORIZED_CLIENT",
        /// `INVALID_INPUT`: see [`AccountSetup`](crate::Action::AccountSetup).
        UnauthorizedEnvironment = "UNAUTHORIZED_ENVIRONMENT",
        /// `INSTITUTION_ERROR`: see [`AccountSetup`](crate::Action::AccountSetup).
        UnauthorizedInstitution = "UNAUTHORIZED_INSTITUTION",
        /// `INVALID_INPUT`: see [`AccountSetup`](crate::Action::AccountSetup).
        UnauthorizedRouteAccess = "UNAUTHORIZED_ROUTE_ACCESS",
        /// `INVALID_REQUEST`: see [`FixRequest`](crate::Action::FixRequest).
        UnknownFields = "UNKNOWN_FIELDS",
        /// `OAUTH_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        UnsupportedGrantType = "UNSUPPORTED_GRANT_TYPE",
        /// `INSTITUTION_ERROR`: see [`PermanentInstitution`](crate::Action::PermanentInstitution).
        UnsupportedResponse = "UNSUPPORTED_RESPONSE",
        /// `ITEM_ERROR`: see [`UserAction`](crate::Action::UserAction).
        UserInputTimeout = "USER_INPUT_TIMEOUT",
        /// `USER_ERROR`: see [`FixRequest`](crate::Action::FixRequest).
        UserNotFound = "USER_NOT_FOUND",
        /// `INVALID_INPUT`: see [`NewLinkSession`](crate::Action::NewLinkSession).
        UserPermissionRevoked = "USER_PERMISSION_REVOKED",
        /// `ITEM_ERROR`: see [`UserAction`](crate::Action::UserAction).
        UserSetupRequired = "USER_SETUP_REQUIRED",
        /// `INCOME_VERIFICATION_ERROR`: see [`WaitThenRetry`](crate::Action::WaitThenRetry).
        VerificationStatusPendingApproval = "VERIFICATION_STATUS_PENDING_APPROVAL",
    }
}
