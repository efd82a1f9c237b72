//! Imports that meet the limits of a server: the size of a message, and the quota of a reporter.

use super::lists::{Answer, ask};
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
