//! A webhook of any type: how it is read, and what can be said of it.

use std::time::SystemTime;

use bytes::Bytes;

use super::envelope::Envelope;
use super::{Fingerprint, Webhook, WebhookDecodeError};

impl Webhook {
    /// Reads a body **without asking whether Plaid sent it**: for tests, and for what
    /// was verified before it was put into a queue.
    ///
    /// ```
    /// use plaid::webhook::{ItemWebhook, Webhook};
    ///
    /// let body = br#"{"webhook_type": "ITEM", "webhook_code": "LOGIN_REPAIRED",
    ///     "item_id": "an-item", "environment": "production"}"#;
    /// let webhook = Webhook::parse_unverified(body)?;
    /// assert_eq!(webhook.item_id(), Some("an-item"));
    /// assert!(matches!(webhook, Webhook::Item(ItemWebhook::LoginRepaired(_))));
    /// # Ok::<(), plaid::webhook::WebhookDecodeError>(())
    /// ```
    ///
    /// # Errors
    /// When the body is no JSON object, or does not fit the type of its type and code.
    #[inline]
    pub fn parse_unverified(
        body: &(impl AsRef<[u8]> + ?Sized),
    ) -> Result<Self, WebhookDecodeError> {
        Self::read(&Bytes::copy_from_slice(body.as_ref()), None)
    }

    #[inline]
    pub(super) fn read(
        raw: &Bytes,
        issued_at: Option<SystemTime>,
    ) -> Result<Self, WebhookDecodeError> {
        Self::dispatch(Envelope::open(raw, issued_at)?)
    }

    /// What it is about, such as `TRANSACTIONS`; empty where it does not say.
    #[inline]
    pub fn webhook_type(&self) -> &str {
        &self.meta().webhook_type
    }

    /// What has happened, such as `SYNC_UPDATES_AVAILABLE`; empty where it does not say.
    #[inline]
    pub fn webhook_code(&self) -> &str {
        &self.meta().webhook_code
    }

    /// The Item that it is about, if it names one.
    #[inline]
    pub fn item_id(&self) -> Option<&str> {
        self.meta().item_id.as_deref()
    }

    /// The account that it is about, if it names one.
    #[inline]
    pub fn account_id(&self) -> Option<&str> {
        self.meta().account_id.as_deref()
    }

    /// The user that it is about, if it names one.
    #[inline]
    pub fn user_id(&self) -> Option<&str> {
        self.meta().user_id.as_deref()
    }

    /// The environment that sent it, `sandbox` or `production`; a few do not say.
    #[inline]
    pub fn environment(&self) -> Option<&str> {
        self.meta().environment.as_deref()
    }

    /// When Plaid signed this delivery; `None` for what was not verified.
    ///
    /// A repetition is signed again, so this is not when the event happened.
    #[inline]
    pub fn issued_at(&self) -> Option<SystemTime> {
        self.meta().issued_at
    }

    /// The body as it came, to the byte. It may hold tokens: do not log it.
    #[inline]
    pub fn raw(&self) -> &Bytes {
        &self.meta().raw
    }

    /// What tells a repetition from something new.
    #[inline]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.raw())
    }
}
