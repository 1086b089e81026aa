//! Every operation's answer is what its schema says, and every operation of
//! the document is asked here.

use crate::common;
use std::collections::BTreeSet;

use crate::common::{Answer, Bench, judge, requests, text};
use serde_json::{Value, json};

/// The document, and the operations whose answers were checked against it.
struct Checker {
    contract: Value,
    checked: BTreeSet<String>,
}

impl Checker {
    fn new() -> Self {
        Self {
            contract: requests::contract(),
            checked: BTreeSet::new(),
        }
    }

    fn operations(&self) -> impl Iterator<Item = &Value> {
        self.contract["operations"].as_array().unwrap().iter()
    }

    fn check(&mut self, path: &str, answer: &Value) {
        let operation = self
            .operations()
            .find(|operation| operation["path"] == path)
            .unwrap();
        let (id, schema) = (
            text(&operation["id"]),
            operation["response"].as_str().unwrap(),
        );
        let validator = judge::validator(schema);
        let errors: Vec<_> = validator
            .iter_errors(answer)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{path}: {errors:#?}");
        self.checked.insert(id);
    }

    async fn ok(&mut self, bench: &Bench, path: &str, body: Value) -> Value {
        let answer = bench.ok(path, body).await;
        self.check(path, &answer);
        answer
    }
}

const PRODUCTS: [&str; 5] = ["assets", "auth", "identity", "transactions", "transfer"];

#[tokio::test]
async fn every_answer_matches_its_schema() {
    let bench = Bench::new().await;
    let mut checker = Checker::new();
    let access_token = connect(&bench, &mut checker).await;
    read(&bench, &mut checker, &access_token).await;
    read_transactions(&bench, &mut checker, &access_token).await;
    make_up_transactions(&bench, &mut checker).await;
    hand_on(&bench, &mut checker, &access_token).await;
    report(&bench, &mut checker, &access_token).await;
    look_up(&bench, &mut checker).await;
    change(&bench, &mut checker, access_token).await;

    let all: BTreeSet<_> = plaid_sandbox::emulated().map(str::to_owned).collect();
    assert_eq!(all, checker.checked);
}

async fn connect(bench: &Bench, checker: &mut Checker) -> String {
    let body = json!({
        "institution_id": "ins_109508",
        "initial_products": PRODUCTS,
        "options": { "webhook": "http://127.0.0.1:9/" },
    });
    let created = checker
        .ok(bench, "/sandbox/public_token/create", body)
        .await;
    let body = json!({ "public_token": created["public_token"] });
    text(&checker.ok(bench, "/item/public_token/exchange", body).await["access_token"])
}

async fn read(bench: &Bench, checker: &mut Checker, access_token: &str) {
    for path in [
        "/accounts/get",
        "/accounts/balance/get",
        "/auth/get",
        "/identity/get",
        "/item/get",
    ] {
        checker
            .ok(bench, path, json!({ "access_token": access_token }))
            .await;
    }
    let item_id = text(
        &bench
            .ok("/item/get", json!({ "access_token": access_token }))
            .await["item"]["item_id"],
    );
    let consent = bench
        .client
        .get(format!("{}/fdx/consents/{item_id}", bench.sandbox.url()))
        .header("PLAID-CLIENT-ID", bench.sandbox.client_id())
        .header("PLAID-SECRET", bench.sandbox.secret());
    let consent = Answer::of(consent).await;
    assert_eq!(consent.status, 200);
    assert_eq!(consent.request_id.len(), 15);
    assert!(consent.json().get("request_id").is_none());
    checker.check("/fdx/consents/{consentId}", &consent.json());
}

async fn read_transactions(bench: &Bench, checker: &mut Checker, access_token: &str) {
    let mut cursor = String::new();
    for _ in 0..3 {
        let body = json!({ "access_token": access_token, "cursor": cursor, "count": 500 });
        cursor = text(&checker.ok(bench, "/transactions/sync", body).await["next_cursor"]);
        checker
            .ok(
                bench,
                "/transactions/refresh",
                json!({ "access_token": access_token }),
            )
            .await;
    }
    let body = json!({
        "access_token": access_token,
        "start_date": "2000-01-01",
        "end_date": "2999-12-31",
        "options": { "include_original_description": true, "personal_finance_category_version": "v2" },
    });
    checker.ok(bench, "/transactions/get", body).await;
    let categories = bench.post_bare("/categories/get", json!({})).await;
    checker.check("/categories/get", &categories.json());
}

async fn make_up_transactions(bench: &Bench, checker: &mut Checker) {
    let options = json!({ "override_username": "user_transactions_dynamic" });
    let access_token = bench.item_with(&["transactions"], options).await;
    let today = chrono::Utc::now().date_naive();
    let made = json!({
        "date_transacted": today, "date_posted": today, "amount": 12.34,
        "description": "Bakery",
    });
    let body = json!({ "access_token": access_token, "transactions": [made] });
    let path = "/sandbox/transactions/create";
    checker.ok(bench, path, body).await;
    let body = json!({ "access_token": access_token });
    checker.ok(bench, "/transactions/sync", body).await;
}

async fn hand_on(bench: &Bench, checker: &mut Checker, access_token: &str) {
    let account_id = bench.account(access_token, "0000").await;
    let account = json!({ "access_token": access_token, "account_id": account_id });
    checker
        .ok(
            bench,
            "/processor/stripe/bank_account_token/create",
            account.clone(),
        )
        .await;
    let mut body = account.clone();
    body["processor"] = json!("dwolla");
    let created = checker.ok(bench, "/processor/token/create", body).await;
    let token = json!({ "processor_token": created["processor_token"] });
    checker
        .ok(bench, "/processor/auth/get", token.clone())
        .await;
    for path in [
        "/processor/transactions/sync",
        "/processor/transactions/refresh",
        "/processor/transactions/sync",
    ] {
        checker.ok(bench, path, token.clone()).await;
    }
    let mut body = token;
    body["start_date"] = json!("2000-01-01");
    body["end_date"] = json!("2999-12-31");
    let path = "/processor/transactions/get";
    checker.ok(bench, path, body).await;

    for amount in ["12.34", "100000.00"] {
        let mut body = account.clone();
        body["type"] = json!("debit");
        body["network"] = json!("ach");
        body["ach_class"] = json!("web");
        body["amount"] = json!(amount);
        body["user"] =
            json!({ "legal_name": "Robin Sandoval", "address": { "city": "Fairbrook" } });
        checker
            .ok(bench, "/transfer/authorization/create", body)
            .await;
    }

    transfer(bench, checker, &account).await;
    let apex = "/processor/apex/processor_token/create";
    checker.ok(bench, apex, account.clone()).await;

    let mut body = account;
    body["verification_status"] = json!("automatically_verified");
    checker
        .ok(bench, "/sandbox/item/set_verification_status", body)
        .await;
    checker
        .ok(
            bench,
            "/accounts/get",
            json!({ "access_token": access_token }),
        )
        .await;
}

/// Makes a transfer and moves it through its states, twice: to the end, and back.
async fn transfer(bench: &Bench, checker: &mut Checker, account: &Value) {
    for events in [
        ["posted", "settled", "funds_available"].as_slice(),
        &["posted", "returned"],
    ] {
        let mut body = account.clone();
        body["type"] = json!("credit");
        body["network"] = json!("ach");
        body["amount"] = json!("12.34");
        body["user"] = json!({ "legal_name": "Robin Sandoval" });
        let authorized = bench.ok("/transfer/authorization/create", body).await;
        let mut body = account.clone();
        body["authorization_id"] = authorized["authorization"]["id"].clone();
        body["description"] = json!("Rent");
        let made = checker.ok(bench, "/transfer/create", body).await;
        let id = json!({ "transfer_id": made["transfer"]["id"] });
        for event in events {
            let mut body = id.clone();
            body["event_type"] = json!(event);
            checker.ok(bench, "/sandbox/transfer/simulate", body).await;
            checker.ok(bench, "/transfer/get", id.clone()).await;
        }
    }
    let body = json!({ "webhook": "http://127.0.0.1:9/hook" });
    checker
        .ok(bench, "/sandbox/transfer/fire_webhook", body)
        .await;
    checker.ok(bench, "/transfer/list", json!({})).await;
    checker.ok(bench, "/transfer/event/list", json!({})).await;
    checker
        .ok(bench, "/transfer/event/sync", json!({ "after_id": 0 }))
        .await;

    let mut body = account.clone();
    body["type"] = json!("credit");
    body["network"] = json!("ach");
    body["amount"] = json!("1.00");
    body["user"] = json!({ "legal_name": "Robin Sandoval" });
    let authorized = bench.ok("/transfer/authorization/create", body).await;
    let mut body = account.clone();
    body["authorization_id"] = authorized["authorization"]["id"].clone();
    body["description"] = json!("Rent");
    let made = bench.ok("/transfer/create", body).await;
    let body = json!({ "transfer_id": made["transfer"]["id"] });
    checker.ok(bench, "/transfer/cancel", body).await;
    refund(bench, checker, account).await;

    let body = json!({
        "account_number": "1111222233330000", "routing_number": "011401533",
        "account_type": "checking",
    });
    checker.ok(bench, "/transfer/migrate_account", body).await;
}

async fn refund(bench: &Bench, checker: &mut Checker, account: &Value) {
    let mut body = account.clone();
    body["type"] = json!("debit");
    body["network"] = json!("ach");
    body["ach_class"] = json!("web");
    body["amount"] = json!("9.00");
    body["user"] = json!({ "legal_name": "Robin Sandoval" });
    let authorized = bench.ok("/transfer/authorization/create", body).await;
    let mut body = account.clone();
    body["authorization_id"] = authorized["authorization"]["id"].clone();
    body["description"] = json!("Rent");
    let made = bench.ok("/transfer/create", body).await;
    for (key, end) in [("a", "refund.failed"), ("b", "")] {
        let body = json!({
            "transfer_id": made["transfer"]["id"], "amount": "1.00", "idempotency_key": key,
        });
        let refund = checker.ok(bench, "/transfer/refund/create", body).await;
        let refund = json!({ "refund_id": refund["refund"]["id"] });
        if end.is_empty() {
            let path = "/transfer/refund/cancel";
            checker.ok(bench, path, refund.clone()).await;
        } else {
            let mut event = refund.clone();
            event["event_type"] = json!(end);
            let path = "/sandbox/transfer/refund/simulate";
            checker.ok(bench, path, event).await;
        }
        checker.ok(bench, "/transfer/refund/get", refund).await;
    }
    let all = json!({ "after_id": 0 });
    checker.ok(bench, "/transfer/event/sync", all).await;
    let made = json!({ "transfer_id": made["transfer"]["id"] });
    checker.ok(bench, "/transfer/get", made).await;
}

async fn report(bench: &Bench, checker: &mut Checker, access_token: &str) {
    let body = json!({ "access_tokens": [access_token], "days_requested": 60, "options": { "client_report_id": "r1" } });
    let created = checker.ok(bench, "/asset_report/create", body).await;
    let body = json!({ "asset_report_token": created["asset_report_token"] });
    bench
        .post("/asset_report/get", body.clone())
        .await
        .is_error(400, "ASSET_REPORT_ERROR", "PRODUCT_NOT_READY");
    checker.ok(bench, "/asset_report/get", body.clone()).await;

    let pdf = bench.post("/asset_report/pdf/get", body).await;
    assert_eq!(
        (pdf.status, pdf.content_type.as_str()),
        (200, "application/pdf")
    );
    assert_eq!(pdf.request_id.len(), 15);
    assert!(pdf.text.starts_with("%PDF-"));
    checker.check("/asset_report/pdf/get", &json!(pdf.text));
    report_of_a_report(bench, checker, &created["asset_report_token"]).await;
}

async fn report_of_a_report(bench: &Bench, checker: &mut Checker, token: &Value) {
    let body = json!({ "asset_report_token": token });
    let copy = "/asset_report/audit_copy/create";
    let copy = checker.ok(bench, copy, body.clone()).await;
    let audited = json!({ "audit_copy_token": copy["audit_copy_token"] });
    let path = "/asset_report/audit_copy/get";
    checker.ok(bench, path, audited.clone()).await;
    let path = "/asset_report/audit_copy/pdf/get";
    let pdf = bench.post(path, audited.clone()).await;
    checker.check(path, &json!(pdf.text));
    let path = "/asset_report/audit_copy/remove";
    checker.ok(bench, path, audited).await;
    let credit = json!({ "report_tokens": [token] });
    let path = "/credit/audit_copy_token/create";
    let made = checker.ok(bench, path, credit.clone()).await;
    let mut more = credit;
    more["audit_copy_token"] = made["audit_copy_token"].clone();
    let path = "/credit/audit_copy_token/update";
    checker.ok(bench, path, more).await;
    let path = "/credit/audit_copy_token/remove";
    let made = json!({ "audit_copy_token": made["audit_copy_token"] });
    checker.ok(bench, path, made).await;
    let path = "/asset_report/refresh";
    checker.ok(bench, path, body.clone()).await;
    let mut filter = body.clone();
    filter["account_ids_to_exclude"] = json!([]);
    checker.ok(bench, "/asset_report/filter", filter).await;
    checker.ok(bench, "/asset_report/remove", body).await;
}

async fn look_up(bench: &Bench, checker: &mut Checker) {
    let all = json!({
        "count": 500,
        "offset": 0,
        "country_codes": ["US", "CA", "GB"],
        "options": {
            "include_optional_metadata": true,
            "include_auth_metadata": true,
            "include_payment_initiation_metadata": true,
        },
    });
    let listed = checker.ok(bench, "/institutions/get", all).await;
    for institution in listed["institutions"].as_array().unwrap() {
        let body = json!({
            "institution_id": institution["institution_id"],
            "country_codes": institution["country_codes"],
            "options": { "include_status": true },
        });
        checker.ok(bench, "/institutions/get_by_id", body).await;
    }
    let body = json!({ "query": "platypus", "country_codes": ["US"], "products": ["auth"] });
    checker.ok(bench, "/institutions/search", body).await;

    let body = json!({
        "client_name": "Shop", "language": "en", "country_codes": ["US"], "products": ["auth"],
        "user": { "client_user_id": "1" }, "hosted_link": {},
        "account_filters": { "depository": { "account_subtypes": ["checking"] } },
    });
    let created = checker.ok(bench, "/link/token/create", body).await;
    bench
        .sandbox
        .complete_link(created["link_token"].as_str().unwrap())
        .unwrap();
    checker
        .ok(
            bench,
            "/link/token/get",
            json!({ "link_token": created["link_token"] }),
        )
        .await;

    checker
        .ok(bench, "/user/create", json!({ "client_user_id": "u1" }))
        .await;
    verify(bench, checker).await;
    let body = json!({
        "client_user_id": "u2", "identity": { "name": { "given_name": "Ada", "family_name": "B" } },
    });
    let user = checker.ok(bench, "/user/create", body).await;
    let user = json!({ "user_id": user["user_id"] });
    for path in ["get", "update", "identity/remove", "get", "remove"] {
        let path = format!("/user/{path}");
        checker.ok(bench, &path, user.clone()).await;
    }
}

async fn verify(bench: &Bench, checker: &mut Checker) {
    let of_user = json!({ "client_user_id": "u1", "template_id": "idvtmp_1" });
    let mut body = of_user.clone();
    body["gave_consent"] = json!(false);
    body["is_shareable"] = json!(true);
    body["user"] = json!({ "address": { "country": "US" } });
    let path = "/identity_verification/create";
    let mut id = checker.ok(bench, path, body).await["id"].clone();
    for passed in [false, true] {
        bench
            .sandbox
            .complete_identity_verification(&text(&id), passed)
            .unwrap();
        let body = json!({ "identity_verification_id": id });
        checker.ok(bench, "/identity_verification/get", body).await;
        let mut body = of_user.clone();
        body["strategy"] = json!("reset");
        let path = "/identity_verification/retry";
        id = checker.ok(bench, path, body).await["id"].clone();
    }
    let path = "/identity_verification/list";
    checker.ok(bench, path, of_user).await;
}

async fn change(bench: &Bench, checker: &mut Checker, access_token: String) {
    let body = json!({ "access_token": access_token });
    checker.ok(bench, "/item/public_token/create", body).await;
    let body = json!({
        "products": ["auth"], "user_auth": { "user_id": "u", "auth_token": "t" },
    });
    checker.ok(bench, "/item/import", body).await;
    let body = json!({ "institution_id": "ins_109508" });
    checker
        .ok(bench, "/sandbox/processor_token/create", body)
        .await;
    let body = json!({ "access_token": access_token, "webhook": "http://127.0.0.1:9/hook" });
    checker.ok(bench, "/item/webhook/update", body).await;
    let body = json!({ "access_token": access_token, "webhook_code": "DEFAULT_UPDATE" });
    checker.ok(bench, "/sandbox/item/fire_webhook", body).await;
    let rotated = checker
        .ok(
            bench,
            "/item/access_token/invalidate",
            json!({ "access_token": access_token }),
        )
        .await;
    let body = json!({ "access_token": rotated["new_access_token"] });
    checker
        .ok(bench, "/sandbox/item/reset_login", body.clone())
        .await;
    checker.ok(bench, "/item/get", body.clone()).await;
    checker.ok(bench, "/item/remove", body).await;

    // The key's identifier is known from webhooks only; see webhooks.rs.
    let key = common::webhook_key(bench).await;
    checker.check("/webhook_verification_key/get", &key);
}
