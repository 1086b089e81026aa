//! Files as a stream.

mod save;

use std::fmt;
use std::io;
use std::mem;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Poller, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use plaid_gen::wire::Deviations;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{self, Instant, Sleep};

use crate::call::{self, Call, Reading};
use crate::client::Core;
use crate::error::{Context, CorruptFile, Error, Result, SaveError, TimeoutError, TooLarge};
use crate::net::{Answer, Check, announced};
use crate::operation::{File, Operation};
use crate::telemetry::{self, Answered};

/// How long the next part of a file may take.
const IDLE: Duration = Duration::from_secs(30);

impl<O: Operation<Response = File>> Call<O> {
    /// Makes the call and returns as soon as the file begins, without holding it in
    /// memory.
    ///
    /// Retries and the call's timeout are for what comes before: once the file has
    /// begun, it is each next part that has to come in time, see
    /// [`Download::idle_timeout`]. A [`deadline`](Call::deadline) is for all of it.
    ///
    /// # Errors
    /// As [`send`](Call::send): an error of Plaid's, or a page in place of a file,
    /// is told apart before anything is handed out.
    ///
    /// ```no_run
    /// # #[cfg(feature = "statements")]
    /// # async fn example(plaid: plaid::Client, token: plaid::Secret) -> plaid::Result<()> {
    /// let statement = plaid.statements().download(&token, "statement id").download().await?;
    /// let bytes = statement.save_to("statement.pdf").await?;
    /// println!("{bytes} bytes");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// ```compile_fail,E0599
    /// # async fn example(plaid: plaid::Client, token: plaid::Secret) {
    /// plaid.accounts().get(&token).download().await; // these are no file
    /// # }
    /// ```
    pub async fn download(self) -> Result<Download> {
        let name = O::name(&self.request);
        telemetry::traced(&name, self.begin()).await
    }

    /// How long the next part of the file may take.
    pub(crate) fn idle_limit(&self) -> Duration {
        self.terms().timeout.min(IDLE)
    }

    async fn begin(self) -> Result<Download> {
        let idle = self.idle_limit();
        let deadline = self.options.deadline;
        let mut exchanged = self.exchange(Reading::Head).await?;
        let (core, context) = (exchanged.core.clone(), exchanged.accepted.context.clone());
        let (head, body): (_, Body) = match exchanged.accepted.unread.take() {
            Some(response) => (exchanged.accepted.answer, Box::pin(response.bytes_stream())),
            // A page or nothing, unless the operation is one of the caller's own that
            // takes pages for files.
            None => {
                let head = exchanged.accepted.answer.head();
                let file = exchanged.value()?.into_inner().into_bytes();
                (head, Box::pin(stream::iter([Ok(file)])))
            }
        };
        Ok(Download {
            state: State::Coming(Check::of(&head.headers)),
            is_verified: false,
            received: 0,
            max_size: core.settings().max_body as u64,
            idle,
            deadline,
            timer: None,
            rest: Bytes::new(),
            body,
            core,
            context,
            head,
        })
    }
}

type Body = Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send + Sync>>;

/// A file that is on its way.
///
/// It is a [`Stream`] of its parts and an [`AsyncRead`]; use one of the two, or
/// [`save_to`](Self::save_to). Both end with an error, and not as if the file were
/// whole, when the connection breaks, the length is not the announced one, or the
/// SHA-256 that Plaid sends with a statement is not that of the file: what came
/// before must not be used then.
///
/// ```no_run
/// # #[cfg(feature = "assets")]
/// # async fn example(plaid: plaid::Client, token: plaid::Secret) -> Result<(), Box<dyn std::error::Error>> {
/// let mut report = plaid.assets().report_pdf_get(token).download().await?;
/// println!("{:?} bytes", report.content_length());
/// while let Some(part) = report.next().await {
///     println!("{} more", part?.len());
/// }
/// # Ok(())
/// # }
/// ```
///
/// To drop it ends the transfer.
#[must_use = "a file that is not read does not arrive"]
pub struct Download {
    core: Arc<Core>,
    context: Context,
    /// Without a body.
    head: Answer,
    body: Body,
    state: State,
    is_verified: bool,
    received: u64,
    max_size: u64,
    idle: Duration,
    deadline: Option<Instant>,
    /// Set while the next part is being waited for.
    timer: Option<Pin<Box<Sleep>>>,
    /// What a reader has not taken yet.
    rest: Bytes,
}

enum State {
    Coming(Check),
    Whole,
    Failed,
}

impl Download {
    /// How long the next part may take before the transfer is given up: 30 s, or the
    /// call's timeout if that is shorter. The time that you take between two parts
    /// does not count.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle = timeout;
        self
    }

    /// By when the file has to be whole: that of [`Call::deadline`] unless set.
    pub fn deadline(mut self, at: impl Into<Instant>) -> Self {
        self.deadline = Some(at.into());
        self
    }

    /// How many bytes the file may have: as many as
    /// [`max_body`](crate::ClientBuilder::max_body) unless set.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = bytes;
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// The headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// Plaid's id of the request, which its support asks for first. Empty where
    /// Plaid gave none.
    pub fn request_id(&self) -> &str {
        self.head.header_request_id().unwrap_or_default()
    }

    /// How many bytes the file has, where the answer says so.
    pub fn content_length(&self) -> Option<u64> {
        announced(&self.head.headers)
    }

    /// The media type that the answer claims, without parameters.
    pub fn content_type(&self) -> Option<&str> {
        self.head.content_type()
    }

    /// Whether the file has come to its end and its hash is the one that Plaid sent
    /// with it, as it does with a statement. `false` for a file without a hash.
    pub fn is_verified(&self) -> bool {
        self.is_verified
    }

    /// The next part of the file; `None` when it is whole.
    ///
    /// To drop the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        std::future::poll_fn(|poller| Pin::new(&mut *self).poll_next(poller)).await
    }

    /// Writes the file to a path, and says how many bytes it has.
    ///
    /// It is written under another name in the same folder first, and moved to the
    /// path when it is whole and checked: what the path names is the file as Plaid
    /// sent it, or what was there before. Nothing else is left, also when the future
    /// is dropped.
    ///
    /// # Errors
    /// [`Error::Save`] when it cannot be written, and whatever ends the transfer.
    pub async fn save_to(mut self, path: impl AsRef<Path>) -> Result<u64> {
        let part = save::Part::create(path.as_ref()).await;
        let mut part = part.map_err(|error| self.not_saved(error))?;
        while let Some(bytes) = self.next().await {
            let written = part.write(&bytes?).await;
            written.map_err(|error| self.not_saved(error))?;
        }
        let finished = part.finish().await;
        finished.map_err(|error| self.not_saved(error))?;
        Ok(self.received)
    }

    fn not_saved(&self, cause: io::Error) -> Error {
        Error::Save(Box::new(SaveError::new(self.context.clone(), cause)))
    }

    /// The next part; whatever it is that ends the file, it ends here.
    fn advance(&mut self, poller: &mut Poller<'_>) -> Poll<Option<Result<Bytes>>> {
        if !matches!(self.state, State::Coming(_)) {
            return Poll::Ready(None);
        }
        if let Err(error) = self.within_limits() {
            return Poll::Ready(Some(Err(self.fail(error))));
        }
        match self.body.as_mut().poll_next(poller) {
            Poll::Ready(Some(Ok(part))) => Poll::Ready(Some(self.take(part))),
            Poll::Ready(Some(Err(error))) => {
                let error = call::failed(&self.core, self.context.clone(), error.into());
                Poll::Ready(Some(Err(self.fail(error))))
            }
            Poll::Ready(None) => Poll::Ready(self.end().map(Err)),
            Poll::Pending => self.watch(poller),
        }
    }

    /// What can be told before the next part comes.
    fn within_limits(&self) -> Result<()> {
        if self.deadline.is_some_and(|at| at <= Instant::now()) {
            return Err(self.late(None));
        }
        if self
            .content_length()
            .is_some_and(|length| length > self.max_size)
        {
            return Err(self.too_large());
        }
        Ok(())
    }

    fn take(&mut self, part: Bytes) -> Result<Bytes> {
        self.timer = None;
        self.received = self.received.saturating_add(part.len() as u64);
        if self.received > self.max_size {
            return Err(self.fail(self.too_large()));
        }
        if let State::Coming(check) = &mut self.state {
            check.add(&part);
        }
        Ok(part)
    }

    /// Whether the file that has come to its end is the one that was sent.
    fn end(&mut self) -> Option<Error> {
        let State::Coming(check) = mem::replace(&mut self.state, State::Whole) else {
            return None;
        };
        self.timer = None;
        match check.finish() {
            Ok(is_verified) => {
                self.is_verified = is_verified;
                None
            }
            Err(damage) => {
                let request_id = self.head.header_request_id();
                let error = CorruptFile::new(self.context.clone(), damage, request_id);
                Some(self.fail(Error::Corrupt(Box::new(error))))
            }
        }
    }

    /// Waits for the server, but not for ever.
    fn watch(&mut self, poller: &mut Poller<'_>) -> Poll<Option<Result<Bytes>>> {
        let idle = Instant::now().checked_add(self.idle);
        let until = match (idle, self.deadline) {
            (Some(idle), Some(deadline)) => Some(idle.min(deadline)),
            (idle, deadline) => idle.or(deadline),
        };
        if self.timer.is_none() {
            self.timer = until.map(|until| Box::pin(time::sleep_until(until)));
        }
        let Some(timer) = &mut self.timer else {
            return Poll::Pending;
        };
        if timer.as_mut().poll(poller).is_pending() {
            return Poll::Pending;
        }
        let is_idle = self
            .deadline
            .is_none_or(|deadline| Instant::now() < deadline);
        let error = self.late(is_idle.then_some(self.idle));
        Poll::Ready(Some(Err(self.fail(error))))
    }

    fn late(&self, limit: Option<Duration>) -> Error {
        Error::Timeout(Box::new(TimeoutError::new(self.context.clone(), limit)))
    }

    fn too_large(&self) -> Error {
        let limit = usize::try_from(self.max_size).unwrap_or(usize::MAX);
        let error = TooLarge::new(self.context.clone(), self.head.status, limit);
        Error::TooLarge(Box::new(error))
    }

    /// Lets go of the connection: after an error there is nothing more to come.
    fn fail(&mut self, error: Error) -> Error {
        self.state = State::Failed;
        self.timer = None;
        self.body = Box::pin(stream::empty());
        telemetry::note_broken(&error);
        error
    }
}

impl Stream for Download {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, poller: &mut Poller<'_>) -> Poll<Option<Self::Item>> {
        match self.rest.is_empty() {
            true => self.advance(poller),
            false => Poll::Ready(Some(Ok(mem::take(&mut self.rest)))),
        }
    }
}

/// The errors are the stream's, inside of an [`io::Error`].
impl AsyncRead for Download {
    fn poll_read(
        mut self: Pin<&mut Self>,
        poller: &mut Poller<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        while self.rest.is_empty() {
            match ready!(self.advance(poller)) {
                Some(Ok(part)) => self.rest = part,
                Some(Err(error)) => return Poll::Ready(Err(io_error(error))),
                // A reader that has seen the error and goes on must not see an end.
                None if matches!(self.state, State::Failed) => {
                    return Poll::Ready(Err(io::Error::other("the download has failed")));
                }
                None => return Poll::Ready(Ok(())),
            }
        }
        let length = self.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.rest.split_to(length));
        Poll::Ready(Ok(()))
    }
}

fn io_error(error: Error) -> io::Error {
    let kind = match error {
        Error::Timeout(_) => io::ErrorKind::TimedOut,
        Error::Transport(_) => io::ErrorKind::ConnectionAborted,
        Error::Corrupt(_) => io::ErrorKind::InvalidData,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

impl Answered for Download {
    fn status(&self) -> StatusCode {
        self.head.status
    }

    fn attempts(&self) -> u32 {
        self.context.attempts
    }

    fn request_id(&self) -> &str {
        self.request_id()
    }

    fn deviations(&self) -> Option<&Deviations> {
        None
    }
}

/// What is known of it, and nothing of what is in it.
impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("operation", &self.context.operation)
            .field("status", &self.status().as_u16())
            .field("request_id", &self.request_id())
            .field("content_length", &self.content_length())
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}
