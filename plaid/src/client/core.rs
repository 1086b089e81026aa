//! What the calls of a client and its clones share.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use plaid_gen::wire::{Secret, Tolerance};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::value::{RawValue, to_raw_value};

#[cfg(feature = "webhooks")]
use super::keys::KeyCache;
use crate::config::BaseUrl;
use crate::limit::Limiter;
use crate::net::HttpTransport;
use crate::operation::Credentials;
use crate::redact::Redactor;
use crate::retry::RetryPolicy;

/// The header that names the client.
pub(crate) const PLAID_CLIENT_ID: &str = "plaid-client-id";
/// The header that proves it.
pub(crate) const PLAID_SECRET: &str = "plaid-secret";

/// What the calls of a client and its clones share.
pub(crate) struct Core {
    pub(super) base_url: BaseUrl,
    pub(super) credentials: Option<(Secret, Secret)>,
    /// A gateway puts credentials where they belong, and takes them as headers.
    pub(super) is_gateway: bool,
    /// With credentials and the gateway's key, as far as there are any.
    pub(super) headers: HeaderMap,
    /// Without credentials.
    pub(super) open_headers: HeaderMap,
    pub(super) settings: Settings,
    pub(super) redactor: Redactor,
    pub(super) transport: Arc<dyn HttpTransport>,
    pub(super) limiter: Option<Arc<Limiter>>,
    /// Makes requests; they are sent by the transport.
    pub(super) api: plaid_gen::Client,
    #[cfg(feature = "webhooks")]
    pub(super) webhook_keys: Arc<KeyCache>,
}

/// What a call may override, and what it may not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) max_body: usize,
    pub(crate) tolerance: Tolerance,
}

impl Core {
    /// Where requests go.
    pub(crate) fn base_url(&self) -> &str {
        self.base_url.as_str()
    }

    /// progenitor's client, which makes requests.
    pub(crate) fn api(&self) -> &plaid_gen::Client {
        &self.api
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    pub(crate) fn transport(&self) -> &dyn HttpTransport {
        &*self.transport
    }

    pub(crate) fn limiter(&self) -> Option<&Arc<Limiter>> {
        self.limiter.as_ref()
    }

    #[cfg(feature = "webhooks")]
    pub(crate) fn webhook_keys(&self) -> &Arc<KeyCache> {
        &self.webhook_keys
    }

    /// Whether the client has a key of a gateway's.
    pub(crate) fn has_key(&self) -> bool {
        self.headers.contains_key(AUTHORIZATION)
    }

    /// The headers of a request whose credentials go there.
    ///
    /// A gateway takes its key with every request, wherever the credentials go, and the
    /// caller's own credentials as headers alone.
    pub(crate) fn headers(&self, credentials: Credentials) -> &HeaderMap {
        match credentials {
            Credentials::Headers => &self.headers,
            Credentials::Body if self.is_gateway => &self.headers,
            Credentials::Body | Credentials::None => &self.open_headers,
        }
    }

    /// The fields for a body that holds the credentials.
    pub(crate) fn body_fields(
        &self,
        credentials: Credentials,
    ) -> Result<BTreeMap<String, Box<RawValue>>, Cow<'static, str>> {
        let mut fields = BTreeMap::new();
        let own = self.credentials.as_ref().filter(|_| !self.is_gateway);
        if let (Credentials::Body, Some((client_id, secret))) = (credentials, own) {
            for (name, value) in [("client_id", client_id), ("secret", secret)] {
                let value = to_raw_value(value).map_err(|_| "the credentials cannot be encoded")?;
                fields.insert(name.to_owned(), value);
            }
        }
        Ok(fields)
    }
}
