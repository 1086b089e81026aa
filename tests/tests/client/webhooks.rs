//! Webhooks: which are believed, what each of the others is refused for, how often
//! that asks Plaid for a key, and where a body leads.

use crate::repository;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::{Bench, Receiver, hasty_client};
use axum::extract::FromRequest;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future, stream};
use plaid::types::{
    JwkPublicKey, SandboxItemFireWebhookRequestWebhookCode, SyncUpdatesAvailableWebhook,
};
use plaid::webhook::{
    AuthWebhook, BankTransfersWebhook, Fingerprint, KeyFuture, KeySet, KeySource, Signer,
    TransactionsWebhook, VerifiedWebhook, Verifier, Webhook, body,
};
use plaid::{Client, WebhookError};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};
use xtask::document::{Document, ref_name, strings, text};
use xtask::lower::names::type_name;

/// What no error and no `Debug` may show.
const PLANTED: &str = "public-sandbox-5c224a01-8314-4491-a06f-39e193d5cddc";

const HEADER: &str = "plaid-verification";

// Genuine ones.

#[tokio::test]
async fn what_the_sandbox_sends_is_believed_and_led_to_its_type() {
    let bench = Bench::start().await;
    let mut receiver = Receiver::start().await;
    let sent = fire(&bench, &mut receiver).await;
    let verified = bench.plaid.webhooks().verify(&sent.headers, &sent.body);
    let webhook = verified.await.unwrap();
    let Webhook::Transactions(TransactionsWebhook::SyncUpdatesAvailable(event)) = &webhook else {
        panic!("{webhook:?}");
    };
    assert_eq!(webhook.item_id(), Some(event.item_id.as_str()));
    assert_eq!(webhook.environment(), Some("sandbox"));
    assert_eq!(webhook.raw(), &sent.body);
    assert_eq!(event.raw(), &sent.body);
    assert!(webhook.issued_at().is_some());
    assert_eq!(webhook.fingerprint(), Fingerprint::of(&sent.body));

    // The key is not asked for again, whichever clone asks.
    let clone = bench.plaid.clone();
    clone
        .webhooks()
        .verify(&sent.headers, &sent.body)
        .await
        .unwrap();
    assert_eq!(bench.requests_of("/webhook_verification_key/get"), 1);
}

#[tokio::test]
async fn a_client_refuses_what_was_changed_on_the_way() {
    let bench = Bench::start().await;
    let mut receiver = Receiver::start().await;
    let sent = fire(&bench, &mut receiver).await;

    let mut changed = sent.body.clone();
    let at = changed.windows(4).position(|w| w == b"true").unwrap();
    changed[at] = b'T';
    let value: Value = serde_json::from_slice(&sent.body).unwrap();
    for other in [changed, serde_json::to_vec(&value).unwrap(), Vec::new()] {
        let verified = bench.plaid.webhooks().verify(&sent.headers, &other).await;
        assert!(
            matches!(verified, Err(WebhookError::BodyDiffers)),
            "{verified:?}"
        );
    }
}

async fn fire(bench: &Bench, receiver: &mut Receiver) -> Request {
    let options = plaid::types::SandboxPublicTokenCreateRequestOptions {
        webhook: Some(receiver.url()),
        ..Default::default()
    };
    let access_token = bench.item_with(&["transactions"], options).await;
    let code = SandboxItemFireWebhookRequestWebhookCode::SyncUpdatesAvailable;
    let fire = bench.plaid.sandbox().item_fire_webhook(&access_token, code);
    fire.await.unwrap();
    receiver.next_of("SYNC_UPDATES_AVAILABLE").await
}

/// What a user's own test does.
#[tokio::test]
async fn a_typed_event_can_be_signed_delivered_and_verified() {
    let signer = Signer::new();
    let event = SyncUpdatesAvailableWebhook {
        webhook_type: "TRANSACTIONS".to_owned(),
        webhook_code: "SYNC_UPDATES_AVAILABLE".to_owned(),
        item_id: "an-item".to_owned(),
        environment: "sandbox".into(),
        initial_update_complete: true,
        historical_update_complete: false,
        user_id: None,
    };
    let body = body(&event).unwrap();
    assert!(body.starts_with(b"{\n  \""), "indented by two spaces");
    let headers = signer.headers(&body, SystemTime::now());
    let webhook = signer.verifier().verify(&headers, &body).await.unwrap();
    assert!(matches!(
        webhook,
        Webhook::Transactions(TransactionsWebhook::SyncUpdatesAvailable(event))
            if event.initial_update_complete && !event.historical_update_complete
    ));
}

#[test]
fn a_program_without_a_runtime_verifies_too() {
    let signer = Signer::new();
    let headers = signer.headers(EVENT, SystemTime::now());
    let verifier = std::sync::Arc::new(signer.verifier());
    // What is waited for runs on another thread, so it owns what it needs.
    let verify = |body: &'static [u8]| {
        let (verifier, headers) = (verifier.clone(), headers.clone());
        plaid::blocking::run(async move { verifier.verify(&headers, body).await })
    };
    let webhook = verify(EVENT).unwrap().unwrap();
    assert_eq!(webhook.webhook_code(), "LOGIN_REPAIRED");
    let outcome = verify(b"{}").unwrap();
    assert!(matches!(outcome, Err(WebhookError::BodyDiffers)));
}

// Others, each with its own outcome.

#[test]
fn each_header_that_is_not_plaids_is_refused_for_what_it_is() {
    let signer = Signer::new();
    let kid = signer.key_id();
    let header = |alg: &str| json!({ "alg": alg, "kid": kid, "typ": "JWT" }).to_string();
    let claims = claims(EVENT, NOW);
    let good = signer.sign(EVENT, at(NOW));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);

    let verify = |header: &str| verify_value(&signer, HeaderValue::from_str(header).unwrap());
    assert!(verify(&good).is_ok());

    // By the rules of the tokens `none` has no signature, and HS256 has one made with
    // what everybody knows.
    let unsigned = format!("{}.{}.", encode(&header("none")), encode(&claims));
    for token in [
        unsigned,
        signer.sign_parts(&header("none"), &claims),
        hs256(&signer, &claims),
        signer.sign_parts(&header("es256"), &claims),
        signer.sign_parts(&header("ES384"), &claims),
        signer.sign_parts(&header("RS256"), &claims),
        signer.sign_parts(&header(""), &claims),
    ] {
        let outcome = verify(&token);
        assert!(
            matches!(outcome, Err(WebhookError::WrongAlgorithm)),
            "{token}: {outcome:?}"
        );
    }

    let other = |node: Value| signer.sign_parts(&node.to_string(), &claims);
    let claiming = |node: Value| signer.sign_parts(&header("ES256"), &node.to_string());
    let hash = Fingerprint::of(EVENT).to_string();
    for token in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "Bearer x".to_owned(),
        signed.to_owned(),
        format!("{signed}."),
        format!("{signed}.AAAA"),
        format!("{signed}.{signature}=="),
        format!("{signed}.{signature}.{signature}"),
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode([0; 64])),
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode([255; 64])),
        format!(" {good} x"),
        format!("{good}{}", "A".repeat(3000)),
        other(json!({ "kid": kid })),
        other(json!({ "alg": 1, "kid": kid })),
        other(json!({ "alg": "ES256" })),
        other(json!({ "alg": "ES256", "kid": null })),
        other(json!({ "alg": "ES256", "kid": "" })),
        other(json!({ "alg": "ES256", "kid": "a b" })),
        other(json!({ "alg": "ES256", "kid": "../secret" })),
        other(json!({ "alg": "ES256", "kid": "k".repeat(129) })),
        other(json!({ "alg": "ES256", "kid": kid, "crit": ["b64"], "b64": false })),
        other(json!(["ES256", kid])),
        signer.sign_parts(
            &format!(r#"{{"alg":"ES256","alg":"none","kid":"{kid}"}}"#),
            &claims,
        ),
        signer.sign_parts("not json", &claims),
        signer.sign_parts(&header("ES256"), "not json"),
        claiming(json!({ "request_body_sha256": hash })),
        claiming(json!({ "iat": "1", "request_body_sha256": hash })),
        claiming(json!({ "iat": 1.5, "request_body_sha256": hash })),
        claiming(json!({ "iat": NOW })),
        claiming(json!({ "iat": NOW, "request_body_sha256": hash.to_uppercase() })),
        claiming(json!({ "iat": NOW, "request_body_sha256": &hash[1..] })),
        claiming(json!({ "iat": NOW, "request_body_sha256": format!("{hash}00") })),
        claiming(json!([NOW, hash])),
        claiming(json!({ "iat": NOW, "request_body_sha256": "" })),
    ] {
        let outcome = verify(&token);
        let refused = matches!(outcome, Err(WebhookError::MalformedHeader { .. }));
        assert!(refused, "{token}: {outcome:?}");
    }
    let outcome = verify_value(&signer, HeaderValue::from_bytes(b"\xff.\xfe.\xfd").unwrap());
    assert!(matches!(outcome, Err(WebhookError::MalformedHeader { .. })));

    let outcome = signer.keys().verify(&HeaderMap::new(), EVENT, at(NOW));
    assert!(matches!(outcome, Err(WebhookError::MissingHeader)));
    let mut twice = signer.headers(EVENT, at(NOW));
    twice.append(HEADER, HeaderValue::from_str(&good).unwrap());
    let outcome = signer.keys().verify(&twice, EVENT, at(NOW));
    assert!(matches!(outcome, Err(WebhookError::MalformedHeader { .. })));
}

/// A token whose MAC is made with the public key.
fn hs256(signer: &Signer, claims: &str) -> String {
    let header = json!({ "alg": "HS256", "kid": signer.key_id(), "typ": "JWT" }).to_string();
    let key = signer.jwk();
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!(
        "{}.{}",
        encode(header.as_bytes()),
        encode(claims.as_bytes())
    );
    // The inner and outer hash of HMAC; the key has less than a block.
    let padded = |pad: u8| -> Vec<u8> {
        let mut block = [pad; 64];
        let bytes = format!("{}{}", key.x, key.y);
        for (place, byte) in block.iter_mut().zip(&bytes.as_bytes()[..64]) {
            *place ^= byte;
        }
        block.to_vec()
    };
    let inner = Fingerprint::of(&[padded(0x36), signed.clone().into_bytes()].concat());
    let mac = Fingerprint::of(&[padded(0x5c), inner.as_bytes().to_vec()].concat());
    format!("{signed}.{}", encode(mac.as_bytes()))
}

#[test]
fn a_signature_of_another_key_or_of_other_parts_is_refused() {
    let (signer, stranger) = (Signer::new(), Signer::new());
    let header = json!({ "alg": "ES256", "kid": signer.key_id() }).to_string();
    let forged = stranger.sign_parts(&header, &claims(EVENT, NOW));
    let outcome = verify_value(&signer, HeaderValue::from_str(&forged).unwrap());
    assert!(
        matches!(outcome, Err(WebhookError::BadSignature)),
        "{outcome:?}"
    );

    // The signature of one token under the claims of another.
    let other = signer.sign(b"{}", at(NOW));
    let good = signer.sign(EVENT, at(NOW));
    let mixed = format!(
        "{}.{}",
        good.rsplit_once('.').unwrap().0,
        other.rsplit_once('.').unwrap().1
    );
    let outcome = verify_value(&signer, HeaderValue::from_str(&mixed).unwrap());
    assert!(
        matches!(outcome, Err(WebhookError::BadSignature)),
        "{outcome:?}"
    );

    let outcome = KeySet::new().verify(&signer.headers(EVENT, at(NOW)), EVENT, at(NOW));
    assert!(
        matches!(outcome, Err(WebhookError::UnknownKey)),
        "{outcome:?}"
    );
    let expired = signer.clone().expired();
    let outcome = expired
        .keys()
        .verify(&signer.headers(EVENT, at(NOW)), EVENT, at(NOW));
    assert!(
        matches!(outcome, Err(WebhookError::ExpiredKey)),
        "{outcome:?}"
    );
}

#[test]
fn what_is_older_than_five_minutes_or_a_minute_ahead_is_refused() {
    let signer = Signer::new();
    let outcome = |issued: u64| {
        let headers = signer.headers(EVENT, at(issued));
        signer.keys().verify(&headers, EVENT, at(NOW))
    };
    for accepted in [NOW - 300, NOW, NOW + 60] {
        assert!(outcome(accepted).is_ok());
        assert_eq!(outcome(accepted).unwrap().issued_at(), Some(at(accepted)));
    }
    for old in [NOW - 301, NOW - 86_400, 0] {
        assert!(matches!(outcome(old), Err(WebhookError::TooOld)), "{old}");
    }
    for early in [NOW + 61, NOW + 86_400] {
        assert!(
            matches!(outcome(early), Err(WebhookError::FromTheFuture)),
            "{early}"
        );
    }
    let header = json!({ "alg": "ES256", "kid": signer.key_id() }).to_string();
    let hash = Fingerprint::of(EVENT).to_string();
    for (iat, is_old) in [(i64::MIN, true), (i64::MAX, false)] {
        let claims = json!({ "iat": iat, "request_body_sha256": hash }).to_string();
        let token = signer.sign_parts(&header, &claims);
        let outcome = verify_value(&signer, HeaderValue::from_str(&token).unwrap());
        match outcome {
            Err(WebhookError::TooOld) => assert!(is_old),
            Err(WebhookError::FromTheFuture) => assert!(!is_old),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_body_of_ten_megabytes_is_refused_before_anything_is_asked() {
    let server = KeyServer::start().await;
    let signer = server.signer();
    let body = vec![b' '; 10_000_000];
    let headers = signer.headers(&body, SystemTime::now());
    let outcome = server.plaid.webhooks().verify(&headers, &body).await;
    assert!(
        matches!(outcome, Err(WebhookError::TooLarge { .. })),
        "{outcome:?}"
    );
    assert_eq!(outcome.unwrap_err().status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(server.fetches().await, 0);

    let large = server.plaid.webhooks().verifier().max_body(20_000_000);
    let outcome = large.verify(&headers, &body).await;
    assert!(
        matches!(outcome, Err(WebhookError::Decode(_))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn neither_errors_nor_debug_show_what_was_sent() {
    let server = KeyServer::start().await;
    let signer = server.signer();
    let event = json!({
        "webhook_type": "LINK", "webhook_code": "ITEM_ADD_RESULT", "environment": "sandbox",
        "link_session_id": "session", "link_token": PLANTED, "public_token": PLANTED,
    });
    let good = body(&event).unwrap();
    let unknown = json!({ "webhook_type": PLANTED, "webhook_code": PLANTED, "token": PLANTED });
    let unknown = body(&unknown).unwrap();
    let misfit = json!({
        "webhook_type": "LINK", "webhook_code": "ITEM_ADD_RESULT", "environment": "sandbox",
        "link_session_id": [PLANTED], "link_token": PLANTED, "public_token": PLANTED,
    });
    let misfit = body(&misfit).unwrap();

    let now = SystemTime::now();
    let old = now - Duration::from_secs(1_000);
    let signed = |body: &[u8]| signer.headers(body, now);
    let mut forged = signed(&good);
    forged.insert(HEADER, HeaderValue::from_str(PLANTED).unwrap());
    let stranger = Signer::new();
    let mut count = 0;
    for (headers, body) in [
        (signed(&good), &good),
        (signed(&unknown), &unknown),
        (signed(&misfit), &misfit),
        (signer.headers(&good, old), &good),
        (stranger.headers(&good, now), &good),
        (signed(b"{}"), &good),
        (forged, &good),
    ] {
        let outcome = server.plaid.webhooks().verify(&headers, body).await;
        let mut shown = format!("{outcome:?}");
        if let Err(error) = &outcome {
            shown += &error.to_string();
            count += 1;
        }
        assert!(!shown.contains("5c224a01"), "{shown}");
    }
    assert_eq!(count, 5);
    let debug = format!("{:?} {signer:?} {:?}", signer.verifier(), signer.keys());
    assert!(!debug.contains(&signer.jwk().x), "{debug}");
}

// Keys.

/// Nobody can say whether it is genuine, so it has to come again.
#[tokio::test]
async fn while_the_key_cannot_be_fetched_nothing_is_called_forged() {
    let server = KeyServer::start().await;
    let signer = server.signer();
    let time = Time::new();
    let verifier = server.plaid.webhooks().verifier().clock(time.clock());
    let deliver = || {
        let (verifier, headers) = (verifier.clone(), signer.headers(EVENT, time.now()));
        async move { verifier.verify(&headers, EVENT).await }
    };
    server.answer(Answer::Broken);
    let error = deliver().await.unwrap_err();
    assert!(error.is_inconclusive() && !error.is_genuine(), "{error:?}");
    assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
    let WebhookError::KeyUnavailable(why) = &error else {
        panic!("{error:?}")
    };
    assert!(why.cause().is_some() && !why.is_limited());
    let fetches = server.fetches().await;

    // Not asked again at once, even by a thousand deliveries.
    server.answer(Answer::Honest);
    for _ in 0..10 {
        assert!(deliver().await.unwrap_err().is_inconclusive());
    }
    assert_eq!(server.fetches().await, fetches);
    time.pass(5);
    deliver().await.unwrap();
    assert_eq!(server.fetches().await, fetches + 1);
}

#[tokio::test]
async fn a_key_server_that_is_not_there_is_inconclusive() {
    let gone = MockServer::start().await;
    let plaid = hasty_client(&gone.uri(), "id", "secret");
    drop(gone);
    let headers = Signer::new().headers(EVENT, SystemTime::now());
    let error = plaid.webhooks().verify(&headers, EVENT).await.unwrap_err();
    assert!(error.is_inconclusive(), "{error:?}");
}

#[tokio::test]
async fn a_key_that_is_not_what_was_asked_for_checks_nothing() {
    let changes: [fn(&mut JwkPublicKey); 9] = [
        |key| key.kid = "another".to_owned(),
        |key| key.alg = "RS256".to_owned(),
        |key| key.crv = "P-384".to_owned(),
        |key| key.kty = "RSA".to_owned(),
        |key| key.use_ = "enc".to_owned(),
        |key| key.x = "AAAA".to_owned(),
        |key| key.x = "?".to_owned(),
        |key| std::mem::swap(&mut key.x, &mut key.y),
        |key| key.y = String::new(),
    ];
    for change in changes {
        let server = KeyServer::start().await;
        let signer = server.signer();
        server.change_keys(change);
        let headers = signer.headers(EVENT, SystemTime::now());
        let error = server
            .plaid
            .webhooks()
            .verify(&headers, EVENT)
            .await
            .unwrap_err();
        assert!(error.is_inconclusive(), "{error:?}");
        let mut keys = KeySet::new();
        let mut key = signer.jwk();
        change(&mut key);
        let known = keys.insert(&key).is_ok();
        assert!(!known || key.kid == "another");
    }
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_once_in_five_minutes() {
    let server = KeyServer::start().await;
    let time = Time::new();
    let verifier = server.plaid.webhooks().verifier().clock(time.clock());
    let stranger = Signer::new();
    for (after, fetches) in [(0, 1), (299, 1), (1, 2)] {
        time.pass(after);
        let headers = stranger.headers(EVENT, time.now());
        let outcome = verifier.verify(&headers, EVENT).await;
        assert!(
            matches!(outcome, Err(WebhookError::UnknownKey)),
            "{outcome:?}"
        );
        assert_eq!(outcome.unwrap_err().status(), StatusCode::UNAUTHORIZED);
        assert_eq!(server.fetches().await, fetches);
    }
}

#[tokio::test]
async fn keys_rotate_and_an_expired_one_is_noticed() {
    let server = KeyServer::start().await;
    let time = Time::new();
    let verifier = server.plaid.webhooks().verifier().clock(time.clock());
    let outcome = |signer: &Signer| {
        let (verifier, headers) = (verifier.clone(), signer.headers(EVENT, time.now()));
        async move { verifier.verify(&headers, EVENT).await }
    };
    let old = server.signer();
    outcome(&old).await.unwrap();
    // A new key is believed at once, beside the old one.
    let new = server.signer();
    outcome(&new).await.unwrap();
    outcome(&old).await.unwrap();
    assert_eq!(server.fetches().await, 2);

    let expired = old.key_id().to_owned();
    server.change_keys(|key| {
        if key.kid == expired {
            key.expired_at = Some(1);
        }
    });
    time.pass(15 * 60 - 1);
    outcome(&old).await.unwrap();
    assert_eq!(server.fetches().await, 2);
    time.pass(1);
    let error = outcome(&old).await.unwrap_err();
    assert!(matches!(error, WebhookError::ExpiredKey), "{error:?}");
    outcome(&new).await.unwrap();
    // That it has expired is remembered too.
    assert!(outcome(&old).await.is_err());
    assert_eq!(server.fetches().await, 4);
}

/// Anybody can send these, and each names another key.
#[tokio::test]
async fn a_hundred_thousand_made_up_keys_cause_five_fetches_and_lock_nobody_out() {
    let server = KeyServer::start().await;
    let time = Time::new();
    let verifier = server.plaid.webhooks().verifier().clock(time.clock());
    let known = server.signer();
    let headers = known.headers(EVENT, time.now());
    verifier.verify(&headers, EVENT).await.unwrap();

    let (mut unknown, mut limited) = (0, 0);
    let template = known.sign(EVENT, time.now());
    let (_, tail) = template.split_once('.').unwrap();
    for number in 0..100_000 {
        let header = format!(r#"{{"alg":"ES256","kid":"00000000-{number:08}"}}"#);
        let token = format!("{}.{tail}", BASE64_URL_SAFE_NO_PAD.encode(header));
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_str(&token).unwrap());
        match verifier.verify(&headers, EVENT).await {
            Err(WebhookError::UnknownKey) => unknown += 1,
            Err(WebhookError::KeyUnavailable(why)) if why.is_limited() => limited += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((unknown, limited), (5, 99_995));
    assert_eq!(server.fetches().await, 6);

    // Keys that are known go on working in the middle of it.
    verifier.verify(&headers, EVENT).await.unwrap();
    // A new one could not be checked, which is not to say that it is forged.
    let new = server.signer();
    let headers = new.headers(EVENT, time.now());
    assert!(
        verifier
            .verify(&headers, EVENT)
            .await
            .unwrap_err()
            .is_inconclusive()
    );
    // Plaid delivers again after half a minute.
    time.pass(30);
    verifier.verify(&headers, EVENT).await.unwrap();
    assert_eq!(server.fetches().await, 7);
}

/// By the client's own clock, and with nothing set.
#[tokio::test]
async fn made_up_keys_cost_a_client_a_handful_of_fetches() {
    let server = KeyServer::start().await;
    let template = Signer::new().sign(EVENT, SystemTime::now());
    let (_, tail) = template.split_once('.').unwrap();
    let attempts = (0..500).map(|number| {
        let header = format!(r#"{{"alg":"ES256","kid":"made-up-{number}"}}"#);
        let token = format!("{}.{tail}", BASE64_URL_SAFE_NO_PAD.encode(header));
        let plaid = server.plaid.clone();
        async move {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_str(&token).unwrap());
            plaid.webhooks().verify(&headers, EVENT).await.unwrap_err()
        }
    });
    stream::iter(attempts)
        .buffer_unordered(50)
        .collect::<Vec<_>>()
        .await;
    let fetches = server.fetches().await;
    assert!((5..10).contains(&fetches), "{fetches}");
}

#[tokio::test]
async fn a_hundred_deliveries_at_once_ask_for_their_new_key_once() {
    let gate = Gate::new();
    let verifier = Verifier::new(gate.clone());
    let headers = gate.signer.headers(EVENT, SystemTime::now());
    let deliveries = (0..100).map(|_| verifier.verify(&headers, EVENT));
    let mut all = future::join_all(deliveries);
    // All of them are waiting.
    assert!((&mut all).now_or_never().is_none());
    gate.open();
    for outcome in all.await {
        outcome.unwrap();
    }
    assert_eq!(gate.asked(), 1);
}

#[tokio::test]
async fn a_check_that_is_dropped_in_the_middle_leaves_nothing_behind() {
    let gate = Gate::new();
    let verifier = Verifier::new(gate.clone());
    let headers = gate.signer.headers(EVENT, SystemTime::now());
    for _ in 0..3 {
        assert!(verifier.verify(&headers, EVENT).now_or_never().is_none());
    }
    // Whoever waits with one that is dropped is not left alone.
    let mut first = Box::pin(verifier.verify(&headers, EVENT));
    let mut second = Box::pin(verifier.verify(&headers, EVENT));
    assert!((&mut first).now_or_never().is_none());
    assert!((&mut second).now_or_never().is_none());
    drop(first);
    gate.open();
    second.await.unwrap();
    assert_eq!(gate.asked(), 4);
    verifier.verify(&headers, EVENT).await.unwrap();
    assert_eq!(gate.asked(), 4);
}

// Queues.

#[tokio::test]
async fn what_was_received_in_time_can_be_verified_later() {
    let time = Time::new();
    let signer = Signer::new();
    let verifier = signer.verifier().clock(time.clock());
    let received = time.now();
    let headers = signer.headers(EVENT, received);
    time.pass(3_600);
    let late = verifier.verify(&headers, EVENT).await;
    assert!(matches!(late, Err(WebhookError::TooOld)));
    verifier
        .verify_received(&headers, EVENT, received)
        .await
        .unwrap();
}

#[test]
fn a_repetition_has_the_fingerprint_of_the_first_and_another_event_has_not() {
    let signer = Signer::new();
    let read = |body: &[u8], issued: u64| {
        let headers = signer.headers(body, at(issued));
        signer.keys().verify(&headers, body, at(issued)).unwrap()
    };
    let first = read(EVENT, NOW);
    let again = read(EVENT, NOW + 30);
    assert_eq!(first.fingerprint(), again.fingerprint());
    assert_ne!(first.issued_at(), again.issued_at());
    let text = std::str::from_utf8(EVENT).unwrap();
    let other = text.replace("an-item", "another-item");
    assert_ne!(
        first.fingerprint(),
        read(other.as_bytes(), NOW).fingerprint()
    );
    // It can be stored.
    let stored = *first.fingerprint().as_bytes();
    assert_eq!(Fingerprint::from(stored), first.fingerprint());
    assert_eq!(first.fingerprint().to_string().len(), 64);
}

// axum.

#[tokio::test]
async fn an_axum_server_receives_what_the_sandbox_sends() {
    let bench = Bench::start().await;
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let receive = async move |VerifiedWebhook(webhook): VerifiedWebhook| {
        sender.send(webhook).unwrap();
    };
    let app = axum::Router::new().route("/hook", axum::routing::post(receive));
    let app = app.with_state(bench.plaid.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });

    let options = plaid::types::SandboxPublicTokenCreateRequestOptions {
        webhook: Some(url.clone()),
        ..Default::default()
    };
    let access_token = bench.item_with(&["transactions"], options).await;
    let code = SandboxItemFireWebhookRequestWebhookCode::DefaultUpdate;
    bench
        .plaid
        .sandbox()
        .item_fire_webhook(&access_token, code)
        .await
        .unwrap();
    let webhook = loop {
        let webhook = received.recv().await.unwrap();
        if webhook.webhook_code() == "DEFAULT_UPDATE" {
            break webhook;
        }
    };
    assert!(matches!(
        webhook,
        Webhook::Transactions(TransactionsWebhook::DefaultUpdate(_))
    ));
    let body: Value = serde_json::from_slice(webhook.raw()).unwrap();
    assert_eq!(body["webhook_code"], "DEFAULT_UPDATE");

    let forged = crate::http::client()
        .post(url)
        .body(EVENT)
        .send()
        .await
        .unwrap();
    assert_eq!(forged.status().as_u16(), 400);
    let text = forged.text().await.unwrap();
    assert_eq!(text, "the webhook has no header Plaid-Verification");
}

#[tokio::test]
async fn axum_answers_each_refusal_with_its_status() {
    let server = KeyServer::start().await;
    let signer = server.signer();
    let now = SystemTime::now();
    let old = now - Duration::from_secs(400);
    let misfit = br#"{"webhook_type":"ITEM","webhook_code":"LOGIN_REPAIRED"}"#;
    for (headers, body, status) in [
        (signer.headers(EVENT, now), EVENT, 200),
        (HeaderMap::new(), EVENT, 400),
        (signer.headers(EVENT, old), EVENT, 401),
        (signer.headers(b"{}", now), EVENT, 401),
        (Signer::new().headers(EVENT, now), EVENT, 401),
        (signer.headers(misfit, now), misfit.as_slice(), 500),
    ] {
        assert_eq!(extract(&server.plaid, headers, body.into()).await, status);
    }
    server.answer(Answer::Broken);
    let headers = Signer::new().headers(EVENT, now);
    assert_eq!(extract(&server.plaid, headers, EVENT.into()).await, 503);

    // A body without end is not read to its end.
    let headers = signer.headers(EVENT, now);
    let endless =
        stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 4096])));
    let body = axum::body::Body::from_stream(endless);
    assert_eq!(extract(&server.plaid, headers.clone(), body).await, 413);
    let broken = stream::iter([Err::<Bytes, _>(std::io::Error::other("gone"))]);
    let body = axum::body::Body::from_stream(broken);
    assert_eq!(extract(&server.plaid, headers, body).await, 400);
}

async fn extract(plaid: &Client, headers: HeaderMap, body: axum::body::Body) -> u16 {
    let mut request = axum::extract::Request::new(body);
    *request.headers_mut() = headers;
    match VerifiedWebhook::from_request(request, plaid).await {
        Ok(VerifiedWebhook(webhook)) => {
            assert_eq!(webhook.raw(), EVENT);
            200
        }
        Err(error) => error.into_response().status().as_u16(),
    }
}

// Where a body leads.

/// The description of the API, read once.
static API: LazyLock<Document> = LazyLock::new(repository::openapi);

/// A webhook of the description with the smallest body that it allows.
struct Sample {
    schema: String,
    kind: String,
    code: String,
    /// The type that its body has to become.
    becomes: String,
    body: Map<String, Value>,
}

static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(|| {
    let schemas = API.schemas().iter();
    let sample = |(name, schema): (&String, &Value)| {
        let webhook = schema.get("x-webhook")?;
        let own = |key| text(webhook, key).to_owned();
        let mut body = value_of(schema).as_object().unwrap().clone();
        body.insert("webhook_type".to_owned(), own("type").into());
        body.insert("webhook_code".to_owned(), own("code").into());
        let when = webhook.get("when").and_then(Value::as_object);
        for field in when.into_iter().flat_map(Map::keys) {
            body.insert(field.clone(), "text".into());
        }
        let becomes = webhook
            .get("same_as")
            .and_then(Value::as_str)
            .unwrap_or(name);
        Some(Sample {
            schema: name.clone(),
            kind: own("type"),
            code: own("code"),
            becomes: type_name(becomes),
            body,
        })
    };
    schemas.filter_map(sample).collect()
});

/// A value of a schema: what is required, and every enum with a value that nobody knows.
fn value_of(schema: &Value) -> Value {
    if let Some(name) = ref_name(schema) {
        return value_of(&API.schemas()[name]);
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        return parts.iter().map(value_of).reduce(merged).unwrap();
    }
    match text(schema, "type") {
        "string" => match text(schema, "format") {
            "date" => json!("2024-02-29"),
            "date-time" => json!("2024-02-29T12:00:00Z"),
            _ => json!("something new"),
        },
        "boolean" => json!(true),
        "integer" => json!(7),
        "number" => json!(7.25),
        "array" => json!([null]),
        _ => {
            let required = strings(schema, "required").into_iter();
            let field = |name: &str| (name.to_owned(), value_of(&schema["properties"][name]));
            Value::Object(required.map(field).collect())
        }
    }
}

fn merged(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            one.extend(other);
            one.into()
        }
        (_, other) => other,
    }
}

/// The name of the event's type, as `Debug` shows it: `Item(Error(ItemErrorWebhook { …`.
fn shown(webhook: &Webhook) -> (String, String) {
    let text = format!("{webhook:?}");
    let mut words = text.split(['(', ' ']);
    let family = words.next().unwrap().to_owned();
    (family, words.nth(1).unwrap_or_default().to_owned())
}

fn read(body: &Map<String, Value>) -> Webhook {
    let text = serde_json::to_vec(body).unwrap();
    Webhook::parse_unverified(&text).unwrap_or_else(|error| panic!("{error}: {body:#?}"))
}

#[test]
fn each_of_the_92_webhooks_is_led_to_its_type() {
    let mut variants = BTreeSet::new();
    let mut pairs = BTreeSet::new();
    for sample in SAMPLES.iter() {
        let webhook = read(&sample.body);
        let (family, event) = shown(&webhook);
        assert_eq!(event, sample.becomes, "{}", sample.schema);
        assert_eq!(family.to_uppercase(), sample.kind.replace('_', ""));
        assert_eq!(webhook.webhook_type(), sample.kind);
        assert_eq!(webhook.webhook_code(), sample.code);
        for (id, field) in [
            (webhook.item_id(), "item_id"),
            (webhook.account_id(), "account_id"),
            (webhook.user_id(), "user_id"),
            (webhook.environment(), "environment"),
        ] {
            assert_eq!(id, sample.body.get(field).and_then(Value::as_str));
        }
        variants.insert(event);
        pairs.insert((&sample.kind, &sample.code));
    }
    // One has nothing that tells it from another.
    assert_eq!((SAMPLES.len(), pairs.len(), variants.len()), (92, 83, 91));
}

#[test]
fn what_shares_type_and_code_is_told_apart_by_its_fields() {
    let read = |text: &str| Webhook::parse_unverified(text).unwrap();
    let update = |ids: &str| {
        read(&format!(
            r#"{{"webhook_type":"TRANSACTIONS","webhook_code":"SYNC_UPDATES_AVAILABLE",{ids},
            "initial_update_complete":true,"historical_update_complete":true,"environment":"sandbox"}}"#
        ))
    };
    type T = TransactionsWebhook;
    let item = update(r#""item_id":"i""#);
    assert!(matches!(
        item,
        Webhook::Transactions(T::SyncUpdatesAvailable(_))
    ));
    let account = update(r#""account_id":"a""#);
    assert!(matches!(
        account,
        Webhook::Transactions(T::ProcessorSyncUpdatesAvailable(_))
    ));
    let account = update(r#""account_id":"a","item_id":null"#);
    assert!(matches!(
        account,
        Webhook::Transactions(T::ProcessorSyncUpdatesAvailable(_))
    ));
    let both = update(r#""account_id":"a","item_id":"i""#);
    assert!(matches!(
        both,
        Webhook::Transactions(T::SyncUpdatesAvailable(_))
    ));
    assert_eq!(both.account_id(), Some("a"));

    // These two differ in what kind of thing an error is.
    let verified = |error: &str| {
        read(&format!(
            r#"{{"webhook_type":"AUTH","webhook_code":"AUTOMATICALLY_VERIFIED","item_id":"i",
            "account_id":"a","environment":"sandbox"{error}}}"#
        ))
    };
    for error in [
        "",
        r#","error":null"#,
        r#","error":{"error_type":"ITEM_ERROR","error_code":"X","error_message":"m","display_message":null}"#,
    ] {
        let webhook = verified(error);
        assert!(matches!(
            webhook,
            Webhook::Auth(AuthWebhook::AutomaticallyVerified(_))
        ));
    }
    let webhook = verified(r#","error":"it failed""#);
    let Webhook::Auth(AuthWebhook::FallbackAuthMicrodepositAutoVerified(event)) = webhook else {
        panic!("{webhook:?}");
    };
    assert_eq!(event.error.as_deref(), Some("it failed"));

    // And these two in nothing.
    let webhook = read(
        r#"{"webhook_type":"BANK_TRANSFERS","webhook_code":"BANK_TRANSFERS_EVENTS_UPDATE",
        "environment":"sandbox"}"#,
    );
    assert!(matches!(
        webhook,
        Webhook::BankTransfers(BankTransfersWebhook::BankTransfersEventsUpdate(_))
    ));
}

#[test]
fn what_is_newer_than_this_crate_is_kept_as_it_came() {
    for (text, kind, code) in [
        (
            r#"{"webhook_type":"TRANSACTIONS","webhook_code":"NEW","item_id":"i"}"#,
            "TRANSACTIONS",
            "NEW",
        ),
        (
            r#"{"webhook_type":"NEW","webhook_code":"DEFAULT_UPDATE","item_id":"i", "x":1.10}"#,
            "NEW",
            "DEFAULT_UPDATE",
        ),
        (
            r#"{"webhook_type":"transactions","webhook_code":"DEFAULT_UPDATE","item_id":"i"}"#,
            "transactions",
            "DEFAULT_UPDATE",
        ),
        (r#"{"item_id":"i","webhook_type":null}"#, "", ""),
    ] {
        let webhook = Webhook::parse_unverified(text).unwrap();
        assert_eq!(webhook.raw(), text.as_bytes());
        assert_eq!(webhook.item_id(), Some("i"));
        let Webhook::Unknown(unknown) = webhook else {
            panic!("{webhook:?}")
        };
        assert_eq!(
            (unknown.webhook_type(), unknown.webhook_code()),
            (kind, code)
        );
        assert_eq!(unknown.raw(), text.as_bytes());
        let again: Value = unknown.decode().unwrap();
        assert_eq!(again["item_id"], "i");
    }
}

#[test]
fn a_known_webhook_that_does_not_fit_names_the_field_and_keeps_the_body() {
    for (text, path, reason) in [
        (
            r#"{"webhook_type":"ITEM","webhook_code":"LOGIN_REPAIRED","environment":"sandbox"}"#,
            "the top level",
            "missing field `item_id`",
        ),
        (
            r#"{"webhook_type":"ITEM","webhook_code":"LOGIN_REPAIRED","item_id":[7],"environment":"sandbox"}"#,
            "item_id",
            "expected a string, found a list",
        ),
        (
            r#"{"webhook_type":"TRANSACTIONS","webhook_code":"TRANSACTIONS_REMOVED","environment":"sandbox","item_id":"i","removed_transactions":["a",{}]}"#,
            "removed_transactions[1]",
            "expected a string, found an object",
        ),
        (r#"{"webhook_type":7}"#, "webhook_type", "expected a string"),
        ("[]", "the top level", "expected a map, found a list"),
        ("", "its end", "EOF while parsing a value"),
    ] {
        let error = Webhook::parse_unverified(text).unwrap_err();
        assert_eq!((error.path(), error.reason()), (path, reason), "{text}");
        assert_eq!(error.raw(), text.as_bytes());
    }
    assert!(Webhook::parse_unverified(&[0xff, 0xfe]).is_err());
    assert!(Webhook::parse_unverified(&"[".repeat(100_000)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_webhook_with_fields_that_nobody_knows_is_led_to_the_same_type(
        extra in prop::collection::btree_map("new_[a-z]{1,8}", json_value(), 0..4),
    ) {
        for sample in SAMPLES.iter() {
            let mut body = sample.body.clone();
            body.extend(extra.clone());
            let webhook = read(&body);
            prop_assert_eq!(&shown(&webhook).1, &sample.becomes);
            let kept: Value = serde_json::from_slice(webhook.raw()).unwrap();
            prop_assert_eq!(kept, Value::Object(body));
        }
    }

    #[test]
    fn no_header_and_no_body_makes_it_panic_or_believe(
        header in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            "[A-Za-z0-9_.-]{0,300}".prop_map(String::into_bytes),
            "[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{86}".prop_map(String::into_bytes),
        ],
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_bytes(&header) {
            headers.insert(HEADER, value);
        }
        prop_assert!(SIGNER.keys().verify(&headers, &body, at(NOW)).is_err());
        let _ = Webhook::parse_unverified(&body);
    }

    #[test]
    fn parts_that_are_readable_and_made_up_are_not_believed(
        header in json_value(), claims in json_value(), kid in "[a-z-]{0,12}", iat in any::<i64>(),
    ) {
        let good = json!({ "alg": "ES256", "kid": kid });
        let plausible = json!({ "iat": iat, "request_body_sha256": Fingerprint::of(EVENT).to_string() });
        for header in [&header, &good] {
            for claims in [&claims, &plausible] {
                let token = SIGNER.sign_parts(&header.to_string(), &claims.to_string());
                if let Ok(value) = HeaderValue::from_str(&token) {
                    prop_assert!(verify_value(&SIGNER, value).is_err());
                }
            }
        }
    }

    /// One character of a genuine token, changed to any other.
    #[test]
    fn a_token_with_one_change_is_not_believed(place in any::<prop::sample::Index>(), byte in 32_u8..127) {
        let mut token = SIGNER.sign(EVENT, at(NOW)).into_bytes();
        let place = place.index(token.len());
        prop_assume!(token[place] != byte);
        token[place] = byte;
        prop_assert!(verify_value(&SIGNER, HeaderValue::from_bytes(&token).unwrap()).is_err());
    }

    #[test]
    fn a_body_with_one_change_is_not_believed(place in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut body = EVENT.to_vec();
        let place = place.index(body.len());
        body[place] ^= 1 << bit;
        let outcome = SIGNER.keys().verify(&SIGNER.headers(EVENT, at(NOW)), &body, at(NOW));
        prop_assert!(matches!(outcome, Err(WebhookError::BodyDiffers)));
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z0-9]{1,6}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

// What the tests stand on.

static SIGNER: LazyLock<Signer> = LazyLock::new(Signer::new);

/// A moment, in seconds since 1970.
const NOW: u64 = 1_750_000_000;

const EVENT: &[u8] = br#"{
  "environment": "sandbox",
  "item_id": "an-item",
  "webhook_code": "LOGIN_REPAIRED",
  "webhook_type": "ITEM"
}"#;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn claims(body: &[u8], iat: u64) -> String {
    json!({ "iat": iat, "request_body_sha256": Fingerprint::of(body).to_string() }).to_string()
}

fn verify_value(signer: &Signer, value: HeaderValue) -> Result<Webhook, WebhookError> {
    let mut headers = HeaderMap::new();
    headers.insert(HEADER, value);
    signer.keys().verify(&headers, EVENT, at(NOW))
}

/// A clock that is set by hand.
#[derive(Clone)]
struct Time(Arc<Mutex<SystemTime>>);

impl Time {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(at(NOW))))
    }

    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }

    fn pass(&self, seconds: u64) {
        *self.0.lock().unwrap() += Duration::from_secs(seconds);
    }

    fn clock(&self) -> impl Fn() -> SystemTime + Send + Sync + use<> {
        let time = self.clone();
        move || time.now()
    }
}

/// A server that gives out the keys of signers, with a client of it.
struct KeyServer {
    plaid: Client,
    server: MockServer,
    state: Arc<Mutex<(Answer, Vec<JwkPublicKey>)>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Honest,
    /// A proxy's refusal, which is not tried again.
    Broken,
}

impl KeyServer {
    async fn start() -> Self {
        let server = MockServer::start().await;
        let state = Arc::new(Mutex::new((Answer::Honest, Vec::new())));
        let keys = Keys(state.clone());
        Mock::given(path("/webhook_verification_key/get"))
            .respond_with(keys)
            .mount(&server)
            .await;
        let plaid = hasty_client(&server.uri(), "id", "secret");
        Self {
            plaid,
            server,
            state,
        }
    }

    /// A signer whose key is given out.
    fn signer(&self) -> Signer {
        let signer = Signer::new();
        self.state.lock().unwrap().1.push(signer.jwk());
        signer
    }

    fn answer(&self, answer: Answer) {
        self.state.lock().unwrap().0 = answer;
    }

    fn change_keys(&self, change: impl FnMut(&mut JwkPublicKey)) {
        self.state.lock().unwrap().1.iter_mut().for_each(change);
    }

    async fn fetches(&self) -> usize {
        self.server.received_requests().await.unwrap().len()
    }
}

struct Keys(Arc<Mutex<(Answer, Vec<JwkPublicKey>)>>);

impl Respond for Keys {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let state = self.0.lock().unwrap();
        if state.0 == Answer::Broken {
            return ResponseTemplate::new(403).set_body_string("<html>no</html>");
        }
        let body: Value = request.body_json().unwrap();
        // What a test calls another key is given out under the id that was asked for.
        let is_asked_for = |key: &&JwkPublicKey| key.kid == body["key_id"] || key.kid == "another";
        match state.1.iter().find(is_asked_for) {
            Some(key) => {
                ResponseTemplate::new(200).set_body_json(json!({ "key": key, "request_id": "r" }))
            }
            None => ResponseTemplate::new(400).set_body_json(json!({
                "error_type": "INVALID_INPUT",
                "error_code": "INVALID_WEBHOOK_VERIFICATION_KEY_ID",
                "error_message": "no such key", "display_message": null, "request_id": "r",
            })),
        }
    }
}

/// A source of keys that answers when it is told to.
#[derive(Clone)]
struct Gate {
    signer: Signer,
    open: Arc<Semaphore>,
    asked: Arc<AtomicUsize>,
}

impl Gate {
    fn new() -> Self {
        Self {
            signer: Signer::new(),
            open: Arc::new(Semaphore::new(0)),
            asked: Arc::default(),
        }
    }

    fn open(&self) {
        self.open.add_permits(1_000);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl KeySource for Gate {
    fn key(&self, key_id: &str) -> KeyFuture {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let (open, key) = (self.open.clone(), self.signer.key(key_id));
        Box::pin(async move {
            let _permit = open.acquire().await?;
            key.await
        })
    }
}
