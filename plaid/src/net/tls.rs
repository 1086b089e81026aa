//! TLS by rustls: which cryptography, and which trust roots.
//!
//! reqwest would choose AWS-LC, which is written in C and takes longer to build than the rest
//! of a small program, or what the whole process has installed: a library does not decide
//! that for its users. The guide has the choices with their build times and sizes.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

use crate::config::ConfigError;

type Result<T> = std::result::Result<T, ConfigError>;

/// TLS 1.2 and 1.3, without client certificates, over HTTP/1.1.
pub(crate) fn client_config() -> Result<ClientConfig> {
    let config = trusting(start()?)?;
    Ok(finish(config))
}

/// A configuration that trusts nobody, for a client that never speaks TLS: reading the
/// platform's roots takes several milliseconds.
pub(crate) fn unused() -> Result<ClientConfig> {
    let config = start()?.with_root_certificates(RootCertStore::empty());
    Ok(finish(config.with_no_client_auth()))
}

type Start = ConfigBuilder<ClientConfig, WantsVerifier>;

fn start() -> Result<Start> {
    ClientConfig::builder_with_provider(provider()?)
        .with_safe_default_protocol_versions()
        .map_err(|_| {
            ConfigError::new("the installed TLS provider supports neither TLS 1.2 nor 1.3")
        })
}

fn finish(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

#[cfg(feature = "bundled-roots")]
fn trusting(start: Start) -> Result<ClientConfig> {
    let roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
    let config = start.with_root_certificates(RootCertStore { roots });
    Ok(config.with_no_client_auth())
}

#[cfg(not(feature = "bundled-roots"))]
fn trusting(start: Start) -> Result<ClientConfig> {
    let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(start.crypto_provider()));
    let verifier = verifier.map_err(|_| {
        ConfigError::new(
            "the platform's trust roots could not be read: install its CA certificates, or \
             turn on the feature `bundled-roots`",
        )
    })?;
    let config = start.dangerous();
    let config = config.with_custom_certificate_verifier(Arc::new(verifier));
    Ok(config.with_no_client_auth())
}

/// What the process has installed, or else what this crate's features name.
fn provider() -> Result<Arc<CryptoProvider>> {
    let installed = CryptoProvider::get_default().map(Arc::clone);
    installed.or_else(built_in).ok_or_else(|| {
        ConfigError::new(
            "no TLS provider is installed: turn on the feature `rustls-ring` or \
             `rustls-aws-lc-rs`, or install one with `CryptoProvider::install_default`",
        )
    })
}

#[cfg(feature = "rustls-aws-lc-rs")]
fn built_in() -> Option<Arc<CryptoProvider>> {
    Some(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
}

#[cfg(all(feature = "rustls-ring", not(feature = "rustls-aws-lc-rs")))]
fn built_in() -> Option<Arc<CryptoProvider>> {
    Some(Arc::new(rustls::crypto::ring::default_provider()))
}

#[cfg(not(any(feature = "rustls-ring", feature = "rustls-aws-lc-rs")))]
fn built_in() -> Option<Arc<CryptoProvider>> {
    None
}
