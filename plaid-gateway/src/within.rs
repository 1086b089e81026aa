//! A limit to how long something may take.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// Like tokio's `timeout`, but what is ready at once, as most is, sets no timer.
pub(crate) async fn within<F: Future>(patience: Duration, work: F) -> Result<F::Output, Elapsed> {
    let mut work = pin!(work);
    let at_once = poll_fn(|context| Poll::Ready(work.as_mut().poll(context)));
    match at_once.await {
        Poll::Ready(done) => Ok(done),
        Poll::Pending => timeout(patience, work).await,
    }
}
