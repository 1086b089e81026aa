//! The person who owns every account.

use serde_json::{Value, json};

/// The owner as `/identity/get` and Asset Reports show them.
pub(crate) fn owner() -> Value {
    json!({
        "names": ["Robin Sandoval"],
        "addresses": [
            address("12 Juniper Row", "Fairbrook", "OR", "97301", true),
            address("480 Harbor Lane", "Northhaven", "ME", "04853", false),
        ],
        "emails": [
            { "data": "robin@example.com", "primary": true, "type": "primary" },
            { "data": "robin.work@example.com", "primary": false, "type": "secondary" },
            { "data": "robin.archive@example.org", "primary": false, "type": "other" },
        ],
        "phone_numbers": [
            { "data": "+12025550143", "primary": true, "type": "home" },
            { "data": "+12025550171", "primary": false, "type": "work" },
            { "data": "+12025550198", "primary": false, "type": "mobile" },
        ],
    })
}

fn address(street: &str, city: &str, region: &str, postal_code: &str, primary: bool) -> Value {
    json!({
        "data": {
            "street": street,
            "city": city,
            "region": region,
            "postal_code": postal_code,
            "country": "US",
        },
        "primary": primary,
    })
}
