//! The emulator as its user sees it: started, asked, stopped by letting go.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
};

use crate::{
    agenda::Pace,
    beginning::Beginning,
    contract::{Contract, ContractError},
    faults::{Fault, FaultRule, Faults},
    lock,
    log::{Log, LoggedRequest},
    post::Post,
    products::transactions::TransactionsError,
    server::{self, App},
    storage::DataError,
    webhook::{self, BACKLOG, Mail, Order, SentWebhook},
};

/// Why the emulator did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The port is taken, or the machine has no such address.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was asked for; port 0 means any.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The data file cannot be used.
    #[error("cannot use the data file {path}")]
    Data {
        /// The file that was asked for.
        path: PathBuf,
        /// What is the matter with it, and what can be done.
        source: DataError,
    },
    /// The embedded description of the API cannot be read.
    #[error(transparent)]
    Contract(#[from] ContractError),
}

/// Why a user cannot complete Link with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// No such Link token was created, or it has expired.
    #[error("there is no such Link token, or it has expired")]
    UnknownToken,
    /// The Item to repair has been removed, or there are too many Items.
    #[error("Link cannot make or repair an Item with this token")]
    NoItem,
    /// The data file cannot be written.
    #[error("the data file cannot be written; start the emulator again when it can")]
    NotWritten,
}

/// Why a user cannot complete an identity verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerificationError {
    /// No such verification was created, or it has been completed.
    #[error("there is no such identity verification that waits for its user")]
    NotWaiting,
    /// The data file cannot be written.
    #[error("the data file cannot be written; start the emulator again when it can")]
    NotWritten,
}

/// Settings for a [`Sandbox`], made by [`Sandbox::builder`].
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it is started"]
pub struct SandboxBuilder {
    port: u16,
    address: Option<IpAddr>,
    seed: Option<u64>,
    pace: Pace,
    control_from_anywhere: bool,
    data: Option<PathBuf>,
}

impl SandboxBuilder {
    /// Listens on this port instead of one that is free.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Listens on this address instead of 127.0.0.1. The emulator holds made-up data
    /// only, but whoever reaches it can use it.
    pub fn bind(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Lets callers on other machines use the controls under `/_sandbox`, too, which
    /// tell the credentials. It takes [`bind`](Self::bind) for them to get here.
    pub fn control_from_anywhere(mut self) -> Self {
        self.control_from_anywhere = true;
        self
    }

    /// How fast data gets ready; at once unless told otherwise.
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Makes the same credentials, tokens and identifiers in every run that
    /// sends the same requests in the same order.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Keeps what the emulator is told in this file, which is made if there is none, in
    /// place of in memory only. An answer is sent when what it says is on the disk, so
    /// whatever stops the emulator, the next one with the file goes on where this one
    /// was: with its credentials, tokens, Items and their transactions, cursors, users,
    /// Link sessions, reports, the webhooks that were not received yet, the key that
    /// signs them, and the clock. The [`seed`](Self::seed) counts for a new file only.
    ///
    /// Faults, rate limits, the log of requests and what is told of webhooks (held back,
    /// repeated) are those of a run. Webhooks that were held back are sent.
    ///
    /// Requires the feature `data`.
    ///
    /// ```
    /// use plaid_sandbox::Sandbox;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let path = std::env::temp_dir().join(format!("doc-{}.redb", std::process::id()));
    /// let sandbox = Sandbox::builder().data(&path).start().await?;
    /// let secret = sandbox.secret().to_owned();
    /// sandbox.stop().await;
    ///
    /// let sandbox = Sandbox::builder().data(&path).start().await?;
    /// assert_eq!(sandbox.secret(), secret);
    /// # sandbox.stop().await;
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "data")]
    pub fn data(mut self, path: impl Into<PathBuf>) -> Self {
        self.data = Some(path.into());
        self
    }

    /// Starts the emulator on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// If the port cannot be listened on, or the data file cannot be used.
    pub async fn start(self) -> Result<Sandbox, StartError> {
        let contract = Contract::embedded()?;
        let wanted = self.address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let wanted = SocketAddr::from((wanted, self.port));
        let listen = |source| StartError::Listen {
            address: wanted,
            source,
        };
        let listener = TcpListener::bind(wanted).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;

        let beginning = self.beginning().await?;
        let (deliveries, queue) = mpsc::channel(BACKLOG);
        let app = Arc::new(App {
            contract,
            credentials: beginning.credentials,
            state: Mutex::new(beginning.state),
            request_ids: Mutex::new(beginning.request_ids),
            faults: Faults::default(),
            log: Log::default(),
            control_from_anywhere: self.control_from_anywhere,
            planned: Notify::new(),
            mail: Mail::default(),
            storage: beginning.storage,
            deliveries,
        });
        let (stop, stopped) = watch::channel(());
        let server = server::serve(listener, Arc::clone(&app), stopped);
        let deliveries = webhook::deliver(queue, Post::new(), beginning.webhooks, Arc::clone(&app));
        let timed = Arc::clone(&app);
        // In one task, so that webhooks cannot outlive the server.
        let task = tokio::spawn(async move {
            tokio::select! {
                () = server => {}
                () = deliveries => {}
                () = timed.keep_time() => {}
            }
            timed.close().await;
        });
        Ok(Sandbox {
            url: format!("http://{}", reachable(address)),
            address,
            app,
            stop,
            task,
        })
    }
}

impl SandboxBuilder {
    async fn beginning(&self) -> Result<Beginning, StartError> {
        let (seed, pace) = (self.seed, self.pace);
        let Some(path) = self.data.clone() else {
            return Ok(Beginning::new(seed, pace));
        };
        let file = path.clone();
        let opened =
            tokio::task::spawn_blocking(move || Beginning::from_file(&file, seed, pace)).await;
        // The database panics on some files whose parts do not fit together.
        opened
            .unwrap_or(Err(DataError::Damaged))
            .map_err(|source| StartError::Data { path, source })
    }
}

/// How this machine reaches what listens on an address: one that stands for all of
/// the machine's is none to connect to.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    (ip, address.port()).into()
}

/// A running emulator. It stops when this is dropped: no new connection is
/// accepted from then on, requests under way have a second to end, and webhooks
/// that were not sent yet are not sent any more; with a data file they are when the
/// next emulator is started with it.
#[must_use = "the emulator stops when this is dropped"]
pub struct Sandbox {
    url: String,
    address: SocketAddr,
    app: Arc<App>,
    /// Dropping it is the signal to stop.
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sandbox")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Starts an emulator on a free loopback port, on the current tokio
    /// runtime.
    ///
    /// # Errors
    ///
    /// If no port can be listened on.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Settings to start with.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// Where the emulator listens, in the form `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address that the emulator listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The `client_id` that the emulator accepts, made up at its start.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.app.credentials.client_id
    }

    /// The `secret` that the emulator accepts, made up at its start.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.app.credentials.secret
    }

    /// The requests so far, oldest first. The last ten thousand are kept.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.app.log.requests()
    }

    /// Lets the next request to a path fail. Faults for one path queue up, and
    /// each befalls one request.
    ///
    /// The path may be any, also one that the API does not have, and may be
    /// given with an operation's placeholders: `/fdx/consents/{consentId}`.
    pub fn fail_next(&self, path: impl Into<String>, fault: Fault) {
        self.app.faults.push(path.into(), fault);
    }

    /// Lets requests fail by a rule, until it is withdrawn. Returns the rule's
    /// number. Rules are asked after what [`fail_next`](Self::fail_next) has lined
    /// up, the oldest first, and the first that is for a request counts.
    pub fn fail(&self, rule: FaultRule) -> u64 {
        self.app.faults.add(rule)
    }

    /// Withdraws a rule, and says whether it was in force.
    pub fn withdraw(&self, rule: u64) -> bool {
        self.app.faults.remove(rule)
    }

    /// Withdraws all rules and all faults that wait for their request.
    pub fn clear_faults(&self) {
        self.app.faults.clear();
    }

    /// How many requests a rule has hit; `None` if it is not in force.
    #[must_use]
    pub fn hits(&self, rule: u64) -> Option<u64> {
        let hits = self.app.faults.hits();
        hits.into_iter()
            .find(|(id, _)| *id == rule)
            .map(|(_, hits)| hits)
    }

    /// Enforces the rate limits that Plaid publishes for its sandbox, or no longer
    /// does so. They are not enforced unless asked for.
    pub fn enforce_rate_limits(&self, enforced: bool) {
        lock(&self.app.state).limits.enforced = enforced;
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.app.log.clear();
    }

    /// Puts the emulator's clock forward, so that a test sees in milliseconds what
    /// takes minutes or months:
    ///
    /// - public tokens expire after 30 minutes, Link tokens after 4 hours, those of
    ///   update mode after 30 minutes;
    /// - every day brings an Item transactions, which are pending until the next, and
    ///   sends `SYNC_UPDATES_AVAILABLE`;
    /// - an Item asks for a new login after 30 days, and says so with `ITEM`/`ERROR`;
    /// - webhooks that were not received are tried again after 30 seconds, and then
    ///   after four times as long each, for a day;
    /// - with [`Pace::Lifelike`], transactions and Asset Reports get ready.
    ///
    /// Webhooks are still signed with the real time.
    pub fn advance(&self, by: Duration) {
        self.app.advance(by);
    }

    /// What the emulator's clock shows.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        lock(&self.app.state).now()
    }

    /// Sends each webhook this many times from now on, at most ten. Duplicates are
    /// normal: a receiver has to do its work once.
    pub fn repeat_webhooks(&self, times: usize) {
        self.app.mail.copies(times);
    }

    /// Keeps webhooks back until [`release_webhooks`](Self::release_webhooks).
    pub fn hold_webhooks(&self) {
        self.app.mail.hold();
    }

    /// Lets the webhooks go that were kept back, and all others from now on.
    pub fn release_webhooks(&self, order: Order) {
        self.app.release(order);
    }

    /// The tries to deliver webhooks so far, oldest first. The last thousand are
    /// kept.
    #[must_use]
    pub fn webhooks(&self) -> Vec<SentWebhook> {
        self.app.mail.sent()
    }

    /// Plays the user who goes through Link: signs in at First Platypus Bank
    /// and shares all accounts. Returns the public token that the application
    /// would get; afterwards `/link/token/get` shows the session.
    ///
    /// With a token made for an Item in update mode the user signs in again,
    /// which ends the state that `/sandbox/item/reset_login` brings about. The
    /// public token is then of no further use.
    ///
    /// # Errors
    ///
    /// If the token is unknown or has expired, or its Item has been removed.
    pub fn complete_link(&self, link_token: &str) -> Result<String, LinkError> {
        self.app.complete_link(link_token)
    }

    /// Plays the user who goes through an identity verification, and passes or fails
    /// it. Afterwards `/identity_verification/get` shows it as completed.
    ///
    /// # Errors
    ///
    /// If there is no such verification, or its user is through with it.
    pub fn complete_identity_verification(
        &self,
        identity_verification_id: &str,
        passed: bool,
    ) -> Result<(), VerificationError> {
        self.app
            .complete_verification(identity_verification_id, passed)
    }

    /// Gives an Item a long history: adds so many settled transactions of varied
    /// merchants and amounts, spread over the days of history that the Item has. They
    /// come with the next `/transactions/sync` and stand in `/transactions/get`, and
    /// `SYNC_UPDATES_AVAILABLE` says so. With the same [`seed`](SandboxBuilder::seed)
    /// they are the same.
    ///
    /// How many days an Item has is settled when its transactions are first read.
    /// Until then, and with [`Pace::Lifelike`] until all are there, these wait.
    ///
    /// An Item is given 100,000 at most, all Items together 20 million; each takes 32
    /// bytes of memory.
    ///
    /// ```
    /// # use serde_json::{Value, json};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sandbox = plaid_sandbox::Sandbox::start().await?;
    /// # let _ = rustls::crypto::ring::default_provider().install_default();
    /// # let post = async |path: &str, body: Value| {
    /// #     let url = format!("{}{path}", sandbox.url());
    /// #     let request = reqwest::Client::new().post(url).json(&body);
    /// #     let request = request.header("PLAID-CLIENT-ID", sandbox.client_id());
    /// #     let request = request.header("PLAID-SECRET", sandbox.secret());
    /// #     request.send().await?.json::<Value>().await
    /// # };
    /// # let body = json!({ "institution_id": "ins_109508", "initial_products": ["transactions"] });
    /// # let body = post("/sandbox/public_token/create", body).await?;
    /// # let body = json!({ "public_token": body["public_token"] });
    /// let exchanged = post("/item/public_token/exchange", body).await?;
    /// let item_id = exchanged["item_id"].as_str().unwrap_or_default();
    /// sandbox.add_transactions(item_id, 10_000)?;
    /// # let body = json!({
    /// #     "access_token": exchanged["access_token"],
    /// #     "start_date": "2000-01-01", "end_date": "2999-01-01",
    /// # });
    /// # let answer = post("/transactions/get", body).await?;
    /// # assert_eq!(answer["total_transactions"], 10_048);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no such Item, it does not have the product or an account to book
    /// on, or there would be too many.
    pub fn add_transactions(&self, item_id: &str, count: usize) -> Result<(), TransactionsError> {
        self.app.add_transactions(item_id, count)
    }

    /// Stops the emulator and waits until everything it started has ended. Its data file
    /// can then be opened again.
    pub async fn stop(self) {
        let Self { stop, task, .. } = self;
        drop(stop);
        // Failing to join means that the runtime is going down: ended as well.
        let _ = task.await;
    }
}
