//! Keeping to Plaid's rate limits on this side, so that a request waits here and
//! is not rejected there.
//!
//! Off unless a client is given [`RateLimits`]. Per operation there is a
//! [`Gate`](gate::Gate) for the client and one for each Item; a request passes both. `governor`
//! and its like were not used: they run on clocks of their own, which tests
//! with tokio's paused clock cannot drive, keep no order among those who wait, and
//! do not give a place back when a wait is dropped.

mod gate;
mod limiter;
mod published;
mod rates;

pub(crate) use limiter::{Admission, Held, Limiter};
pub use rates::{Limit, LimitScope, RateLimits};
