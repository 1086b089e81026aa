//! A call: what is checked before it goes to Plaid, and what comes back.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body::Body;
use http_body_util::Full;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::answer::{BROKEN, Passing};
use crate::body::read;
use crate::callers::Known;
use crate::config::Upstream;
use crate::credentials::Credentials;
use crate::operations::{Operation, Place, find};
use crate::record::Record;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::slots::{CallSlots, Room, Taken};
use crate::upstream::{Answer, Failure, Pool};
use crate::watch::{Watch, plain_id};
use crate::within::within;
use crate::{headers, rewrite};

/// A call on its way through.
pub(crate) struct Call<'a> {
    pub(crate) room: &'a Room,
    pub(crate) upstream: &'a Pool,
    pub(crate) settings: &'a Settings,
    /// Whether a caller must show a key.
    pub(crate) asks_for_keys: bool,
    /// Whether it came over a loopback address.
    pub(crate) is_local: bool,
}

impl Call<'_> {
    pub(crate) async fn forward<B>(
        &self,
        request: Request<B>,
        record: &mut Record,
    ) -> Result<(http::response::Parts, Passing), Refusal>
    where
        B: Body<Data = Bytes>,
    {
        let (parts, body) = request.into_parts();
        let operation = find(&parts.method, parts.uri.path()).ok_or(Refusal::NotFound)?;
        record.operation(&operation.id);
        let caller = self.caller(&parts.headers)?;
        record.caller(caller.as_deref());
        if parts.uri.query().is_some() {
            return Err(Refusal::Headers("no operation has a query"));
        }
        let slots = self.slots(caller.as_deref(), operation)?;
        headers::takes_body(&parts.method, &parts.headers)?;
        let credentials = self.credentials(&parts.headers, operation)?;
        let (body, room) = self.body(&parts, body, caller.as_deref()).await?;
        let body = rewritten(&parts.method, body, operation, credentials.as_deref())?;
        let request = self.request(&parts, body, credentials.as_ref())?;
        // Other requests that have come already are read before this one is sent. Sent in
        // a row, they wake the upstream up once; one by one, each may take the core from
        // this thread for an upstream that finds a single request. For the figures see
        // `upstream`.
        yield_now().await;
        let answer = self.send(request).await?;
        drop(room);
        self.pass(answer, operation, slots, record).await
    }

    fn caller(&self, headers: &HeaderMap) -> Result<Option<Arc<Known>>, Refusal> {
        if !self.asks_for_keys {
            return Ok(None);
        }
        let authorization = headers.get(http::header::AUTHORIZATION);
        let known = self.settings.callers.find(authorization);
        known.cloned().map(Some).ok_or(Refusal::UnknownCaller)
    }

    fn slots(&self, caller: Option<&Known>, operation: &Operation) -> Result<CallSlots, Refusal> {
        caller.map(|c| c.may_use(operation)).transpose()?;
        // Before the caller's own: what the gateway has no room for is not counted
        // towards its rate.
        let call = self.room.calls.take(1).ok_or(Refusal::Busy)?;
        Ok(CallSlots {
            call,
            caller: caller.map(Known::admit).transpose()?.flatten(),
        })
    }

    /// The caller's own where it may bring them and does, and otherwise the gateway's.
    fn credentials(
        &self,
        headers: &HeaderMap,
        operation: &Operation,
    ) -> Result<Option<Cow<'_, Credentials>>, Refusal> {
        if operation.credentials == Place::None {
            return Ok(None);
        }
        let config = &self.settings.config;
        if config.allow_caller_credentials && self.is_local {
            let id = headers.get(headers::PLAID_CLIENT_ID);
            match (id, headers.get(headers::PLAID_SECRET)) {
                (Some(id), Some(secret)) => {
                    let own = Credentials::from_headers(id, secret);
                    return own
                        .map(Cow::Owned)
                        .map(Some)
                        .ok_or(Refusal::HalfCredentials);
                }
                (None, None) => {}
                _ => return Err(Refusal::HalfCredentials),
            }
        }
        let own = config.credentials.as_ref().map(Cow::Borrowed);
        own.map(Some).ok_or(Refusal::NoCredentials)
    }

    /// The body as a whole: not a byte goes to Plaid before it is known that the rest
    /// is there and is JSON. What of it has to be held until the rest has come is
    /// counted until Plaid has begun to answer.
    async fn body<B>(
        &self,
        parts: &Parts,
        body: B,
        caller: Option<&Known>,
    ) -> Result<(Bytes, Option<Taken>), Refusal>
    where
        B: Body<Data = Bytes>,
    {
        let config = &self.settings.config;
        let own = caller.and_then(|caller| caller.caller.max_body);
        let most = own.unwrap_or(usize::MAX).min(config.limits.body);
        let hint = body.size_hint();
        if hint.lower() > most as u64 {
            return Err(Refusal::BodyTooLarge);
        }
        if parts.method == Method::GET {
            let is_empty = hint.exact() == Some(0);
            return match is_empty {
                true => Ok((Bytes::new(), None)),
                false => Err(Refusal::Ambiguous("a GET has no body")),
            };
        }
        let read = read(body, most, &self.room.bodies);
        let read = within(config.timeouts.body, read).await;
        read.map_err(|_| Refusal::BodyTooSlow)?
    }

    fn request(
        &self,
        parts: &Parts,
        body: Bytes,
        credentials: Option<&Cow<'_, Credentials>>,
    ) -> Result<Request<Full<Bytes>>, Refusal> {
        let settings = self.settings;
        let mut headers = headers::outgoing(&parts.headers, &settings.forward, &settings.head);
        match credentials {
            Some(Cow::Borrowed(_)) => {}
            Some(Cow::Owned(of_caller)) => headers::add_credentials(&mut headers, of_caller),
            None => headers::remove_credentials(&mut headers),
        }
        if parts.method == Method::GET {
            headers.remove(CONTENT_TYPE);
        }
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = path(&self.settings.config.upstream, &parts.uri)?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Answer>, Refusal> {
        let answer = self.upstream.send(&self.settings.target, request);
        let patience = self.settings.config.timeouts.first_byte;
        let answer = timeout(patience, answer).await;
        answer
            .map_err(|_| Refusal::UpstreamTimeout)?
            .map_err(|failure| match failure {
                Failure::Unreachable => Refusal::Unreachable,
                Failure::Broken => Refusal::UpstreamAnswer(BROKEN),
            })
    }

    /// Looks the answer's head and its first piece over. Most answers are in that piece
    /// as a whole; and as long as nothing has been sent, what is wrong can be told.
    async fn pass(
        &self,
        answer: Response<Answer>,
        operation: &Operation,
        slots: CallSlots,
        record: &mut Record,
    ) -> Result<(http::response::Parts, Passing), Refusal> {
        let (mut head, upstream) = answer.into_parts();
        if head.status.is_informational() || head.status.is_redirection() {
            // Followed, a redirect would take the caller's key elsewhere.
            return Err(Refusal::UpstreamAnswer("it leads somewhere else"));
        }
        let is_plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
        if !head.headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
            return Err(Refusal::UpstreamAnswer(
                "it is encoded, which was not asked for",
            ));
        }
        let headers = headers::incoming(head.status, &head.headers);
        let needles = self.settings.guarded.of_product(&operation.product);
        if headers
            .values()
            .any(|value| needles.is_in(value.as_bytes()))
        {
            return Err(Refusal::UpstreamAnswer("its headers are not for callers"));
        }
        let limit = self.settings.config.limits.answer;
        if Body::size_hint(&upstream).lower() > limit {
            return Err(Refusal::UpstreamAnswer("it is too long"));
        }
        let is_json = headers
            .get(CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
        let mut passing = Passing {
            upstream,
            first: Bytes::new(),
            is_whole: false,
            watch: Watch::new(needles, is_json),
            patience: self.settings.config.timeouts.answer,
            left: limit,
            slots,
        };
        passing.begin().await?;
        let id = headers.get(headers::PLAID_REQUEST_ID);
        record.answered(
            head.status.as_u16(),
            id.and_then(|id| plain_id(id.as_bytes())),
        );
        head.headers = headers;
        head.extensions.clear();
        head.version = http::Version::HTTP_11;
        Ok((head, passing))
    }
}

/// Puts the body's credentials right.
fn rewritten(
    method: &Method,
    body: Bytes,
    operation: &Operation,
    credentials: Option<&Credentials>,
) -> Result<Bytes, Refusal> {
    if *method == Method::GET {
        return Ok(body);
    }
    let in_body = operation.credentials == Place::Body;
    let names: &[&str] = match operation.path.starts_with("/oauth/") {
        true => &rewrite::OAUTH_CREDENTIALS,
        false => &rewrite::CREDENTIALS,
    };
    let own = credentials.filter(|_| in_body);
    let own = own.map(|c| [("client_id", c.client_id()), ("secret", c.secret())]);
    let added = own.as_ref().map_or(&[][..], |added| &added[..]);
    rewrite::rewrite(&body, names, added).map_err(Refusal::Body)
}

/// The path that the operation was found by, as the upstream has it.
fn path(upstream: &Upstream, uri: &Uri) -> Result<Uri, Refusal> {
    let path = match uri.path_and_query() {
        Some(path) if upstream.prefix.is_empty() => path.clone(),
        _ => PathAndQuery::try_from(format!("{}{}", upstream.prefix, uri.path()))
            .map_err(|_| Refusal::NotFound)?,
    };
    Ok(Uri::from(path))
}
