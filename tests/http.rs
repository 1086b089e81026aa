//! A client for plain HTTP, for tests that look at bytes.

/// reqwest is compiled once for the whole workspace, with the TLS that `plaid` turns on, and
/// then wants a provider even where TLS is not used.
pub(crate) fn builder() -> reqwest::ClientBuilder {
    // Of the tests of one program the first installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy()
}

/// A client without any settings.
#[allow(dead_code, reason = "some tests have settings")]
pub(crate) fn client() -> reqwest::Client {
    builder().build().unwrap()
}
