//! Imports that meet the limits of a server: the size of a message, and the quota of a reporter.

use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::store::memory::MemoryStore;

use super::lists::{Answer, ask};
use crate::support::instance::{evidence_version, noon};
use crate::support::server::Server;

fn import(server: &Server, content: &str, args: &[&str]) -> Answer {
    ask(
        server,
        &[&["import", "reports", "-", "--yes", "--json"], args].concat(),
        content.as_bytes(),
    )
}

/// 2,500 comments of 2,000 letters with an accent are 10 MB, more than a server takes in one message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_comments_are_sent_in_messages_that_the_server_takes() {
    let server = Server::start().await;
    let comment = "\u{e4}".repeat(2_000);
    let rows = (0..2_500).map(|n| format!("+1212555{n:04},2026-07-06,{comment}\n"));
    let text = format!("phone,date,comment\n{}", rows.collect::<String>());
    let sent = import(&server, &text, &["--source", "REGULATOR_FEED"]).json();
    assert_eq!(
        (&sent["accepted"], &sent["rejected"]),
        (&2_500.into(), &0.into()),
        "{sent}"
    );
}

/// One reporter who is above the daily quota does not end the import of the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_above_a_quota_are_rejected_rows_of_one_reason() {
    let store = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    let server = Server::at(Clock::fixed(noon()), store).await;
    server.instance.follower.bootstrap().await.unwrap();
    let busy = (0..25).map(|n| format!("+1212555{n:04},2020-11-10,busy\n"));
    let others = (25..30).map(|n| format!("+1212555{n:04},2020-11-10,other-{n}\n"));
    let text = format!("phone,date,reporter\n{}", busy.chain(others).collect::<String>());
    let answer = import(&server, &text, &[]);
    let sent = answer.json();
    assert_eq!(
        (&sent["rows"], &sent["accepted"], &sent["rejected"]),
        (&30.into(), &25.into(), &5.into()),
        "{sent}"
    );
    let reasons = sent["rejectedByReason"].as_object().unwrap();
    assert_eq!(reasons.len(), 1, "{sent}");
    assert!(
        reasons
            .keys()
            .all(|reason| reason.contains("it starts again at 00:00 UTC")),
        "{sent}"
    );
    assert!(!answer.err.contains("sending again"), "{}", answer.err);
}

/// The server refuses all rows for the same reason, and the reason is counted once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_reasons_of_the_server_are_counted_together() {
    let store = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    let server = Server::at(Clock::fixed(noon()), store).await;
    server.instance.follower.bootstrap().await.unwrap();
    let rows = (0..3).map(|n| format!("+1212555{n:04},2020-12-10\n"));
    let text = format!("phone,date\n+14155550123,2020-11-10\n{}", rows.collect::<String>());
    let sent = import(&server, &text, &["--min-accepted", "0%"]).json();
    assert_eq!((&sent["accepted"], &sent["rejected"]), (&1.into(), &3.into()), "{sent}");
    let reasons = sent["rejectedByReason"].as_object().unwrap();
    let (reason, count) = reasons.iter().next().unwrap();
    assert!(reasons.len() == 1 && *count == 3, "{sent}");
    assert!(reason.starts_with("server: occurred_at: "), "{sent}");
}
