//! The first signal asks a server to drain, the second one cuts the drain short. Signals reach every test of a process;
//! no other test of this binary listens to them.

use std::process::{Command, id};
use std::time::Duration;

use futures_util::poll;
use ringwarden::tasks::{Tasks, shutdown_signal};
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn the_first_signal_asks_and_the_second_cuts_short() {
    let mut first = std::pin::pin!(shutdown_signal());
    assert!(poll!(&mut first).is_pending());
    send("-TERM");
    timeout(LONG, first).await.unwrap();

    let tasks = Tasks::new();
    tasks.spawn("hangs", std::future::pending());
    let mut drain = std::pin::pin!(tasks.drain(2 * LONG));
    assert!(poll!(&mut drain).is_pending());
    send("-INT");
    let all_ended = timeout(LONG, drain).await.unwrap();
    assert!(!all_ended);
}

fn send(signal: &str) {
    // The kill of the shell: a slim system has no other.
    let status = Command::new("sh")
        .args(["-c", &format!("kill {signal} {}", id())])
        .status()
        .unwrap();
    assert!(status.success());
}
