//! The data file: what was acknowledged is there after a restart, whatever ended the
//! emulator, and a file that cannot be used is said to be so.

use std::{error::Error, fs, time::Duration};

use crate::common::{Bench, Folder, Receiver, decode, length, text};
use plaid_sandbox::{DataError, Order, Pace, Sandbox, StartError};
use serde_json::{Value, json};

/// Why the emulator does not start with the file.
async fn failure(folder: &Folder) -> DataError {
    match Sandbox::builder().data(folder.file()).start().await {
        Err(StartError::Data { path, source }) => {
            assert_eq!(path, folder.file());
            source
        }
        other => panic!("{other:?}"),
    }
}

/// An answer, but for what no two answers share.
async fn told(bench: &Bench, path: &str, body: &Value) -> Value {
    let answer = bench.post(path, body.clone()).await;
    let mut told = answer.json();
    told.as_object_mut().unwrap().remove("request_id");
    json!({ "answer": told, "status": answer.status })
}

/// What there is to ask about an Item that everything has happened to.
async fn questions(bench: &Bench) -> Vec<(&'static str, Value)> {
    let access_token = bench
        .item(&["auth", "transactions", "assets", "identity", "transfer"])
        .await;
    let token = json!({ "access_token": access_token });
    let checking = bench.account(&access_token, "0000").await;
    let of_account = json!({ "access_token": access_token, "account_id": checking });

    // The Item says that Auth has been read.
    bench.ok("/auth/get", token.clone()).await;
    let first = bench.ok("/transactions/sync", token.clone()).await;
    bench.ok("/transactions/refresh", token.clone()).await;
    let page = json!({ "access_token": access_token, "count": 7 });
    let page = bench.ok("/transactions/sync", page).await;
    let cursor = |answer: &Value| json!({ "access_token": access_token, "cursor": answer["next_cursor"], "count": 7 });

    let mut of_dwolla = of_account.clone();
    of_dwolla["processor"] = json!("dwolla");
    let processor = bench.ok("/processor/token/create", of_dwolla).await;
    let stripe = "/processor/stripe/bank_account_token/create";
    bench.ok(stripe, of_account).await;
    let report = json!({ "access_tokens": [access_token], "days_requested": 60, "options": { "client_report_id": "mine" } });
    let report = bench.ok("/asset_report/create", report).await;
    let report = json!({ "asset_report_token": report["asset_report_token"] });
    bench
        .post("/asset_report/get", report.clone())
        .await
        .is_error(400, "ASSET_REPORT_ERROR", "PRODUCT_NOT_READY");

    let user = json!({ "client_user_id": "customer-7" });
    bench.ok("/user/create", user.clone()).await;
    let link = json!({
        "client_name": "Storage", "language": "en", "country_codes": ["US"],
        "user": { "client_user_id": "customer-7" }, "products": ["auth"],
    });
    let link = bench.ok("/link/token/create", link).await;
    let link_token = text(&link["link_token"]);
    let public_token = bench.sandbox.complete_link(&link_token).unwrap();
    let used = bench.public_token(&["auth"], json!({})).await;
    let exchange = "/item/public_token/exchange";
    bench.ok(exchange, json!({ "public_token": used })).await;

    let transfer = json!({
        "access_token": access_token, "account_id": checking, "type": "debit", "network": "ach",
        "amount": "12.34", "ach_class": "ppd", "user": { "legal_name": "Robin" },
        "idempotency_key": "once",
    });
    let authorized = bench
        .ok("/transfer/authorization/create", transfer.clone())
        .await;
    let made = json!({
        "access_token": access_token, "account_id": checking, "description": "rent",
        "authorization_id": authorized["authorization"]["id"],
    });
    let made = bench.ok("/transfer/create", made).await;
    let of_transfer = json!({ "transfer_id": made["transfer"]["id"] });
    let move_on = json!({ "transfer_id": made["transfer"]["id"], "event_type": "posted" });
    bench.ok("/sandbox/transfer/simulate", move_on).await;

    let rotated = bench.item(&["auth"]).await;
    let rotated_token = json!({ "access_token": rotated });
    bench
        .ok("/item/access_token/invalidate", rotated_token.clone())
        .await;
    let removed = json!({ "access_token": bench.item(&["auth"]).await });
    bench.ok("/item/remove", removed.clone()).await;
    let broken = json!({ "access_token": bench.item(&["auth"]).await });
    bench.ok("/sandbox/item/reset_login", broken.clone()).await;

    vec![
        ("/item/get", token.clone()),
        ("/accounts/get", token.clone()),
        ("/auth/get", token.clone()),
        ("/transactions/sync", token),
        ("/transactions/sync", cursor(&first)),
        ("/transactions/sync", cursor(&page)),
        (
            "/processor/auth/get",
            json!({ "processor_token": processor["processor_token"] }),
        ),
        ("/asset_report/get", report),
        ("/user/create", user),
        ("/link/token/get", json!({ "link_token": link_token })),
        ("/transfer/authorization/create", transfer),
        ("/transfer/get", of_transfer),
        ("/transfer/event/sync", json!({ "after_id": 0 })),
        ("/item/get", rotated_token),
        ("/item/get", removed),
        ("/auth/get", broken),
        (
            "/beacon/user/get",
            json!({ "beacon_user_id": "becusr_42cF1MNo42r9Xj" }),
        ),
        (exchange, json!({ "public_token": used })),
        // The last: it can be done once.
        (exchange, json!({ "public_token": public_token })),
    ]
}

#[tokio::test]
async fn whatever_was_told_survives_a_restart() {
    let folder = Folder::new("storage-restart");
    let bench = folder.start().await;
    let credentials = |bench: &Bench| {
        let sandbox = &bench.sandbox;
        (sandbox.client_id().to_owned(), sandbox.secret().to_owned())
    };
    let known = credentials(&bench);
    let questions = questions(&bench).await;
    bench.sandbox.advance(Duration::from_secs(20 * 60));
    let mut before = Vec::new();
    let (last, repeatable) = questions.split_last().unwrap();
    for (path, body) in repeatable {
        before.push(told(&bench, path, body).await);
    }
    let clock = bench.sandbox.now();

    let bench = folder.restart(bench).await;
    assert_eq!(credentials(&bench), known);
    assert!(bench.sandbox.now() >= clock);
    for ((path, body), before) in repeatable.iter().zip(before) {
        assert_eq!(told(&bench, path, body).await, before, "{path}");
    }
    // Twenty of its thirty minutes have passed.
    let bench = folder.restart(bench).await;
    bench.ok(last.0, last.1.clone()).await;
    let bench = folder.restart(bench).await;
    bench.post(last.0, last.1.clone()).await.says(
        "INVALID_INPUT",
        "INVALID_PUBLIC_TOKEN",
        "provided public token has already been exchanged",
    );
}

#[tokio::test]
async fn an_emulator_that_was_restarted_goes_on_as_one_that_was_not() {
    async fn run(restarts: bool) -> Vec<Value> {
        let folder = Folder::new(&format!("goes-on-{restarts}"));
        let start = || Sandbox::builder().data(folder.file()).seed(7).start();
        let mut bench = Bench::with(start().await.unwrap());
        let mut seen = Vec::new();
        let access_token = bench.item(&["transactions"]).await;
        let token = json!({ "access_token": access_token });
        for _ in 0..4 {
            if restarts {
                bench.sandbox.stop().await;
                bench = Bench::with(start().await.unwrap());
            }
            bench.ok("/transactions/refresh", token.clone()).await;
            bench.sandbox.advance(Duration::from_secs(86_400));
            let page = told(&bench, "/transactions/sync", &token).await;
            // New bookings have new identifiers, so these are compared as well.
            seen.push(page["answer"]["added"].clone());
            let page =
                json!({ "access_token": access_token, "cursor": page["answer"]["next_cursor"] });
            seen.push(told(&bench, "/transactions/sync", &page).await);
        }
        seen
    }
    assert_eq!(run(false).await, run(true).await);
}

#[tokio::test]
async fn identifiers_are_not_given_twice() {
    let folder = Folder::new("storage-ids");
    let mut bench = Bench::with(
        Sandbox::builder()
            .data(folder.file())
            .seed(1)
            .start()
            .await
            .unwrap(),
    );
    let mut tokens = std::collections::HashSet::new();
    let mut requests = std::collections::HashSet::new();
    for round in 0..4 {
        for user in 0..3 {
            let body = json!({ "client_user_id": format!("{round}-{user}") });
            let answer = bench.ok("/user/create", body).await;
            assert!(tokens.insert(text(&answer["user_token"])));
            assert!(requests.insert(text(&answer["request_id"])));
        }
        // The seed is that of a new file; an old one goes on.
        bench.sandbox.stop().await;
        bench = Bench::with(
            Sandbox::builder()
                .data(folder.file())
                .seed(1)
                .start()
                .await
                .unwrap(),
        );
    }
}

#[tokio::test]
async fn a_webhook_that_was_not_received_is_sent_after_the_restart() {
    let folder = Folder::new("storage-webhooks");
    let bench = folder.start().await;
    let mut receiver = Receiver::answering([500]).await;
    let access_token = bench.item(&["auth"]).await;
    let body = json!({ "access_token": access_token, "webhook": receiver.url });
    bench.ok("/item/webhook/update", body).await;
    let first = receiver.next().await;
    let key_id = decode(first.verification.split('.').next().unwrap())["kid"].clone();
    let key = json!({ "key_id": key_id });
    let known = told(&bench, "/webhook_verification_key/get", &key).await;
    while bench.sandbox.webhooks().is_empty() {
        tokio::task::yield_now().await;
    }

    let bench = folder.restart(bench).await;
    // It is tried again at its time, not before.
    bench.sandbox.advance(Duration::from_secs(60));
    let again = receiver.next().await;
    assert_eq!(again.body, first.body);
    let header = decode(again.verification.split('.').next().unwrap());
    assert_eq!(header["kid"], key_id);
    assert_eq!(
        told(&bench, "/webhook_verification_key/get", &key).await,
        known
    );
    while bench.sandbox.webhooks().is_empty() {
        tokio::task::yield_now().await;
    }

    // One that was held back leaves as well, once; the other does not come again.
    bench.sandbox.hold_webhooks();
    let fire = json!({ "access_token": access_token, "webhook_code": "NEW_ACCOUNTS_AVAILABLE" });
    bench.ok("/sandbox/item/fire_webhook", fire).await;
    let bench = folder.restart(bench).await;
    let webhook = receiver.next_json().await;
    assert_eq!(webhook["webhook_code"], "NEW_ACCOUNTS_AVAILABLE");
    while bench.sandbox.webhooks().is_empty() {
        tokio::task::yield_now().await;
    }
    let bench = folder.restart(bench).await;
    bench.sandbox.release_webhooks(Order::Caused);
    let fire = json!({ "access_token": access_token, "webhook_code": "LOGIN_REPAIRED" });
    bench.ok("/sandbox/item/fire_webhook", fire).await;
    let webhook = receiver.next_json().await;
    assert_eq!(webhook["webhook_code"], "LOGIN_REPAIRED");
}

#[tokio::test]
async fn what_was_planned_happens_after_the_restart() {
    let folder = Folder::new("storage-planned");
    let start = || {
        Sandbox::builder()
            .data(folder.file())
            .pace(Pace::Lifelike)
            .start()
    };
    let bench = Bench::with(start().await.unwrap());
    let access_token = bench.item(&["transactions", "assets"]).await;
    let report = json!({ "access_tokens": [access_token], "days_requested": 10 });
    let report = bench.ok("/asset_report/create", report).await;
    bench.sandbox.stop().await;

    let bench = Bench::with(start().await.unwrap());
    let token = json!({ "access_token": access_token });
    let page = bench.ok("/transactions/sync", token.clone()).await;
    assert_eq!(page["transactions_update_status"], "NOT_READY");
    bench.sandbox.advance(Duration::from_secs(60));
    let page = bench.ok("/transactions/sync", token.clone()).await;
    assert_eq!(
        page["transactions_update_status"],
        "HISTORICAL_UPDATE_COMPLETE"
    );
    assert_eq!(length(&page["added"]), 48);
    let report = json!({ "asset_report_token": report["asset_report_token"] });
    bench.ok("/asset_report/get", report).await;
    bench.sandbox.advance(Duration::from_secs(31 * 86_400));
    let bench = folder.restart(bench).await;
    bench.post("/transactions/sync", token).await.is_error(
        400,
        "ITEM_ERROR",
        "ITEM_LOGIN_REQUIRED",
    );
}

#[tokio::test]
async fn reading_does_not_write() {
    let folder = Folder::new("storage-reading");
    let bench = folder.start().await;
    let access_token = bench.item(&["auth", "transactions"]).await;
    let token = json!({ "access_token": access_token });
    let read = async || {
        for path in [
            "/item/get",
            "/accounts/get",
            "/transactions/sync",
            "/auth/get",
        ] {
            bench.ok(path, token.clone()).await;
        }
        bench
            .post("/item/get", json!({ "access_token": "x" }))
            .await;
        bench.ok("/categories/get", json!({})).await;
    };
    // The first time, the transactions are written down and Auth is turned on.
    read().await;
    let before = fs::read(folder.file()).unwrap();
    read().await;
    assert!(fs::read(folder.file()).unwrap() == before);
    bench.ok("/transactions/refresh", token.clone()).await;
    assert!(fs::read(folder.file()).unwrap() != before);
}

#[tokio::test]
async fn callers_at_the_same_time_share_a_write_and_lose_nothing() {
    let folder = Folder::new("storage-together");
    let bench = folder.start().await;
    let create = |number: usize| {
        let body = json!({ "client_user_id": number.to_string() });
        bench.ok("/user/create", body)
    };
    let made = futures_util::future::join_all((0..64).map(create)).await;
    let bench = folder.restart(bench).await;
    for (number, made) in made.iter().enumerate() {
        let body = json!({ "client_user_id": number.to_string() });
        let answer = bench.post("/user/create", body).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["user_token"], made["user_token"]);
    }
}

#[tokio::test]
async fn an_empty_file_becomes_a_data_file() {
    let folder = Folder::new("storage-empty");
    fs::write(folder.file(), "").unwrap();
    let bench = folder.start().await;
    bench.item(&["auth"]).await;
    let names: Vec<_> = fs::read_dir(&folder.0).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(folder.file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "others can read the secrets");
    }
}

#[tokio::test]
async fn a_file_that_is_in_use_says_so() {
    let folder = Folder::new("storage-in-use");
    let bench = folder.start().await;
    let error = failure(&folder).await;
    assert!(matches!(error, DataError::InUse), "{error:?}");
    assert!(error.to_string().contains("another emulator is using it"));
    // It has done no harm.
    let access_token = bench.item(&["auth"]).await;
    let bench = folder.restart(bench).await;
    bench
        .ok("/item/get", json!({ "access_token": access_token }))
        .await;
}

#[tokio::test]
async fn a_file_of_another_version_says_so() {
    let folder = Folder::new("storage-version");
    folder.start().await.sandbox.stop().await;
    let database = redb::Database::open(folder.file()).unwrap();
    let write = database.begin_write().unwrap();
    let version = redb::TableDefinition::<&str, u64>::new("plaid-sandbox");
    write
        .open_table(version)
        .unwrap()
        .insert("format", 99)
        .unwrap();
    write.commit().unwrap();
    drop(database);
    let error = failure(&folder).await;
    assert!(
        matches!(error, DataError::OtherVersion { found: 99 }),
        "{error:?}"
    );
    assert!(error.to_string().contains("start with a new file"));
}

#[tokio::test]
async fn a_file_that_is_no_data_file_says_so_and_stays_as_it_is() {
    let folder = Folder::new("storage-foreign");
    let zeros = vec![0; 100_000];
    for content in [&b"x"[..], b"{\"items\": []}", &[0; 40], &zeros] {
        fs::write(folder.file(), content).unwrap();
        let error = failure(&folder).await;
        assert!(matches!(error, DataError::Damaged), "{error:?}");
        assert!(error.to_string().contains("start with a new file"));
        assert_eq!(fs::read(folder.file()).unwrap(), content);
    }
    // A database of somebody else's.
    fs::remove_file(folder.file()).unwrap();
    drop(redb::Database::create(folder.file()).unwrap());
    assert!(matches!(failure(&folder).await, DataError::Damaged));

    fs::remove_file(folder.file()).unwrap();
    fs::create_dir(folder.file()).unwrap();
    assert!(matches!(failure(&folder).await, DataError::File(_)));
    let nowhere = folder.0.join("missing").join("file");
    let error = Sandbox::builder().data(nowhere).start().await.unwrap_err();
    assert!(error.source().unwrap().to_string().contains("No such file"));
}

/// Whatever is wrong with a file, the emulator says so or has everything.
#[tokio::test]
async fn a_damaged_file_is_never_half_read() {
    let folder = Folder::new("storage-damaged");
    let bench = folder.start().await;
    let access_token = bench.item(&["transactions"]).await;
    let token = json!({ "access_token": access_token });
    let known = told(&bench, "/transactions/sync", &token).await;
    bench.sandbox.stop().await;
    let whole = fs::read(folder.file()).unwrap();

    let mut refused = 0;
    let damage = |content: Vec<u8>| {
        fs::write(folder.file(), content).unwrap();
    };
    // Evenly over what has been written.
    let written: Vec<_> = (0..whole.len()).filter(|spot| whole[*spot] != 0).collect();
    let spots = written.iter().copied().step_by(written.len() / 50);
    let flipped = spots.map(|spot| {
        let mut content = whole.clone();
        content[spot] ^= 0x10;
        content
    });
    let cut = [1, 64, 4_096, 70_000].map(|length| whole[..whole.len() - length].to_vec());
    for content in flipped.chain(cut) {
        damage(content);
        match Sandbox::builder().data(folder.file()).start().await {
            Ok(sandbox) => {
                let bench = Bench::with(sandbox);
                assert_eq!(told(&bench, "/transactions/sync", &token).await, known);
                bench.sandbox.stop().await;
            }
            Err(StartError::Data { source, .. }) => {
                refused += 1;
                let is_said = matches!(source, DataError::Damaged | DataError::OtherVersion { .. });
                assert!(is_said, "{source:?}");
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(refused > 10, "{refused}");
}
