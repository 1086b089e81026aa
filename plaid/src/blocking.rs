//! Calls without a runtime of one's own.
//!
//! Whatever can be awaited can also be waited for: [`Call::send_blocking`] makes a
//! call, [`wait`] and [`run`] do anything else, and [`iter`] goes through a stream. The work is
//! done by one thread for the whole process, so connections are kept from one call to
//! the next.
//!
//! Not for use inside of an async runtime, where all of it answers
//! [`Error::Config`]: blocking there would stop other tasks. On a thread
//! for blocking work, use that runtime's own `Handle::block_on`.
//!
//! ```no_run
//! # #[cfg(feature = "accounts")]
//! # fn example(access_token: plaid::Secret) -> plaid::Result<()> {
//! let plaid = plaid::Client::from_env()?;
//! let answer = plaid.accounts().get(&access_token).send_blocking()?;
//! println!("{} accounts", answer.accounts.len());
//! # Ok(())
//! # }
//! ```
//!
//! The rows of a list:
//!
//! ```no_run
//! # #[cfg(feature = "beacon")]
//! # fn example(plaid: plaid::Client, user: &str) -> plaid::Result<()> {
//! let rows = plaid.beacon().report_list(user).stream();
//! for report in plaid::blocking::iter(rows) {
//!     println!("{}", report?.id);
//! }
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::thread;

use futures_util::{Stream, StreamExt};
use tokio::runtime::{Builder, Handle};

use crate::call::Call;
use crate::error::{Error, Result};
use crate::operation::Operation;
use crate::response::Response;

/// The thread's name, as debuggers show it.
const THREAD: &str = "plaid-blocking";
/// How often each of the thread's tasks that can go on is let go on: a connection
/// sees the end of an answer, and the pool sees that it is free.
const ROUNDS: usize = 3;

impl<O: Operation> Call<O> {
    /// Makes the call and blocks until it is over.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`Error::Config`] inside of an async runtime.
    pub fn send_blocking(self) -> Result<Response<O::Response>> {
        wait(self)
    }
}

/// Blocks until the future is done.
///
/// ```
/// # fn main() -> plaid::Result<()> {
/// let answer = plaid::blocking::wait(async { plaid::Result::Ok(42) })?;
/// assert_eq!(answer, 42);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of the future, and [`Error::Config`] inside of an async runtime.
///
/// # Panics
/// When the future does.
pub fn wait<F, T, E>(future: F) -> Result<T, E>
where
    F: IntoFuture<Output = Result<T, E>, IntoFuture: Send + 'static>,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    run(future.into_future())?
}

/// Goes through a stream, and blocks for each of its items.
///
/// ```
/// # fn main() -> plaid::Result<()> {
/// use futures_util::stream;
///
/// let stream = stream::iter([plaid::Result::Ok(1), Ok(2)]);
/// let sum: i32 = plaid::blocking::iter(stream).sum::<plaid::Result<i32>>()?;
/// assert_eq!(sum, 3);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The iterator yields those of the stream. Inside of an async runtime it yields
/// [`Error::Config`] and is at its end.
pub fn iter<S: Stream>(stream: S) -> Iter<S> {
    Iter(Some(Box::pin(stream)))
}

/// The items of a stream; see [`iter`].
pub struct Iter<S>(Option<Pin<Box<S>>>);

impl<S, T, E> Iterator for Iter<S>
where
    S: Stream<Item = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    type Item = Result<T, E>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut stream = self.0.take()?;
        let next = run(async move {
            let next = stream.next().await;
            (stream, next)
        });
        match next {
            Ok((stream, next)) => {
                self.0 = next.is_some().then_some(stream);
                next
            }
            Err(error) => Some(Err(error.into())),
        }
    }
}

impl<S> fmt::Debug for Iter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").finish_non_exhaustive()
    }
}

/// Blocks until a future is done whose errors are not this crate's [`Error`].
///
/// ```no_run
/// # #[cfg(feature = "webhooks")]
/// # fn example(
/// #     plaid: &plaid::Client,
/// #     headers: http::HeaderMap,
/// #     body: Vec<u8>,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// let verifier = plaid.webhooks().verifier();
/// let verified = async move { verifier.verify(&headers, &body).await };
/// let webhook = plaid::blocking::run(verified)??;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Config`] inside of an async runtime.
///
/// # Panics
/// When the future does.
pub fn run<F>(future: F) -> Result<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    // On the caller's thread, where `Handle::block_on` would run it, its timers were
    // seen to be overslept by the thread that drives them.
    let runtime = runtime()?;
    let task = runtime.spawn(async {
        let output = future.await;
        // An answer is here a moment before its connection can be used again, and a
        // call right after it would make a new one.
        for _ in 0..ROUNDS {
            tokio::task::yield_now().await;
        }
        output
    });
    match runtime.block_on(task) {
        Ok(output) => Ok(output),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends with the process.
            Err(_) => Err(Error::config("the thread for blocking calls has ended")),
        },
    }
}

static RUNTIME: Mutex<Option<Handle>> = Mutex::new(None);

/// The runtime, which is started when it is first needed and then stays.
fn runtime() -> Result<Handle> {
    if Handle::try_current().is_ok() {
        return Err(Error::config(
            "a blocking call inside of an async runtime would stop its tasks: await it, \
             or use Handle::block_on on a thread for blocking work",
        ));
    }
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*runtime {
        return Ok(handle.clone());
    }
    let handle = start().map_err(|_| Error::config("no thread could be started for the call"))?;
    *runtime = Some(handle.clone());
    Ok(handle)
}

/// Starts the thread.
fn start() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let drive = move || runtime.block_on(std::future::pending::<()>());
    thread::Builder::new()
        .name(THREAD.to_owned())
        .spawn(drive)?;
    Ok(handle)
}
