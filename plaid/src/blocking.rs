//! Calls without a runtime of one's own.
//!
//! Whatever can be awaited can also be waited for: [`Call::send_blocking`] makes a
//! call, [`wait`] anything else, and [`iter`] goes through a stream. The work is
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
pub fn wait<T, E: From<Error>>(future: impl IntoFuture<Output = Result<T, E>>) -> Result<T, E> {
    let runtime = runtime()?;
    // In here, since making a future may take a runtime as well.
    runtime.block_on(async { future.await })
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
    S: Stream<Item = Result<T, E>>,
    E: From<Error>,
{
    type Item = Result<T, E>;

    fn next(&mut self) -> Option<Self::Item> {
        let stream = self.0.as_mut()?;
        let next = match runtime() {
            Ok(runtime) => runtime.block_on(stream.next()),
            Err(error) => {
                self.0 = None;
                return Some(Err(error.into()));
            }
        };
        if next.is_none() {
            self.0 = None;
        }
        next
    }
}

impl<S> fmt::Debug for Iter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").finish_non_exhaustive()
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

/// Starts the thread that drives sockets and timers; the futures themselves run on
/// the threads that wait for them.
fn start() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let drive = move || runtime.block_on(std::future::pending::<()>());
    thread::Builder::new()
        .name(THREAD.to_owned())
        .spawn(drive)?;
    Ok(handle)
}
