//! Banks.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    call::{Call, Reply, fields},
    catalog::institutions::{self, Health, Institution},
    error::ApiError,
};

#[derive(Deserialize)]
struct GetRequest {
    count: usize,
    offset: usize,
    country_codes: Vec<String>,
    #[serde(default)]
    options: Options,
}

#[derive(Deserialize)]
struct GetByIdRequest {
    institution_id: String,
    country_codes: Vec<String>,
    #[serde(default)]
    options: Options,
}

#[derive(Deserialize)]
struct SearchRequest {
    query: String,
    country_codes: Vec<String>,
    products: Option<Vec<String>>,
    #[serde(default)]
    options: Options,
}

#[derive(Default, Deserialize)]
struct Options {
    products: Option<Vec<String>>,
    routing_numbers: Option<Vec<String>>,
    oauth: Option<bool>,
    include_optional_metadata: Option<bool>,
    include_status: Option<bool>,
    include_auth_metadata: Option<bool>,
    include_payment_initiation_metadata: Option<bool>,
}

impl Options {
    fn admit(&self, institution: &Institution) -> bool {
        supports(institution, self.products.as_deref())
            && self.oauth.is_none_or(|oauth| institution.oauth == oauth)
            && self.routing_numbers.as_ref().is_none_or(|numbers| {
                numbers
                    .iter()
                    .any(|number| institution.routing_numbers.contains(&number.as_str()))
            })
    }
}

/// `/institutions/get`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: GetRequest = call.body()?;
    let found: Vec<_> = institutions::all()
        .iter()
        .filter(|institution| {
            is_in(institution, &request.country_codes) && request.options.admit(institution)
        })
        .collect();
    let page: Vec<_> = found
        .iter()
        .skip(request.offset)
        .take(request.count)
        .map(|institution| institution_json(institution, &request.options))
        .collect();
    Ok(Reply::json(
        json!({ "institutions": page, "total": found.len() }),
    ))
}

/// `/institutions/get_by_id`
pub(super) fn get_by_id(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: GetByIdRequest = call.body()?;
    let institution = find(&request.institution_id)?;
    if !is_in(institution, &request.country_codes) {
        return Err(unknown());
    }
    let mut described = institution_fields(institution, &request.options);
    if request.options.include_status == Some(true) {
        described.insert("status".into(), status_json(institution.health));
    }
    Ok(Reply::json(json!({ "institution": described })))
}

/// `/institutions/search`: every word of the query has to be in the name.
pub(super) fn search(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: SearchRequest = call.body()?;
    let query = request.query.to_lowercase();
    let matches = |institution: &&Institution| {
        let name = institution.name.to_lowercase();
        query.split_whitespace().all(|word| name.contains(word))
            && is_in(institution, &request.country_codes)
            && supports(institution, request.products.as_deref())
            && request.options.admit(institution)
    };
    let found: Vec<_> = institutions::all()
        .iter()
        .filter(matches)
        .map(|institution| institution_json(institution, &request.options))
        .collect();
    Ok(Reply::json(json!({ "institutions": found })))
}

/// The bank with this identifier, or the error answer that says why not.
pub(super) fn find(id: &str) -> Result<&'static Institution, ApiError> {
    match institutions::find(id) {
        Some(institution) => Ok(institution),
        None if institutions::is_id(id) => Err(ApiError::institution(
            "INSTITUTION_NOT_ENABLED_IN_ENVIRONMENT",
            "Institution not enabled in this environment",
        )),
        None => Err(unknown()),
    }
}

fn unknown() -> ApiError {
    ApiError::invalid_input("INVALID_INSTITUTION", "invalid institution_id provided")
}

fn is_in(institution: &Institution, countries: &[String]) -> bool {
    countries
        .iter()
        .any(|country| country == institution.country)
}

fn supports(institution: &Institution, products: Option<&[String]>) -> bool {
    let supported = |product: &String| institution.products.contains(&product.as_str());
    products.is_none_or(|products| products.iter().all(supported))
}

fn institution_json(institution: &Institution, options: &Options) -> Value {
    Value::Object(institution_fields(institution, options))
}

fn institution_fields(institution: &Institution, options: &Options) -> Map<String, Value> {
    let mut described = fields(json!({
        "country_codes": [institution.country],
        "dtc_numbers": institution.dtc_numbers,
        "institution_id": institution.id,
        "name": institution.name,
        "oauth": institution.oauth,
        "products": institution.products,
        "routing_numbers": institution.routing_numbers,
    }));
    if options.include_optional_metadata == Some(true) {
        described.extend(fields(
            json!({ "logo": null, "primary_color": "#004966", "url": "https://plaid.com" }),
        ));
    }
    if options.include_auth_metadata == Some(true) {
        described.insert("auth_metadata".into(), auth_metadata(institution));
    }
    if options.include_payment_initiation_metadata == Some(true)
        && institution.products.contains(&"payment_initiation")
    {
        described.insert(
            "payment_initiation_metadata".into(),
            payment_initiation_metadata(),
        );
    }
    described
}

fn auth_metadata(institution: &Institution) -> Value {
    let is = |id: &str| institution.id == id;
    json!({
        "supported_methods": {
            "automated_micro_deposits": is("ins_109512"),
            "instant_auth": institution.products.contains(&"auth"),
            "instant_match": is("ins_109512"),
            "instant_micro_deposits": is("ins_135858"),
        },
    })
}

fn payment_initiation_metadata() -> Value {
    json!({
        "maximum_payment_amount": { "GBP": "1000000" },
        "standing_order_metadata": {
            "supports_standing_order_end_date": true,
            "supports_standing_order_negative_execution_days": false,
            "valid_standing_order_intervals": ["WEEKLY", "MONTHLY"],
        },
        "supports_international_payments": true,
        "supports_payment_consents": true,
        "supports_refund_details": true,
        "supports_sepa_instant": false,
    })
}

fn status_json(health: Health) -> Value {
    let (status, success, failure) = match health {
        Health::Healthy => ("HEALTHY", 0.98, 0.02),
        Health::Degraded => ("DEGRADED", 0.6, 0.4),
        Health::Down | Health::Unsupported => ("DOWN", 0.0, 1.0),
    };
    let product = json!({
        "breakdown": {
            "error_institution": failure,
            "error_plaid": 0,
            "refresh_interval": "NORMAL",
            "success": success,
        },
        "last_status_change": "2026-01-05T08:30:00Z",
        "status": status,
    });
    json!({
        "auth": product,
        "health_incidents": null,
        "identity": product,
        "item_logins": product,
        "transactions_updates": product,
    })
}
