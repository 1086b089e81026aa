#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = plain::Client::new("https://sandbox.plaid.com");
    let body = plain::types::ProcessorStripeBankAccountTokenCreateRequest {
        access_token: "access-sandbox-1".parse()?,
        account_id: "account".to_owned(),
    };
    let answer = client
        .processor_stripe_bank_account_token_create(&body)
        .await
        .map_err(|error| error.to_string())?;
    println!("{} {}", answer.stripe_bank_account_token.len(), answer.request_id.as_str().len());
    Ok(())
}
