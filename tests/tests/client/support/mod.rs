//! An emulator with a client of it, and receivers of what is sent.

#![allow(dead_code, reason = "each test file uses its own part of this")]

pub(crate) mod loopback;

use std::time::Duration;

use plaid::types::{AccountBase, SandboxPublicTokenCreateRequestOptions};
use plaid::{Client, HttpTransport, RetryPolicy, Secret};
use plaid_sandbox::Sandbox;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// The bank at which every Item here is.
pub(crate) const BANK: &str = "ins_109508";

/// How long a request id of Plaid's is.
pub(crate) const REQUEST_ID_LEN: usize = 15;

/// How long to wait for what has to come. Only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running emulator and a client of it.
pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    pub(crate) plaid: Client,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let plaid = Client::sandbox_at(sandbox.url(), sandbox.client_id(), sandbox.secret());
        Self {
            plaid: plaid.unwrap(),
            sandbox,
        }
    }

    /// Like [`start`](Self::start), with pauses too short to notice.
    pub(crate) async fn hasty() -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let plaid = hasty_client(sandbox.url(), sandbox.client_id(), sandbox.secret());
        Self { sandbox, plaid }
    }

    /// The access token of a new Item.
    pub(crate) async fn item(&self, products: &[&str]) -> Secret {
        self.item_with(products, Default::default()).await
    }

    pub(crate) async fn item_with(
        &self,
        products: &[&str],
        options: SandboxPublicTokenCreateRequestOptions,
    ) -> Secret {
        let sandbox = self.plaid.sandbox();
        let create = sandbox.public_token_create(BANK, products.iter().copied());
        let public = create.options(options).await.unwrap().into_inner();
        let exchange = self
            .plaid
            .items()
            .public_token_exchange(public.public_token);
        exchange.await.unwrap().into_inner().access_token
    }

    /// The account with this mask.
    pub(crate) async fn account(&self, access_token: &Secret, mask: &str) -> AccountBase {
        let answer = self.plaid.accounts().get(access_token).await.unwrap();
        let mut accounts = answer.into_inner().accounts.into_iter();
        accounts
            .find(|account| account.mask.as_deref() == Some(mask))
            .unwrap()
    }

    /// How often an operation was asked for.
    pub(crate) fn requests_of(&self, path: &str) -> usize {
        let requests = self.sandbox.requests();
        requests
            .iter()
            .filter(|request| request.operation == Some(path))
            .count()
    }
}

/// A client with the usual policy but for the length of the pauses.
pub(crate) fn hasty_client(url: &str, client_id: &str, secret: &str) -> Client {
    Client::builder()
        .base_url(url)
        .credentials(client_id, secret)
        .retry(RetryPolicy::new().base(Duration::from_millis(1)))
        .build()
        .unwrap()
}

/// A client whose requests go to a stand-in for the network.
pub(crate) fn client_over(transport: impl HttpTransport) -> Client {
    Client::builder()
        .base_url("https://plaid.example")
        .credentials("client", "secret")
        .transport(transport)
        .build()
        .unwrap()
}

/// A receiver of webhooks on a loopback port.
pub(crate) struct Receiver {
    server: MockServer,
    received: UnboundedReceiver<Request>,
}

/// Hands over each request and says thank you.
struct Tell(UnboundedSender<Request>);

impl Respond for Tell {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let _ = self.0.send(request.clone());
        ResponseTemplate::new(200)
    }
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let (sender, received) = unbounded_channel();
        let server = MockServer::start().await;
        let mock = Mock::given(any()).respond_with(Tell(sender));
        mock.mount(&server).await;
        Self { server, received }
    }

    /// Where to send webhooks to.
    pub(crate) fn url(&self) -> String {
        format!("{}/hook", self.server.uri())
    }

    /// The next webhook; waits until it is there.
    pub(crate) async fn next(&mut self) -> Request {
        let next = tokio::time::timeout(PATIENCE, self.received.recv());
        next.await.expect("a webhook").unwrap()
    }

    /// Waits for a webhook with this code, and leaves out those before it.
    pub(crate) async fn next_of(&mut self, code: &str) -> Request {
        loop {
            let webhook = self.next().await;
            let body: serde_json::Value = webhook.body_json().unwrap();
            if body["webhook_code"] == code {
                return webhook;
            }
        }
    }
}
