//! From what came over the wire to a response or an error.

use plaid_gen::wire::Tolerance;
use reqwest::Response as HttpResponse;

use super::exchange::Record;
use super::reply::{NoReply, Reply};
use crate::client::Core;
use crate::config::ConfigError;
use crate::error::{
    ApiError, Context, CorruptFile, DecodeError, Error, HeldBack, TimeoutError, TooLarge,
    TransportError, UnexpectedBody, Verdict,
};
use crate::net::{Answer, TransportFailure};
use crate::operation::Operation;
use crate::operation::machinery::{Read, Unreadable};
use crate::response::Response;

/// An answer with a status of success, which is no error.
pub(crate) struct Accepted {
    pub(crate) context: Context,
    pub(crate) answer: Answer,
    /// The file whose headers the answer has.
    #[cfg_attr(not(feature = "files"), allow(dead_code, reason = "there is none"))]
    pub(crate) unread: Option<HttpResponse>,
}

impl Accepted {
    /// The answer of a call, or why there is none to be taken.
    pub(super) fn of(record: Record, context: Context, core: &Core) -> Result<Self, Error> {
        let Reply {
            answer,
            verdict,
            unread,
        } = match record.result {
            Ok(reply) => reply,
            Err(reason) => return Err(without_reply(core, context, reason)),
        };
        match verdict {
            Verdict::Success => Ok(Self {
                context,
                answer,
                unread,
            }),
            Verdict::Error(parts) => {
                let error = ApiError::new(context, *parts, answer);
                Err(Error::Api(Box::new(error)))
            }
            Verdict::Foreign => Err(unexpected(context, answer)),
        }
    }

    /// The value, if there is one in it.
    pub(crate) fn value<O: Operation>(
        self,
        read: Read<O::Response>,
        tolerance: Tolerance,
        core: &Core,
    ) -> Result<Response<O::Response>, Error> {
        let Self {
            context, answer, ..
        } = self;
        match read(&answer, tolerance) {
            Ok((value, deviations)) => {
                let deviations = deviations.cleaned(|text| core.redactor().clean(text));
                let response = Response::new(value, answer, context.attempts, O::REDACTS);
                Ok(response.with_deviations(deviations))
            }
            Err(unreadable) => Err(not_read(core, context, answer, unreadable)),
        }
    }
}

fn not_read(core: &Core, context: Context, answer: Answer, unreadable: Unreadable) -> Error {
    match unreadable {
        Unreadable::Misfit(misfit) => {
            let misfit = misfit.cleaned(|text| core.redactor().clean(text));
            Error::Decode(Box::new(DecodeError::new(context, misfit, answer)))
        }
        Unreadable::Damaged(damage) => {
            let request_id = answer.header_request_id();
            Error::Corrupt(Box::new(CorruptFile::new(context, damage, request_id)))
        }
        Unreadable::Foreign => unexpected(context, answer),
    }
}

fn unexpected(context: Context, answer: Answer) -> Error {
    Error::UnexpectedBody(Box::new(UnexpectedBody::new(context, answer)))
}

fn without_reply(core: &Core, context: Context, reason: NoReply) -> Error {
    match reason {
        NoReply::Failed(failure) => failed(core, context, failure),
        NoReply::TimedOut(limit) => {
            Error::Timeout(Box::new(TimeoutError::new(context, Some(limit))))
        }
        NoReply::TooLarge(status) => {
            let limit = core.settings().max_body;
            Error::TooLarge(Box::new(TooLarge::new(context, status, limit)))
        }
        NoReply::HeldBack(held) => Error::HeldBack(Box::new(HeldBack::new(context, held))),
        NoReply::NotSent(problem) => {
            Error::of_config(ConfigError::of_call(context.operation, problem))
        }
    }
}

pub(crate) fn failed(core: &Core, context: Context, failure: TransportFailure) -> Error {
    let cause = core.redactor().clean(&failure.root());
    if failure.is_timeout() {
        return Error::Timeout(Box::new(TimeoutError::new(context, None)));
    }
    let is_connect = failure.is_connect();
    let error = Box::new(TransportError::new(context, cause, failure));
    match is_connect {
        true => Error::Connect(error),
        false => Error::Transport(error),
    }
}
