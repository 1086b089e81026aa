//! Requests made from the description of the API, by a maker of their own: it
//! shares nothing with what makes the answers.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// What a request may refer to.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) client_id: String,
    pub(crate) secret: String,
    pub(crate) access_token: String,
    pub(crate) item_id: String,
    pub(crate) account_id: String,
    pub(crate) public_token: String,
    pub(crate) processor_token: String,
    pub(crate) link_token: String,
    pub(crate) user_id: String,
    pub(crate) user_token: String,
    pub(crate) asset_report_token: String,
    pub(crate) audit_copy_token: String,
    pub(crate) authorization_id: String,
    pub(crate) transfer_id: String,
    pub(crate) refund_id: String,
    /// Of the client user `customer-1`, with the template `idvtmp_1`.
    pub(crate) identity_verification_id: String,
    pub(crate) key_id: String,
    /// What answers have named, by the names of the fields of requests.
    pub(crate) made: BTreeMap<String, String>,
}

impl World {
    /// Remembers what an answer names, under the names that requests have for it.
    pub(crate) fn learn(&mut self, path: &str, answer: &Value) {
        let thing = path.rsplit_once('/').map_or("", |(thing, _)| thing);
        let own = match thing {
            "/watchlist_screening/individual" => "watchlist_screening".to_owned(),
            "/watchlist_screening/entity" => "entity_watchlist_screening".to_owned(),
            _ => thing.trim_start_matches('/').replace('/', "_"),
        };
        let fields = answer.as_object().into_iter().flatten();
        for (name, value) in fields {
            let named = match value {
                Value::Object(object) => (object.get("id"), format!("{name}_id")),
                _ if name == "id" => (Some(value), format!("{own}_id")),
                _ if name.ends_with("_id") || name.ends_with("_token") => {
                    (Some(value), name.clone())
                }
                _ => (None, String::new()),
            };
            if let (Some(Value::String(id)), name) = named {
                self.made.insert(name, id.clone());
            }
        }
    }
}

/// The document that requests are made from.
pub(crate) fn contract() -> Value {
    serde_json::from_str(include_str!("../../../src/generated/contract.json")).unwrap()
}

/// Operations after which a token of the world is of no more use.
pub(crate) fn is_destructive(id: &str) -> bool {
    [
        "assetReportAuditCopyRemove",
        "assetReportRemove",
        "creditReportAuditCopyRemove",
        "itemAccessTokenInvalidate",
        "itemPublicTokenExchange",
        "itemRemove",
        "sandboxItemResetLogin",
        "sandboxTransferRefundSimulate",
        "sandboxTransferSimulate",
        "transferCancel",
        "transferRefundCancel",
        "userRemove",
    ]
    .contains(&id)
}

/// Objects deeper than this have no optional fields.
const DEEP: usize = 4;

pub(crate) struct Requests<'a> {
    pub(crate) schemas: &'a Value,
    pub(crate) world: &'a World,
    /// Other seeds make other requests.
    pub(crate) seed: u64,
}

impl Requests<'_> {
    /// A number below `end`: splitmix64.
    fn below(&mut self, end: u64) -> u64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.seed;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 0
    }

    /// A body that is valid for an operation, with its required fields and, if
    /// wanted, some of the optional ones.
    pub(crate) fn body(&mut self, operation: &Value, optional: bool) -> Value {
        let Some(name) = operation["request"].as_str() else {
            return json!({});
        };
        let schema = json!({ "$ref": format!("#/schemas/{name}") });
        let depth = if optional { 0 } else { DEEP };
        let mut body = self.value(&schema, "", depth).unwrap_or(json!({}));
        self.mend(operation["id"].as_str().unwrap(), &mut body);
        body
    }

    /// What the document says in words only.
    fn mend(&mut self, id: &str, body: &mut Value) {
        let id_number = self.below(1 << 32);
        let fields = body.as_object_mut().unwrap();
        let world = self.world;
        let mut set = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
        match id {
            "sandboxItemFireWebhook" => {
                set("webhook_code", json!("NEW_ACCOUNTS_AVAILABLE"));
                fields.remove("webhook_type");
            }
            "itemWebhookUpdate" => set("webhook", json!("http://127.0.0.1:9/hook")),
            "assetReportCreate" => set("access_tokens", json!([world.access_token])),
            "assetReportGet" => {
                set("asset_report_token", json!(world.asset_report_token));
                fields.remove("options");
            }
            "webhookVerificationKeyGet" => set("key_id", json!(world.key_id)),
            "identityVerificationCreate" => {
                set("client_user_id", json!("customer-1"));
                set("is_idempotent", json!(true));
            }
            "identityVerificationRetry" => {
                set("client_user_id", json!("customer-1"));
                set("template_id", json!("idvtmp_1"));
            }
            "sandboxPublicTokenCreate" => {
                fields.remove("options");
                fields.insert("initial_products".into(), json!(["auth"]));
            }
            "transferAuthorizationCreate" => {
                set("access_token", json!(world.access_token));
                set("account_id", json!(world.account_id));
            }
            "transferCreate" => {
                set("access_token", json!(world.access_token));
                set("amount", json!("12.34"));
            }
            "transferGet" => set("transfer_id", json!(world.transfer_id)),
            "transferRefundCreate" => set("amount", json!("0.01")),
            "sandboxTransactionsCreate" => {
                let today = chrono::Utc::now().date_naive();
                let made = json!({
                    "date_transacted": today, "date_posted": today, "amount": 12.34,
                    "description": "Bakery",
                });
                set("transactions", json!([made]));
            }
            "sandboxTransferRefundSimulate" => set("event_type", json!("refund.posted")),
            "sandboxTransferSimulate" => set("event_type", json!("posted")),
            "sandboxProcessorTokenCreate" => drop(fields.remove("options")),
            "institutionsGetById" => set("country_codes", json!(["US"])),
            "userIdentityRemove" | "userRemove" | "userUpdate" => {
                set("user_id", json!(world.user_id));
            }
            "userCreate" => {
                fields.insert("client_user_id".into(), json!(format!("u{id_number}")));
            }
            _ => {}
        }
    }

    /// A value, unless there is none that does not contain itself.
    fn value(&mut self, schema: &Value, name: &str, depth: usize) -> Option<Value> {
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let target = target.trim_start_matches("#/schemas/");
            return self.value(&self.schemas[target].clone(), name, depth);
        }
        if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
            return self.value(&choices[0], name, depth);
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            let mut joined = self.value(&parts[0], name, depth)?;
            for part in &parts[1..] {
                if let (Some(joined), Some(Value::Object(more))) =
                    (joined.as_object_mut(), self.value(part, name, depth))
                {
                    joined.extend(more);
                }
            }
            return Some(joined);
        }
        if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
            let choices: Vec<_> = choices.iter().filter(|choice| !choice.is_null()).collect();
            return Some(choices[self.below(choices.len() as u64) as usize].clone());
        }
        let kind = schema.get("type").map_or("object", |kind| {
            kind.as_str().or_else(|| kind[0].as_str()).unwrap()
        });
        match kind {
            "object" => Some(self.object(schema, depth)),
            "array" => {
                let least = schema["minItems"].as_u64().unwrap_or(1).max(1);
                (0..least)
                    .map(|_| self.value(&schema["items"], name, depth))
                    .collect::<Option<Vec<_>>>()
                    .map(Value::from)
            }
            "string" => Some(json!(self.text(schema, name))),
            "boolean" => Some(json!(self.flip())),
            _ => {
                let least = schema["minimum"].as_i64().unwrap_or(0);
                let most = schema["maximum"]
                    .as_i64()
                    .unwrap_or(100)
                    .min(100)
                    .max(least);
                Some(json!(least + self.below((most - least) as u64 + 1) as i64))
            }
        }
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let mut fields = Map::new();
        let required: Vec<_> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .collect();
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, schema) in properties.into_iter().flatten() {
            let needed = required.iter().any(|required| *required == name);
            // Who asks is said in headers.
            let wanted = !["client_id", "client_secret", "secret"].contains(&name.as_str())
                && depth < DEEP
                && self.flip();
            let value = (needed || wanted).then(|| self.value(schema, name, depth + 1));
            if let Some(Some(value)) = value {
                fields.insert(name.clone(), value);
            }
        }
        Value::Object(fields)
    }

    fn text(&mut self, schema: &Value, name: &str) -> String {
        let world = self.world;
        let made_up = |kind: &str| format!("{kind}-sandbox-7c4e6d0b-6c53-4c19-b8cd-2f0f3f9a1f11");
        let known = match name {
            "client_id" => &world.client_id,
            "secret" | "client_secret" => &world.secret,
            "access_token" | "access_tokens" => &world.access_token,
            "public_token" => &world.public_token,
            "processor_token" => &world.processor_token,
            "link_token" => &world.link_token,
            "user_id" => &world.user_id,
            "user_token" => &world.user_token,
            "authorization_id" => &world.authorization_id,
            "transfer_id" => &world.transfer_id,
            "refund_id" => &world.refund_id,
            "identity_verification_id" => &world.identity_verification_id,
            "asset_report_token" => &world.asset_report_token,
            "account_id" | "account_ids" | "account_ids_to_exclude" => &world.account_id,
            "item_id" | "item_ids" => &world.item_id,
            "institution_id" => "ins_109508",
            "relay_token" | "payment_profile_token" | "third_party_user_token"
                if world.made.contains_key(name) =>
            {
                &world.made[name]
            }
            "audit_copy_token" => &world.audit_copy_token,
            "report_tokens" => &world.asset_report_token,
            "relay_token" => return made_up("credit-relay"),
            "payment_profile_token" => return made_up("payment-profile"),
            "third_party_user_token" => return made_up("third-party-user"),
            "amount" => "12.34",
            "start_date" if schema["format"] == "date" => "2025-01-01",
            "end_date" if schema["format"] == "date" => "2025-12-31",
            "webhook" | "webhook_url" => "http://127.0.0.1:9/hook",
            "cursor" if schema["format"] != "date-time" => "",
            _ if world.made.contains_key(name) => &world.made[name],
            _ => match schema["format"].as_str() {
                Some("date") => "2025-06-15",
                Some("date-time") => "2025-06-15T12:00:00Z",
                Some("uuid") => "7c4e6d0b-6c53-4c19-b8cd-2f0f3f9a1f11",
                Some("url" | "uri") => "https://example.com/",
                Some("email") => "robin@example.com",
                _ => return self.letters(schema),
            },
        };
        known.to_owned()
    }

    fn letters(&mut self, schema: &Value) -> String {
        let length = |name: &str| schema[name].as_u64().map(|length| length as usize);
        let least = length("minLength").unwrap_or(0).max(1);
        let most = length("maxLength").unwrap_or(12).clamp(least, least + 12);
        let length = least + self.below((most - least) as u64 + 1) as usize;
        (0..length)
            .map(|_| char::from(b'a' + self.below(26) as u8))
            .collect()
    }
}
