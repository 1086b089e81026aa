//! Plaid's credentials, and how they travel.

use std::fmt;

use http::HeaderValue;
use plaid_common::credential;
use secrecy::{ExposeSecret, SecretString};

use crate::error::ConfigError;

/// The two parts by which Plaid knows a team. `Debug` shows neither.
///
/// ```
/// let credentials = plaid_gateway::Credentials::new("a-client-id", "a-secret")?;
/// assert_eq!(format!("{credentials:?}"), "Credentials(..)");
/// # Ok::<(), plaid_gateway::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Credentials {
    client_id: Part,
    secret: Part,
}

#[derive(Clone)]
struct Part {
    text: SecretString,
    header: HeaderValue,
}

impl Credentials {
    /// Credentials of these two parts.
    ///
    /// # Errors
    /// When one of them is empty, or has characters that do not belong there, such as
    /// a line break from the file that it was copied from.
    pub fn new(
        client_id: impl Into<String>,
        secret: impl Into<String>,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            client_id: Part::new("client_id", client_id.into())?,
            secret: Part::new("secret", secret.into())?,
        })
    }

    /// What a caller sent as its own.
    pub(crate) fn from_headers(client_id: &HeaderValue, secret: &HeaderValue) -> Option<Self> {
        Self::new(client_id.to_str().ok()?, secret.to_str().ok()?).ok()
    }

    pub(crate) fn client_id(&self) -> &str {
        self.client_id.text.expose_secret()
    }

    pub(crate) fn secret(&self) -> &str {
        self.secret.text.expose_secret()
    }

    /// The headers' values, marked as sensitive.
    pub(crate) fn headers(&self) -> [HeaderValue; 2] {
        [self.client_id.header.clone(), self.secret.header.clone()]
    }
}

impl Part {
    fn new(name: &'static str, text: String) -> Result<Self, ConfigError> {
        let problem = |what: &str| ConfigError::new(format!("the {name} {what}"));
        if let Some(what) = credential::problem(&text) {
            return Err(problem(what));
        }
        let mut header =
            HeaderValue::from_str(&text).map_err(|_| problem("does not fit into a header"))?;
        header.set_sensitive(true);
        let text = SecretString::from(text);
        Ok(Self { text, header })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

impl PartialEq for Credentials {
    fn eq(&self, other: &Self) -> bool {
        use subtle::ConstantTimeEq;
        let same = |a: &str, b: &str| a.as_bytes().ct_eq(b.as_bytes());
        (same(self.client_id(), other.client_id()) & same(self.secret(), other.secret())).into()
    }
}

impl Eq for Credentials {}
