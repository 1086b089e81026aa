//! From what came over the wire to a response or an error.

use std::borrow::Cow;

use plaid_gen::wire::Tolerance;

use crate::client::Client;
use crate::error::{
    ApiError, ConfigError, Context, CorruptFile, DecodeError, Error, HeldBack, Parts, TimeoutError,
    TooLarge, TransportError, UnexpectedBody,
};
use crate::exchange::{Answer, NoAnswer, Record};
use crate::operation::{Operation, Sent};
use crate::response::Response;
use crate::retry::Replay;
use crate::transport::TransportFailure;

/// Everything that is known about a call when it is over.
pub(crate) struct Conclusion {
    pub(crate) client: Client,
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
        let client = self.client;
        let context = Context {
            operation: self.operation,
            attempts: self.record.attempts,
            may_have_reached: self.record.may_have_reached,
            repeatable: self.replay.is_repeatable(),
        };
        match self.record.result {
            Err(reason) => Err(without_answer(&client, context, reason)),
            Ok(answer) if answer.status.is_success() => Ok(Accepted {
                client,
                context,
                answer,
                tolerance: self.tolerance,
            }),
            Ok(answer) => Err(rejected(&client, context, answer)),
        }
    }
}

/// An answer with a status of success.
pub(crate) struct Accepted {
    pub(crate) client: Client,
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
            client,
            context,
            answer,
            tolerance,
        } = self;
        if let Some(parts) = Parts::in_success(&answer.body, client.redactor()) {
            return Err(Error::Api(Box::new(ApiError::new(context, parts, answer))));
        }
        if let Some(damage) = sent.damage() {
            let request_id = answer.header_request_id();
            let error = CorruptFile::new(context, damage, request_id);
            return Err(Error::Corrupt(Box::new(error)));
        }
        match sent.judge(&answer.body, answer.claims_json(), tolerance) {
            Some(Ok((value, deviations))) => {
                let deviations = deviations.cleaned(|text| client.redactor().clean(text));
                let response = Response::new(value, answer, context.attempts, O::REDACTS);
                Ok(response.with_deviations(deviations))
            }
            Some(Err(misfit)) => {
                let misfit = misfit.cleaned(|text| client.redactor().clean(text));
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

fn rejected(client: &Client, context: Context, answer: Answer) -> Error {
    match Parts::read(&answer.body, client.redactor()) {
        Some(parts) => Error::Api(Box::new(ApiError::new(context, parts, answer))),
        None => Error::UnexpectedBody(Box::new(UnexpectedBody::new(context, answer))),
    }
}

fn without_answer(client: &Client, context: Context, reason: NoAnswer) -> Error {
    match reason {
        NoAnswer::Failed(failure) => failed(client, context, failure),
        NoAnswer::TimedOut(limit) => {
            Error::Timeout(Box::new(TimeoutError::new(context, Some(limit))))
        }
        NoAnswer::TooLarge(status) => {
            let limit = client.settings().max_body;
            Error::TooLarge(Box::new(TooLarge::new(context, status, limit)))
        }
        NoAnswer::HeldBack(held) => Error::HeldBack(Box::new(HeldBack::new(context, held))),
        NoAnswer::NotSent(problem) => {
            Error::Config(Box::new(ConfigError::of_call(context.operation, problem)))
        }
    }
}

pub(crate) fn failed(client: &Client, context: Context, failure: TransportFailure) -> Error {
    let cause = client.redactor().clean(&failure.root());
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
