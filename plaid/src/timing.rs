//! The time that a call has.

use std::time::Duration;

use tokio::time::Instant;

/// When a call began, and how much time it was given: its timeout, or what is left
/// until its deadline, whichever ends first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallTime {
    started: Instant,
    whole: Duration,
}

impl CallTime {
    pub(crate) fn begin(timeout: Duration, deadline: Option<Instant>) -> Self {
        let started = Instant::now();
        let until = deadline.map(|at| at.saturating_duration_since(started));
        Self {
            started,
            whole: until.map_or(timeout, |left| left.min(timeout)),
        }
    }

    /// All of it.
    pub(crate) fn whole(&self) -> Duration {
        self.whole
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn left(&self) -> Duration {
        self.whole.saturating_sub(self.elapsed())
    }

    /// The moment at which so much of it is over; `None` if that is beyond what a
    /// clock can tell, which is as good as never.
    pub(crate) fn at(&self, share: Duration) -> Option<Instant> {
        self.started.checked_add(share.min(self.whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_earlier_of_timeout_and_deadline_counts() {
        let now = Instant::now();
        let whole = |timeout, deadline| CallTime::begin(timeout, deadline).whole();
        assert_eq!(whole(9 * SECOND, None), 9 * SECOND);
        assert_eq!(whole(9 * SECOND, Some(now + 2 * SECOND)), 2 * SECOND);
        assert_eq!(whole(SECOND, Some(now + 2 * SECOND)), SECOND);
        tokio::time::advance(3 * SECOND).await;
        assert_eq!(whole(9 * SECOND, Some(now)), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_shrinks_to_nothing() {
        let time = CallTime::begin(2 * SECOND, None);
        tokio::time::advance(SECOND).await;
        assert_eq!((time.elapsed(), time.left()), (SECOND, SECOND));
        tokio::time::advance(5 * SECOND).await;
        assert_eq!(time.left(), Duration::ZERO);
        assert_eq!(CallTime::begin(Duration::MAX, None).at(Duration::MAX), None);
    }
}
