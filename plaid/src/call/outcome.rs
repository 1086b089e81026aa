//! From what came over the wire to a response or an error.

use std::borrow::Cow;
use std::sync::Arc;

use plaid_gen::wire::Tolerance;

use super::exchange::{NoAnswer, Record};
use crate::client::Core;
use crate::config::ConfigError;
use crate::error::{
    ApiError, Context, CorruptFile, DecodeError, Error, HeldBack, Parts, TimeoutError, TooLarge,
    TransportError, UnexpectedBody,
};
use crate::net::{Answer, TransportFailure};
use crate::operation::{Operation, Sent};
use crate::response::Response;
use crate::retry::Replay;

/// Everything that is known about a call when it is over.
pub(crate) struct Conclusion {
    pub(crate) core: Arc<Core>,
    pub(crate) operation: Cow<'static, str>,
    pub(crate) replay: Replay,
    pub(crate) tolerance: Tolerance,
    pub(crate) record: Record,
}

impl Conclusion {
    pub(crate) fn of<O: Operation>(
        self,
        sent: Sent<O::Response>,
    ) -> Result<Response<O::Response>, Error> {
        self.accepted()?.value::<O>(sent)
    }

    /// The answer, if its status is one of success.
    pub(crate) fn accepted(self) -> Result<Accepted, Error> {
        let core = self.core;
        let context = Context {
            operation: self.operation,
            attempts: self.record.attempts,
            may_have_reached: self.record.may_have_reached,
            repeatable: self.replay.is_repeatable(),
        };
        match self.record.result {
            Err(reason) => Err(without_answer(&core, context, reason)),
            Ok(answer) if answer.status.is_success() => Ok(Accepted {
                core,
                context,
                answer,
                tolerance: self.tolerance,
            }),
            Ok(answer) => Err(rejected(&core, context, answer)),
        }
    }
}

/// An answer with a status of success.
pub(crate) struct Accepted {
    pub(crate) core: Arc<Core>,
    pub(crate) context: Context,
    pub(crate) answer: Answer,
    tolerance: Tolerance,
}

impl Accepted {
    /// The value, if there is one in it.
    pub(crate) fn value<O: Operation>(
        self,
        sent: Sent<O::Response>,
    ) -> Result<Response<O::Response>, Error> {
        let Self {
            core,
            context,
            answer,
            tolerance,
        } = self;
        if let Some(parts) = Parts::in_success(&answer.body, core.redactor()) {
            return Err(Error::Api(Box::new(ApiError::new(context, parts, answer))));
        }
        if let Some(damage) = sent.damage() {
            let request_id = answer.header_request_id();
            let error = CorruptFile::new(context, damage, request_id);
            return Err(Error::Corrupt(Box::new(error)));
        }
        match sent.judge(&answer.body, answer.claims_json(), tolerance) {
            Some(Ok((value, deviations))) => {
                let deviations = deviations.cleaned(|text| core.redactor().clean(text));
                let response = Response::new(value, answer, context.attempts, O::REDACTS);
                Ok(response.with_deviations(deviations))
            }
            Some(Err(misfit)) => {
                let misfit = misfit.cleaned(|text| core.redactor().clean(text));
                Err(Error::Decode(Box::new(DecodeError::new(
                    context, misfit, answer,
                ))))
            }
            None => Err(Error::UnexpectedBody(Box::new(UnexpectedBody::new(
                context, answer,
            )))),
        }
    }
}

fn rejected(core: &Core, context: Context, answer: Answer) -> Error {
    match Parts::read(&answer.body, core.redactor()) {
        Some(parts) => Error::Api(Box::new(ApiError::new(context, parts, answer))),
        None => Error::UnexpectedBody(Box::new(UnexpectedBody::new(context, answer))),
    }
}

fn without_answer(core: &Core, context: Context, reason: NoAnswer) -> Error {
    match reason {
        NoAnswer::Failed(failure) => failed(core, context, failure),
        NoAnswer::TimedOut(limit) => {
            Error::Timeout(Box::new(TimeoutError::new(context, Some(limit))))
        }
        NoAnswer::TooLarge(status) => {
            let limit = core.settings().max_body;
            Error::TooLarge(Box::new(TooLarge::new(context, status, limit)))
        }
        NoAnswer::HeldBack(held) => Error::HeldBack(Box::new(HeldBack::new(context, held))),
        NoAnswer::NotSent(problem) => {
            Error::Config(Box::new(ConfigError::of_call(context.operation, problem)))
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
