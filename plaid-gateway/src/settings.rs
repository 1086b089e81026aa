//! A configuration, made ready for calls.

use std::sync::Arc;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::callers::Callers;
use crate::config::{Config, forwardable};
use crate::error::ConfigError;
use crate::headers;
use crate::upstream::Target;
use crate::watch::Guarded;

/// A configuration, ready for use.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) config: Config,
    pub(crate) callers: Callers,
    pub(crate) guarded: Guarded,
    pub(crate) target: Arc<Target>,
    /// What every request to Plaid has in its head. To copy it costs less than to put
    /// it together.
    pub(crate) head: HeaderMap,
    pub(crate) forward: Vec<HeaderName>,
}

impl Settings {
    /// `before`: the callers of the configuration that this one replaces.
    pub(crate) fn new(config: Config, before: Option<&Callers>) -> Result<Self, ConfigError> {
        config.check()?;
        let callers = Callers::new(&config.callers, before)?;
        let forward = config.forward_headers.iter().map(|name| forwardable(name));
        let version = HeaderValue::from_str(&config.plaid_version)
            .map_err(|_| ConfigError::new("plaid_version is not a header"))?;
        let target = Target::new(&config.upstream)?;
        let mut head = headers::own(target.host().clone(), version);
        if let Some(credentials) = &config.credentials {
            headers::add_credentials(&mut head, credentials);
        }
        Ok(Self {
            callers,
            guarded: Guarded::new(config.credentials.as_ref()),
            target: Arc::new(target),
            head,
            forward: forward.collect::<Result<_, _>>()?,
            config,
        })
    }
}
