//! What the emulator begins with: something new, or what its data file has.

use std::{path::Path, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    agenda::Pace,
    clock::Clock,
    ids::Ids,
    state::{COURSE, Course, IDENTITY, State},
    storage::{DataError, Storage, Unwritten},
    validate::Credentials,
    webhook::{Attempt, Signer, SignerRecord},
};

/// What stays the same for as long as there is the file.
#[derive(Serialize, Deserialize)]
struct Identity {
    client_id: String,
    secret: String,
    /// The seed of made-up answers.
    answers: u64,
    signer: SignerRecord,
}

/// What the emulator begins with.
pub(crate) struct Beginning {
    pub(crate) credentials: Credentials,
    pub(crate) request_ids: Ids,
    pub(crate) state: State,
    pub(crate) storage: Option<Storage>,
    /// Webhooks that have not been received yet.
    pub(crate) webhooks: Vec<Attempt>,
}

impl Beginning {
    /// Something new, made up from the seed.
    pub(crate) fn new(seed: Option<u64>, pace: Pace) -> Self {
        let mut ids = Ids::new(seed);
        let credentials = Credentials {
            client_id: ids.hex(24),
            secret: ids.hex(30),
        };
        let request_ids = Ids::new(Some(ids.seed()));
        let signer = Arc::new(Signer::new(&mut ids));
        Self {
            credentials,
            request_ids,
            state: State::new(ids, signer, Clock::new(), pace),
            storage: None,
            webhooks: Vec::new(),
        }
    }

    /// What a data file has. A file that is new gets something new.
    pub(crate) fn from_file(path: &Path, seed: Option<u64>, pace: Pace) -> Result<Self, DataError> {
        let storage = Storage::open(path)?;
        let kept = (storage.single(IDENTITY)?, storage.single(COURSE)?);
        let mut beginning = match kept {
            (None, None) => Self::new(seed, pace).with_file(),
            (Some(identity), Some(course)) => Self::again(&identity, course, pace, &storage)?,
            _ => return Err(DataError::Damaged),
        };
        beginning.webhooks = beginning.state.kept_webhooks();
        // Who is told the credentials finds them again.
        let unwritten = |_: Unwritten| DataError::unwritable();
        let changes = beginning.state.changes().map_err(unwritten)?;
        storage.settle(storage.put(changes)).map_err(unwritten)?;
        beginning.storage = Some(storage);
        Ok(beginning)
    }

    /// The same, to be written down.
    fn with_file(mut self) -> Self {
        let identity = Identity {
            client_id: self.credentials.client_id.clone(),
            secret: self.credentials.secret.clone(),
            answers: self.state.answers,
            signer: self.state.signer.record(),
        };
        self.state.track().note(IDENTITY, "", Some(&identity));
        self
    }

    fn again(
        identity: &Identity,
        course: Course,
        pace: Pace,
        storage: &Storage,
    ) -> Result<Self, DataError> {
        let clock = Clock::new();
        clock.restore(course.ahead().ok_or(DataError::Damaged)?);
        let signer = Signer::restore(&identity.signer).ok_or(DataError::Damaged)?;
        let mut state = State::new(course.into_ids(), Arc::new(signer), clock, pace);
        state.answers = identity.answers;
        // The requests of every run have ids of their own.
        let request_ids = Ids::new(Some(state.ids.seed()));
        state.track();
        storage.each(|kind, name, value| state.restore(kind, name, value))?;
        Ok(Self {
            credentials: Credentials {
                client_id: identity.client_id.clone(),
                secret: identity.secret.clone(),
            },
            request_ids,
            state,
            storage: None,
            webhooks: Vec::new(),
        })
    }
}
