//! Runs a pull: locks the source, takes what is due, and writes the state and the metrics.

use super::days::Calendar;
use super::fetch::Fetcher;
use super::metrics::{self, PullFigures};
use super::state::{SourceState, StateFile};
use super::{Format, PullArgs, PullError};
use crate::cli::error::CliError;
use crate::cli::interrupts::Interrupts;
use crate::cli::output;
use crate::clock::Clock;
use crate::domain::time::Timestamp;

/// Pulls a source.
///
/// # Errors
/// [`PullError`], or the error of an import. The file of metrics is written in both cases, unless an argument is wrong or
/// another run of the source will write it.
pub(in crate::cli) async fn run(args: PullArgs) -> Result<(), CliError> {
    if args.format == Format::Reports && !args.meaning.has_map() {
        return Err(PullError::NoMap.into());
    }
    if !args.pulled.is_daily() && (args.from.is_some() || args.to.is_some()) {
        return Err(PullError::NoDate.into());
    }
    if let Some(path) = &args.metrics_file {
        metrics::check_owner(path, &args.pulled.name)?;
    }
    let now = Clock::system().now();
    let mut pull = None;
    let end = match begin(args.clone(), now) {
        Ok(begun) => {
            let begun = pull.insert(begun);
            let end = begun.take_all(now).await;
            begun.end(now, end)
        }
        Err(error) => Err(error),
    };
    // The other run will write the metrics, and a wrong argument is no alarm of the source.
    if let Err(CliError::Pull(error)) = &end
        && (error.is_usage() || matches!(error, PullError::Running { .. }))
    {
        return end;
    }
    let shown = write_metrics(&args, pull.as_ref(), now, end.is_ok());
    end?;
    shown
}

/// Locks the source and reads its state. The state is written at once, so that a disk that is full or read-only is known
/// before anything is imported.
fn begin(args: PullArgs, now: Timestamp) -> Result<Pull, CliError> {
    let file = StateFile::new(&args.state, &args.pulled.name);
    let lock = file.lock_source()?;
    let mut source = match file.load()? {
        Some(source) => source,
        None => {
            let (path, name) = (args.state.display(), &args.pulled.name);
            output::note(format!("{path} has no state of {name} yet: this is its first pull"))?;
            SourceState::default()
        }
    };
    // A clock that went back must not make the first pull a later one.
    let now_secs = now.millis() / 1_000;
    source.first_asked_at = Some(source.first_asked_at.map_or(now_secs, |at| at.min(now_secs)));
    file.save(&source)?;
    Ok(Pull {
        calendar: Calendar {
            every_day: args.every_day,
        },
        fetcher: Fetcher::new(args.limits, args.form.clone())?,
        interrupts: Interrupts::catch()?,
        source,
        file,
        files: 0,
        args,
        _lock: lock,
    })
}

/// A running pull.
pub(super) struct Pull {
    pub(super) args: PullArgs,
    pub(super) calendar: Calendar,
    pub(super) fetcher: Fetcher,
    pub(super) interrupts: Interrupts,
    pub(super) source: SourceState,
    /// Number of files imported.
    pub(super) files: u32,
    file: StateFile,
    _lock: std::fs::File,
}

impl Pull {
    async fn take_all(&mut self, now: Timestamp) -> Result<(), CliError> {
        if self.args.pulled.is_daily() {
            self.days(now).await
        } else {
            self.single(now).await
        }
    }

    /// Writes the state at the end. The error of the pull comes before that of the state.
    fn end(&mut self, now: Timestamp, end: Result<(), CliError>) -> Result<(), CliError> {
        if end.is_ok() {
            self.source.succeeded_at = Some(now.millis() / 1_000);
        }
        let saved = self.save();
        end.and(saved)
    }

    /// Writes the state.
    pub(super) fn save(&self) -> Result<(), CliError> {
        Ok(self.file.save(&self.source)?)
    }

    /// Number of days without a file that are asked for again and on which one is expected.
    fn missing_days(&self) -> u64 {
        let expected = |day: &&super::state::StoredDay| self.calendar.expects(day.0);
        self.source.missing.iter().filter(expected).count() as u64
    }
}

fn write_metrics(args: &PullArgs, pull: Option<&Pull>, now: Timestamp, is_success: bool) -> Result<(), CliError> {
    let Some(path) = &args.metrics_file else {
        return Ok(());
    };
    let figures = PullFigures {
        name: &args.pulled.name,
        source: pull.map(|pull| &pull.source),
        is_success,
        run_at: now.millis() / 1_000,
        missing_days: pull.map_or(0, Pull::missing_days),
        files: pull.map_or(0, |pull| pull.files),
    };
    Ok(figures.write(path)?)
}
