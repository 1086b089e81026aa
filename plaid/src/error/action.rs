//! What to do about an error.

use std::fmt;

/// What an error calls for. `Display` is the advice as a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// A passing trouble: send the same request again, with growing pauses.
    RetryWithBackoff,
    /// Not ready yet: send the same request again after the webhook that says so.
    WaitThenRetry,
    /// The data changed between two pages: start over from the first cursor.
    RestartPagination,
    /// The user has to log in or consent again, in Link's update mode.
    RelinkUpdateMode,
    /// The Item or token is of no more use: send the user through Link again.
    NewLinkSession,
    /// The report cannot be had any more: create a new one.
    RecreateReport,
    /// Only the user can put it right, for instance by other credentials.
    UserAction,
    /// Something is not enabled or signed for your team.
    AccountSetup,
    /// The institution does not support it.
    PermanentInstitution,
    /// The request is wrong: it would fail again.
    FixRequest,
    /// The client is set up wrongly.
    FixConfiguration,
    /// A write of which nobody knows whether it took effect. Look it up, or repeat
    /// it with the same idempotency key.
    CheckBeforeRetry,
    /// Plaid did what was asked, but the answer does not fit this crate's type.
    UpdateCrate,
    /// Not known to this version of the crate.
    Unknown,
}

impl Action {
    /// Whether Plaid's own message says more than the advice does.
    pub(crate) fn needs_message(self) -> bool {
        matches!(
            self,
            Self::FixRequest | Self::AccountSetup | Self::Unknown | Self::UserAction
        )
    }

    fn advice(self) -> &'static str {
        match self {
            Self::RetryWithBackoff => "a passing trouble: try again with growing pauses",
            Self::WaitThenRetry => "not ready yet: try again after the webhook that says it is",
            Self::RestartPagination => {
                "the data changed between pages: drop them and start over from the first cursor"
            }
            Self::RelinkUpdateMode => "the user has to log in again: open Link in update mode",
            Self::NewLinkSession => "of no more use: send the user through Link again",
            Self::RecreateReport => "the report cannot be had any more: create a new one",
            Self::UserAction => "only the user can put it right: tell them",
            Self::AccountSetup => "not set up for your team: see the Plaid Dashboard",
            Self::PermanentInstitution => "the institution does not support it: do not retry",
            Self::FixRequest => "the request is wrong: correct it before sending it again",
            Self::FixConfiguration => "the client is set up wrongly: correct its configuration",
            Self::CheckBeforeRetry => {
                "it may have taken effect: look it up, or repeat it with the same idempotency key"
            }
            Self::UpdateCrate => {
                "Plaid did what was asked: read the answer from raw() and do not repeat a write"
            }
            Self::Unknown => "new to this version of the crate: read the message",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.advice())
    }
}
