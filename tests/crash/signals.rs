//! The first signal announces the end of a server, the second one ends it at once, and SIGHUP asks for a reload. Signals
//! reach every test of a process; no other test of this binary listens to them.

use std::process::{Command, id};
use std::time::Duration;

use futures_util::poll;
use ringwarden::signals::Signals;
use ringwarden::tasks::Tasks;
use tokio::sync::Notify;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn the_first_signal_asks_and_the_second_cuts_short() {
    let (tasks, reload) = (Tasks::new(), Notify::new());
    let signals = Signals::catch().unwrap();
    let mut following = std::pin::pin!(signals.follow(&tasks, &reload));
    assert!(poll!(&mut following).is_pending());
    send("-HUP");
    tokio::select! {
        () = &mut following => panic!("SIGHUP is not a signal to end"),
        asked = timeout(LONG, reload.notified()) => asked.unwrap(),
    }
    send("-TERM");
    tokio::select! {
        () = &mut following => panic!("one signal is not enough"),
        announced = timeout(LONG, tasks.shutdown_announced()) => announced.unwrap(),
    }
    assert!(poll!(std::pin::pin!(tasks.shutdown_requested())).is_pending());
    send("-INT");
    timeout(LONG, following).await.unwrap();
}

fn send(signal: &str) {
    // The kill of the shell: a slim system has no other.
    let status = Command::new("sh")
        .args(["-c", &format!("kill {signal} {}", id())])
        .status()
        .unwrap();
    assert!(status.success());
}
