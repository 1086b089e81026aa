//! Webhooks as an argument of an axum handler.

use std::time::SystemTime;

use axum_core::extract::{FromRef, FromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::token::Token;
use super::{Verifier, Webhook, WebhookError};
use crate::client::Client;

/// A webhook that Plaid has sent, as an argument of an [axum](https://docs.rs/axum)
/// handler whose state has a [`Client`].
///
/// What is not genuine is answered with 400 or 401, a body of more than
/// [`MAX_BODY`](super::MAX_BODY) with 413 and not read further, what cannot be checked with
/// 503, and what is genuine but cannot be read with 500, so that Plaid delivers it again.
/// To decide for yourself, take a `Result<VerifiedWebhook, WebhookError>`. The body is in
/// [`Webhook::raw`].
///
/// ```
/// use axum::Router;
/// use axum::routing::post;
/// use plaid::webhook::VerifiedWebhook;
///
/// async fn receive(VerifiedWebhook(webhook): VerifiedWebhook) {
///     println!("{} {}", webhook.webhook_type(), webhook.webhook_code());
/// }
///
/// fn app(plaid: plaid::Client) -> Router {
///     Router::new().route("/plaid", post(receive)).with_state(plaid)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct VerifiedWebhook(pub Webhook);

impl<S> FromRequest<S> for VerifiedWebhook
where
    Client: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = WebhookError;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebhookError> {
        let received_at = SystemTime::now();
        let verifier = Client::from_ref(state).webhooks().verifier();
        let (body, issued_at) = receive(&verifier, request, received_at).await?;
        Ok(Self(Webhook::read(&body, Some(issued_at))?))
    }
}

/// The body of a genuine webhook, and when it was issued.
async fn receive(
    verifier: &Verifier,
    request: Request,
    received_at: SystemTime,
) -> Result<(Bytes, SystemTime), WebhookError> {
    let (parts, body) = request.into_parts();
    // Without a token nothing of the body is worth reading.
    Token::of(&parts.headers)?;
    let limit = verifier.limit();
    let body = match Limited::new(body, limit).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(WebhookError::TooLarge { limit });
        }
        Err(_) => return Err(WebhookError::Interrupted),
    };
    let issued_at = verifier.check(&parts.headers, &body, received_at).await?;
    Ok((body, issued_at))
}

/// The [status](WebhookError::status) and one line.
impl IntoResponse for WebhookError {
    fn into_response(self) -> Response {
        let reason = match &self {
            // What went wrong on this side is nobody else's business.
            Self::KeyUnavailable(_) => "the webhook could not be checked".to_owned(),
            Self::Decode(_) => "the webhook could not be read".to_owned(),
            other => other.to_string(),
        };
        (self.status(), reason).into_response()
    }
}
