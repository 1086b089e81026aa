//! What the SDK is for, end to end: the generated calls against the emulator.
//!
//! Every flow is a test of its own, and together they call every operation that
//! the emulator knows.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{BANK, Bench, REQUEST_ID_LEN, Receiver};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use plaid::operation::Operation;
use plaid::types::{
    AccountBase, AccountBaseVerificationStatus, AssetReportCreateRequestOptions,
    CustomSandboxTransaction, FdxConsentGrantStatus, IdentityVerificationStatus,
    InstitutionsGetByIdRequestOptions, ItemImportRequestUserAuth, LinkTokenCreateRequestUser,
    ProcessorTokenCreateRequestProcessor, ProductStatusStatus, Products,
    SandboxItemFireWebhookRequestWebhookCode, SandboxPublicTokenCreateRequestOptions,
    SyncUpdatesAvailableWebhook, Transaction, TransactionsGetRequestOptions,
    TransactionsSyncResponse, TransferAuthorization, TransferAuthorizationDecision,
    TransferAuthorizationUserInRequest, TransferRefundStatus, TransferStatus,
};
use plaid::{Action, Call, Client, Decimal, Error, ErrorCode, NaiveDate, Secret};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

macro_rules! flows {
    ($($name:ident),* $(,)?) => {
        mod flow {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&super::Bench::start().await).await;
            })*
        }

        /// Plays every flow and tells which operations succeeded.
        async fn play_all() -> BTreeSet<&'static str> {
            let mut succeeded = BTreeSet::new();
            $({
                let bench = Bench::start().await;
                $name(&bench).await;
                succeeded.extend(operations_that_succeeded(&bench));
            })*
            succeeded
        }
    };
}

flows! {
    main_job,
    accounts,
    numbers,
    owners,
    transactions,
    interrupted_sync,
    item_and_webhook,
    rotation,
    removal,
    link,
    link_in_update_mode,
    processor,
    made_up_transactions,
    institutions,
    categories,
    webhook,
    login_required,
    verification_status,
    asset_report,
    user,
    identity_verification,
    consent,
    transfer_authorization,
    transfer,
    tokens_without_link,
}

fn operations_that_succeeded(bench: &Bench) -> Vec<&'static str> {
    let requests = bench.sandbox.requests();
    let succeeded = |status: u16| (200..300).contains(&status);
    requests
        .iter()
        .filter(|request| request.status.is_some_and(succeeded))
        .filter_map(|request| request.operation)
        .collect()
}

/// A new operation of the emulator's is to have a flow here.
#[tokio::test]
async fn every_operation_of_the_emulator_has_a_flow() {
    let described = include_str!("../../../plaid-sandbox/src/generated/contract.json");
    let described: serde_json::Value = serde_json::from_str(described).unwrap();
    let emulated: BTreeSet<_> = plaid_sandbox::emulated().collect();
    let operations = described["operations"].as_array().unwrap().iter();
    let known: BTreeSet<_> = operations
        .filter(|operation| emulated.contains(operation["id"].as_str().unwrap()))
        .map(|operation| operation["path"].as_str().unwrap())
        .collect();
    assert!(known.contains("/processor/stripe/bank_account_token/create"));
    let missing: Vec<_> = known.difference(&play_all().await).copied().collect();
    assert!(missing.is_empty(), "no flow calls {missing:?}");
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn is_request_id(id: &str) -> bool {
    id.len() == REQUEST_ID_LEN && id.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// What the project was asked for first: from a user's bank account to a token
/// that Stripe takes.
async fn main_job(bench: &Bench) {
    let sandbox = &bench.sandbox;
    let plaid = Client::sandbox_at(sandbox.url(), sandbox.client_id(), sandbox.secret()).unwrap();

    let created = plaid.sandbox().public_token_create(BANK, [Products::Auth]);
    let public_token = &created.await.unwrap().public_token;
    let exchanged = plaid.items().public_token_exchange(public_token);
    let access_token = &exchanged.await.unwrap().access_token;
    let accounts = plaid.accounts().get(access_token).await.unwrap();
    let checking = &accounts.accounts[0].account_id;

    let create = plaid
        .processor()
        .stripe_bank_account_token_create(access_token, checking);
    let answer = create.await.unwrap();
    let token = answer.stripe_bank_account_token.expose_secret();
    assert!(token.starts_with("btok_") && token.len() > "btok_".len());
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.attempts(), 1);
    assert!(is_request_id(answer.request_id()));
    assert_eq!(answer.request_id(), answer.request_id);
}

/// Mask, name, subtype, available, current, limit, holder category: as documented
/// for the user `user_good`.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
);

#[rustfmt::skip]
const ACCOUNTS: [Row; 12] = [
    ("0000", "Plaid Checking", "checking", Some("100"), "110", None, Some("personal")),
    ("1111", "Plaid Saving", "savings", Some("200"), "210", None, Some("personal")),
    ("2222", "Plaid CD", "cd", None, "1000", None, None),
    ("3333", "Plaid Credit Card", "credit card", None, "410", Some("2000"), None),
    ("4444", "Plaid Money Market", "money market", Some("43200"), "43200", None, None),
    ("5555", "Plaid IRA", "ira", None, "320.76", None, None),
    ("6666", "Plaid 401k", "401k", None, "23631.9805", None, None),
    ("7777", "Plaid Student Loan", "student", None, "65262", None, Some("personal")),
    ("8888", "Plaid Mortgage", "mortgage", None, "56302.06", None, None),
    ("9001", "Plaid HSA", "hsa", Some("6009"), "6009", None, None),
    ("9002", "Plaid Cash Management", "cash management", Some("12060"), "12060", None, None),
    ("9999", "Plaid Business Credit Card", "credit card", Some("4980"), "5020", Some("10000"), Some("business")),
];

fn assert_row(account: &AccountBase, row: &Row) {
    let (mask, name, subtype, available, current, limit, holder) = *row;
    let balances = &account.balances;
    assert_eq!(account.mask.as_deref(), Some(mask));
    assert_eq!(account.name, name);
    assert_eq!(account.subtype.as_ref().unwrap().as_str(), subtype);
    assert_eq!(balances.available, available.map(decimal), "{name}");
    assert_eq!(balances.current, Some(decimal(current)), "{name}");
    assert_eq!(balances.limit, limit.map(decimal), "{name}");
    assert_eq!(balances.iso_currency_code.as_deref(), Some("USD"));
    let category = account.holder_category.as_ref();
    assert_eq!(category.map(|category| category.as_str()), holder, "{name}");
    assert_eq!(account.account_id.len(), 37);
}

async fn accounts(bench: &Bench) {
    let access_token = bench.item(&["transactions"]).await;
    let answer = bench.plaid.accounts().get(&access_token).await.unwrap();
    assert_eq!(answer.accounts.len(), ACCOUNTS.len());
    for (account, row) in answer.accounts.iter().zip(&ACCOUNTS) {
        assert_row(account, row);
    }
    // Digit by digit, and a number on the wire: an f64 would pass the rows above.
    let current = answer.accounts[6].balances.current.unwrap();
    assert_eq!(current.to_string(), "23631.9805");
    let body = std::str::from_utf8(answer.raw()).unwrap();
    assert!(body.contains(r#""current": 23631.9805,"#));
    assert_eq!(answer.item.institution_id.as_deref(), Some(BANK));

    let balances = bench.plaid.balance().get(&access_token).await.unwrap();
    for (account, row) in balances.accounts.iter().zip(&ACCOUNTS) {
        assert_row(account, row);
    }
    narrowed(bench, &access_token, &answer.accounts[6].account_id).await;
}

async fn narrowed(bench: &Bench, access_token: &Secret, account_id: &str) {
    let options = plaid::types::AccountsGetRequestOptions {
        account_ids: vec![account_id.to_owned()],
    };
    let call = bench.plaid.accounts().get(access_token).options(options);
    let answer = call.await.unwrap();
    assert_eq!(answer.accounts.len(), 1);
    assert_row(&answer.accounts[0], &ACCOUNTS[6]);
}

async fn numbers(bench: &Bench) {
    let access_token = bench.item(&["auth"]).await;
    let answer = bench.plaid.auth().get(&access_token).await.unwrap();
    let numbers = &answer.numbers;
    let found: Vec<_> = numbers
        .ach
        .iter()
        .map(|ach| ach.account.expose_secret())
        .collect();
    let expected = ["1111222233330000", "1111222233331111", "1111222233339002"];
    assert_eq!(found, expected);
    for (ach, account) in numbers.ach.iter().zip(&answer.accounts) {
        assert_eq!(ach.account_id, account.account_id);
        assert_eq!(ach.routing, "011401533");
        assert_eq!(ach.wire_routing.as_deref(), Some("021000021"));
        assert_eq!(ach.is_tokenized_account_number, Some(false));
    }
    assert_eq!(answer.accounts.len(), expected.len());
    assert!(numbers.bacs.is_empty() && numbers.eft.is_empty() && numbers.international.is_empty());
}

async fn owners(bench: &Bench) {
    let access_token = bench.item(&["identity"]).await;
    let answer = bench.plaid.identity().get(&access_token).await.unwrap();
    assert_eq!(answer.accounts.len(), ACCOUNTS.len());
    for account in &answer.accounts {
        let [owner] = &account.owners[..] else {
            panic!("{} owners", account.owners.len())
        };
        assert_eq!(owner.names.len(), 1);
        assert_eq!(owner.emails.len(), 3);
        assert_eq!(owner.phone_numbers.len(), 3);
        let primary = |address: &&plaid::types::Address| address.primary == Some(true);
        assert_eq!(owner.addresses.iter().filter(primary).count(), 1);
        assert!(!owner.addresses[0].data.street.is_empty());
    }
}

/// A copy of an Item's transactions as a program keeps it with `/transactions/sync`.
#[derive(Default)]
struct Copy {
    amounts: BTreeMap<String, Decimal>,
    cursor: String,
}

impl Copy {
    /// Reads to the end; tells how many were added, modified and removed.
    async fn update(&mut self, bench: &Bench, access_token: &Secret) -> (usize, usize, usize) {
        let mut counts = (0, 0, 0);
        loop {
            let sync = bench.plaid.transactions().sync(access_token).count(20);
            let page = sync.cursor(&self.cursor).await.unwrap().into_inner();
            counts.0 += page.added.len();
            counts.1 += page.modified.len();
            counts.2 += page.removed.len();
            let has_more = page.has_more;
            self.apply(page);
            if !has_more {
                return counts;
            }
        }
    }

    fn apply(&mut self, page: TransactionsSyncResponse) {
        for removed in page.removed {
            let known = self.amounts.remove(&removed.transaction_id);
            assert!(known.is_some(), "removed what was never added");
        }
        for transaction in page.added.into_iter().chain(page.modified) {
            self.amounts
                .insert(transaction.transaction_id, transaction.amount);
        }
        self.cursor = page.next_cursor;
    }
}

/// All transactions by date.
async fn listed(bench: &Bench, access_token: &Secret) -> Vec<Transaction> {
    let (start, end) = (date("2000-01-01"), date("2999-12-31"));
    let options = TransactionsGetRequestOptions {
        count: Some(500),
        ..Default::default()
    };
    let get = bench.plaid.transactions().get(access_token, start, end);
    let answer = get.options(options).await.unwrap().into_inner();
    assert_eq!(
        answer.total_transactions,
        i64::try_from(answer.transactions.len()).unwrap()
    );
    answer.transactions
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn amounts(transactions: Vec<Transaction>) -> BTreeMap<String, Decimal> {
    let pair = |transaction: Transaction| (transaction.transaction_id, transaction.amount);
    transactions.into_iter().map(pair).collect()
}

async fn transactions(bench: &Bench) {
    let access_token = bench.item(&["transactions"]).await;
    let mut copy = Copy::default();
    assert_eq!(copy.update(bench, &access_token).await, (48, 0, 0));
    let all = listed(bench, &access_token).await;
    let uber = all
        .iter()
        .find(|one| one.name.as_deref() == Some("Uber 063015 SF**POOL**"));
    assert_eq!(uber.unwrap().amount, decimal("5.40"));
    assert_eq!(copy.amounts, amounts(all));
    assert_eq!(copy.update(bench, &access_token).await, (0, 0, 0));

    // The bank's news: an amount corrected and a purchase pending; then another
    // correction, the purchase settled under a new id, and the next one pending.
    for changes in [(1, 1, 0), (2, 1, 1)] {
        let refresh = bench.plaid.transactions().refresh(&access_token);
        assert!(is_request_id(refresh.await.unwrap().request_id()));
        assert_eq!(copy.update(bench, &access_token).await, changes);
        assert_eq!(copy.amounts, amounts(listed(bench, &access_token).await));
    }
}

async fn interrupted_sync(bench: &Bench) {
    let access_token = bench.item(&["transactions"]).await;
    let sync = || bench.plaid.transactions().sync(&access_token).count(20);
    let first = sync().await.unwrap();
    assert!(first.has_more);
    bench
        .plaid
        .transactions()
        .refresh(&access_token)
        .await
        .unwrap();

    let error = sync().cursor(&first.next_cursor).await.unwrap_err();
    let code = ErrorCode::TransactionsSyncMutationDuringPagination;
    assert_eq!(error.error_code(), Some(&code));
    assert_eq!(error.action(), Action::RestartPagination);
    let mut copy = Copy::default();
    copy.update(bench, &access_token).await;
    assert_eq!(copy.amounts, amounts(listed(bench, &access_token).await));
}

async fn item_and_webhook(bench: &Bench) {
    let mut receiver = Receiver::start().await;
    let access_token = bench.item(&["auth", "transactions"]).await;
    let items = bench.plaid.items();
    let answer = items.get(&access_token).await.unwrap();
    assert_eq!(
        answer.item.products,
        [Products::Auth, Products::Transactions]
    );
    assert_eq!(answer.item.institution_id.as_deref(), Some(BANK));
    assert_eq!(answer.item.webhook, None);
    assert!(answer.item.error.is_none());
    let status = answer.status.as_ref().unwrap();
    assert!(status.transactions.is_some() && status.last_webhook.is_none());

    let update = items.webhook_update(&access_token, Some(&receiver.url()));
    let updated = update.await.unwrap();
    assert_eq!(updated.item.webhook, Some(receiver.url()));
    receiver.next_of("WEBHOOK_UPDATE_ACKNOWLEDGED").await;

    let cleared = items.webhook_update(&access_token, None);
    assert_eq!(cleared.await.unwrap().item.webhook, None);
    let item = items.get(&access_token).await.unwrap().into_inner().item;
    assert_eq!(item.webhook, None);

    // What clears is a null, not that nothing is said.
    let request = request_of(|client| client.items().webhook_update("a", None)).await;
    assert_eq!(request.body, br#"{"access_token":"a","webhook":null}"#);
    assert_eq!(request.headers["plaid-secret"], "a-secret");
}

async fn rotation(bench: &Bench) {
    let old = bench.item(&["auth"]).await;
    let before = bench.account(&old, "0000").await;
    let rotated = bench.plaid.items().access_token_invalidate(&old);
    let new = rotated.await.unwrap().into_inner().new_access_token;

    let error = bench.plaid.accounts().get(&old).await.unwrap_err();
    assert_eq!(error.error_code(), Some(&ErrorCode::InvalidAccessToken));
    let after = bench.account(&new, "0000").await;
    assert_eq!(before.account_id, after.account_id);
}

async fn removal(bench: &Bench) {
    let access_token = bench.item(&["auth"]).await;
    let remove = bench.plaid.items().remove(&access_token);
    let removed = remove.reason_note("the user left").await.unwrap();
    assert!(is_request_id(removed.request_id()));
    let error = bench.plaid.accounts().get(&access_token).await.unwrap_err();
    assert_eq!(error.error_code(), Some(&ErrorCode::ItemNotFound));
    assert_eq!(error.action(), Action::NewLinkSession);
}

async fn link(bench: &Bench) {
    let create = bench.plaid.link().token_create("A Shop", "en", ["US"]);
    let created = create
        .user(LinkTokenCreateRequestUser::new("customer-1"))
        .products([Products::Auth])
        .await
        .unwrap();
    let token = &created.link_token;
    let waiting = bench.plaid.link().token_get(token).await.unwrap();
    assert_eq!(waiting.metadata.client_name.as_deref(), Some("A Shop"));
    assert_eq!(waiting.metadata.initial_products, [Products::Auth]);
    assert_eq!(waiting.expiration, Some(created.expiration));
    assert!(waiting.link_sessions.is_empty());

    let public_token = bench.sandbox.complete_link(token.expose_secret()).unwrap();
    let done = bench.plaid.link().token_get(token).await.unwrap();
    let results = done.link_sessions[0].results.as_ref().unwrap();
    let added = &results.item_add_results[0];
    assert_eq!(added.public_token.expose_secret(), public_token);
    let exchange = bench
        .plaid
        .items()
        .public_token_exchange(&added.public_token);
    let access_token = exchange.await.unwrap().into_inner().access_token;
    let numbers = bench.plaid.auth().get(&access_token).await.unwrap();
    assert_eq!(numbers.numbers.ach.len(), 3);
}

async fn link_in_update_mode(bench: &Bench) {
    let access_token = bench.item(&["auth"]).await;
    let reset = bench.plaid.sandbox().item_reset_login(&access_token);
    reset.await.unwrap();
    let create = bench.plaid.link().token_create("A Shop", "en", ["US"]);
    let created = create
        .user(LinkTokenCreateRequestUser::new("customer-1"))
        .access_token(&access_token)
        .await
        .unwrap();
    let token = created.link_token.expose_secret();
    bench.sandbox.complete_link(token).unwrap();
    assert!(bench.plaid.accounts().get(&access_token).await.is_ok());
}

async fn processor(bench: &Bench) {
    let access_token = bench.item(&["auth"]).await;
    let account = bench.account(&access_token, "1111").await;
    let partner = ProcessorTokenCreateRequestProcessor::Dwolla;
    let processor = bench.plaid.processor();
    let create = processor.token_create(&access_token, &account.account_id, partner);
    let token = create.await.unwrap().into_inner().processor_token;
    assert!(token.expose_secret().starts_with("processor-sandbox-"));

    let answer = processor.auth_get(&token).await.unwrap();
    assert_eq!(answer.account.account_id, account.account_id);
    let ach = answer.numbers.ach.as_ref().unwrap();
    assert_eq!(ach.account.expose_secret(), "1111222233331111");
    assert!(answer.numbers.international.is_none());
}

/// What a caller makes up reaches the Item, and the processor of its account.
async fn made_up_transactions(bench: &Bench) {
    let options = SandboxPublicTokenCreateRequestOptions {
        override_username: Some("user_transactions_dynamic".to_owned()),
        ..Default::default()
    };
    let access_token = bench.item_with(&["transactions"], options).await;
    let account = bench.account(&access_token, "0000").await.account_id;
    let partner = ProcessorTokenCreateRequestProcessor::Dwolla;
    let processor = bench.plaid.processor();
    let token = processor.token_create(&access_token, account, partner);
    let token = token.await.unwrap().into_inner().processor_token;
    let all = processor
        .transactions_sync(&token)
        .count(500)
        .await
        .unwrap();
    assert!(!all.has_more);

    let today = plaid::Utc::now().date_naive();
    let bakery = CustomSandboxTransaction::new(decimal("12.34"), today, today, "Bakery");
    let sandbox = bench.plaid.sandbox();
    let made = sandbox.transactions_create(&access_token, [bakery]);
    made.await.unwrap();
    let news = processor.transactions_sync(&token).cursor(&all.next_cursor);
    let news = news.await.unwrap().into_inner();
    let [bakery] = &news.added[..] else {
        panic!("{} transactions were added", news.added.len());
    };
    assert_eq!(bakery.name.as_deref(), Some("Bakery"));
    assert_eq!(bakery.amount, decimal("12.34"));

    processor.transactions_refresh(&token).await.unwrap();
    let (start, end) = (date("2000-01-01"), date("2999-12-31"));
    let got = processor.transactions_get(&token, start, end);
    let got = got.await.unwrap().into_inner().transactions;
    let is_there = |one: &&Transaction| one.transaction_id == bakery.transaction_id;
    assert_eq!(got.iter().filter(is_there).count(), 1);
}

async fn institutions(bench: &Bench) {
    let institutions = bench.plaid.institutions();
    let first = institutions.get(2, 0, ["US"]).await.unwrap();
    let second = institutions.get(2, 2, ["US"]).await.unwrap();
    let ids = [&first.institutions[..], &second.institutions[..]].concat();
    let ids: BTreeSet<_> = ids.iter().map(|one| &one.institution_id).collect();
    assert_eq!(ids.len(), 4, "two pages of two have nothing in common");
    assert!(first.total > 4);

    let options = InstitutionsGetByIdRequestOptions {
        include_status: Some(true),
        ..Default::default()
    };
    let get = institutions.get_by_id("ins_132363", ["US"]);
    let bank = get.options(options).await.unwrap().into_inner().institution;
    assert_eq!(bank.name, "Unhealthy Platypus - Degraded");
    let logins = bank.status.unwrap().item_logins.unwrap();
    assert_eq!(logins.status, ProductStatusStatus::Degraded);

    let search = institutions.search("houndstooth", ["US"]);
    let found = search.products([Products::Auth]).await.unwrap();
    let [bank] = &found.institutions[..] else {
        panic!("{} institutions", found.institutions.len())
    };
    assert_eq!(bank.institution_id, "ins_109512");
    assert_eq!(bank.routing_numbers.len(), 3);
}

#[expect(deprecated, reason = "it is part of the API all the same")]
async fn categories(bench: &Bench) {
    // Credentials that the emulator would refuse, had it been sent any.
    let stranger = Client::sandbox_at(bench.sandbox.url(), "nobody", "nothing").unwrap();
    let answer = stranger.transactions().categories_get().await.unwrap();
    let taxi = answer
        .categories
        .iter()
        .find(|one| one.category_id == "22016000");
    assert_eq!(taxi.unwrap().hierarchy, ["Travel", "Taxi"]);
    // The emulator ignores credentials that it did not ask for.
    let request = request_of(|client| client.transactions().categories_get()).await;
    assert_eq!(request.body, b"{}");
    assert!(!request.headers.contains_key("plaid-client-id"));
    assert!(!request.headers.contains_key("plaid-secret"));
}

/// What a call sends, seen by a server that has no answer.
async fn request_of<O: Operation>(call: impl FnOnce(&Client) -> Call<O>) -> wiremock::Request {
    let server = MockServer::start().await;
    let mock = Mock::given(any()).respond_with(ResponseTemplate::new(404));
    mock.mount(&server).await;
    let client = Client::sandbox_at(server.uri(), "an-id", "a-secret").unwrap();
    assert!(call(&client).await.is_err());
    server.received_requests().await.unwrap().remove(0)
}

/// The header that says who signed a webhook, decoded.
fn signature_header(request: &wiremock::Request) -> serde_json::Value {
    let token = request.headers["plaid-verification"].to_str().unwrap();
    let parts: Vec<_> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "header, claims and signature");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap()
}

async fn webhook(bench: &Bench) {
    let mut receiver = Receiver::start().await;
    let options = SandboxPublicTokenCreateRequestOptions {
        webhook: Some(receiver.url()),
        ..Default::default()
    };
    let access_token = bench.item_with(&["transactions"], options).await;
    let code = SandboxItemFireWebhookRequestWebhookCode::SyncUpdatesAvailable;
    let fire = bench.plaid.sandbox().item_fire_webhook(&access_token, code);
    assert!(fire.await.unwrap().webhook_fired);

    let webhook = receiver.next().await;
    let body: SyncUpdatesAvailableWebhook = webhook.body_json().unwrap();
    let item = bench.plaid.items().get(&access_token).await.unwrap();
    assert_eq!(body.item_id, item.item.item_id);
    assert_eq!(body.webhook_code, "SYNC_UPDATES_AVAILABLE");
    let sent = item.status.as_ref().unwrap().last_webhook.as_ref().unwrap();
    assert_eq!(sent.code_sent.as_deref(), Some("SYNC_UPDATES_AVAILABLE"));

    let header = signature_header(&webhook);
    assert_eq!(header["alg"], "ES256");
    let key_id = header["kid"].as_str().unwrap();
    let get = bench.plaid.webhooks().verification_key_get(key_id);
    let key = get.await.unwrap().into_inner().key;
    assert_eq!(
        (&*key.kid, &*key.alg, &*key.crv),
        (key_id, "ES256", "P-256")
    );
    assert_eq!(key.expired_at, None);
    // Coordinates of a point: without padding 32 bytes are 43 characters.
    assert_eq!((key.x.len(), key.y.len()), (43, 43));
}

async fn login_required(bench: &Bench) {
    let access_token = bench.item(&["auth"]).await;
    let reset = bench.plaid.sandbox().item_reset_login(&access_token);
    assert!(reset.await.unwrap().reset_login);

    let error = bench.plaid.auth().get(&access_token).await.unwrap_err();
    assert!(matches!(error, Error::Api(_)));
    assert_eq!(error.error_code(), Some(&ErrorCode::ItemLoginRequired));
    assert_eq!(error.action(), Action::RelinkUpdateMode);
    assert!(error.as_api().unwrap().display_message().is_some());

    // The Item itself can still be looked at, and says the same.
    let item = bench.plaid.items().get(&access_token).await.unwrap();
    let problem = item.item.error.as_ref().unwrap();
    assert_eq!(problem.error_code, "ITEM_LOGIN_REQUIRED");
}

async fn verification_status(bench: &Bench) {
    let access_token = bench.item(&["auth"]).await;
    let account = bench.account(&access_token, "0000").await;
    assert_eq!(account.verification_status, None);
    for (set, expected) in [
        (
            "automatically_verified",
            AccountBaseVerificationStatus::AutomaticallyVerified,
        ),
        (
            "verification_expired",
            AccountBaseVerificationStatus::VerificationExpired,
        ),
    ] {
        let sandbox = bench.plaid.sandbox();
        let call = sandbox.item_set_verification_status(&access_token, &account.account_id, set);
        call.await.unwrap();
        let account = bench.account(&access_token, "0000").await;
        assert_eq!(account.verification_status, Some(expected));
    }
}

async fn asset_report(bench: &Bench) {
    let access_token = bench.item(&["assets"]).await;
    let assets = bench.plaid.assets();
    let options = AssetReportCreateRequestOptions {
        client_report_id: Some("loan-1".to_owned()),
        ..Default::default()
    };
    let create = assets.report_create(60).access_tokens([&access_token]);
    let created = create.options(options).await.unwrap();
    let token = &created.asset_report_token;
    let get = || assets.report_get().asset_report_token(token);

    let error = get().await.unwrap_err();
    assert_eq!(error.error_code(), Some(&ErrorCode::ProductNotReady));
    assert_eq!(error.action(), Action::WaitThenRetry);
    assert_eq!(error.attempts(), 1, "waiting is the caller's");

    let report = get().await.unwrap().into_inner().report;
    assert_eq!(report.asset_report_id, created.asset_report_id);
    assert_eq!(report.client_report_id.as_deref(), Some("loan-1"));
    assert_eq!(report.days_requested, decimal("60"));
    let accounts = &report.items[0].accounts;
    assert_eq!(accounts.len(), ACCOUNTS.len());
    assert_eq!(accounts[0].historical_balances.len(), 60);
    assert_eq!(accounts[6].balances.current, Some(decimal("23631.9805")));

    let pdf = assets.report_pdf_get(token).await.unwrap();
    assert!(pdf.starts_with(b"%PDF"));
    assert!(is_request_id(pdf.request_id()), "only a header has it");
    assert_eq!(pdf.raw()[..], pdf[..]);
    reports_of_a_report(bench, token).await;
}

/// What becomes of a report: copies for auditors, a newer one, a part of it.
async fn reports_of_a_report(bench: &Bench, token: &Secret) {
    let (assets, income) = (bench.plaid.assets(), bench.plaid.income());
    let copy = assets.report_audit_copy_create(token).await.unwrap();
    let copy = &copy.audit_copy_token;
    assets.report_audit_copy_get(copy).await.unwrap();
    let pdf = assets.report_audit_copy_pdf_get(copy).await.unwrap();
    assert!(pdf.starts_with(b"%PDF"));
    assets.report_audit_copy_remove(copy).await.unwrap();
    let error = assets.report_audit_copy_get(copy).await.unwrap_err();
    let expected = ErrorCode::InvalidAuditCopyToken;
    assert_eq!(error.error_code(), Some(&expected));

    let report = token.expose_secret();
    let copy = income
        .credit_audit_copy_token_create([report])
        .await
        .unwrap();
    let copy = &copy.audit_copy_token;
    let update = income.credit_audit_copy_token_update(copy, [token]);
    assert!(update.await.unwrap().updated);
    let remove = income.credit_audit_copy_token_remove(copy);
    assert!(remove.await.unwrap().removed);

    let newer = assets.report_refresh(token).await.unwrap();
    assert_ne!(newer.asset_report_token.expose_secret(), report);
    let none: [&str; 0] = [];
    let part = assets.report_filter(token, none).await.unwrap();
    assert_ne!(part.asset_report_token.expose_secret(), report);
    assert!(assets.report_remove(token).await.unwrap().removed);
}

async fn user(bench: &Bench) {
    let users = bench.plaid.users();
    let create = || users.create("customer-1");
    let first = create().plaid_new_user_api_enabled(true).await.unwrap();
    assert_eq!(first.status(), 201);
    assert!(first.user_token.is_none(), "the new API has no user tokens");
    let again = create().plaid_new_user_api_enabled(true).await.unwrap();
    assert_eq!(again.status(), 200);
    assert_eq!(again.user_id, first.user_id);
    // Without the header: the same user under the old API.
    let old = create().await.unwrap();
    assert_eq!((old.status().as_u16(), &old.user_id), (200, &first.user_id));
    assert!(old.user_token.is_some());

    let found = users.get(&first.user_id).await.unwrap();
    assert_eq!(found.client_user_id.as_deref(), Some("customer-1"));
    users.update().user_id(&first.user_id).await.unwrap();
    let remove = users.identity_remove(&first.user_id);
    remove.await.unwrap();
    users.remove().user_id(&first.user_id).await.unwrap();
    let error = users.get(&first.user_id).await.unwrap_err();
    assert_eq!(error.error_code(), Some(&ErrorCode::UserNotFound));
}

async fn identity_verification(bench: &Bench) {
    let verifications = bench.plaid.identity_verification();
    let create = verifications.create(false, "idvtmp_1", true);
    let made = create.client_user_id("customer-7").await.unwrap();
    assert_eq!(made.status, IdentityVerificationStatus::Active);
    assert!(made.kyc_check.is_none() && made.completed_at.is_none());
    let complete = |id: &str, passed| bench.sandbox.complete_identity_verification(id, passed);
    complete(&made.id, false).unwrap();
    let failed = verifications.get(&made.id).await.unwrap();
    assert_eq!(failed.status, IdentityVerificationStatus::Failed);

    let retry = verifications.retry("customer-7", "idvtmp_1", "reset");
    let again = retry.await.unwrap();
    assert_eq!(again.previous_attempt_id.as_ref(), Some(&made.id));
    complete(&again.id, true).unwrap();
    let answer = verifications.get(&again.id).await.unwrap();
    assert_eq!(answer.id, again.id);
    assert_eq!(answer.status, IdentityVerificationStatus::Success);
    assert!(answer.kyc_check.is_some() && answer.documentary_verification.is_none());
    assert!(is_request_id(answer.request_id()));
    let listed = verifications.list("idvtmp_1").await.unwrap();
    let ids = listed.identity_verifications.iter().map(|one| &one.id);
    assert_eq!(ids.collect::<Vec<_>>(), [&again.id, &made.id]);

    let error = verifications.get("idv_4711").await.unwrap_err();
    assert_eq!(error.error_code(), Some(&ErrorCode::NotFound));
}

async fn consent(bench: &Bench) {
    let access_token = bench.item(&["transactions"]).await;
    let item = bench.plaid.items().get(&access_token).await.unwrap();
    let get = || bench.plaid.fdx().consents_get(&item.item.item_id);
    let answer = get().await.unwrap();
    assert_eq!(answer.id, item.item.item_id);
    assert_eq!(answer.status, FdxConsentGrantStatus::Active);
    assert_eq!(answer.resources.len(), ACCOUNTS.len());
    assert!(is_request_id(answer.request_id()), "only a header has it");

    bench.plaid.items().remove(&access_token).await.unwrap();
    assert_eq!(get().await.unwrap().status, FdxConsentGrantStatus::Revoked);
}

async fn authorize(
    bench: &Bench,
    access_token: &Secret,
    amount: &str,
    key: &str,
) -> TransferAuthorization {
    let account = bench.account(access_token, "0000").await.account_id;
    let person = TransferAuthorizationUserInRequest::new("Robin Sandoval");
    let transfer = bench.plaid.transfer();
    let create =
        transfer.authorization_create(access_token, account, "debit", "ach", amount, person);
    let answer = create.ach_class("web").idempotent(key).await.unwrap();
    answer.into_inner().authorization
}

async fn transfer(bench: &Bench) {
    let (transfers, sandbox) = (bench.plaid.transfer(), bench.plaid.sandbox());
    let access_token = &bench.item(&["transfer"]).await;
    let account = &bench.account(access_token, "0000").await.account_id;
    let make = async |key: &str| {
        let authorization = authorize(bench, access_token, "12.34", key).await;
        let create = transfers.create(access_token, account, &authorization.id, "Rent");
        create.await.unwrap().into_inner().transfer
    };
    let first = make("key-1").await;
    assert_eq!(first.status, TransferStatus::Pending);
    assert_eq!(first.amount, "12.34");
    for event in ["posted", "settled"] {
        sandbox.transfer_simulate(&first.id, event).await.unwrap();
    }
    let found = transfers.get().transfer_id(&first.id).await.unwrap();
    assert_eq!(found.transfer.status, TransferStatus::Settled);
    let error = transfers.cancel(&first.id).await.unwrap_err();
    let expected = ErrorCode::TransferNotCancellable;
    assert_eq!(error.error_code(), Some(&expected));

    let second = make("key-2").await;
    transfers.cancel(&second.id).await.unwrap();
    let listed = transfers.list().await.unwrap();
    let ids: Vec<_> = listed.transfers.iter().map(|one| &one.id).collect();
    assert_eq!(ids, [&second.id, &first.id]);

    let events = transfers.event_sync(0).await.unwrap();
    assert_eq!(events.transfer_events.len(), 5);
    let of_second = transfers.event_list().transfer_id(&second.id);
    assert_eq!(of_second.await.unwrap().transfer_events.len(), 2);

    let refund = transfers.refund_create(&first.id, "2.34", "key-3");
    let refund = refund.await.unwrap().into_inner().refund;
    let simulate = sandbox.transfer_refund_simulate(&refund.id, "refund.posted");
    simulate.await.unwrap();
    let found = transfers.refund_get(&refund.id).await.unwrap();
    assert_eq!(found.refund.status, TransferRefundStatus::Posted);
    let other = transfers.refund_create(&first.id, "10.00", "key-4");
    let other = other.await.unwrap().into_inner().refund;
    transfers.refund_cancel(&other.id).await.unwrap();

    let mut receiver = Receiver::start().await;
    let fire = sandbox.transfer_fire_webhook(receiver.url());
    fire.await.unwrap();
    receiver.next_of("TRANSFER_EVENTS_UPDATE").await;
}

/// Items that come to be, or are opened, without anybody going through Link.
async fn tokens_without_link(bench: &Bench) {
    let (items, processor) = (bench.plaid.items(), bench.plaid.processor());
    let login = ItemImportRequestUserAuth {
        auth_token: Secret::from("token"),
        user_id: "user".to_owned(),
    };
    let imported = items.import([Products::Auth], login).await.unwrap();
    let access_token = &imported.access_token;
    let public_token = items.public_token_create(access_token).await.unwrap();
    let again = items.public_token_exchange(&public_token.public_token);
    let again = again.await.unwrap();
    let item_id = items.get(access_token).await.unwrap();
    assert_eq!(again.item_id, item_id.item.item_id);

    let account = bench.account(access_token, "0000").await.account_id;
    let apex = processor.apex_processor_token_create(access_token, account);
    let apex = apex.await.unwrap();
    processor.auth_get(&apex.processor_token).await.unwrap();
    let made = bench.plaid.sandbox().processor_token_create(BANK);
    let made = made.await.unwrap();
    processor.balance_get(&made.processor_token).await.unwrap();

    let transfers = bench.plaid.transfer();
    let migrate = transfers.migrate_account("1111222233330000", "011401533", "checking");
    let migrated = migrate.await.unwrap();
    let accounts = bench.plaid.accounts().get(&migrated.access_token);
    let accounts = accounts.await.unwrap().into_inner().accounts;
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0].account_id, migrated.account_id);
}

async fn transfer_authorization(bench: &Bench) {
    let access_token = bench.item(&["transfer"]).await;
    let first = authorize(bench, &access_token, "12.34", "key-1").await;
    assert_eq!(first.decision, TransferAuthorizationDecision::Approved);
    assert_eq!(first.proposed_transfer.amount, "12.34");
    let repeated = authorize(bench, &access_token, "12.34", "key-1").await;
    assert_eq!(format!("{repeated:?}"), format!("{first:?}"));

    let other = authorize(bench, &access_token, "12.34", "key-2").await;
    assert_ne!(other.id, first.id);
    // A refusal is no error: the account has 100.
    let refused = authorize(bench, &access_token, "100.01", "key-3").await;
    assert_eq!(refused.decision, TransferAuthorizationDecision::Declined);
    assert!(refused.decision_rationale.is_some());
}
