//! The emulator's clock: the real one, put forward on request.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

/// Everything that expires, gets ready or is tried again goes by this clock. Only
/// webhooks are signed with the real time, because that is what their receivers
/// compare the signature's age with.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    /// How far it is ahead of the real one.
    ahead: Arc<watch::Sender<TimeDelta>>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            ahead: Arc::new(watch::Sender::new(TimeDelta::zero())),
        }
    }

    /// How far it is ahead of the real one.
    pub(crate) fn ahead(&self) -> TimeDelta {
        *self.ahead.borrow()
    }

    /// Puts the clock to where it was when it was written down.
    pub(crate) fn restore(&self, ahead: TimeDelta) {
        self.ahead.send_replace(ahead);
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        let now = Utc::now();
        now.checked_add_signed(*self.ahead.borrow()).unwrap_or(now)
    }

    /// Puts the clock forward, and wakes whoever waits for a moment that has come.
    /// The calendar ends in the year 262142: further than that it does not go.
    pub(crate) fn advance(&self, by: Duration) {
        let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
        self.ahead.send_modify(|ahead| {
            let wanted = ahead.checked_add(&by);
            let reachable = wanted.filter(|ahead| Utc::now().checked_add_signed(*ahead).is_some());
            *ahead =
                reachable.unwrap_or(DateTime::<Utc>::MAX_UTC - Utc::now() - TimeDelta::days(366));
        });
    }

    /// Waits until the clock shows a moment.
    pub(crate) async fn reached(&self, moment: DateTime<Utc>) {
        let mut changes = self.ahead.subscribe();
        // A change before this point shows in `now`.
        changes.mark_unchanged();
        while let Ok(left) = moment.signed_duration_since(self.now()).to_std() {
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = changes.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_moment_is_reached_as_soon_as_the_clock_is_put_there() {
        let clock = Clock::new();
        let moment = clock.now() + TimeDelta::days(7);
        let waiting = clock.clone();
        let waiting = tokio::spawn(async move { waiting.reached(moment).await });
        clock.advance(Duration::from_secs(6 * 86_400));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.advance(Duration::from_secs(86_400));
        assert!(waiting.await.is_ok());
    }

    #[test]
    fn the_clock_stops_before_the_calendar_ends() {
        let clock = Clock::new();
        for _ in 0..2 {
            clock.advance(Duration::MAX);
            assert!(clock.now() > Utc::now() + TimeDelta::days(365_000));
        }
        // Expiry dates can still be written down.
        assert!(
            clock
                .now()
                .checked_add_signed(TimeDelta::days(40))
                .is_some()
        );
    }
}
