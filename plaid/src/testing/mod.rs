//! Stand-ins for Plaid in tests.
//!
//! A [`Mock`] answers calls by rules, without a socket, and keeps what was asked.
//! For what depends on what happened before, such as an Item that is linked and
//! then removed, there is the emulator in `plaid-sandbox`.
//!
//! ```
//! # #[cfg(feature = "transactions")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use plaid::products::transactions::TransactionsSync;
//! use plaid::testing::{Mock, Reply};
//! use serde_json::json;
//!
//! let mock = Mock::new();
//! mock.on::<TransactionsSync>()
//!     .reply(Reply::error("RATE_LIMIT_EXCEEDED", "TRANSACTIONS_SYNC_LIMIT"))
//!     .reply(Reply::json(json!({
//!         "added": [], "modified": [], "removed": [], "accounts": [],
//!         "has_more": false, "next_cursor": "c1", "request_id": "HNTDNrA8F1shFEW",
//!         "transactions_update_status": "HISTORICAL_UPDATE_COMPLETE",
//!     })));
//!
//! // The client tries again by itself.
//! let plaid = mock.client()?;
//! let page = plaid.transactions().sync("access-sandbox-1").cursor("c0").await?;
//! assert_eq!(page.next_cursor, "c1");
//!
//! let asked = mock.requests();
//! assert_eq!(asked.len(), 2);
//! assert_eq!(asked[1].json()["cursor"], "c0");
//! mock.verify()?; // every reply was given, and nothing else was asked
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "transactions"))]
//! # fn main() {}
//! ```

mod asked;
mod mock;
mod reply;

pub use asked::Asked;
pub use mock::{Mock, Rule, Unmet};
pub use reply::Reply;
