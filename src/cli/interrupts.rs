//! The signals that ask a command to end: SIGINT, which Ctrl-C sends, and SIGTERM, which a service manager sends.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask to end, caught from the moment at which this is made: they do not kill the process any more.
#[derive(Debug)]
pub(super) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    /// Catches the signals. Needs a runtime.
    ///
    /// # Errors
    /// If the operating system refuses it.
    pub(super) fn catch() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next signal.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
