//! What goes over the network: how it is carried, what came, and whether it is whole.
//! What it means is for others to say.

mod answer;
mod integrity;
#[cfg(feature = "rustls")]
pub(crate) mod tls;
#[cfg(feature = "tower")]
mod tower;
mod transport;

pub(crate) use answer::{Answer, is_text, retry_after};
#[cfg(feature = "files")]
pub(crate) use integrity::announced;
pub(crate) use integrity::{Check, Damage};
#[cfg(feature = "tower")]
pub use tower::TowerTransport;
pub use transport::{HttpTransport, TransportFailure, TransportFuture};
