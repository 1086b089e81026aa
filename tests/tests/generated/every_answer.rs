//! The SDK reads, strictly, what the emulator answers: every operation of the API,
//! asked with requests made from the description.

use crate::requests;
use std::collections::BTreeSet;

use crate::received::described::{TYPES, without_alias};
use crate::requests::{Requests, World, contract};
use plaid_sandbox::Sandbox;
use reqwest::Client;
use serde_json::{Value, json};
use xtask::lower::names::type_name;

/// Runs over all operations; the first asks with required fields only.
const RUNS: u64 = 2;

/// An emulator, a client for it, and what requests may refer to.
struct Bench {
    sandbox: Sandbox,
    http: Client,
}

impl Bench {
    async fn start(seed: u64) -> Self {
        Self {
            sandbox: Sandbox::builder().seed(seed).start().await.unwrap(),
            http: crate::http::client(),
        }
    }

    async fn ask(&self, operation: &Value, world: Option<&World>, body: &Value) -> (u16, String) {
        let item_id = world.map_or("", |world| &world.item_id);
        let path = operation["path"].as_str().unwrap();
        let path = path
            .replace("{consentId}", item_id)
            .replace("{recipientId}", "recipient-1");
        let method = operation["method"].as_str().unwrap().parse().unwrap();
        let url = format!("{}{path}", self.sandbox.url());
        let mut request = self.http.request(method, url);
        if operation["credentials"] == true {
            request = request
                .header("PLAID-CLIENT-ID", self.sandbox.client_id())
                .header("PLAID-SECRET", self.sandbox.secret());
        }
        if operation["method"] != "GET" {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let operation = json!({ "path": path, "method": "POST", "credentials": true });
        let (_, text) = self.ask(&operation, None, &body).await;
        serde_json::from_str(&text).unwrap()
    }

    async fn public_token(&self) -> Value {
        let body = json!({
            "institution_id": "ins_109508",
            "initial_products": [
                "assets", "auth", "identity", "investments", "liabilities", "statements",
                "transactions", "transfer",
            ],
            "options": {
                "webhook": "http://127.0.0.1:9/hook",
                "override_username": "user_transactions_dynamic",
            },
        });
        self.post("/sandbox/public_token/create", body).await["public_token"].clone()
    }

    /// A transfer and what it was authorized with.
    async fn transfer(&self, item: &Value, account_id: &Value) -> (String, String) {
        let body = json!({
            "access_token": item["access_token"], "account_id": account_id, "type": "debit",
            "network": "ach", "ach_class": "web", "amount": "12.34",
            "user": { "legal_name": "Robin Sandoval" },
        });
        let authorized = self.post("/transfer/authorization/create", body).await;
        let authorization_id = &authorized["authorization"]["id"];
        let body = json!({
            "access_token": item["access_token"], "account_id": account_id,
            "authorization_id": authorization_id, "description": "Rent",
        });
        let transfer = self.post("/transfer/create", body).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(authorization_id), text(&transfer["transfer"]["id"]))
    }

    async fn world(&self) -> World {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let body = json!({ "public_token": self.public_token().await });
        let exchanged = self.post("/item/public_token/exchange", body).await;
        let item = json!({ "access_token": exchanged["access_token"] });
        let accounts = self.post("/accounts/get", item.clone()).await;
        let account_id = &accounts["accounts"][0]["account_id"];
        let mut account = item.clone();
        account["account_id"] = account_id.clone();
        account["processor"] = json!("dwolla");
        let processor = self.post("/processor/token/create", account).await;
        let body = json!({
            "client_name": "Shop", "language": "en", "country_codes": ["US"],
            "products": ["auth"], "user": { "client_user_id": "1" },
        });
        let link = self.post("/link/token/create", body).await;
        let body = json!({ "client_user_id": "u1" });
        let user = self.post("/user/create", body).await;
        let (authorization_id, transfer_id) = self.transfer(&item, account_id).await;
        let refund = json!({
            "transfer_id": transfer_id, "amount": "0.01", "idempotency_key": authorization_id,
        });
        let refund = self.post("/transfer/refund/create", refund).await;
        let body = json!({ "access_tokens": [item["access_token"]], "days_requested": 5 });
        let report = self.post("/asset_report/create", body).await;
        let body = json!({ "asset_report_token": report["asset_report_token"] });
        // Ready from the second time on.
        self.post("/asset_report/get", body.clone()).await;
        let verification = json!({
            "client_user_id": "customer-1", "template_id": "idvtmp_1", "is_idempotent": true,
            "gave_consent": true, "is_shareable": false,
        });
        let path = "/identity_verification/create";
        let verification = self.post(path, verification).await;
        let audit_copy = self.post("/asset_report/audit_copy/create", body).await;
        World {
            client_id: self.sandbox.client_id().to_owned(),
            secret: self.sandbox.secret().to_owned(),
            access_token: text(&exchanged["access_token"]),
            item_id: text(&exchanged["item_id"]),
            account_id: text(account_id),
            public_token: text(&self.public_token().await),
            processor_token: text(&processor["processor_token"]),
            link_token: text(&link["link_token"]),
            user_id: text(&user["user_id"]),
            user_token: text(&user["user_token"]),
            asset_report_token: text(&report["asset_report_token"]),
            audit_copy_token: text(&audit_copy["audit_copy_token"]),
            authorization_id,
            transfer_id,
            identity_verification_id: text(&verification["id"]),
            refund_id: text(&refund["refund"]["id"]),
            ..World::default()
        }
    }
}

#[tokio::test]
async fn the_sdk_reads_the_answer_of_every_operation() {
    let contract = contract();
    let mut read = BTreeSet::new();
    let mut unread = Vec::new();
    for run in 0..RUNS {
        let bench = Bench::start(run).await;
        let mut world = bench.world().await;
        for (number, operation) in contract["operations"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
        {
            let id = operation["id"].as_str().unwrap();
            // The key's id comes with a webhook; tests/webhooks.rs has one.
            let has_type = operation["media"] == "application/json";
            if !has_type || id == "webhookVerificationKeyGet" {
                continue;
            }
            let mut requests = Requests {
                schemas: &contract["schemas"],
                world: &world,
                seed: run << 32 | number as u64,
            };
            let body = requests.body(operation, run > 0);
            let (status, text) = bench.ask(operation, Some(&world), &body).await;
            assert!((200..300).contains(&status), "{id}: {text}");
            let schema = without_alias(operation["response"].as_str().unwrap());
            match TYPES.get(type_name(&schema).as_str()) {
                Some(types) => {
                    if let Err(error) = (types.strict)(&text) {
                        unread.push(format!("{id}: {error}"));
                    }
                    read.insert(id);
                }
                None => unread.push(format!("{id}: no type {schema}")),
            }
            if requests::is_destructive(id) {
                world = bench.world().await;
            }
        }
    }
    assert!(unread.is_empty(), "{}", unread.join("\n"));
    assert_eq!(read.len(), 318);
}
