//! The decision log: one JSON object a line for each answer to a lookup, for people who compare what the server decides
//! with what happens on their network. `docs/decision-log.md` describes each field.
//!
//! A lookup never waits for the log: a line goes through a queue ([`crate::lines`]) to a thread that writes it. A line holds
//! no whole number, no called number and no text of a client.

mod entry;
mod sample;
mod sink;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::config::{LogTarget, NumberForm};
use crate::lines::{self, Lines, QueueLimits, Wake};
use crate::metrics::{DecisionLogLabel, Metrics};
use sample::Sampler;
use sink::Sink;

pub use crate::lines::Guard;
pub use entry::LoggedDecision;

/// The queue: a line has about 500 bytes, so it holds some 30,000 decisions. The thread looks for lines itself, so that a
/// lookup takes no lock to wake it.
const QUEUE: QueueLimits = QueueLimits {
    lines: 65_536,
    bytes: 16 * 1024 * 1024,
    wake: Wake::Every(Duration::from_millis(20)),
};

/// How decisions are logged.
#[derive(Clone)]
pub struct DecisionLogOptions {
    /// Where lines go.
    pub target: LogTarget,
    /// The share of the calls that are allowed and would be, of which a line is written, from 0 to 1. All others get a line.
    pub sample: f64,
    /// How numbers are written.
    pub numbers: NumberForm,
    /// The key of hashed numbers, and of the choice of calls. With the same key, all instances write the same hash for a
    /// number and choose the same calls.
    pub key: [u8; 32],
}

/// The decision log of a server.
pub struct DecisionLog {
    lines: Lines,
    numbers: NumberForm,
    key: [u8; 32],
    sampler: Sampler,
    /// Set to make the thread open its file again.
    reopen: Arc<AtomicBool>,
    metrics: Metrics,
}

impl DecisionLog {
    /// Opens the file and starts the thread that writes it. Lines are written until the guard is dropped.
    ///
    /// # Errors
    /// If the file cannot be opened to append to it, or is a pipe; if the system starts no further thread.
    pub fn open(options: &DecisionLogOptions, metrics: Metrics) -> io::Result<(Self, Guard)> {
        let reopen = Arc::new(AtomicBool::new(false));
        let sink = Sink::open(&options.target, Arc::clone(&reopen), metrics.clone())?;
        let (lines, guard) = lines::start("decision-log", QUEUE, sink)?;
        let log = Self {
            lines,
            numbers: options.numbers,
            key: options.key,
            sampler: Sampler::new(options.sample, &options.key),
            reopen,
            metrics,
        };
        Ok((log, guard))
    }

    /// Logs a decision, unless it is left out of the sample. Never waits: if the queue is full, the line is dropped and
    /// counted.
    pub fn record(&self, decision: &LoggedDecision<'_>) {
        let Some(share) = self.sampler.share(decision) else {
            return;
        };
        let line = entry::line(decision, share, self.numbers, &self.key);
        if !line.is_some_and(|line| self.lines.push(line)) {
            self.metrics.decision_log_lines(DecisionLogLabel::Dropped, 1);
        }
    }

    /// Has the file opened again soon, since it was moved away.
    pub fn reopen(&self) {
        self.reopen.store(true, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for DecisionLogOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the key.
        f.debug_struct("DecisionLogOptions")
            .field("target", &self.target)
            .field("sample", &self.sample)
            .field("numbers", &self.numbers)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for DecisionLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DecisionLog")
    }
}
