//! The body of an answer: one of the gateway's own, or Plaid's as it arrives.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::time::Sleep;

use crate::record::Record;
use crate::refusal::Refusal;
use crate::slots::CallSlots;
use crate::upstream::Answer;
use crate::watch::{self, Watch};
use crate::within::within;

/// The body of an answer.
pub struct AnswerBody(Kind);

enum Kind {
    Whole(Option<Bytes>),
    Stream(Box<Stream>),
}

/// Why an answer was cut off in its middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CutOff {
    /// The upstream broke off.
    #[error("Plaid's answer broke off")]
    Broken,
    /// The upstream sent nothing for too long.
    #[error("Plaid's answer did not go on")]
    Stalled,
    /// The answer was longer than the gateway passes on.
    #[error("Plaid's answer is too long")]
    TooLong,
    /// The answer held the gateway's credentials.
    #[error("Plaid's answer was not for callers")]
    Withheld,
}

impl CutOff {
    fn outcome(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Stalled => "stalled",
            Self::TooLong => "too_long",
            Self::Withheld => "withheld",
        }
    }
}

/// An answer that is passed on piece by piece.
struct Stream {
    upstream: Answer,
    /// What has come already, and been watched and written down.
    first: Bytes,
    watch: Watch,
    record: Record,
    /// The longest pause.
    patience: Duration,
    /// How many bytes more may come.
    left: u64,
    /// Runs while there is nothing to pass on.
    pause: Option<Pin<Box<Sleep>>>,
    is_over: bool,
    #[expect(dead_code, reason = "held until the end, not read")]
    slots: CallSlots,
}

/// What comes back, before it has a record.
pub(crate) struct Passing {
    pub(crate) upstream: Answer,
    /// The first piece, watched.
    pub(crate) first: Bytes,
    pub(crate) is_whole: bool,
    pub(crate) watch: Watch,
    pub(crate) patience: Duration,
    pub(crate) left: u64,
    pub(crate) slots: CallSlots,
}

pub(crate) const BROKEN: &str =
    "it broke off or was not HTTP; before you repeat a write, check whether it happened";

impl AnswerBody {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self(Kind::Whole(Some(bytes).filter(|b| !b.is_empty())))
    }

    fn stream(stream: Stream) -> Self {
        Self(Kind::Stream(Box::new(stream)))
    }
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerBody(..)")
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        match &mut self.0 {
            Kind::Whole(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            Kind::Stream(stream) => stream.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(bytes) => bytes.is_none(),
            Kind::Stream(stream) => stream.is_over,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            // The length that the upstream gave stands in the headers.
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}

impl Passing {
    /// Waits for the first piece of which something may be passed on.
    pub(crate) async fn begin(&mut self) -> Result<(), Refusal> {
        while self.first.is_empty() && !self.is_whole {
            let piece = self.piece().await?;
            self.left = self.left.saturating_sub(piece.len() as u64);
            let watched = self.watch.push(piece);
            self.first = watched.map_err(|_| Refusal::UpstreamAnswer("it is not for callers"))?;
            self.is_whole |= Body::is_end_stream(&self.upstream);
        }
        if self.is_whole {
            self.first = watch::join(std::mem::take(&mut self.first), self.watch.finish());
        }
        Ok(())
    }

    async fn piece(&mut self) -> Result<Bytes, Refusal> {
        let frame = within(self.patience, self.upstream.frame()).await;
        match frame.map_err(|_| Refusal::UpstreamTimeout)? {
            None => {
                self.is_whole = true;
                Ok(Bytes::new())
            }
            // Trailers have no place in Plaid's answers.
            Some(Ok(frame)) => Ok(frame.into_data().unwrap_or_default()),
            Some(Err(_)) => Err(Refusal::UpstreamAnswer(BROKEN)),
        }
    }

    pub(crate) fn body(self, mut record: Record) -> AnswerBody {
        record.passed(self.first.len());
        if self.is_whole {
            record.request_id(self.watch.request_id().map(str::to_owned));
            record.ended("answered");
            return AnswerBody::whole(self.first);
        }
        AnswerBody::stream(Stream {
            upstream: self.upstream,
            first: self.first,
            watch: self.watch,
            record,
            patience: self.patience,
            left: self.left,
            pause: None,
            is_over: false,
            slots: self.slots,
        })
    }
}

impl Stream {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if !self.first.is_empty() {
            let first = std::mem::take(&mut self.first);
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        loop {
            if self.is_over {
                return Poll::Ready(None);
            }
            let piece = match Pin::new(&mut self.upstream).poll_frame(context) {
                Poll::Pending => {
                    ready!(self.poll_pause(context));
                    return self.cut(CutOff::Stalled);
                }
                Poll::Ready(None) => return self.end(Bytes::new()),
                Poll::Ready(Some(Err(_))) => return self.cut(CutOff::Broken),
                // Trailers have no place in Plaid's answers.
                Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            };
            self.pause = None;
            let Some(left) = self.left.checked_sub(piece.len() as u64) else {
                return self.cut(CutOff::TooLong);
            };
            self.left = left;
            let Ok(piece) = self.watch.push(piece) else {
                return self.cut(CutOff::Withheld);
            };
            // The server side does not ask again once it has as many bytes as the
            // headers promised.
            if self.upstream.is_end_stream() {
                return self.end(piece);
            }
            if !piece.is_empty() {
                return self.pass(piece);
            }
        }
    }

    /// Ready when the upstream has paused for too long.
    fn poll_pause(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience;
        let pause = self
            .pause
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        pause.as_mut().poll(context)
    }

    fn pass(&mut self, piece: Bytes) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        self.record.passed(piece.len());
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn end(&mut self, last: Bytes) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        self.is_over = true;
        self.record
            .request_id(self.watch.request_id().map(str::to_owned));
        self.record.ended("answered");
        let rest = watch::join(last, self.watch.finish());
        match rest.is_empty() {
            true => Poll::Ready(None),
            false => self.pass(rest),
        }
    }

    fn cut(&mut self, why: CutOff) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        self.is_over = true;
        self.record.ended(why.outcome());
        Poll::Ready(Some(Err(why)))
    }
}
