//! The Stripe call by hand: each way of getting it wrong is an error that says
//! what was wrong and what to do.

use crate::support::{Bench, REQUEST_ID_LEN};
use plaid::{Action, Client, Error, ErrorCode, ErrorType, Secret};

const PATH: &str = "/processor/stripe/bank_account_token/create";

/// The error that the call ends with.
async fn refusal(plaid: &Client, access_token: &Secret, account_id: &str) -> Error {
    let processor = plaid.processor();
    let create = processor.stripe_bank_account_token_create(access_token, account_id);
    create.await.unwrap_err()
}

/// What an error has to be.
struct Expected {
    error_type: ErrorType,
    error_code: ErrorCode,
    action: Action,
    /// A part of what the developer reads.
    advice: &'static str,
}

impl Expected {
    fn fix(error_type: ErrorType, error_code: ErrorCode, advice: &'static str) -> Self {
        Self {
            error_type,
            error_code,
            action: Action::FixRequest,
            advice,
        }
    }

    fn invalid_access_token(advice: &'static str) -> Self {
        Self::fix(
            ErrorType::InvalidInput,
            ErrorCode::InvalidAccessToken,
            advice,
        )
    }

    fn assert(&self, error: &Error) {
        assert!(matches!(error, Error::Api(_)), "{error}");
        assert_eq!(error.error_type(), Some(&self.error_type));
        assert_eq!(error.error_code(), Some(&self.error_code));
        assert_eq!(error.action(), self.action);
        assert_eq!(error.status().unwrap(), 400);
        assert_eq!(error.attempts(), 1, "it would fail again");
        let request_id = error.request_id().unwrap();
        assert_eq!(request_id.len(), REQUEST_ID_LEN);

        let line = error.to_string();
        let names = format!("{}/{}", self.error_type, self.error_code);
        assert!(line.starts_with(&format!(
            "processorStripeBankAccountTokenCreate: {names} (400): "
        )));
        assert!(line.ends_with(&format!("[request {request_id}]")), "{line}");
        assert!(line.contains(self.advice), "{line}");
        assert_eq!(line.lines().count(), 1);
    }
}

/// Calls with a bad access token and a good account.
async fn assert_bad_token(bench: &Bench, access_token: &str, expected: Expected) {
    let good = bench.item(&["auth"]).await;
    let account = bench.account(&good, "0000").await.account_id;
    let error = refusal(&bench.plaid, &access_token.into(), &account).await;
    expected.assert(&error);
    let identifier = access_token.rsplit('-').next().unwrap_or_default();
    assert!(identifier.is_empty() || !error.to_string().contains(identifier));
    assert_eq!(bench.requests_of(PATH), 1);
}

#[tokio::test]
async fn an_empty_access_token() {
    let bench = Bench::start().await;
    let expected = Expected::fix(
        ErrorType::InvalidRequest,
        ErrorCode::InvalidField,
        "access_token must be a non-empty string",
    );
    assert_bad_token(&bench, "", expected).await;
}

#[tokio::test]
async fn a_malformed_access_token() {
    let bench = Bench::start().await;
    let expected = Expected::invalid_access_token(
        "provided access token is in an invalid format. \
         expected format: access-<environment>-<identifier>",
    );
    assert_bad_token(&bench, "sandbox-access-4711", expected).await;
}

#[tokio::test]
async fn a_public_token_in_place_of_an_access_token() {
    let bench = Bench::start().await;
    let expected = Expected::invalid_access_token("in an invalid format");
    let token = "public-sandbox-8ab976e6-64bc-4b38-98f7-731e7a349970";
    assert_bad_token(&bench, token, expected).await;
}

#[tokio::test]
async fn an_access_token_of_the_other_environment() {
    let bench = Bench::start().await;
    let expected = Expected::invalid_access_token(
        "for the wrong Plaid environment. expected \"sandbox\", got \"production\"",
    );
    let token = "access-production-8ab976e6-64bc-4b38-98f7-731e7a349970";
    assert_bad_token(&bench, token, expected).await;
}

#[tokio::test]
async fn an_unknown_access_token() {
    let bench = Bench::start().await;
    let expected = Expected::invalid_access_token("could not find matching access token");
    let token = "access-sandbox-8ab976e6-64bc-4b38-98f7-731e7a349970";
    assert_bad_token(&bench, token, expected).await;
}

#[tokio::test]
async fn a_wrong_secret() {
    let bench = Bench::start().await;
    let access_token = bench.item(&["auth"]).await;
    let account = bench.account(&access_token, "0000").await.account_id;
    let wrong = "0123456789abcdef0123456789abcd";
    let client = Client::sandbox_at(bench.sandbox.url(), bench.sandbox.client_id(), wrong);
    let error = refusal(&client.unwrap(), &access_token, &account).await;
    let expected = Expected {
        error_type: ErrorType::InvalidInput,
        error_code: ErrorCode::InvalidApiKeys,
        action: Action::AccountSetup,
        advice: "invalid client_id or secret provided",
    };
    expected.assert(&error);
    assert!(!error.to_string().contains(wrong));
}

#[tokio::test]
async fn an_account_of_another_item() {
    let bench = Bench::start().await;
    let access_token = bench.item(&["auth"]).await;
    let other = bench.item(&["auth"]).await;
    let foreign = bench.account(&other, "0000").await.account_id;
    let error = refusal(&bench.plaid, &access_token, &foreign).await;
    let expected = Expected::fix(
        ErrorType::InvalidInput,
        ErrorCode::InvalidAccountId,
        "failed to find requested account ID for requested item",
    );
    expected.assert(&error);
}

#[tokio::test]
async fn an_account_that_cannot_be_paid_from() {
    let bench = Bench::start().await;
    let access_token = bench.item(&["auth"]).await;
    let credit_card = bench.account(&access_token, "3333").await.account_id;
    let error = refusal(&bench.plaid, &access_token, &credit_card).await;
    let expected = Expected::fix(
        ErrorType::InvalidInput,
        ErrorCode::InvalidAccountId,
        "neither a checking nor a savings account",
    );
    expected.assert(&error);
}

#[tokio::test]
async fn a_removed_item() {
    let bench = Bench::start().await;
    let access_token = bench.item(&["auth"]).await;
    let account = bench.account(&access_token, "0000").await.account_id;
    bench.plaid.items().remove(&access_token).await.unwrap();
    let error = refusal(&bench.plaid, &access_token, &account).await;
    let expected = Expected {
        error_type: ErrorType::ItemError,
        error_code: ErrorCode::ItemNotFound,
        action: Action::NewLinkSession,
        advice: "send the user through Link again",
    };
    expected.assert(&error);
}

#[tokio::test]
async fn an_invalidated_access_token() {
    let bench = Bench::start().await;
    let old = bench.item(&["auth"]).await;
    let account = bench.account(&old, "0000").await.account_id;
    let rotated = bench.plaid.items().access_token_invalidate(&old);
    let new = rotated.await.unwrap().into_inner().new_access_token;
    let error = refusal(&bench.plaid, &old, &account).await;
    Expected::invalid_access_token("could not find matching access token").assert(&error);

    // The account is the same under the new token.
    let processor = bench.plaid.processor();
    let create = processor.stripe_bank_account_token_create(&new, &account);
    let token = create.await.unwrap().into_inner().stripe_bank_account_token;
    assert!(token.expose_secret().starts_with("btok_"));
}
