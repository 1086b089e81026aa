//! Prints the medians of a client's first call and of one more, in microseconds.
use std::time::Instant;

const CLIENTS: usize = 50;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(url) = std::env::args().nth(1) else {
        return Err("usage: calls <url>".into());
    };
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..CLIENTS {
        let builder = plaid::Client::builder().base_url(&url).credentials("id", "secret");
        let plaid = builder.build()?;
        for times in &mut times {
            let started = Instant::now();
            plaid.processor().stripe_bank_account_token_create("access-sandbox-1", "account").await?;
            times.push(started.elapsed().as_micros());
        }
    }
    for mut times in times {
        times.sort();
        println!("{}", times[CLIENTS / 2]);
    }
    Ok(())
}
