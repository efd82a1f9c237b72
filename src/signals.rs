//! What a server does when the process gets a signal.
//!
//! | Signal | Effect |
//! |---|---|
//! | the first SIGTERM or SIGINT | an orderly end |
//! | the second one | an end at once |
//! | SIGHUP | another reading of the settings |

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tracing::{info, warn};

use crate::tasks::Tasks;

/// The signals of this process, caught from the moment at which this is made.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

/// What the process was asked to do.
enum Asked {
    End(&'static str),
    Reload,
}

impl Signals {
    /// Catches the signals: none of them kills the process any more. Needs a runtime.
    ///
    /// # Errors
    /// If the operating system refuses it.
    pub fn catch() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Announces the shutdown of `tasks` at the first signal to end, and wakes `reload` at each SIGHUP. Completes at the
    /// second signal to end: then the process must end at once.
    pub async fn follow(mut self, tasks: &Tasks, reload: &Notify) {
        let mut ending = false;
        loop {
            match self.next().await {
                Asked::Reload => {
                    info!(signal = "SIGHUP", "the settings are read again");
                    reload.notify_one();
                }
                Asked::End(name) if ending => {
                    warn!(signal = name, "second signal: the remaining tasks are cut off");
                    return;
                }
                Asked::End(name) => {
                    info!(signal = name, "received a signal to shut down");
                    ending = true;
                    tasks.announce_shutdown();
                }
            }
        }
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::End("SIGINT"),
            _ = self.terminate.recv() => Asked::End("SIGTERM"),
            _ = self.hangup.recv() => Asked::Reload,
        }
    }
}
