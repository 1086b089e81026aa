#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plaid = plaid::Client::from_env()?;
    let answer = plaid
        .processor()
        .stripe_bank_account_token_create("access-sandbox-1", "account")
        .await?;
    let token = answer.stripe_bank_account_token.expose_secret();
    println!("{} {}", token.len(), answer.request_id());
    Ok(())
}
