//! One request on its way through a handler.

use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    error::ApiError,
    state::{AccountToken, Condition, Item, State},
    webhook::{Delivery, Destination},
};

/// What a handler makes of a call.
pub(crate) type Handler = fn(&mut Call<'_>) -> Result<Reply, ApiError>;

/// A request whose credentials and body are known to be good.
#[derive(Default)]
pub(crate) struct Incoming {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Map<String, Value>,
    /// The last segment of a path that ends in a placeholder.
    pub(crate) path_parameter: Option<String>,
}

/// An answer that is not an error.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content: Content,
    /// The SHA-256 of a file, for the operation that sends it along.
    pub(crate) content_hash: Option<String>,
}

/// Writes JSON for a request id.
pub(crate) type Writing = Box<dyn FnOnce(&str) -> Vec<u8> + Send>;

pub(crate) enum Content {
    /// JSON, to which the request id is added.
    Json(Value),
    /// The same, written when the state is free again; it is told the request id.
    Deferred(Writing),
    /// JSON whose schema has no place for a request id.
    BareJson(Value),
    Pdf(Vec<u8>),
    Zip(Vec<u8>),
    /// No body at all.
    Nothing,
}

impl Reply {
    pub(crate) fn of(status: StatusCode, content: Content) -> Self {
        Self {
            status,
            content,
            content_hash: None,
        }
    }

    pub(crate) fn json(body: Value) -> Self {
        Self::of(StatusCode::OK, Content::Json(body))
    }

    /// JSON that takes long to write. It has the request id, too.
    pub(crate) fn deferred(write: impl FnOnce(&str) -> Vec<u8> + Send + 'static) -> Self {
        Self::of(StatusCode::OK, Content::Deferred(Box::new(write)))
    }

    /// Nothing but the request id.
    pub(crate) fn empty() -> Self {
        Self::json(Value::Object(Map::new()))
    }

    pub(crate) fn bare_json(body: Value) -> Self {
        Self::of(StatusCode::OK, Content::BareJson(body))
    }

    pub(crate) fn pdf(bytes: Vec<u8>) -> Self {
        Self::of(StatusCode::OK, Content::Pdf(bytes))
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

/// A request together with the state that it reads and changes.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Incoming,
    pub(crate) state: &'a mut State,
    /// The Item that the request turned out to be about, for the log.
    pub(crate) item_id: Option<String>,
    /// Webhooks that leave once the handler is through.
    pub(crate) outbox: Vec<Delivery>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(request: &'a Incoming, state: &'a mut State) -> Self {
        Self {
            request,
            state,
            item_id: None,
            outbox: Vec::new(),
        }
    }

    /// The body's fields that the handler is interested in. The body has been
    /// validated, so this fails only where the document is laxer than the
    /// handler: an optional field sent as null, or `90.0` for a count.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        T::deserialize(&self.request.body)
            .map_err(|_| ApiError::invalid_field("a field has a value of an unexpected type"))
    }

    /// The Item that an access token opens.
    pub(crate) fn item(&mut self, access_token: &str) -> Result<&mut Item, ApiError> {
        let id = self.state.item_of_access_token(access_token)?.to_owned();
        self.live_item(id)
    }

    /// The Item that an access token opens, for a call that reads the bank's
    /// data: the user must not have to sign in again, and the Item must have
    /// the product.
    pub(crate) fn readable_item(
        &mut self,
        access_token: &str,
        product: Option<&str>,
    ) -> Result<&mut Item, ApiError> {
        readable(self.item(access_token)?, product)
    }

    /// The same for a processor's token.
    pub(crate) fn readable_item_of(
        &mut self,
        token: &AccountToken,
        product: &str,
    ) -> Result<&mut Item, ApiError> {
        readable(self.live_item(token.item_id.clone())?, Some(product))
    }

    /// The Item of this identifier, unless it has been removed.
    pub(crate) fn live_item(&mut self, id: String) -> Result<&mut Item, ApiError> {
        self.item_id = Some(id.clone());
        match self.state.items.get_mut(&id) {
            Some(item) if item.condition != Condition::Removed => Ok(item),
            _ => Err(ApiError::item(
                "ITEM_NOT_FOUND",
                "the item of this token has been removed",
            )),
        }
    }

    /// Sends a webhook of an Item, if the Item has somewhere to send it.
    /// `fields` are those besides the type, the code, the Item and the
    /// environment.
    pub(crate) fn send_webhook(
        &mut self,
        item_id: &str,
        kind: &str,
        code: &str,
        mut fields: Map<String, Value>,
    ) {
        let now = self.state.now();
        let Some(item) = self.state.items.get_mut(item_id) else {
            return;
        };
        let Some(address) = item.webhook.clone() else {
            return;
        };
        item.last_webhook = Some((now, code.to_owned()));
        // An Asset Report spans Items; its webhooks name the report alone.
        if kind != "ASSETS" {
            fields.insert("item_id".into(), item_id.into());
        }
        self.post_webhook(&address, kind, code, fields);
    }

    /// Sends a webhook to an address. An address beyond this machine gets
    /// nothing.
    pub(crate) fn post_webhook(
        &mut self,
        address: &str,
        kind: &str,
        code: &str,
        mut fields: Map<String, Value>,
    ) {
        let Destination::Loopback(url) = Destination::of(address) else {
            return;
        };
        fields.insert("webhook_type".into(), kind.into());
        fields.insert("webhook_code".into(), code.into());
        fields.insert("environment".into(), "sandbox".into());
        if let Ok(body) = serde_json::to_vec_pretty(&fields) {
            self.outbox.push(Delivery {
                number: None,
                url,
                kind: kind.to_owned(),
                code: code.to_owned(),
                body,
            });
        }
    }
}

fn readable<'i>(item: &'i mut Item, product: Option<&str>) -> Result<&'i mut Item, ApiError> {
    if let Some(error) = item.error() {
        return Err(error);
    }
    if product.is_some_and(|product| !item.has(product)) {
        return Err(ApiError::products_not_supported());
    }
    Ok(item)
}

/// The fields of a `json!` object.
pub(crate) fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
