//! Runs a pull: the days or the file that are due, one after the other.

use super::days::{MissingDays, is_weekend};
use super::fetch::{Fetched, Fetcher};
use super::metrics::PullFigures;
use super::state::{SourceState, State, Validators};
use super::{Format, PullArgs, PullError};
use crate::cli::confirm::Confirm;
use crate::cli::error::CliError;
use crate::cli::import::{Common, FtcArgs, ReportsArgs, ftc, reports};
use crate::cli::output;
use crate::clock::Clock;
use crate::domain::day::Day;
use crate::domain::time::Timestamp;

/// Pulls a source.
///
/// # Errors
/// [`PullError`], or the error of an import. The file of metrics is written in both cases.
pub(in crate::cli) async fn run(args: PullArgs) -> Result<(), CliError> {
    if args.format == Format::Reports && !args.meaning.has_map() {
        return Err(PullError::NoMap.into());
    }
    if !args.pulled.is_daily() && (args.from.is_some() || args.to.is_some()) {
        return Err(PullError::NoDate.into());
    }
    let now = Clock::system().now();
    let state = State::load(&args.state)?;
    let mut pull = Pull {
        fetcher: Fetcher::new(args.limits),
        source: state.of(&args.pulled.name),
        state,
        missing: MissingDays::default(),
        files: 0,
        args,
    };
    let end = if pull.args.pulled.is_daily() {
        pull.days(now).await
    } else {
        pull.file(now).await
    };
    if end.is_ok() {
        pull.source.succeeded_at = Some(now.millis() / 1_000);
    }
    let saved = pull.save();
    let shown = pull.write_metrics(now, end.is_ok());
    end?;
    saved?;
    shown
}

struct Pull {
    args: PullArgs,
    fetcher: Fetcher,
    state: State,
    source: SourceState,
    missing: MissingDays,
    /// Number of files imported.
    files: u32,
}

impl Pull {
    /// Takes the file of each day that is due.
    async fn days(&mut self, now: Timestamp) -> Result<(), CliError> {
        let yesterday = Day::of(now).plus(-1);
        let last = self.args.to.unwrap_or(yesterday);
        let after_last = self.source.last_day.as_deref().and_then(|day| day.parse().ok());
        let mut day = self
            .args
            .from
            .or(after_last.map(|day: Day| day.plus(1)))
            .unwrap_or(last);
        let given = self.args.meaning.date;
        while day <= last {
            // Calls without a time are of the day of their file.
            self.args.meaning.date = given.or(Some(day));
            let url = self.args.pulled.url(day);
            match self.fetch_and_import(&url, now).await? {
                true => {
                    self.missing.take();
                    let is_later = after_last.is_none_or(|after| day > after);
                    if is_later {
                        self.source.last_day = Some(day.to_string());
                    }
                    self.save()?;
                }
                false => {
                    let is_expected = self.args.every_day || !is_weekend(day);
                    self.missing.miss(day, is_expected, self.args.missing_days);
                    let expected = if is_expected { "" } else { ", as on most weekends" };
                    output::note(format!("{} {day}: no file{expected}", self.args.pulled.name))?;
                }
            }
            day = day.plus(1);
        }
        match self.missing.alarm() {
            None => Ok(()),
            Some((from, to, missing)) => Err(PullError::Missing {
                name: self.args.pulled.name.clone(),
                from,
                to,
                missing,
            }
            .into()),
        }
    }

    /// Takes the one file of a source without days.
    async fn file(&mut self, now: Timestamp) -> Result<(), CliError> {
        let url = self.args.pulled.template.clone();
        if !self.fetch_and_import(&url, now).await? {
            return Err(PullError::Status { url, status: 404 }.into());
        }
        let since = self.source.changed_at.map(|at| Day::of(Timestamp::from_secs(at)));
        let oldest = Day::of(now).plus(-i64::from(self.args.unchanged_days));
        match since.filter(|since| *since < oldest) {
            None => Ok(()),
            Some(since) => Err(PullError::Unchanged {
                name: self.args.pulled.name.clone(),
                since,
            }
            .into()),
        }
    }

    /// Fetches a file and imports it, unless it is unchanged; false if there is no such file.
    async fn fetch_and_import(&mut self, url: &str, now: Timestamp) -> Result<bool, CliError> {
        let known = self.source.validators.get(url).cloned().unwrap_or_default();
        let (file, validators) = match self.fetcher.fetch(url, &known)? {
            Fetched::Missing => return Ok(false),
            Fetched::Unchanged => {
                output::note(format!("{url}: not changed"))?;
                return Ok(true);
            }
            Fetched::File(file, validators) => (file, validators),
        };
        output::note(url)?;
        let common = Common {
            file: file.path().to_owned(),
            form: self.args.form.clone(),
            rejects: self.args.rejects.clone(),
            remote: self.args.remote.clone(),
        };
        let transfer = self.args.transfer.clone();
        match self.args.format {
            Format::Ftc => Box::pin(ftc::run(FtcArgs { common, transfer })).await?,
            Format::Reports => {
                let meaning = self.args.meaning.clone();
                let args = ReportsArgs {
                    common,
                    transfer,
                    meaning,
                    confirm: Confirm {
                        yes: true,
                        dry_run: false,
                    },
                };
                Box::pin(reports::run(args)).await?;
            }
        }
        self.files += 1;
        self.source.changed_at = Some(changed_at(&validators).unwrap_or(now.millis() / 1_000));
        // Only now: a file that was not imported is fetched again.
        self.source.validators.insert(url.to_owned(), validators);
        Ok(true)
    }

    fn save(&mut self) -> Result<(), CliError> {
        Ok(self
            .state
            .save(&self.args.state, &self.args.pulled.name, &self.source)?)
    }

    fn write_metrics(&self, now: Timestamp, is_success: bool) -> Result<(), CliError> {
        let Some(path) = &self.args.metrics_file else {
            return Ok(());
        };
        let last_day: Option<Day> = self.source.last_day.as_deref().and_then(|day| day.parse().ok());
        let figures = PullFigures {
            source: &self.args.pulled.name,
            is_success,
            run_at: now.millis() / 1_000,
            succeeded_at: self.source.succeeded_at,
            data_at: last_day
                .map(|day| day.start().millis() / 1_000)
                .or(self.source.changed_at),
            missing_days: self.missing.total(),
            files: self.files,
        };
        Ok(figures.write(path)?)
    }
}

/// The time of the last change that a server names, in seconds since 1970.
fn changed_at(validators: &Validators) -> Option<i64> {
    let time = httpdate::parse_http_date(validators.last_modified.as_deref()?).ok()?;
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}
