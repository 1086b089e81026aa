//! The client: where calls begin.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use plaid_gen::hooks::Connection;
use plaid_gen::wire::{Secret, Tolerance};
use reqwest::Url;
use reqwest::header::HeaderMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

use crate::builder::ClientBuilder;
use crate::call::{Call, Untyped};
use crate::environment::{BaseUrl, Environment};
use crate::error::Result;
use crate::limit::Limiter;
use crate::operation::Credentials;
use crate::redact::Redactor;
use crate::retry::RetryPolicy;
use crate::transport::HttpTransport;

/// The header that names the client.
pub(crate) const PLAID_CLIENT_ID: &str = "plaid-client-id";
/// The header that proves it.
pub(crate) const PLAID_SECRET: &str = "plaid-secret";

/// A client of the Plaid API.
///
/// Make one and clone it freely: clones share connections. `Debug` shows neither
/// credentials nor anything that came from Plaid.
///
/// ```no_run
/// # async fn example() -> plaid::Result<()> {
/// let plaid = plaid::Client::from_env()?; // PLAID_CLIENT_ID, PLAID_SECRET, PLAID_ENV
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) base_url: BaseUrl,
    pub(crate) credentials: Option<(Secret, Secret)>,
    /// A gateway puts credentials where they belong, and takes them as headers.
    pub(crate) is_gateway: bool,
    /// With credentials and the gateway's key, as far as there are any.
    pub(crate) headers: HeaderMap,
    /// Without credentials.
    pub(crate) open_headers: HeaderMap,
    pub(crate) settings: Settings,
    pub(crate) redactor: Redactor,
    pub(crate) transport: Arc<dyn HttpTransport>,
    pub(crate) limiter: Option<Arc<Limiter>>,
    /// Builds requests; they are sent by the transport.
    pub(crate) factory: reqwest::Client,
    #[cfg(feature = "webhooks")]
    pub(crate) webhook_keys: Arc<crate::webhook::KeyCache>,
}

/// What a call may override, and what it may not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) max_body: usize,
    pub(crate) tolerance: Tolerance,
}

impl Client {
    /// A client for the credentials in `PLAID_CLIENT_ID` and `PLAID_SECRET` and the
    /// environment in `PLAID_ENV`: `sandbox`, `production`, or a base URL.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when one of the three is missing,
    /// empty or not usable. There is no default environment.
    pub fn from_env() -> Result<Self> {
        Self::from_lookup(|name| Some(std::env::var_os(name)?.to_string_lossy().into_owned()))
    }

    /// Like [`from_env`](Self::from_env), with the variables looked up in some other
    /// place.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    ///
    /// ```
    /// let plaid = plaid::Client::from_lookup(|name| match name {
    ///     "PLAID_ENV" => Some("sandbox".to_owned()),
    ///     _ => Some("from-a-vault".to_owned()),
    /// })?;
    /// # Ok::<(), plaid::Error>(())
    /// ```
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        ClientBuilder::from_lookup(lookup)?.build()
    }

    /// A client of one of Plaid's environments.
    ///
    /// # Errors
    /// When a credential is empty or has characters that a header cannot hold.
    pub fn new(
        environment: Environment,
        client_id: impl Into<Secret>,
        secret: impl Into<Secret>,
    ) -> Result<Self> {
        Self::builder()
            .environment(environment)
            .credentials(client_id, secret)
            .build()
    }

    /// A client of a sandbox at another URL, such as the emulator's.
    ///
    /// # Errors
    /// When the URL is not usable, see [`ClientBuilder::base_url`], or a credential
    /// is not.
    pub fn sandbox_at(
        url: impl Into<String>,
        client_id: impl Into<Secret>,
        secret: impl Into<Secret>,
    ) -> Result<Self> {
        Self::builder()
            .base_url(url)
            .credentials(client_id, secret)
            .build()
    }

    /// A client of a gateway that adds the credentials on the server, so that this
    /// process needs none; see the crate `plaid-gateway`.
    ///
    /// If the gateway asks for a key, add it by [`ClientBuilder::key`]. Credentials of
    /// this process's own, for a gateway that takes them, are added by
    /// [`ClientBuilder::credentials`].
    ///
    /// ```
    /// let plaid = plaid::Client::gateway("https://plaid.internal.example")
    ///     .key("pgk_of_this_program")
    ///     .build()?;
    /// # Ok::<(), plaid::Error>(())
    /// ```
    pub fn gateway(url: impl Into<String>) -> ClientBuilder {
        Self::builder().gateway(url)
    }

    /// Everything else that can be set.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    /// A call of an endpoint that this crate does not have.
    ///
    /// It is taken for a write, and so not tried again once it may have arrived;
    /// see [`Call::read_only`].
    ///
    /// ```no_run
    /// # async fn example(plaid: plaid::Client, token: plaid::Secret) -> plaid::Result<()> {
    /// #[derive(serde::Deserialize)]
    /// struct Answer {
    ///     score: u8,
    /// }
    ///
    /// let body = serde_json::json!({ "access_token": token });
    /// let answer = plaid.call::<Answer>("/new/endpoint", body).read_only().await?;
    /// println!("{}", answer.score);
    /// # Ok(())
    /// # }
    /// ```
    pub fn call<T: DeserializeOwned + Send + 'static>(
        &self,
        path: &str,
        body: impl Serialize,
    ) -> Call<Untyped<T>> {
        Call::untyped(self, path, &body)
    }

    /// Where requests go.
    pub fn base_url(&self) -> &str {
        self.0.base_url.as_str()
    }

    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(crate) fn base(&self) -> &Url {
        self.0.base_url.url()
    }

    /// progenitor's client for one call.
    pub(crate) fn api(&self, connection: Connection) -> plaid_gen::Client {
        plaid_gen::Client::new_with_client(self.base_url(), self.0.factory.clone(), connection)
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn redactor(&self) -> &Redactor {
        &self.0.redactor
    }

    pub(crate) fn transport(&self) -> &dyn HttpTransport {
        &*self.0.transport
    }

    pub(crate) fn limiter(&self) -> Option<&Arc<Limiter>> {
        self.0.limiter.as_ref()
    }

    #[cfg(feature = "webhooks")]
    pub(crate) fn webhook_keys(&self) -> &Arc<crate::webhook::KeyCache> {
        &self.0.webhook_keys
    }

    /// Whether the client has a key of a gateway's.
    pub(crate) fn has_key(&self) -> bool {
        self.0.headers.contains_key(reqwest::header::AUTHORIZATION)
    }

    /// The headers of a request whose credentials go there.
    ///
    /// A gateway takes its key with every request, wherever the credentials go, and the
    /// caller's own credentials as headers alone.
    pub(crate) fn headers(&self, credentials: Credentials) -> &HeaderMap {
        match credentials {
            Credentials::Headers => &self.0.headers,
            Credentials::Body if self.0.is_gateway => &self.0.headers,
            Credentials::Body | Credentials::None => &self.0.open_headers,
        }
    }

    /// The fields for a body that holds the credentials.
    pub(crate) fn body_fields(
        &self,
        credentials: Credentials,
    ) -> Result<BTreeMap<String, Box<RawValue>>, Cow<'static, str>> {
        let mut fields = BTreeMap::new();
        let own = self.0.credentials.as_ref().filter(|_| !self.0.is_gateway);
        if let (Credentials::Body, Some((client_id, secret))) = (credentials, own) {
            for (name, value) in [("client_id", client_id), ("secret", secret)] {
                let value = to_raw_value(value).map_err(|_| "the credentials cannot be encoded")?;
                fields.insert(name.to_owned(), value);
            }
        }
        Ok(fields)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.base_url())
            .field("settings", self.settings())
            .finish_non_exhaustive()
    }
}
