//! Checking webhooks with keys that have to be asked for.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::HeaderMap;

use super::token::Token;
use super::{MAX_BODY, Webhook, WebhookError};
use crate::client::Client;
use crate::client::keys::{KeyCache, KeyFuture, KeySource};
use crate::error::{Error, ErrorCode};
use crate::products::webhooks::Webhooks;

/// Plaid waits ten seconds for an answer to a webhook.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tells genuine webhooks from others. Clones share a cache of keys.
///
/// [`Webhooks::verify`] uses one with the client's own cache. Make one by hand for keys
/// from a place of your own, another limit, or the clock of a test.
///
/// ```
/// # use plaid::webhook::{KeySource, Verifier, WebhookError};
/// # async fn example(
/// #     key_service: impl KeySource,
/// #     headers: http::HeaderMap,
/// #     body: Vec<u8>,
/// # ) -> Result<(), WebhookError> {
/// let verifier = Verifier::new(key_service).max_body(64 * 1024);
/// let webhook = verifier.verify(&headers, &body).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Verifier {
    cache: Arc<KeyCache>,
    source: Arc<dyn KeySource>,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    max_body: usize,
}

impl Verifier {
    /// A verifier with an empty cache of keys from this source.
    pub fn new(source: impl KeySource) -> Self {
        Self::with_cache(Arc::default(), Arc::new(source))
    }

    fn with_cache(cache: Arc<KeyCache>, source: Arc<dyn KeySource>) -> Self {
        Self {
            cache,
            source,
            clock: Arc::new(SystemTime::now),
            max_body: MAX_BODY,
        }
    }

    /// How many bytes a body may have: [`MAX_BODY`].
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// What time it is, in place of the clock of this machine; for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Checks and reads a webhook that is being received.
    ///
    /// Dropping the future abandons the check, and a fetch that nobody else waits for.
    ///
    /// # Errors
    /// See [`WebhookError`].
    #[inline]
    pub async fn verify(
        &self,
        headers: &HeaderMap,
        body: &(impl AsRef<[u8]> + ?Sized),
    ) -> Result<Webhook, WebhookError> {
        self.verify_received(headers, body, (self.clock)()).await
    }

    /// Checks and reads a webhook that was received some time ago, say before it was
    /// put into a queue. Its age counts up to then; its key has to be in use now.
    ///
    /// # Errors
    /// See [`WebhookError`].
    #[inline]
    pub async fn verify_received(
        &self,
        headers: &HeaderMap,
        body: &(impl AsRef<[u8]> + ?Sized),
        at: SystemTime,
    ) -> Result<Webhook, WebhookError> {
        let body = body.as_ref();
        let issued_at = self.check(headers, body, at).await?;
        Ok(Webhook::read(
            &Bytes::copy_from_slice(body),
            Some(issued_at),
        )?)
    }

    /// When the webhook was issued, if it is genuine.
    pub(super) async fn check(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        at: SystemTime,
    ) -> Result<SystemTime, WebhookError> {
        self.check_length(body.len())?;
        let token = Token::of(headers)?;
        token.check(body, at)?;
        let now = (self.clock)();
        let key = self.cache.get(&self.source, &token.key_id, now).await?;
        token.check_signature(&key)?;
        Ok(token.issued_at())
    }

    #[cfg(feature = "axum")]
    pub(super) fn limit(&self) -> usize {
        self.max_body
    }

    fn check_length(&self, length: usize) -> Result<(), WebhookError> {
        if length > self.max_body {
            return Err(WebhookError::TooLarge {
                limit: self.max_body,
            });
        }
        Ok(())
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("max_body", &self.max_body)
            .finish_non_exhaustive()
    }
}

impl Webhooks<'_> {
    /// Checks that Plaid has sent a webhook, and reads it. Hand over the body as it
    /// came, to the byte.
    ///
    /// The first webhook of a key fetches the key; see [the module](crate::webhook).
    ///
    /// ```no_run
    /// # async fn example(
    /// #     plaid: plaid::Client,
    /// #     headers: http::HeaderMap,
    /// #     body: Vec<u8>,
    /// # ) -> http::StatusCode {
    /// match plaid.webhooks().verify(&headers, &body).await {
    ///     Ok(webhook) => println!("{}", webhook.webhook_code()),
    ///     Err(error) => return error.status(),
    /// }
    /// http::StatusCode::OK
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`WebhookError`]; above all whether it
    /// [is inconclusive](WebhookError::is_inconclusive).
    #[inline]
    pub async fn verify(
        self,
        headers: &HeaderMap,
        body: &(impl AsRef<[u8]> + ?Sized),
    ) -> Result<Webhook, WebhookError> {
        self.verifier().verify(headers, body).await
    }

    /// What [`verify`](Self::verify) uses, with the client's cache of keys.
    pub fn verifier(self) -> Verifier {
        let cache = self.client.core().webhook_keys().clone();
        Verifier::with_cache(cache, Arc::new(self.client.clone()))
    }
}

impl KeySource for Client {
    fn key(&self, key_id: &str) -> KeyFuture {
        let call = self.webhooks().verification_key_get(key_id);
        Box::pin(async move {
            match call.timeout(PATIENCE).send().await {
                Ok(answer) => Ok(Some(answer.into_inner().key)),
                Err(error) if is_unknown_key(&error) => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
    }
}

fn is_unknown_key(error: &Error) -> bool {
    error.error_code() == Some(&ErrorCode::InvalidWebhookVerificationKeyId)
}
