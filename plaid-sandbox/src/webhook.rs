//! Webhooks: signed with the emulator's own key, sent to loopback only.

use std::{
    collections::{BTreeMap, VecDeque},
    iter,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use url::Url;

use crate::{ids::Ids, lock, post::Post, server::App};

/// Deliveries that may wait for their turn; more are dropped, so that a caller
/// who fires without end cannot fill the memory.
pub(crate) const BACKLOG: usize = 256;

/// A webhook on its way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Delivery {
    /// Under which it is written down, if it is.
    pub(crate) number: Option<u64>,
    #[serde(with = "address")]
    pub(crate) url: Url,
    pub(crate) kind: String,
    pub(crate) code: String,
    #[serde(with = "text")]
    pub(crate) body: Vec<u8>,
}

/// An address in the data file.
mod address {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use super::Url;

    pub(super) fn serialize<S: Serializer>(url: &Url, serializer: S) -> Result<S::Ok, S::Error> {
        url.as_str().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
        Url::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A body in the data file. Bodies are JSON, so they are text.
mod text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error};

    pub(super) fn serialize<S: Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        std::str::from_utf8(body)
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        String::deserialize(deserializer).map(String::into_bytes)
    }
}

/// Where an Item's webhook leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Not an address that a webhook could be sent to.
    Invalid,
    /// Beyond this machine; nothing is ever sent there.
    Elsewhere,
    Loopback(Url),
}

impl Destination {
    pub(crate) fn of(address: &str) -> Self {
        let Ok(url) = Url::parse(address) else {
            return Self::Invalid;
        };
        let Some(host) = url
            .host_str()
            .filter(|_| matches!(url.scheme(), "http" | "https"))
        else {
            return Self::Invalid;
        };
        if url.scheme() == "http" && matches!(host, "127.0.0.1" | "[::1]" | "localhost") {
            Self::Loopback(url)
        } else {
            Self::Elsewhere
        }
    }
}

/// The key that signs webhooks, with the time since which it is known.
#[derive(Debug)]
pub(crate) struct Signer {
    key: plaid_common::signer::Signer,
    created_at: i64,
}

/// A [`Signer`] in the data file.
#[derive(Serialize, Deserialize)]
pub(crate) struct SignerRecord {
    key: String,
    key_id: String,
    created_at: i64,
}

impl Signer {
    pub(crate) fn new(ids: &mut Ids) -> Self {
        let key = plaid_common::signer::Signer::new(|| ids.bytes());
        Self {
            key: key.with_key_id(ids.uuid()),
            created_at: Utc::now().timestamp(),
        }
    }

    /// The key of an earlier run, which receivers may have at hand.
    pub(crate) fn restore(kept: &SignerRecord) -> Option<Self> {
        let key = plaid_common::signer::Signer::restore(&kept.key, kept.key_id.clone())?;
        Some(Self {
            key,
            created_at: kept.created_at,
        })
    }

    /// The key as it is written down.
    pub(crate) fn record(&self) -> SignerRecord {
        SignerRecord {
            key: self.key.secret(),
            key_id: self.key_id().to_owned(),
            created_at: self.created_at,
        }
    }

    pub(crate) fn key_id(&self) -> &str {
        self.key.key_id()
    }

    /// The public half, as `/webhook_verification_key/get` answers it.
    pub(crate) fn public_key(&self) -> Value {
        let [x, y] = self.key.coordinates();
        json!({
            "alg": "ES256",
            "created_at": self.created_at,
            "crv": "P-256",
            "expired_at": null,
            "kid": self.key_id(),
            "kty": "EC",
            "use": "sig",
            "x": x,
            "y": y,
        })
    }

    /// The value of the header `Plaid-Verification` for a body.
    pub(crate) fn sign(&self, body: &[u8], issued_at: i64) -> String {
        self.key.sign(&Sha256::digest(body).into(), issued_at)
    }
}

/// The wait before a webhook is tried for the second time. Each further wait is
/// four times as long.
const FIRST_RETRY: TimeDelta = TimeDelta::seconds(30);
/// After this time nobody tries any more.
const RETRY_LIFE: TimeDelta = TimeDelta::hours(24);

/// A delivery that waits for its time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) at: DateTime<Utc>,
    /// When it was tried first.
    since: DateTime<Utc>,
    #[serde(with = "seconds")]
    wait: TimeDelta,
    pub(crate) delivery: Delivery,
}

/// A wait in the data file.
mod seconds {
    use chrono::TimeDelta;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        wait: &TimeDelta,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        wait.num_seconds().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<TimeDelta, D::Error> {
        // Longer than any wait is; four times that can still be counted.
        let seconds = i64::deserialize(deserializer)?.clamp(0, 1 << 32);
        TimeDelta::try_seconds(seconds).ok_or_else(|| D::Error::custom("no such wait"))
    }
}

impl Attempt {
    /// A delivery that leaves at once.
    pub(crate) fn first(now: DateTime<Utc>, delivery: Delivery) -> Self {
        Self {
            at: now,
            since: now,
            wait: FIRST_RETRY,
            delivery,
        }
    }

    /// The next try, counted from when this one was due: so it does not matter
    /// whether the clock ran there or was put there.
    fn again(self) -> Option<Self> {
        let at = self.at + self.wait;
        (at - self.since <= RETRY_LIFE).then(|| Self {
            at,
            since: self.since,
            wait: self.wait * 4,
            delivery: self.delivery,
        })
    }
}

/// Sends what an earlier run has left and what is put into the queue, one after another, until the queue is
/// closed. What a receiver does not answer with 200 in time is sent again, at the
/// times of the emulator's clock at which Plaid does so.
pub(crate) async fn deliver(
    mut queue: mpsc::Receiver<Delivery>,
    client: Post,
    left: Vec<Attempt>,
    app: Arc<App>,
) {
    let (signer, clock) = {
        let state = lock(&app.state);
        (Arc::clone(&state.signer), state.clock.clone())
    };
    let mut number = 0;
    let mut waiting: BTreeMap<(DateTime<Utc>, u64), Attempt> = BTreeMap::new();
    for attempt in left {
        number += 1;
        waiting.insert((attempt.at, number), attempt);
    }
    loop {
        let next = waiting.keys().next().copied();
        let due = async {
            match next {
                Some((at, _)) => clock.reached(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // What is new joins the line before the next leaves it.
            biased;
            delivery = queue.recv() => {
                let Some(delivery) = delivery else { return };
                number += 1;
                let now = clock.now();
                if waiting.len() < BACKLOG {
                    waiting.insert((now, number), Attempt::first(now, delivery));
                } else {
                    app.keep_webhook(delivery.number, None);
                }
            }
            () = due => {
                let Some((_, attempt)) = waiting.pop_first() else { continue };
                let status = send(&client, &signer, &attempt.delivery).await;
                app.mail.note(&attempt.delivery, status);
                number += 1;
                let kept = attempt.delivery.number;
                let again = (status != Some(200)).then(|| attempt.again()).flatten();
                app.keep_webhook(kept, again.as_ref());
                if let Some(again) = again {
                    waiting.insert((again.at, number), again);
                }
            }
        }
    }
}

/// The status that the receiver answered with, if it answered.
async fn send(client: &Post, signer: &Signer, delivery: &Delivery) -> Option<u16> {
    // The real time: it is what receivers compare the age of the signature with.
    let token = signer.sign(&delivery.body, Utc::now().timestamp());
    client.send(&delivery.url, &token, &delivery.body).await
}

/// A try to deliver a webhook. It says nothing about whom it was sent to and what
/// it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SentWebhook {
    /// The `webhook_type`.
    pub webhook_type: String,
    /// The `webhook_code`.
    pub webhook_code: String,
    /// What the receiver answered; `None` if it did not answer in time.
    pub status: Option<u16>,
}

/// The order in which webhooks leave that were held back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Order {
    /// As they were caused.
    #[default]
    Caused,
    /// The last first.
    Reversed,
}

/// What becomes of webhooks before they are delivered, and what became of them.
#[derive(Debug, Default)]
pub(crate) struct Mail(Mutex<Desk>);

#[derive(Debug, Default)]
struct Desk {
    /// Copies of each besides the first.
    extra: usize,
    held: Option<Vec<Delivery>>,
    sent: VecDeque<SentWebhook>,
}

/// What becomes of webhooks that were caused.
#[derive(Debug, Default)]
pub(crate) struct Sorted {
    pub(crate) leaving: Vec<Delivery>,
    /// Too many to be held back.
    pub(crate) lost: Vec<Delivery>,
}

impl Mail {
    /// Holds webhooks back, or lets them go.
    pub(crate) fn take(&self, mut outbox: Vec<Delivery>) -> Sorted {
        let mut desk = lock(&self.0);
        let extra = desk.extra;
        let Some(held) = &mut desk.held else {
            return Sorted {
                leaving: copies(outbox, extra),
                lost: Vec::new(),
            };
        };
        let room = BACKLOG.saturating_sub(held.len()).min(outbox.len());
        let lost = outbox.split_off(room);
        held.extend(outbox);
        Sorted {
            leaving: Vec::new(),
            lost,
        }
    }

    /// Each webhook is sent this many times from now on.
    pub(crate) fn copies(&self, times: usize) {
        lock(&self.0).extra = times.clamp(1, MAX_COPIES) - 1;
    }

    pub(crate) fn hold(&self) {
        lock(&self.0).held.get_or_insert_default();
    }

    pub(crate) fn release(&self, order: Order) -> Vec<Delivery> {
        let mut desk = lock(&self.0);
        let mut held = desk.held.take().unwrap_or_default();
        if order == Order::Reversed {
            held.reverse();
        }
        copies(held, desk.extra)
    }

    fn note(&self, delivery: &Delivery, status: Option<u16>) {
        let mut desk = lock(&self.0);
        if desk.sent.len() == REMEMBERED {
            desk.sent.pop_front();
        }
        desk.sent.push_back(SentWebhook {
            webhook_type: delivery.kind.clone(),
            webhook_code: delivery.code.clone(),
            status,
        });
    }

    pub(crate) fn sent(&self) -> Vec<SentWebhook> {
        lock(&self.0).sent.iter().cloned().collect()
    }
}

/// More copies than this of one webhook show nothing new.
const MAX_COPIES: usize = 10;
/// Deliveries that are remembered.
const REMEMBERED: usize = 1_000;

fn copies(outbox: Vec<Delivery>, extra: usize) -> Vec<Delivery> {
    outbox
        .into_iter()
        .flat_map(|delivery| {
            // What is written down is one webhook; its copies are for the receiver only.
            let copy = Delivery {
                number: None,
                ..delivery.clone()
            };
            iter::once(delivery).chain(iter::repeat_n(copy, extra))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier};

    use super::*;

    #[test]
    fn a_webhook_is_tried_for_a_day() {
        let start = DateTime::UNIX_EPOCH;
        let mut attempt = Some(Attempt {
            at: start,
            since: start,
            wait: FIRST_RETRY,
            delivery: Delivery {
                number: None,
                url: "http://127.0.0.1/".parse().unwrap(),
                kind: "ITEM".into(),
                code: "ERROR".into(),
                body: Vec::new(),
            },
        });
        let mut times = Vec::new();
        while let Some(due) = attempt {
            times.push((due.at - start).num_seconds());
            attempt = due.again();
        }
        assert_eq!(times, [0, 30, 150, 630, 2_550, 10_230, 40_950]);
    }

    #[test]
    fn only_loopback_is_a_destination() {
        for address in [
            "http://127.0.0.1:9/hook",
            "http://[::1]:9/",
            "http://localhost/x?y=z",
        ] {
            assert!(
                matches!(Destination::of(address), Destination::Loopback(_)),
                "{address}"
            );
        }
        for address in [
            "http://example.com",
            "https://127.0.0.1/",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://127.0.0.1@example.com/",
            "http://169.254.169.254/",
        ] {
            assert_eq!(
                Destination::of(address),
                Destination::Elsewhere,
                "{address}"
            );
        }
        for address in [
            "",
            "hook",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "http://",
        ] {
            assert_eq!(Destination::of(address), Destination::Invalid, "{address}");
        }
    }

    #[test]
    fn a_signature_verifies_with_the_public_key() {
        let signer = Signer::new(&mut Ids::new(Some(1)));
        let token = signer.sign(b"{}", 1);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature =
            Signature::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();

        let key = signer.public_key();
        let coordinate = |name: &str| {
            BASE64_URL_SAFE_NO_PAD
                .decode(key[name].as_str().unwrap())
                .unwrap()
        };
        let point = [vec![4], coordinate("x"), coordinate("y")].concat();
        VerifyingKey::from_sec1_bytes(&point)
            .unwrap()
            .verify(signed.as_bytes(), &signature)
            .unwrap();
    }
}
