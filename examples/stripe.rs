//! Create an Item, exchange its token, and make a Stripe bank account token.
//!
//! Without credentials it runs offline, against the embedded emulator:
//!
//! ```text
//! cargo run --example stripe
//! ```
//!
//! With `PLAID_CLIENT_ID`, `PLAID_SECRET` and `PLAID_ENV=sandbox` it makes the same
//! calls to Plaid, which takes TLS:
//!
//! ```text
//! cargo run --example stripe --features tls
//! ```
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::env;
use std::error::Error;

use plaid::Client;
use plaid_sandbox::Sandbox;

/// The bank of Plaid's sandbox whose logins always work.
const FIRST_PLATYPUS_BANK: &str = "ins_109508";

const NEXT: &str = "
What to try next:
  cargo run -p plaid-gateway
      starts the explorer, a page to try any call and copy its code
  PLAID_CLIENT_ID=… PLAID_SECRET=… PLAID_ENV=sandbox cargo run --example stripe --features tls
      makes the same calls to Plaid; keys: https://dashboard.plaid.com/developers/keys";

const NO_TLS: &str = "calls to Plaid take TLS: add `--features tls`";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if env::var_os("PLAID_CLIENT_ID").is_some() {
        // An emulator on this machine speaks plain http.
        let is_plain = env::var("PLAID_ENV").is_ok_and(|url| url.starts_with("http://"));
        if !is_plain && !cfg!(feature = "tls") {
            return Err(NO_TLS.into());
        }
        println!("plaid     PLAID_CLIENT_ID is set: calling Plaid");
        return stripe_token(&Client::from_env()?).await;
    }
    let sandbox = Sandbox::start().await?;
    println!("emulator  {} (PLAID_CLIENT_ID is not set)", sandbox.url());
    let plaid = Client::sandbox_at(sandbox.url(), sandbox.client_id(), sandbox.secret())?;
    stripe_token(&plaid).await?;
    println!("{NEXT}");
    Ok(())
}

/// Makes the calls one by one, and says what each brought.
async fn stripe_token(plaid: &Client) -> Result<(), Box<dyn Error>> {
    // In an application, Link hands the public token to the browser.
    let link = plaid
        .sandbox()
        .public_token_create(FIRST_PLATYPUS_BANK, ["auth"])
        .await?;
    println!("item      linked at {FIRST_PLATYPUS_BANK}");

    let item = plaid
        .items()
        .public_token_exchange(&link.public_token)
        .await?;
    println!("exchange  {}", item.item_id);

    let accounts = plaid.accounts().get(&item.access_token).await?;
    println!("accounts  {}", accounts.accounts.len());
    let account = accounts
        .accounts
        .iter()
        .find(|account| {
            account
                .subtype
                .as_ref()
                .is_some_and(|s| s.as_str() == "checking")
        })
        .ok_or("the Item has no checking account")?;
    println!(
        "account   {} ••{}",
        account.name,
        account.mask.as_deref().unwrap_or("?")
    );

    let token = plaid
        .processor()
        .stripe_bank_account_token_create(&item.access_token, &account.account_id)
        .await?;
    // A Stripe token is for Stripe only. It is shown here because showing it is the
    // point of this program.
    println!(
        "token     {}",
        token.stripe_bank_account_token.expose_secret()
    );
    println!("request   {}", token.request_id());
    Ok(())
}
