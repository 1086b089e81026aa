//! Texts that suit the name and the format of their field.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::ids;
use crate::{ids::Ids, schema::Shape};

const GIVEN: [&str; 6] = ["Robin", "Noa", "Amara", "Jules", "Kei", "Ines"];
const FAMILY: [&str; 6] = [
    "Sandoval",
    "Lindqvist",
    "Okafor",
    "Marsh",
    "Tanaka",
    "Duarte",
];
const COMPANIES: [&str; 5] = [
    "Juniper Coffee",
    "Harbor Books",
    "Northhaven Utilities",
    "Fairbrook Market",
    "Larkspur Transit",
];
/// City, region, postal code.
const CITIES: [(&str, &str, &str); 3] = [
    ("Fairbrook", "OR", "97301"),
    ("Northhaven", "ME", "04853"),
    ("Larkspur", "CO", "80118"),
];

/// The day before which everything made up has happened. It is fixed: an answer
/// must not change because it is asked for later.
pub(super) fn epoch() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_468)
}

/// Where a text is to stand.
pub(super) struct Place<'p> {
    pub(super) path: &'p str,
    pub(super) parent: &'p str,
    pub(super) name: &'p str,
    pub(super) index: usize,
}

/// A text for a field.
pub(super) fn text(place: &Place<'_>, shape: &Shape<'_>, ids: &mut Ids) -> String {
    let text = match shape.format {
        Some("date") => date(place, ids),
        Some("date-time") => moment(place, ids),
        Some("uuid") => ids.uuid(),
        Some("email") => email(ids),
        Some("uri" | "url") => address(place.name, ids),
        _ => named(place, ids),
    };
    sized(text, shape)
}

fn named(place: &Place<'_>, ids: &mut Ids) -> String {
    let name = snake(place.name);
    let name = name.as_str();
    if let Some(text) = known(place, name, ids) {
        return text;
    }
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    if ends(&["_id", "_ids"]) {
        let stem = name.trim_end_matches('s').trim_end_matches("_id");
        ids::identifier(place.path, stem, ids)
    } else if ends(&["token", "tokens"]) {
        let stem = name.trim_end_matches('s').trim_end_matches("token");
        ids::token(stem.trim_end_matches('_'), ids)
    } else if ends(&["url", "uri"]) {
        address(name, ids)
    } else if ends(&["date", "_as_of", "date_posted", "date_transacted"]) {
        date(place, ids)
    } else if ends(&[
        "_at",
        "time",
        "timestamp",
        "datetime",
        "last_updated",
        "created",
    ]) {
        moment(place, ids)
    } else if has(&["email"]) {
        email(ids)
    } else if has(&["phone", "telephone"]) {
        format!("+1202555{:04}", ids.below(100, 200))
    } else if has(&AMOUNTS) {
        amount(ids)
    } else {
        other(place, name, ids)
    }
}

/// Parts of names of texts that are amounts.
const AMOUNTS: [&str; 14] = [
    "amount",
    "available",
    "balance",
    "box_",
    "credit_utilization",
    "current",
    "debit_utilization",
    "fee",
    "return_rate",
    "tips",
    "transfer_volume",
    "wages",
    "withheld",
    "income_tax",
];

fn known(place: &Place<'_>, name: &str, ids: &mut Ids) -> Option<String> {
    // The same city for all parts of an address.
    let city = CITIES[place.index % CITIES.len()];
    let fixed = match name {
        "id" => return Some(own_id(place, ids)),
        "iso_currency_code" | "currency" => "USD",
        "country" | "country_code" | "issuing_country" => "US",
        "region" | "state" | "state_code" | "issuing_region" | "primary_state" => city.1,
        "city" => city.0,
        "postal_code" => city.2,
        "street" | "street_1" | "line1" | "address" => {
            return Some(format!("{} Juniper Row", ids.below(1, 400)));
        }
        "street2" | "street_2" | "line2" => "Unit 4",
        "mask" | "account_mask" | "id_mask" | "last_4_digits" | "ssn_last_4" => {
            return Some(format!("{:04}", ids.below(0, 10_000)));
        }
        "routing" | "routing_number" | "routing_numbers" | "account_routing_number" => "011401533",
        "wire_routing" => "021000021",
        "account" | "account_number" => return Some(format!("11112222{}", ids.digits(8))),
        // The example of the standard, which no bank has given out.
        "iban" => "GB29NWBK60161331926819",
        "bic" => "NWBKGB2L",
        "sort_code" => "601613",
        "institution" | "branch" => "021",
        // Numbers from the range that is never issued.
        "ssn" | "taxpayer_identifier_value" => "987-65-4321",
        "tin" | "employer_id_number" => "00-0000000",
        "ip_address" => "192.0.2.42",
        "language" => "en",
        "time_zone" | "ip_timezone_offset" => "+00:00",
        "ticker_symbol" | "asset_holding_symbol" => "JNPR",
        "cusip" => "000000AA0",
        "isin" => "US000000AA03",
        "sedol" => "0000000",
        "primary_color" => "#004966",
        "version" | "model_version" | "model" | "variant" => "1",
        "webhook" => "https://example.com/webhook",
        "warning_type" | "warning_code" => "ASSET_REPORT_WARNING",
        "error_type" => "API_ERROR",
        "error_code" => "INTERNAL_SERVER_ERROR",
        "scope" => "user:read",
        "aud" | "iss" => "https://example.com/",
        "token_type" => "Bearer",
        "tax_year" => "2025",
        "registrar" => "Example Registrar",
        "pay_frequency" => "MONTHLY",
        "virtual_time" => return Some(moment(place, ids)),
        "beginning" | "ending" | "date_of_birth" => return Some(date(place, ids)),
        _ => return person(place, name, ids),
    };
    Some(fixed.to_owned())
}

/// Names of people and of companies.
fn person(place: &Place<'_>, name: &str, ids: &mut Ids) -> Option<String> {
    let given = GIVEN[ids.index(GIVEN.len())];
    let family = FAMILY[ids.index(FAMILY.len())];
    let of_person = [
        "owner",
        "user",
        "recipient",
        "name",
        "employee",
        "individual",
    ];
    Some(match name {
        "first_name" | "given_name" => given.to_owned(),
        "last_name" | "family_name" => family.to_owned(),
        "middle_name" => "M".to_owned(),
        "full_name" | "legal_name" | "names" | "verification_name" | "account_owner" | "full" => {
            format!("{given} {family}")
        }
        "name" | "display_name" if of_person.iter().any(|part| place.parent.contains(part)) => {
            format!("{given} {family}")
        }
        "institution_name" | "institution_names" | "bank_name" => "First Platypus Bank".to_owned(),
        "name" | "merchant_name" | "client_name" | "title" | "display_name"
        | "counterparty_name" | "company_name" | "brand_name" => company(ids),
        _ if name.ends_with("_name") => company(ids),
        _ => return None,
    })
}

fn company(ids: &mut Ids) -> String {
    COMPANIES[ids.index(COMPANIES.len())].to_owned()
}

fn email(ids: &mut Ids) -> String {
    let given = GIVEN[ids.index(GIVEN.len())].to_ascii_lowercase();
    format!("{given}@example.com")
}

fn address(name: &str, ids: &mut Ids) -> String {
    let page = name.trim_end_matches("_url").trim_end_matches("_uri");
    format!("https://example.com/{page}/{}", ids.hex(12))
}

fn amount(ids: &mut Ids) -> String {
    format!("{}.{:02}", ids.below(1, 2_500), ids.below(0, 100))
}

/// What an object calls itself is told by the field that it stands in, or by the
/// operation.
fn own_id(place: &Place<'_>, ids: &mut Ids) -> String {
    let stem = if place.path.starts_with("/payment_initiation") || place.path.starts_with("/wallet")
    {
        place.parent.trim_end_matches('s')
    } else {
        ""
    };
    ids::identifier(place.path, stem, ids)
}

/// Says what the field is, in place of what only a bank could say.
fn other(place: &Place<'_>, name: &str, ids: &mut Ids) -> String {
    match name {
        "category" | "hierarchy" => "Food and Drink".into(),
        "primary" | "personal_finance_category_primary" => "FOOD_AND_DRINK".into(),
        "detailed" | "personal_finance_category_detailed" => "FOOD_AND_DRINK_COFFEE".into(),
        "data" if place.parent.contains("phone") => "+12025550143".into(),
        "data" if place.parent.contains("email") => email(ids),
        "x" | "y" | "kid" | "key" => ids.hex(32),
        _ if place.parent == "images" => address(name, ids),
        _ => humanized(name),
    }
}

fn humanized(name: &str) -> String {
    let text = name.replace('_', " ");
    let mut characters = text.trim().chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => "Text".to_owned(),
    }
}

/// Periods start in the year before the fixed day, a row a week apart, and end
/// before it; what runs out does so far in the future.
fn days_after_epoch(place: &Place<'_>, ids: &mut Ids) -> i64 {
    let has = |parts: &[&str]| parts.iter().any(|part| place.name.contains(part));
    let row = i64::try_from(place.index).unwrap_or_default();
    if has(&["birth"]) {
        -13_000 - ids.below(0, 5_000)
    } else if has(&["expir", "maturity", "payoff"]) {
        3_650 + ids.below(0, 365)
    } else if has(&["next_", "expected", "predicted", "due"]) {
        ids.below(1, 60)
    } else if has(&[
        "start",
        "first",
        "oldest",
        "earliest",
        "beginning",
        "origination",
        "hire",
    ]) {
        -400 - ids.below(0, 300)
    } else {
        -1 - row * 7 - ids.below(0, 7)
    }
}

fn date(place: &Place<'_>, ids: &mut Ids) -> String {
    let day = epoch() + TimeDelta::days(days_after_epoch(place, ids));
    day.date_naive().to_string()
}

fn moment(place: &Place<'_>, ids: &mut Ids) -> String {
    let day = epoch() + TimeDelta::days(days_after_epoch(place, ids));
    let moment = day + TimeDelta::seconds(ids.below(0, 86_400));
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Two families of operations write their fields in the style of other standards.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len());
    for character in name.chars() {
        if character.is_ascii_uppercase() && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

fn sized(text: String, shape: &Shape<'_>) -> String {
    let limit = |name| {
        shape
            .limit(name)
            .and_then(|limit| usize::try_from(limit).ok())
    };
    let least = limit("minLength").unwrap_or(0);
    let most = limit("maxLength").unwrap_or(usize::MAX);
    let padding = std::iter::repeat_n('0', least.saturating_sub(text.chars().count()));
    text.chars().chain(padding).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_styles_are_taken_apart() {
        assert_eq!(snake("createdTime"), "created_time");
        assert_eq!(snake("AssetHoldingID"), "asset_holding_i_d");
        assert_eq!(snake("box_9"), "box_9");
        assert_eq!(humanized("reason_codes"), "Reason codes");
    }

    #[test]
    fn the_fixed_day_is_a_midnight() {
        assert_eq!(epoch().to_rfc3339(), "2026-01-15T00:00:00+00:00");
    }
}
