//! The client: where calls begin.

mod builder;
mod core;
#[cfg(feature = "webhooks")]
pub(crate) mod keys;

use std::fmt;
use std::sync::Arc;

use plaid_gen::wire::Secret;

use crate::config::Environment;
use crate::error::Result;

pub use builder::{ClientBuilder, http_client_builder};
pub(crate) use core::{Core, PLAID_CLIENT_ID, PLAID_SECRET, Settings};

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
pub struct Client {
    core: Arc<Core>,
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

    /// Where requests go.
    pub fn base_url(&self) -> &str {
        self.core.base_url()
    }

    pub(crate) fn from_core(core: Core) -> Self {
        Self {
            core: Arc::new(core),
        }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.base_url())
            .field("settings", self.core.settings())
            .finish_non_exhaustive()
    }
}
