//! Where Plaid is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use plaid_gen::Base;
use reqwest::Url;

use super::ConfigError;

/// One of Plaid's environments. Tokens of one are not valid in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Environment {
    /// Test data, test credentials.
    Sandbox,
    /// Real banks, real money.
    Production,
}

impl Environment {
    /// Its name, as it stands in `PLAID_ENV` and in every token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Production => "production",
        }
    }

    /// Where it is.
    pub const fn base_url(self) -> &'static str {
        match self {
            Self::Sandbox => "https://sandbox.plaid.com",
            Self::Production => "https://production.plaid.com",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Only the two names: a guess could end in production.
impl FromStr for Environment {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        match name {
            "sandbox" => Ok(Self::Sandbox),
            "production" => Ok(Self::Production),
            "development" => Err(ConfigError::new(
                "Plaid closed its development environment: use `sandbox` or `production`",
            )),
            _ => Err(ConfigError::new(
                "the environment has to be `sandbox` or `production`",
            )),
        }
    }
}

/// A base URL that has been looked over.
#[derive(Clone, Debug)]
pub(crate) struct BaseUrl {
    /// Without a slash at its end.
    text: String,
    url: Url,
    is_loopback: bool,
}

impl BaseUrl {
    /// Problems are told without quoting the URL: it may have a password in it.
    pub(crate) fn parse(text: &str, allow_insecure: bool) -> Result<Self, ConfigError> {
        let mut url = Url::parse(text).map_err(|_| {
            ConfigError::new("the base URL is not a URL: it has to begin with https://")
        })?;
        let is_loopback = url.host_str().is_some_and(is_loopback);
        if let Some(problem) = problem(&url, is_loopback || allow_insecure) {
            return Err(ConfigError::new(problem));
        }
        let text = url.as_str().trim_end_matches('/').to_owned();
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self {
            text,
            url,
            is_loopback,
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// progenitor's client for this URL.
    pub(crate) fn api(&self, http: reqwest::Client) -> plaid_gen::Client {
        plaid_gen::Client::new_with_client(&self.text, http, Base(self.url.clone()))
    }

    pub(crate) fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

fn problem(url: &Url, may_be_plain: bool) -> Option<&'static str> {
    match url.scheme() {
        "https" => {}
        "http" if may_be_plain => {}
        "http" => {
            return Some(
                "the base URL is plain http, which shows credentials to the network: \
                 use https, or allow_insecure() if you know the network",
            );
        }
        _ => return Some("the base URL has to begin with https://"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("the base URL has a user name in it: credentials do not belong there");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Some("the base URL has a query or fragment: it has to end with the host or a path");
    }
    None
}

fn is_loopback(host: &str) -> bool {
    let ip = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || ip.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, String> {
        let parsed = BaseUrl::parse(text, false);
        parsed
            .map(|url| url.text)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn takes_https_and_loopback() {
        for (text, expected) in [
            ("https://sandbox.plaid.com", "https://sandbox.plaid.com"),
            (
                "https://gateway.example/plaid//",
                "https://gateway.example/plaid",
            ),
            ("http://localhost:4010/", "http://localhost:4010"),
            ("http://127.0.0.1:1", "http://127.0.0.1:1"),
            ("http://[::1]:1", "http://[::1]:1"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn refuses_the_rest_without_quoting_it() {
        for text in [
            "planted",
            "",
            "ftp://planted.example",
            "http://planted.example",
            "http://127.0.0.1.planted.example",
            "http://localhost.planted.example",
            "https://planted:pw@host.example",
            "https://host.example/?key=planted",
            "https://host.example/#planted",
        ] {
            let problem = parse(text).unwrap_err();
            assert!(!problem.contains("planted"), "{problem}");
        }
        assert!(BaseUrl::parse("http://plain.example", true).is_ok());
    }

    #[test]
    fn knows_two_environments() {
        assert_eq!("sandbox".parse(), Ok(Environment::Sandbox));
        for name in ["Sandbox", "", "development", "prod"] {
            assert!(name.parse::<Environment>().is_err());
        }
    }
}
