use serde::{Deserialize, Serialize};

#[derive(Serialize)]
struct Request<'a> {
    access_token: &'a str,
    account_id: &'a str,
}

#[derive(Debug, Deserialize)]
struct Answer {
    stripe_bank_account_token: String,
    request_id: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let request = Request {
        access_token: "access-sandbox-1",
        account_id: "account",
    };
    let answer: Answer = reqwest::Client::new()
        .post("https://sandbox.plaid.com/processor/stripe/bank_account_token/create")
        .header("PLAID-CLIENT-ID", std::env::var("PLAID_CLIENT_ID")?)
        .header("PLAID-SECRET", std::env::var("PLAID_SECRET")?)
        .header("Plaid-Version", "2020-09-14")
        .json(&request)
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?;
    println!("{} {}", answer.stripe_bank_account_token.len(), answer.request_id);
    Ok(())
}
