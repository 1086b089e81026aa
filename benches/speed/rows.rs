//! What Plaid might answer with.

use serde_json::{Value, json};

/// Transactions of a page.
pub(crate) const ROWS: u32 = 500;

/// The page that `/transactions/sync` answers with when all is new.
pub(crate) fn page(next_cursor: &str, has_more: bool) -> String {
    let rows: Vec<Value> = (0..ROWS).map(transaction).collect();
    json!({
        "accounts": [account(1), account(2)],
        "added": rows,
        "has_more": has_more,
        "modified": [],
        "next_cursor": next_cursor,
        "removed": [{ "account_id": id("acc", 1), "transaction_id": id("old", 1) }],
        "request_id": "k5vT7QpUe2aZx9C",
        "transactions_update_status": "HISTORICAL_UPDATE_COMPLETE",
    })
    .to_string()
}

/// As long as Plaid's, and ends with the number in ten digits.
pub(crate) fn id(prefix: &str, n: u32) -> String {
    format!("{prefix}BxBXxLj1m4HMXBm9WZZmCWVbPj{n:010}")
}

fn account(n: u32) -> Value {
    json!({
        "account_id": id("acc", n),
        "balances": {
            "available": 110.94, "current": 100, "iso_currency_code": "USD",
            "limit": null, "unofficial_currency_code": null,
        },
        "holder_category": "personal",
        "mask": "0000",
        "name": "Everyday Checking",
        "official_name": "Gold Standard Everyday Checking",
        "subtype": "checking",
        "type": "depository",
    })
}

/// Card payments, transfers and deposits in turn, so that not every row has the
/// same fields filled.
fn transaction(n: u32) -> Value {
    let is_card = n.is_multiple_of(3);
    let merchant = is_card.then(|| format!("Corner Shop {n}"));
    let counterparty = json!({
        "account_numbers": null,
        "confidence_level": "VERY_HIGH",
        "entity_id": id("ent", n),
        "logo_url": "https://logos.example/corner_shop_1060.png",
        "name": format!("Corner Shop {n}"),
        "type": "merchant",
        "website": "cornershop.example",
    });
    json!({
        "account_id": id("acc", n % 2),
        "account_owner": null,
        "amount": serde_json::from_str::<Value>(&format!("{}.{:02}", n * 7 % 900, n % 100)).unwrap(),
        "authorized_date": "2026-03-14",
        "authorized_datetime": is_card.then_some("2026-03-14T10:34:50Z"),
        "category": null,
        "category_id": null,
        "check_number": null,
        "counterparties": if is_card { vec![counterparty] } else { vec![] },
        "date": "2026-03-15",
        "datetime": (n % 3 == 1).then_some("2026-03-15T11:00:00Z"),
        "iso_currency_code": "USD",
        "location": {
            "address": is_card.then_some("300 Post Street"),
            "city": is_card.then_some("San Francisco"),
            "country": is_card.then_some("US"),
            "lat": is_card.then_some(40.740_352),
            "lon": is_card.then_some(-74.001_761),
            "postal_code": is_card.then_some("94108"),
            "region": is_card.then_some("CA"),
            "store_number": null,
        },
        "logo_url": is_card.then_some("https://logos.example/corner_shop_1060.png"),
        "merchant_entity_id": is_card.then(|| id("ent", n)),
        "merchant_name": merchant,
        "name": format!("PURCHASE CORNER SHOP #{n:06}"),
        "payment_channel": if is_card { "in store" } else { "online" },
        "payment_meta": {
            "by_order_of": null, "payee": null, "payer": null, "payment_method": null,
            "payment_processor": null, "ppd_id": null, "reason": null,
            "reference_number": (n % 3 == 2).then_some("20260315-000123"),
        },
        "pending": n.is_multiple_of(50),
        "pending_transaction_id": null,
        "personal_finance_category": {
            "confidence_level": "VERY_HIGH",
            "detailed": "GENERAL_MERCHANDISE_SUPERSTORES",
            "primary": "GENERAL_MERCHANDISE",
            "version": "v2",
        },
        "personal_finance_category_icon_url": "https://icons.example/PFC_GENERAL_MERCHANDISE.png",
        "transaction_code": null,
        "transaction_id": id("txn", n),
        "transaction_type": if is_card { "place" } else { "special" },
        "unofficial_currency_code": null,
        "website": is_card.then_some("cornershop.example"),
    })
}
