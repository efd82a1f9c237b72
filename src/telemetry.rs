//! The log: structured events on standard error, as text for people or as JSON for programs.
//!
//! Code that logs never waits for the reader of the log: lines go through a queue ([`crate::lines`]). Lines that it has no
//! room for, and those that cannot be written, are counted.
//!
//! A [`Notice`] is a line that no filter hides: the addresses of a server that has started, and the error that ends it.

mod notice;

use std::io::{self, IsTerminal as _, Write};
use std::panic::{self, Location};

use tracing::Subscriber;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::{Layer, Layered, SubscriberExt as _};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::config::{LogFormat, LogSettings};
use crate::lines::{self, Guard, LineSink, Lines, QueueLimits, Wake};
use crate::metrics::Metrics;

pub use self::notice::Notice;

/// Maximum number of lines that wait to be written. Further lines are dropped.
pub const MAX_LINES_WAITING: usize = 8_192;
/// The queue of the log. A line is rarely longer than some hundred bytes.
const QUEUE: QueueLimits = QueueLimits {
    lines: MAX_LINES_WAITING,
    bytes: 16 * 1024 * 1024,
    wake: Wake::AtOnce,
};

/// Reasons why the log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The thread that writes lines cannot be started.
    #[error("cannot start the log thread")]
    Thread(#[source] io::Error),
    /// The process already has a log.
    #[error("the log is already set up")]
    Installed(#[from] TryInitError),
}

/// Sets up the log of this process, to which panics go too. The returned log writes the remaining lines when it is
/// dropped: keep it until the process ends.
///
/// # Errors
/// If the process already has a log, or if the log thread cannot be started.
pub fn install(log: &LogSettings, metrics: &Metrics) -> Result<Log, TelemetryError> {
    let (lines, guard) = start(io::stderr(), metrics.clone()).map_err(TelemetryError::Thread)?;
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let in_color = io::stderr().is_terminal() && !no_color;
    let (subscriber, filter) = subscriber(log, in_color, lines.clone());
    subscriber.try_init()?;
    panic::set_hook(Box::new(|panic| log_panic(panic.location())));
    Ok(Log {
        format: log.format,
        lines,
        filter,
        _guard: guard,
    })
}

/// The log of this process. It ends when this is dropped.
#[must_use = "the log ends when this is dropped"]
pub struct Log {
    format: LogFormat,
    lines: LogLines,
    filter: FilterHandle,
    _guard: Guard,
}

impl Log {
    /// Writes a notice. The filter of the log does not apply to it.
    pub fn notice(&self, notice: &Notice) {
        // A line that cannot be queued is counted.
        let _written = self.lines.clone().write_all(notice.render(self.format).as_bytes());
    }

    /// Replaces the filter.
    pub fn set_filter(&self, filter: &Targets) {
        // It fails only if the process has no log any more.
        drop(self.filter.reload(filter.clone()));
    }
}

/// Logs a panic by its place in the code. It does not get the text, which may hold personal data: for example, a slice
/// that is cut at a wrong place names the whole string.
fn log_panic(place: Option<&Location<'_>>) {
    tracing::error!(place = place.map(tracing::field::display), "the program panicked");
}

/// The queue of the log as a writer. Each write is a whole line.
#[derive(Clone)]
struct LogLines {
    lines: Lines,
    metrics: Metrics,
}

impl Write for LogLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if !self.lines.push(line.into()) {
            self.metrics.log_line_dropped();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogLines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Writes each line of the log.
struct LogSink<W> {
    writer: W,
    metrics: Metrics,
}

impl<W: Write + Send + 'static> LineSink for LogSink<W> {
    fn line(&mut self, line: &[u8]) {
        // The server goes on even if standard error is closed.
        if self.writer.write_all(line).is_err() {
            self.metrics.log_line_dropped();
        }
    }
}

fn start(writer: impl Write + Send + 'static, metrics: Metrics) -> io::Result<(LogLines, Guard)> {
    let sink = LogSink {
        writer,
        metrics: metrics.clone(),
    };
    let (lines, guard) = lines::start("log", QUEUE, sink)?;
    Ok((LogLines { lines, metrics }, guard))
}

/// The layer that formats lines, over which the filter lies.
type Formatted = Layered<Box<dyn Layer<Registry> + Send + Sync>, Registry>;
type FilterHandle = reload::Handle<Targets, Formatted>;

fn subscriber<W>(log: &LogSettings, in_color: bool, lines: W) -> (impl Subscriber + Send + Sync, FilterHandle)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_writer(lines).with_ansi(in_color);
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match log.format {
        LogFormat::Text => Box::new(layer),
        LogFormat::Json => Box::new(layer.json().flatten_event(true)),
    };
    let (filter, handle) = reload::Layer::new(log.filter.clone());
    (tracing_subscriber::registry().with(layer).with(filter), handle)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use parking_lot::Mutex;
    use tracing::subscriber::with_default;
    use tracing::{debug, info};

    use super::*;
    use crate::clock::monotonic;
    use crate::lines::FLUSH_TIME_MAX;

    /// Keeps what is written; writes only while it is not locked.
    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Sink {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().clone()).unwrap()
        }
    }

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn log(format: LogFormat, filter: &str) -> LogSettings {
        LogSettings {
            format,
            filter: filter.parse().unwrap(),
        }
    }

    #[test]
    fn text_is_one_line_without_colour() {
        let sink = Sink::default();
        let (lines, guard) = start(sink.clone(), Metrics::new()).unwrap();
        let (subscriber, filter) = subscriber(&log(LogFormat::Text, "info"), false, lines);
        with_default(subscriber, || {
            info!(shard = 7, "reloaded");
            debug!("not shown");
            filter.reload("off".parse::<Targets>().unwrap()).unwrap();
            info!("not shown either");
        });
        drop(guard);
        let text = sink.text();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("INFO") && text.contains("reloaded shard=7"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn json_is_an_object_a_line() {
        let sink = Sink::default();
        let (lines, guard) = start(sink.clone(), Metrics::new()).unwrap();
        let log = log(LogFormat::Json, "off,ringwarden=debug");
        with_default(subscriber(&log, false, lines).0, || debug!(shard = 7, "reloaded"));
        drop(guard);
        let event: serde_json::Value = serde_json::from_str(&sink.text()).unwrap();
        assert_eq!(event["level"], "DEBUG");
        assert_eq!(event["message"], "reloaded");
        assert_eq!(event["shard"], 7);
    }

    #[test]
    fn a_panic_is_a_line_with_its_place() {
        let sink = Sink::default();
        let (lines, guard) = start(sink.clone(), Metrics::new()).unwrap();
        let here = Location::caller();
        with_default(subscriber(&log(LogFormat::Json, "info"), false, lines).0, || {
            log_panic(Some(here));
        });
        drop(guard);
        let event: serde_json::Value = serde_json::from_str(&sink.text()).unwrap();
        assert_eq!(event["level"], "ERROR");
        assert_eq!(event["message"], "the program panicked");
        assert_eq!(event["place"], here.to_string());
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted() {
        let metrics = Metrics::new();
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let (mut lines, guard) = start(full, metrics.clone()).unwrap();
        lines.write_all(b"line\n").unwrap();
        lines.write_all(b"line\n").unwrap();
        drop(guard);
        let text = metrics.render(monotonic());
        assert!(text.contains("\nringwarden_log_lines_dropped_total 2\n"), "{text}");
    }

    #[test]
    fn a_reader_that_does_not_read_costs_lines_and_delays_no_writer() {
        let sink = Sink::default();
        let metrics = Metrics::new();
        let (mut lines, guard) = start(sink.clone(), metrics.clone()).unwrap();
        let blocked = sink.0.lock();
        let dropped = 10;
        // One more may have left the queue: the thread waits with it for the sink.
        for _ in 0..=MAX_LINES_WAITING + dropped {
            lines.write_all(b"line\n").unwrap();
        }
        let began = monotonic();
        drop(guard);
        assert!(began.elapsed() < 2 * FLUSH_TIME_MAX, "the end waits without end");
        drop(blocked);
        let text = metrics.render(monotonic());
        let mut counts = text
            .lines()
            .filter_map(|line| line.strip_prefix("ringwarden_log_lines_dropped_total "));
        let count: usize = counts.next().unwrap().parse().unwrap();
        assert!((dropped..=dropped + 1).contains(&count), "{count}");
    }

    #[test]
    fn the_end_waits_for_a_full_queue_that_is_being_written() {
        let sink = Sink::default();
        let metrics = Metrics::new();
        let (mut lines, guard) = start(sink.clone(), metrics).unwrap();
        let blocked = sink.0.lock();
        for _ in 0..=MAX_LINES_WAITING {
            lines.write_all(b"line\n").unwrap();
        }
        let end = thread::spawn(move || drop(guard));
        drop(blocked);
        end.join().unwrap();
        assert!(sink.text().lines().count() >= MAX_LINES_WAITING);
    }
}
