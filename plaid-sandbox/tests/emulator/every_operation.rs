//! Every operation of the API answers: valid requests are made from the request
//! schemas, several for each operation, and every answer is held against the
//! response schema by a validator that knows nothing of the emulator.

use crate::common;
use std::collections::{BTreeMap, BTreeSet};

use crate::common::requests::{self, Requests, World, contract};
use crate::common::{Answer, Bench, judge, text};
use jsonschema::Validator;
use plaid_sandbox::Sandbox;
use serde_json::{Value, json};

/// Runs over all operations, each with other requests; the first has the required
/// fields only.
const RUNS: u64 = 4;

const PRODUCTS: [&str; 8] = [
    "assets",
    "auth",
    "identity",
    "investments",
    "liabilities",
    "statements",
    "transactions",
    "transfer",
];

async fn world(bench: &Bench, key_id: &str) -> World {
    let webhook = json!({
        "webhook": "http://127.0.0.1:9/hook", "override_username": "user_transactions_dynamic",
    });
    let public_token = bench.public_token(&PRODUCTS, webhook.clone()).await;
    let body = json!({ "public_token": public_token });
    let exchanged = bench.ok("/item/public_token/exchange", body).await;
    let access_token = text(&exchanged["access_token"]);
    let account_id = bench.account(&access_token, "0000").await;
    let body =
        json!({ "access_token": access_token, "account_id": account_id, "processor": "dwolla" });
    let processor = bench.ok("/processor/token/create", body).await;
    let body = json!({
        "client_name": "Shop", "language": "en", "country_codes": ["US"],
        "products": ["auth"], "user": { "client_user_id": "1" },
    });
    let link = bench.ok("/link/token/create", body).await;
    let user = bench
        .ok("/user/create", json!({ "client_user_id": "u1" }))
        .await;
    let authorization = json!({
        "access_token": access_token, "account_id": account_id, "type": "debit",
        "network": "ach", "ach_class": "web", "amount": "12.34",
        "user": { "legal_name": "Robin Sandoval" },
    });
    let path = "/transfer/authorization/create";
    let authorized = bench.ok(path, authorization).await;
    let authorization_id = text(&authorized["authorization"]["id"]);
    let transfer = json!({
        "access_token": access_token, "account_id": account_id,
        "authorization_id": authorization_id, "description": "Rent",
    });
    let transfer = bench.ok("/transfer/create", transfer).await;
    let refund = json!({
        "transfer_id": transfer["transfer"]["id"], "amount": "0.01",
        "idempotency_key": authorization_id,
    });
    let refund = bench.ok("/transfer/refund/create", refund).await;
    let body = json!({ "access_tokens": [access_token], "days_requested": 5 });
    let report = bench.ok("/asset_report/create", body).await;
    let body = json!({ "asset_report_token": report["asset_report_token"] });
    bench.post("/asset_report/get", body.clone()).await;
    let verification = json!({
        "client_user_id": "customer-1", "template_id": "idvtmp_1", "is_idempotent": true,
        "gave_consent": true, "is_shareable": false,
    });
    let path = "/identity_verification/create";
    let verification = bench.ok(path, verification).await;
    let audit_copy = bench.ok("/asset_report/audit_copy/create", body).await;
    World {
        client_id: bench.sandbox.client_id().to_owned(),
        secret: bench.sandbox.secret().to_owned(),
        item_id: text(&exchanged["item_id"]),
        account_id,
        access_token,
        public_token: bench.public_token(&PRODUCTS, webhook).await,
        processor_token: text(&processor["processor_token"]),
        link_token: text(&link["link_token"]),
        user_id: text(&user["user_id"]),
        user_token: text(&user["user_token"]),
        asset_report_token: text(&report["asset_report_token"]),
        audit_copy_token: text(&audit_copy["audit_copy_token"]),
        authorization_id,
        transfer_id: text(&transfer["transfer"]["id"]),
        identity_verification_id: text(&verification["id"]),
        refund_id: text(&refund["refund"]["id"]),
        key_id: key_id.to_owned(),
        ..World::default()
    }
}

async fn send(bench: &Bench, operation: &Value, world: &World, body: &Value) -> Answer {
    let path = text(&operation["path"])
        .replace("{consentId}", &world.item_id)
        .replace("{recipientId}", "recipient-1");
    let method = operation["method"].as_str().unwrap().parse().unwrap();
    let url = format!("{}{path}", bench.sandbox.url());
    let mut request = bench.client.request(method, url);
    // The one operation that does not ask who is calling.
    if operation["credentials"] == true {
        request = request
            .header("PLAID-CLIENT-ID", &world.client_id)
            .header("PLAID-SECRET", &world.secret);
    }
    if operation["method"] != "GET" {
        request = request.json(body);
    }
    Answer::of(request).await
}

async fn key_id(bench: &Bench) -> String {
    text(&common::webhook_key(bench).await["key"]["kid"])
}

fn validators(contract: &Value) -> BTreeMap<String, Validator> {
    let operations = contract["operations"].as_array().unwrap().iter();
    operations
        .filter_map(|operation| {
            Some((
                text(&operation["id"]),
                judge::validator(operation["response"].as_str()?),
            ))
        })
        .collect()
}

/// What is wrong with an answer.
fn faults(operation: &Value, validator: Option<&Validator>, answer: &Answer) -> Vec<String> {
    if !(200..300).contains(&answer.status) {
        return vec![format!("{} {}", answer.status, answer.text)];
    }
    match (operation["media"].as_str(), validator) {
        (Some("application/json"), Some(validator)) => {
            let body = answer.json();
            let errors = validator.iter_errors(&body);
            errors
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect()
        }
        (Some("application/pdf"), _) if answer.text.starts_with("%PDF-") => Vec::new(),
        (None, None) if answer.text.is_empty() || answer.text.starts_with("PK") => Vec::new(),
        _ => vec![format!("{} is not what was described", answer.content_type)],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_valid_request_gets_a_valid_answer() {
    let contract = &contract();
    let validators = validators(contract);
    let mut answered = BTreeSet::new();
    let mut wrong = Vec::new();
    for run in 0..RUNS {
        let bench = Bench::with(Sandbox::builder().seed(run).start().await.unwrap());
        let key_id = key_id(&bench).await;
        let mut known = world(&bench, &key_id).await;
        for (number, operation) in contract["operations"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
        {
            let id = text(&operation["id"]);
            let mut requests = Requests {
                schemas: &contract["schemas"],
                world: &known,
                seed: run << 32 | number as u64,
            };
            let body = requests.body(operation, run > 0);
            let answer = send(&bench, operation, &known, &body).await;
            let faults = faults(operation, validators.get(&id), &answer);
            if !faults.is_empty() {
                wrong.push(format!("{id} {body}: {faults:?}"));
            }
            answered.insert(id.clone());
            // What was made is read, listed and changed by what comes after it.
            if makes_something(&id) && answer.content_type.starts_with("application/json") {
                known.learn(operation["path"].as_str().unwrap(), &answer.json());
            }
            if requests::is_destructive(&id) {
                let made = known.made;
                known = world(&bench, &key_id).await;
                known.made = made;
            }
        }
    }
    assert_eq!(answered.len(), 329);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether an operation makes something: another time it makes another one.
fn makes_something(id: &str) -> bool {
    [
        "Create",
        "Deposit",
        "Execute",
        "Send",
        "Subscribe",
        "Withdraw",
    ]
    .iter()
    .any(|verb| id.ends_with(verb))
}

/// What the operations answer that have no behaviour of their own and make nothing,
/// without the request ids.
async fn made_up(seed: u64, times: usize) -> Vec<(String, Value)> {
    let contract = contract();
    let bench = Bench::with(Sandbox::builder().seed(seed).start().await.unwrap());
    let emulated: BTreeSet<_> = plaid_sandbox::emulated().collect();
    let known = world(&bench, "").await;
    let mut answers = Vec::new();
    for (number, operation) in contract["operations"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        let id = text(&operation["id"]);
        let is_kept = emulated.contains(id.as_str()) || makes_something(&id);
        if is_kept || operation["media"] != "application/json" {
            continue;
        }
        let mut requests = Requests {
            schemas: &contract["schemas"],
            world: &known,
            seed: number as u64,
        };
        let body = requests.body(operation, true);
        for _ in 0..times {
            let mut answer = send(&bench, operation, &known, &body).await.json();
            answer.as_object_mut().unwrap().remove("request_id");
            answers.push((id.clone(), answer));
        }
    }
    answers
}

#[tokio::test]
async fn who_asks_the_same_again_is_told_the_same() {
    let answers = made_up(7, 2).await;
    assert!(answers.len() > 400, "{}", answers.len());
    for pair in answers.chunks(2) {
        assert_eq!(pair[0], pair[1]);
    }
}

#[tokio::test]
async fn a_seed_repeats_all_answers_and_another_changes_most() {
    let first = made_up(7, 1).await;
    assert_eq!(first, made_up(7, 1).await);
    let other = made_up(8, 1).await;
    let same = first.iter().zip(&other).filter(|(one, other)| one == other);
    // What holds nothing but flags and fixed words stays the same.
    let same = same.count();
    assert!(same < first.len() * 2 / 5, "{same} of {}", first.len());
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own_where_there_is_a_place_for_one() {
    let contract = contract();
    let bench = Bench::new().await;
    let known = world(&bench, "").await;
    let mut without = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for operation in contract["operations"].as_array().unwrap() {
        let mut requests = Requests {
            schemas: &contract["schemas"],
            world: &known,
            seed: 1,
        };
        let body = requests.body(operation, false);
        let answer = send(&bench, operation, &known, &body).await;
        assert!(seen.insert(answer.request_id.clone()));
        let is_json = answer.content_type.starts_with("application/json");
        if is_json && answer.json().get("request_id").is_none() {
            without.insert(text(&operation["path"]));
        } else if is_json {
            assert_eq!(answer.json()["request_id"], answer.request_id);
        }
    }
    let known_without = [
        "/beta/transactions/user_insights/v1/get",
        "/beta/transactions/v1/enhance",
        "/fdx/consents/{consentId}",
        "/fdx/recipient/{recipientId}",
        "/fdx/recipients",
        "/sandbox/oauth/select_accounts",
    ];
    assert_eq!(without, known_without.map(str::to_owned).into());
}

/// The pages of a list, asked for as its operation wants to be asked.
async fn pages(bench: &Bench, operation: &Value, body: &Value, count: u64) -> Vec<Vec<Value>> {
    let paging = &operation["paging"];
    let rows = paging["rows"].as_str().unwrap_or("added");
    let path = operation["path"].as_str().unwrap();
    let mut body = body.clone();
    let set = |body: &mut Value, word: &str, value: Value| {
        let Some(name) = paging[word].as_str() else {
            return;
        };
        match name.split_once('.') {
            None => body[name] = value,
            Some((object, name)) => body[object][name] = value,
        }
    };
    let mut pages: Vec<Vec<Value>> = Vec::new();
    loop {
        let read: usize = pages.iter().map(Vec::len).sum();
        if paging.get("count").is_some() {
            set(&mut body, "count", json!(count));
        }
        set(&mut body, "offset", json!(read));
        set(&mut body, "after", json!(read));
        let answer = bench.ok(path, body.clone()).await;
        let page = answer[rows].as_array().unwrap().clone();
        let is_short = (page.len() as u64) < count;
        pages.push(page);
        let read: usize = pages.iter().map(Vec::len).sum();
        let next = paging["next"].as_str().map(|next| answer[next].clone());
        let goes_on = match (paging["more"].as_str(), paging["total"].as_str(), &next) {
            (Some(more), _, _) => answer[more] == true,
            (_, Some(total), _) => answer[total].as_u64().unwrap() > read as u64,
            (_, _, Some(next)) if paging["until"].is_null() => next.is_string(),
            (_, _, Some(next)) => next.is_string() && !pages.last().unwrap().is_empty(),
            _ => !is_short,
        };
        if !goes_on {
            return pages;
        }
        if let Some(next) = next {
            set(&mut body, "cursor", next);
        }
        assert!(pages.len() < 20, "{path} does not end");
    }
}

#[tokio::test]
async fn every_list_ends_and_its_pages_make_it_up() {
    let contract = contract();
    let bench = Bench::new().await;
    let known = world(&bench, "").await;
    let emulated: BTreeSet<_> = plaid_sandbox::emulated().collect();
    let mut lists = 0;
    for operation in contract["operations"].as_array().unwrap() {
        if operation.get("paging").is_none() || emulated.contains(operation["id"].as_str().unwrap())
        {
            continue;
        }
        lists += 1;
        let mut requests = Requests {
            schemas: &contract["schemas"],
            world: &known,
            seed: 1,
        };
        let body = requests.body(operation, false);
        let whole = pages(&bench, operation, &body, 20).await.concat();
        let in_twos = pages(&bench, operation, &body, 2).await;
        assert_eq!(in_twos.concat(), whole, "{}", operation["id"]);
        assert_eq!(whole.len(), 5, "{}", operation["id"]);
        if operation["paging"].get("count").is_some() {
            assert!(in_twos.len() >= 3, "{}", operation["id"]);
        }
        let distinct: BTreeSet<_> = whole.iter().map(Value::to_string).collect();
        assert_eq!(distinct.len(), whole.len(), "{}", operation["id"]);
    }
    // Those with a behaviour of their own have tests of their own.
    assert_eq!(lists, 33);
}

#[tokio::test]
async fn answers_take_up_what_the_request_names() {
    let bench = Bench::new().await;
    let known = world(&bench, "").await;
    let sweep = bench
        .ok("/transfer/sweep/get", json!({ "sweep_id": "6f1a5c1e" }))
        .await;
    assert_eq!(sweep["sweep"]["id"], "6f1a5c1e");

    let item = json!({ "access_token": known.access_token });
    let accounts = bench.ok("/accounts/get", item.clone()).await;
    let liabilities = bench.ok("/liabilities/get", item.clone()).await;
    assert_eq!(liabilities["accounts"], accounts["accounts"]);
    assert_eq!(liabilities["item"]["item_id"], json!(known.item_id));
    let credit_card = bench.account(&known.access_token, "3333").await;
    assert_eq!(
        liabilities["liabilities"]["credit"][0]["account_id"],
        json!(credit_card)
    );

    let holdings = bench.ok("/investments/holdings/get", item).await;
    let kinds: BTreeSet<_> = holdings["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| text(&account["type"]))
        .collect();
    assert_eq!(kinds, BTreeSet::from(["investment".to_owned()]));
    assert_eq!(
        holdings["holdings"][0]["security_id"],
        holdings["securities"][0]["security_id"]
    );

    let processor = json!({ "processor_token": known.processor_token });
    let balance = bench.ok("/processor/balance/get", processor).await;
    assert_eq!(balance["account"]["account_id"], json!(known.account_id));
    assert_eq!(balance["account"]["balances"]["available"], 100);

    let user = json!({ "user_id": known.user_id });
    assert_eq!(
        bench.ok("/user/get", user).await["user_id"],
        json!(known.user_id)
    );
}

#[tokio::test]
async fn tokens_of_made_up_answers_are_checked_like_all_others() {
    let bench = Bench::new().await;
    let unknown = "0b8f6a37-4f7c-4a86-9c0a-0f3f9b9b5b1e";
    for (path, body, kind, code) in [
        (
            "/liabilities/get",
            json!({ "access_token": format!("access-sandbox-{unknown}") }),
            "INVALID_INPUT",
            "INVALID_ACCESS_TOKEN",
        ),
        (
            "/processor/balance/get",
            json!({ "processor_token": format!("processor-sandbox-{unknown}") }),
            "INVALID_INPUT",
            "INVALID_PROCESSOR_TOKEN",
        ),
        (
            "/credit/sessions/get",
            json!({ "user_token": format!("user-sandbox-{unknown}") }),
            "INVALID_INPUT",
            "INVALID_USER_TOKEN",
        ),
        (
            "/user/get",
            json!({ "user_id": "usr_1" }),
            "USER_ERROR",
            "USER_NOT_FOUND",
        ),
        (
            "/asset_report/audit_copy/get",
            json!({ "audit_copy_token": "audit" }),
            "INVALID_INPUT",
            "INVALID_AUDIT_COPY_TOKEN",
        ),
    ] {
        bench.post(path, body).await.is_error(400, kind, code);
    }

    let access_token = bench.item(&["auth"]).await;
    let item = json!({ "access_token": access_token });
    bench.post("/liabilities/get", item.clone()).await.is_error(
        400,
        "ITEM_ERROR",
        "PRODUCTS_NOT_SUPPORTED",
    );
    let stranger = json!({ "access_token": access_token, "account_ids": ["x"] });
    bench
        .post("/transactions/recurring/get", stranger)
        .await
        .is_error(400, "ITEM_ERROR", "PRODUCTS_NOT_SUPPORTED");
    bench.ok("/sandbox/item/reset_login", item.clone()).await;
    bench.post("/signal/prepare", item.clone()).await.is_error(
        400,
        "ITEM_ERROR",
        "ITEM_LOGIN_REQUIRED",
    );
    bench.ok("/item/remove", item.clone()).await;
    bench
        .post("/signal/prepare", item)
        .await
        .is_error(400, "ITEM_ERROR", "ITEM_NOT_FOUND");
}

/// What a mistake is answered with.
fn code(operation: &Value, answer: &Answer) -> String {
    assert_eq!(answer.status, 400, "{} {}", operation["path"], answer.text);
    let body = answer.json();
    if operation["path"].as_str().unwrap().starts_with("/oauth/") {
        assert_eq!(body["request_id"], answer.request_id);
        return text(&body["error"]);
    }
    assert_eq!(body["error_type"], "INVALID_REQUEST", "{}", answer.text);
    assert_eq!(body.as_object().unwrap().len(), 7);
    text(&body["error_code"])
}

#[tokio::test]
async fn every_operation_refuses_what_its_request_schema_refuses() {
    let contract = contract();
    let bench = Bench::new().await;
    let known = world(&bench, "").await;
    let mut checked = 0;
    for operation in contract["operations"].as_array().unwrap() {
        let Some(name) = operation["request"].as_str() else {
            continue;
        };
        let path = operation["path"].as_str().unwrap();
        let is_oauth = path.starts_with("/oauth/");
        let expected = |code: &'static str| if is_oauth { "invalid_request" } else { code };
        let mut requests = Requests {
            schemas: &contract["schemas"],
            world: &known,
            seed: 1,
        };
        let sound = requests.body(operation, false);

        let mut body = sound.clone();
        body["no_such_field"] = json!(1);
        let answer = send(&bench, operation, &known, &body).await;
        assert_eq!(
            code(operation, &answer),
            expected("UNKNOWN_FIELDS"),
            "{path}"
        );

        let answer = bench.post_text(path, "{").await;
        assert_eq!(code(operation, &answer), expected("INVALID_BODY"), "{path}");

        for field in contract["schemas"][name]["required"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let field = field.as_str().unwrap();
            // Sent in headers as well.
            if ["client_id", "secret"].contains(&field) {
                continue;
            }
            let mut body = sound.clone();
            body.as_object_mut().unwrap().remove(field);
            let answer = send(&bench, operation, &known, &body).await;
            assert_eq!(
                code(operation, &answer),
                expected("MISSING_FIELDS"),
                "{path} {field}"
            );

            let mut body = sound.clone();
            body[field] = json!({ "no": { "such": "value" } });
            let answer = send(&bench, operation, &known, &body).await;
            let found = code(operation, &answer);
            let fits = [
                "INVALID_FIELD",
                "MISSING_FIELDS",
                "UNKNOWN_FIELDS",
                "invalid_request",
            ];
            assert!(fits.contains(&found.as_str()), "{path} {field}: {found}");
            checked += 1;
        }
    }
    assert!(checked > 300, "{checked}");
}
