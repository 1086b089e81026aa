//! What is known while a text is read: where, how, and what was wrong so far.
//!
//! It belongs to the thread, because a `Deserialize` has nowhere to carry it, and
//! reading is never interrupted by an `.await`.

use std::cell::RefCell;
use std::fmt::Write;

use super::report::{Deviation, DeviationKind, Deviations};
use super::{Presence, Tolerance};

/// A name longer than this is cut in paths: those of a map come from the answer.
const MAX_NAME: usize = 100;

thread_local! {
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
}

#[derive(Default)]
pub(super) struct State {
    tolerance: Tolerance,
    /// Of what is being read. Those who read a value leave their part of the path
    /// behind, so that after an error it shows the place.
    pub(super) path: String,
    /// The value that could not be read is `null`.
    is_null: bool,
    /// The fields of the object just read that are `null`.
    nulls: Vec<String>,
    /// The object just read was none.
    is_made_up: bool,
    pub(super) deviations: Deviations,
}

impl State {
    fn note(&mut self, kind: DeviationKind, reason: String, left_out: bool) {
        let deviation = Deviation::new(&self.path, kind, reason, left_out);
        self.deviations.push(deviation);
    }
}

/// Keeps the state while a text is read, and that of a text around it.
pub(super) struct Guard(Option<State>);

impl Guard {
    pub(super) fn enter(tolerance: Tolerance) -> Self {
        let state = State {
            tolerance,
            ..State::default()
        };
        Self(STATE.replace(Some(state)))
    }

    pub(super) fn leave(self) -> State {
        STATE.take().unwrap_or_default()
    }
}

/// Also when somebody's `Deserialize` panics.
impl Drop for Guard {
    fn drop(&mut self) {
        STATE.replace(self.0.take());
    }
}

fn with<T: Default>(use_state: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(|state| state.as_mut().map(use_state).unwrap_or_default())
}

pub(super) fn is_tolerant() -> bool {
    with(|state| state.tolerance == Tolerance::Report)
}

/// How much of the path leads to the value that is about to be read.
pub(super) fn here() -> usize {
    with(|state| state.path.len())
}

/// Goes back to a value from those inside of it.
pub(super) fn back_to(place: usize) {
    with(|state| state.path.truncate(place));
}

/// Goes to a field.
pub(super) fn enter_field(place: usize, name: &str) {
    with(|state| {
        state.path.truncate(place);
        if place > 0 {
            state.path.push('.');
        }
        match name.char_indices().nth(MAX_NAME) {
            Some((end, _)) => state.path.extend([&name[..end], "…"]),
            None => state.path.push_str(name),
        }
    });
}

/// Goes to an element.
pub(super) fn enter_element(place: usize, index: usize) {
    with(|state| {
        state.path.truncate(place);
        // A String takes whatever is written.
        let _ = write!(state.path, "[{index}]");
    });
}

/// Remembers whether the field that could not be read is `null`.
pub(super) fn failed_on(text: &str) {
    with(|state| state.is_null = text == "null");
}

/// Remembers what [`note_missing`] has to know about an object when it has been read.
pub(super) fn finish_object(nulls: Vec<String>, is_made_up: bool) {
    with(|state| {
        state.nulls = nulls;
        state.is_made_up = is_made_up;
    });
}

/// Notes that the text as a whole is something else.
pub(super) fn note_whole(reason: String) {
    with(|state| state.note(DeviationKind::Mismatch, reason, false));
}

/// Notes what could not be read.
pub(super) fn note_misfit(reason: String, left_out: bool) {
    with(|state| {
        if state.is_null && !left_out {
            state.note(DeviationKind::Null, "null".to_owned(), false);
        } else {
            state.note(DeviationKind::Mismatch, reason, left_out);
        }
    });
}

/// Notes a `null` among elements or entries.
pub(super) fn note_null() {
    with(|state| state.note(DeviationKind::Null, "null".to_owned(), true));
}

/// Notes that the name of a field is no text.
pub(super) fn note_name() {
    let reason = "expected a name of whole characters";
    with(|state| state.note(DeviationKind::Mismatch, reason.to_owned(), true));
}

/// Notes that there is more than one field of a name.
pub(super) fn note_repeated() {
    with(|state| state.note(DeviationKind::Repeated, "repeated".to_owned(), true));
}

/// Notes the fields that an object should have, after it has been read.
pub(super) fn note_missing(table: &[(&str, Presence)], seen: u128) {
    with(|state| {
        let nulls = std::mem::take(&mut state.nulls);
        if std::mem::take(&mut state.is_made_up) {
            return;
        }
        let place = state.path.len();
        for (index, (name, presence)) in table.iter().enumerate() {
            let is_absent = seen & (1 << index) == 0;
            let is_null = || nulls.iter().any(|null| null == name);
            let (kind, reason) = match presence {
                Presence::Optional => continue,
                _ if is_absent => (DeviationKind::Missing, "missing"),
                Presence::Listed if is_null() => (DeviationKind::Null, "null"),
                _ => continue,
            };
            if place > 0 {
                state.path.push('.');
            }
            state.path.push_str(name);
            state.note(kind, reason.to_owned(), false);
            state.path.truncate(place);
        }
    });
}
