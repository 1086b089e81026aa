//! Nothing secret comes out: values are planted in requests and answers, and every
//! `Debug`, every `Display` and every trace and log line is searched for them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod listener;
#[path = "../client/scripted/support.rs"]
#[allow(dead_code, reason = "one test uses a part of it")]
mod script;
mod scripted;
#[path = "../client/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt::{Debug, Display};
use std::time::Duration;

use listener::{heard, listen};
use plaid::operation::Operation;
use plaid::types::{
    AccountBase, AccountsGetRequest, ConsumerReportUserIdentity, LinkTokenCreateRequestUser,
    ProcessorStripeBankAccountTokenCreateRequest,
};
use plaid::{Call, Client, Error, RetryPolicy, Secret, Tolerance};
use serde_json::{Value, json};
use support::{Bench, Receiver, hasty_client};
use tokio::net::TcpListener;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

const CLIENT_ID: &str = "5f1b2c3d4e5f6a7b8c9d0e1f";
const SECRET: &str = "planted5ecret0f0urs";
const GATEWAY_KEY: &str = "planted-gateway-key";
const ACCESS_TOKEN: &str = "access-sandbox-11111111-aaaa-4bbb-8ccc-000000000001";
const PUBLIC_TOKEN: &str = "public-sandbox-22222222-aaaa-4bbb-8ccc-000000000002";
const PROCESSOR_TOKEN: &str = "processor-sandbox-33333333-aaaa-4bbb-8ccc-000000000003";
const STRIPE_TOKEN: &str = "btok_1PlantedByATest4444444";
const ACCOUNT: &str = "1111222233337777";
const IBAN: &str = "GB33BUKB20201555555555";
/// As people write it.
const SPACED_IBAN: &str = "GB33 BUKB 2020 1555 5555 55";
const BODY: &str = "a planted remark in a body";
const HEADER: &str = "planted-header-value";
const PASSWORD: &str = "planted-password-of-a-user";
const SSN: &str = "987654320";

/// What must not be seen, by its part that gives it away: that something was an
/// access token of the sandbox may be told.
const PLANTED: [(&str, &str); 14] = [
    ("the client id", CLIENT_ID),
    ("the secret", SECRET),
    ("the gateway's key", GATEWAY_KEY),
    ("the access token", "11111111-aaaa-4bbb-8ccc-000000000001"),
    ("the public token", "22222222-aaaa-4bbb-8ccc-000000000002"),
    (
        "the processor token",
        "33333333-aaaa-4bbb-8ccc-000000000003",
    ),
    ("the Stripe token", STRIPE_TOKEN),
    ("the account number", ACCOUNT),
    ("the IBAN", IBAN),
    ("the IBAN with spaces", SPACED_IBAN),
    ("the body", BODY),
    ("a header", HEADER),
    ("the password", PASSWORD),
    ("the social security number", SSN),
];

/// What of `planted` is in a text: as it is, or as `Debug` writes bytes.
fn finds<'p>(text: &str, planted: &[(&'p str, &str)]) -> Vec<&'p str> {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shows = |value: &str| {
        let bytes = format!("{:?}", value.as_bytes());
        flat.contains(value) || flat.contains(bytes.trim_matches(['[', ']']))
    };
    let found = planted.iter().filter(|(_, value)| shows(value));
    found.map(|(name, _)| *name).collect()
}

/// Everything that was printed, until it is searched.
#[derive(Default)]
struct Printed(Vec<(String, String)>);

impl Printed {
    fn debug(&mut self, what: impl Display, value: &dyn Debug) {
        let text = format!("{value:?}\n{value:#?}");
        self.0.push((what.to_string(), text));
    }

    /// An error and everything behind it.
    fn error(&mut self, what: impl Display, error: &Error) {
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
        let mut next: Option<&(dyn StdError + 'static)> = Some(error);
        while let Some(error) = next {
            self.0.push((what.to_string(), error.to_string()));
            self.debug(&what, &error);
            next = error.source();
        }
        self.parts(&what, error);
    }

    /// What a caller is likely to log of an error, piece by piece.
    fn parts(&mut self, what: impl Display, error: &Error) {
        self.debug(&what, &error.error_code());
        self.debug(&what, &error.error_type());
        self.debug(&what, &error.request_id());
        self.debug(&what, &error.operation());
        if let Some(api) = error.as_api() {
            let texts = [
                Some(api.message()),
                api.display_message(),
                api.reason(),
                api.documentation_url(),
                api.suggested_action(),
            ];
            self.debug(&what, &texts);
        }
        if let Error::Decode(decode) = error {
            self.debug(&what, &(decode.path(), decode.reason()));
        }
        if let Error::UnexpectedBody(page) = error {
            self.debug(&what, &page.content_type());
        }
    }

    /// Makes a call and prints it before and what comes of it after.
    async fn call<O>(&mut self, what: &str, call: Call<O>) -> Option<Error>
    where
        O: Operation<Response: Debug>,
    {
        self.debug(format!("the call, {what}"), &call);
        match call.await {
            Ok(response) => {
                self.debug(format!("the response, {what}"), &response);
                None
            }
            Err(error) => {
                self.error(format!("the error, {what}"), &error);
                Some(error)
            }
        }
    }

    fn search(&self, planted: &[(&str, &str)]) {
        assert!(!self.0.is_empty());
        for (what, text) in &self.0 {
            let found = finds(text, planted);
            assert!(found.is_empty(), "{what} shows {found:?}: {text}");
        }
    }
}

fn search_what_was_heard(planted: &[(&str, &str)]) {
    let heard = heard();
    assert!(heard.contains("plaid.call"), "calls are traced");
    for line in heard.lines() {
        let found = finds(line, planted);
        assert!(found.is_empty(), "a trace shows {found:?}: {line}");
    }
}

/// Without this the other tests could pass because they search for nothing, or in
/// nothing.
#[test]
fn the_search_finds_what_is_there() {
    let planted = [("a value", "planted"), ("other", "not there")];
    for text in [
        "before planted after".to_owned(),
        format!("{:?}", "planted"),
        format!("{:?}", b"planted"),
        format!("{:#?}", b"planted".to_vec()),
        format!("{:#?}", json!({ "a": ["planted"] })),
    ] {
        assert_eq!(finds(&text, &planted), ["a value"], "{text}");
    }
    assert!(finds("plant ed", &planted).is_empty());
    assert_eq!(
        finds("two\n  words", &[("spaced", "two words")]),
        ["spaced"]
    );
}

/// Traces and logs of every level arrive where they are searched.
#[test]
fn the_listener_hears_traces_and_logs() {
    listen();
    let span = tracing::trace_span!("a span", token = "planted-1");
    span.in_scope(|| tracing::trace!(token = "planted-2", "planted-3"));
    log::trace!("planted-4");
    for value in ["planted-1", "planted-2", "planted-3", "planted-4"] {
        assert_eq!(finds(&heard(), &[("it", value)]), ["it"]);
    }
    listen();
    assert_eq!(heard(), "", "what another test left behind");
}

/// A server that answers everything with this, and a client of it.
async fn server(answer: ResponseTemplate) -> (MockServer, Client) {
    let server = MockServer::start().await;
    let answer = answer.insert_header("x-planted", HEADER);
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let client = hasty_client(&server.uri(), CLIENT_ID, SECRET);
    (server, client)
}

fn answer(status: u16, body: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

/// The calls in which something secret is sent, made of a client that answers
/// everything with the same. Tells the errors.
async fn make_calls(printed: &mut Printed, plaid: &Client, what: &str) -> Vec<Error> {
    let processor = plaid.processor();
    let user = LinkTokenCreateRequestUser {
        ssn: Some(ACCOUNT.into()),
        ..LinkTokenCreateRequestUser::new("customer-1")
    };
    let link = plaid.link().token_create("Shop", "en", ["GB"]).user(user);
    let untyped = json!({ "access_token": ACCESS_TOKEN, "iban": IBAN, "remark": BODY });
    let calls = [
        printed
            .call(
                what,
                plaid
                    .accounts()
                    .get(ACCESS_TOKEN)
                    .header("x-planted", HEADER),
            )
            .await,
        printed
            .call(what, plaid.items().public_token_exchange(PUBLIC_TOKEN))
            .await,
        printed
            .call(
                what,
                processor.auth_get(PROCESSOR_TOKEN).extra("remark", BODY),
            )
            .await,
        printed
            .call(
                what,
                processor.stripe_bank_account_token_create(ACCESS_TOKEN, ACCOUNT),
            )
            .await,
        printed.call(what, link.access_token(ACCESS_TOKEN)).await,
        // Its argument is a part of the URL.
        printed.call(what, plaid.fdx().consents_get(ACCOUNT)).await,
        printed
            .call(what, plaid.call::<Value>("/new/endpoint", untyped))
            .await,
    ];
    calls.into_iter().flatten().collect()
}

/// All seven calls against one answer; none may succeed.
async fn assert_discreet_failures(answer: ResponseTemplate, is_expected: fn(&Error) -> bool) {
    listen();
    let (_server, plaid) = server(answer).await;
    let mut printed = Printed::default();
    let errors = make_calls(&mut printed, &plaid, "failing").await;
    assert_eq!(errors.len(), 7);
    for error in &errors {
        assert!(is_expected(error), "{error}");
    }
    printed.search(&PLANTED);
    search_what_was_heard(&PLANTED);
    assert!(heard().contains("processorStripeBankAccountTokenCreate"));
}

#[tokio::test]
async fn errors_of_plaids_that_quote_what_was_sent() {
    let quoted = format!(
        "{ACCESS_TOKEN}, {PUBLIC_TOKEN}, '{PROCESSOR_TOKEN}' or \"{STRIPE_TOKEN}\" of {CLIENT_ID} \
         with {SECRET} for account {ACCOUNT}, iban:{IBAN} ({SPACED_IBAN})"
    );
    let body = json!({
        "error_type": "INVALID_INPUT",
        "error_code": "INVALID_ACCESS_TOKEN",
        "error_code_reason": quoted,
        "error_message": quoted,
        "display_message": quoted,
        "suggested_action": quoted,
        "documentation_url": format!("https://plaid.com/docs/?token={ACCESS_TOKEN}#{IBAN}"),
        "request_id": ACCESS_TOKEN,
        "causes": [{ "item_id": ACCOUNT, "error_message": BODY }],
        "remark": BODY,
    });
    let is_api: fn(&Error) -> bool = |error| matches!(error, Error::Api(_));
    assert_discreet_failures(answer(400, body.clone()), is_api).await;
    // With retries, which are traced.
    let mut passing = body.clone();
    passing["error_type"] = json!("API_ERROR");
    passing["error_code"] = json!("INTERNAL_SERVER_ERROR");
    assert_discreet_failures(answer(500, passing), is_api).await;
    let mut swapped = body;
    swapped["error_type"] = json!(ACCESS_TOKEN);
    swapped["error_code"] = json!(IBAN);
    assert_discreet_failures(answer(400, swapped), is_api).await;
}

#[tokio::test]
async fn pages_of_a_proxy() {
    let page = format!("<html>{BODY} {ACCESS_TOKEN} {CLIENT_ID} {SECRET} {IBAN}</html>");
    for status in [200, 307, 403, 502] {
        let answer = ResponseTemplate::new(status)
            .insert_header("location", format!("https://a.example/{ACCESS_TOKEN}"))
            .insert_header("plaid-request-id", ACCESS_TOKEN)
            .set_body_raw(page.clone(), "text/html");
        assert_discreet_failures(answer, |error| matches!(error, Error::UnexpectedBody(_))).await;
    }
}

#[tokio::test]
async fn answers_that_do_not_decode() {
    listen();
    let mut printed = Printed::default();
    for value in [
        json!([ACCESS_TOKEN]),
        json!({ ACCESS_TOKEN: BODY }),
        json!({ "access_token": ACCESS_TOKEN, "iban": IBAN }),
        Value::Null,
    ] {
        let exchanged = json!({
            "access_token": value, "item_id": ACCOUNT, "request_id": "r", "remark": BODY,
        });
        let (_server, plaid) = server(answer(200, exchanged)).await;
        let call = plaid.items().public_token_exchange(PUBLIC_TOKEN);
        let error = printed
            .call("a token of the wrong type", call)
            .await
            .unwrap();
        assert!(
            matches!(&error, Error::Decode(decode) if decode.path().starts_with("access_token")
            || decode.reason().contains("access_token")),
            "{error}"
        );
    }
    undecodable_accounts(&mut printed).await;
    printed.search(&PLANTED);
    search_what_was_heard(&PLANTED);
}

/// A secret where a number, a list, an object or a time should be.
async fn undecodable_accounts(printed: &mut Printed) {
    for accounts in [
        json!(ACCESS_TOKEN),
        json!([IBAN]),
        json!([{ "account_id": "1", "balances": IBAN }]),
        json!([{ "account_id": "1", "balances": { "current": IBAN } }]),
        json!([{ "account_id": "1", "balances": { "current": ACCOUNT.repeat(3) } }]),
        json!([{ "account_id": "1", "balances": { "last_updated_datetime": SPACED_IBAN } }]),
        json!([{ "account_id": "1", "type": [BODY] }]),
    ] {
        let body = json!({ "accounts": accounts, "item": BODY, "request_id": "r" });
        let (_server, plaid) = server(answer(200, body)).await;
        let call = plaid.accounts().get(ACCESS_TOKEN);
        let error = printed
            .call("accounts of the wrong type", call)
            .await
            .unwrap();
        assert!(matches!(error, Error::Decode(_)), "{error}");
    }
    let half = format!(r#"{{"accounts":[{{"account_id":"{ACCESS_TOKEN} {BODY}"#);
    let cut = ResponseTemplate::new(200).set_body_raw(half, "application/json");
    let (_server, plaid) = server(cut).await;
    let call = plaid.accounts().get(ACCESS_TOKEN);
    let error = printed.call("half a document", call).await.unwrap();
    assert!(matches!(error, Error::Decode(_)), "{error}");
}

#[tokio::test]
async fn no_answer_in_time() {
    listen();
    let slow = answer(200, json!({})).set_delay(Duration::from_secs(600));
    let (server, _) = server(slow).await;
    let plaid = Client::builder()
        .base_url(server.uri())
        .credentials(CLIENT_ID, SECRET)
        .timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let mut printed = Printed::default();
    let errors = make_calls(&mut printed, &plaid, "slow").await;
    assert_eq!(errors.len(), 7);
    assert!(
        errors
            .iter()
            .all(|error| matches!(error, Error::Timeout(_)))
    );
    printed.search(&PLANTED);
    search_what_was_heard(&PLANTED);
}

#[tokio::test]
async fn no_connection() {
    listen();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut printed = Printed::default();
    let plaid = hasty_client(&url, CLIENT_ID, SECRET);
    let errors = make_calls(&mut printed, &plaid, "unconnected").await;
    assert_eq!(errors.len(), 7);
    assert!(
        errors
            .iter()
            .all(|error| matches!(error, Error::Connect(_)))
    );
    // There is a chain to search: what the client says, and what lies behind it.
    assert!(errors.iter().all(|error| error.source().is_some()));
    printed.search(&PLANTED);
    search_what_was_heard(&PLANTED);
}

/// A call that is set up wrongly says so without quoting.
#[tokio::test]
async fn mistakes_of_the_caller() {
    listen();
    let (_server, plaid) = server(answer(200, json!({}))).await;
    let accounts = plaid.accounts();
    let mut printed = Printed::default();
    let newline = format!("{HEADER}\n");
    for call in [
        accounts.get(ACCESS_TOKEN).header("x-planted", &newline),
        accounts.get(ACCESS_TOKEN).header("plaid-secret", SECRET),
        accounts.get(ACCESS_TOKEN).extra("secret", SECRET),
    ] {
        let error = printed.call("set up wrongly", call).await.unwrap();
        assert!(matches!(error, Error::Config(_)), "{error}");
    }
    for (url, secret) in [
        (
            format!("https://user:{PASSWORD}@a.example"),
            SECRET.to_owned(),
        ),
        (
            format!("https://a.example?key={GATEWAY_KEY}"),
            SECRET.to_owned(),
        ),
        ("https://a.example".to_owned(), format!("{SECRET}\n")),
    ] {
        let error = Client::sandbox_at(url, CLIENT_ID, secret).unwrap_err();
        printed.error("the error of a client", &error);
    }
    let error = Client::from_lookup(|_| Some(SECRET.to_owned())).unwrap_err();
    printed.error("the error of an environment", &error);
    printed.search(&PLANTED);
    search_what_was_heard(&PLANTED);
}

/// Numbers of accounts and a remark that no type has a field for.
fn numbers() -> Value {
    json!({
        "account": {
            "account_id": "1", "mask": "7777", "name": "Checking", "official_name": null,
            "type": "depository", "subtype": "checking",
            "balances": {
                "available": 1, "current": 1, "limit": null,
                "iso_currency_code": "GBP", "unofficial_currency_code": null,
            },
        },
        "numbers": {
            "ach": { "account": ACCOUNT, "account_id": "1", "routing": "1", "wire_routing": null },
            "bacs": null,
            "eft": null,
            "international": { "account_id": "1", "bic": "B", "iban": IBAN },
        },
        "remark": BODY,
        "request_id": "r",
    })
}

#[tokio::test]
async fn responses() {
    listen();
    let mut printed = Printed::default();
    let (_server, plaid) = server(answer(200, numbers())).await;
    let numbers = plaid.processor().auth_get(PROCESSOR_TOKEN).await.unwrap();
    let international = numbers.numbers.international.as_ref().unwrap();
    assert_eq!(international.iban.expose_secret(), IBAN, "it did arrive");
    printed.debug("a response", &numbers);
    printed.debug("its value", &*numbers);

    for (name, token) in [
        ("access_token", ACCESS_TOKEN),
        ("processor_token", PROCESSOR_TOKEN),
        ("stripe_bank_account_token", STRIPE_TOKEN),
    ] {
        let body = json!({ name: token, "item_id": "1", "request_id": "r", "remark": BODY });
        let (_server, plaid) = server(answer(200, body)).await;
        let processor = plaid.processor();
        let failed = match name {
            "access_token" => {
                let call = plaid.items().public_token_exchange(PUBLIC_TOKEN);
                printed.call(name, call).await
            }
            "processor_token" => {
                let call = processor.token_create(ACCESS_TOKEN, "1", "dwolla");
                printed.call(name, call).await
            }
            _ => {
                let call = processor.stripe_bank_account_token_create(ACCESS_TOKEN, "1");
                printed.call(name, call).await
            }
        };
        assert!(failed.is_none(), "{failed:?}");
    }
    untyped_and_file(&mut printed).await;
    printed.search(&PLANTED);
    search_what_was_heard(&PLANTED);
}

/// A call that succeeds can tell of an error, in the words of a bank.
#[tokio::test]
async fn an_error_inside_of_an_answer() {
    listen();
    let quoted = format!("{ACCESS_TOKEN} of account {ACCOUNT}: {BODY}");
    let error = json!({
        "error_type": "ITEM_ERROR", "error_code": "ITEM_LOGIN_REQUIRED",
        "error_message": quoted, "display_message": quoted, "suggested_action": quoted,
        "causes": [{ "error_message": quoted }],
    });
    let body = json!({
        "item": {
            "available_products": [], "billed_products": [], "consent_expiration_time": null,
            "error": error, "item_id": "1", "update_type": "background", "webhook": null,
        },
        "request_id": "r",
    });
    let (_server, plaid) = server(answer(200, body)).await;
    let item = plaid.items().get(ACCESS_TOKEN).await.unwrap();
    let error = item.item.error.as_ref().unwrap();
    assert_eq!(error.error_message, quoted, "it did arrive");
    let mut printed = Printed::default();
    printed.debug("the answer", &item);
    printed.debug("its error", error);
    printed.search(&PLANTED);
    search_what_was_heard(&PLANTED);
    assert!(format!("{error:?}").contains("ITEM_LOGIN_REQUIRED"));
}

/// Names of entries in a map and values of any type, in an answer that is filled.
#[tokio::test]
async fn places_where_an_answer_is_not_as_described() {
    listen();
    let body = json!({
        "accounts": [{ "account_id": [ACCESS_TOKEN], "name": { ACCOUNT: BODY } }, ACCESS_TOKEN],
        "item": { "item_id": [SECRET] },
        "request_id": { BODY: IBAN },
    });
    let (_server, plaid) = server(answer(200, body)).await;
    let call = plaid
        .accounts()
        .get(ACCESS_TOKEN)
        .tolerance(Tolerance::Report);
    let accounts = call.await.unwrap();
    let mut printed = Printed::default();
    printed.debug("the answer", &accounts);
    printed.debug("its deviations", accounts.deviations());
    for deviation in accounts.deviations() {
        printed.debug("a deviation", &deviation.to_string());
    }

    let keys = json!({ ACCESS_TOKEN: { IBAN: [{ ACCOUNT: "x" }] } });
    let (_server, plaid) = server(answer(200, keys)).await;
    type Keys = BTreeMap<String, BTreeMap<String, Vec<BTreeMap<String, AccountBase>>>>;
    for tolerance in [Tolerance::Strict, Tolerance::Report] {
        let call = plaid.call::<Keys>("/new/endpoint", json!({}));
        let failed = printed.call("keys", call.tolerance(tolerance)).await;
        assert!(matches!(failed, Some(Error::Decode(_))), "{failed:?}");
    }
    printed.search(&PLANTED);
    search_what_was_heard(&PLANTED);
    assert!(heard().contains("accounts[0].account_id"));
}

/// Answers whose content nobody has described.
async fn untyped_and_file(printed: &mut Printed) {
    let (_server, plaid) = server(answer(200, json!({ "token": ACCESS_TOKEN }))).await;
    let body = json!({ "access_token": ACCESS_TOKEN });
    let call = plaid.call::<Value>("/new/endpoint", body);
    assert!(printed.call("untyped", call).await.is_none());

    let pdf = format!("%PDF-1.4 {BODY} {ACCOUNT}");
    let file = ResponseTemplate::new(200).set_body_raw(pdf, "application/pdf");
    let (_server, plaid) = server(file).await;
    let call = plaid.assets().report_pdf_get(ACCESS_TOKEN);
    assert!(printed.call("a file", call).await.is_none());
}

/// A person with numbers that identify them.
fn person() -> ConsumerReportUserIdentity {
    ConsumerReportUserIdentity {
        ssn_full: Some(SSN.into()),
        ssn_last_4: Some(SSN.into()),
        ..serde_json::from_value(json!({
            "first_name": "A", "last_name": "B", "phone_numbers": [], "emails": [],
            "primary_address": { "street": "C" }, "date_of_birth": "2000-01-01",
        }))
        .unwrap()
    }
}

#[test]
fn clients_builders_and_requests() {
    let mut printed = Printed::default();
    let builder = || Client::builder().base_url("https://a.example");
    printed.debug("a builder", &builder().credentials(CLIENT_ID, SECRET));
    let client = builder().credentials(CLIENT_ID, SECRET).build().unwrap();
    printed.debug("a client", &client);
    printed.debug("a group of calls", &client.accounts());
    let gateway = || {
        Client::builder()
            .gateway("https://a.example")
            .key(GATEWAY_KEY)
    };
    printed.debug("a builder with a gateway", &gateway());
    printed.debug("a client of a gateway", &gateway().build().unwrap());
    printed.debug("a request", &AccountsGetRequest::new(ACCESS_TOKEN));
    let stripe = ProcessorStripeBankAccountTokenCreateRequest::new(ACCESS_TOKEN, "1");
    printed.debug("another request", &stripe);
    printed.debug("a person", &person());
    printed.debug("a secret", &Secret::from(IBAN));
    printed.debug("secrets", &vec![Some(Secret::from(SECRET))]);
    printed.search(&PLANTED);
}

/// The emulator makes its secrets up, so they are collected on the way.
#[tokio::test]
async fn the_emulator() {
    listen();
    let bench = Bench::start().await;
    let receiver = Receiver::start().await;
    let access_token = bench.item(&["auth"]).await;
    let account = bench.account(&access_token, "0000").await.account_id;
    let processor = bench.plaid.processor();
    let stripe = processor.stripe_bank_account_token_create(&access_token, &account);
    let stripe = stripe.await.unwrap().into_inner().stripe_bank_account_token;
    let link = bench.plaid.link().token_create("Shop", "en", ["US"]);
    let link = link
        .user(LinkTokenCreateRequestUser::new("1"))
        .await
        .unwrap();
    let public = bench
        .sandbox
        .complete_link(link.link_token.expose_secret())
        .unwrap();
    let update = bench
        .plaid
        .items()
        .webhook_update(&access_token, Some(&receiver.url()));
    update.await.unwrap();
    let unknown = bench.plaid.accounts().get(ACCESS_TOKEN).await.unwrap_err();

    let mut printed = Printed::default();
    printed.debug("the emulator", &bench.sandbox);
    printed.debug("its log", &bench.sandbox.requests());
    printed.debug("its builder", &plaid_sandbox::Sandbox::builder());
    let no_link = bench.sandbox.complete_link(ACCESS_TOKEN).unwrap_err();
    printed.debug("its error", &no_link);
    printed.error("an error of its", &unknown);
    let planted = [
        ("the client id", bench.sandbox.client_id()),
        ("the secret", bench.sandbox.secret()),
        ("an access token", access_token.expose_secret()),
        ("a public token", &public),
        ("a Link token", link.link_token.expose_secret()),
        ("a Stripe token", stripe.expose_secret()),
        ("an unknown token", ACCESS_TOKEN),
    ];
    printed.search(&planted);
    search_what_was_heard(&planted);
    assert!(
        bench.sandbox.requests().len() >= 7,
        "there is something to print"
    );
}

/// A policy that is set says nothing about whom it is for.
#[test]
fn settings_are_shown() {
    let policy = RetryPolicy::new().max_attempts(7);
    let client = Client::builder()
        .base_url("https://a.example")
        .credentials(CLIENT_ID, SECRET)
        .retry(policy)
        .build()
        .unwrap();
    let text = format!("{client:?}");
    assert!(
        text.contains("https://a.example") && text.contains("max_attempts: 7"),
        "{text}"
    );
}
