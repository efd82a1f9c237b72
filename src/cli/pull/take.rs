//! Fetches, checks and imports one file.

use std::path::{Path, PathBuf};

use super::fetch::{Download, Fetched};
use super::run::Pull;
use super::state::{StoredDay, Version};
use super::{Format, PullError};
use crate::cli::confirm::Confirm;
use crate::cli::error::CliError;
use crate::cli::import::{Common, FtcArgs, ImportError, REJECTS_HEADER, ReportsArgs, ftc, reports};
use crate::cli::output;
use crate::domain::day::Day;
use crate::domain::time::Timestamp;

/// Greatest age of the newest report in the file of a day, in days. An older file is not that of the day.
const AGE_DAYS_MAX: i64 = 14;

/// The outcome for one file.
pub(super) enum Taken {
    /// The file was imported, or has not changed since it was.
    File,
    /// There is no such file.
    NoFile,
}

impl Pull {
    /// Fetches a file and imports it, unless it has not changed. `day` is the day of the file, if it has one.
    ///
    /// # Errors
    /// [`PullError`], or the error of an import.
    pub(super) async fn take(&mut self, url: &str, day: Option<Day>, now: Timestamp) -> Result<Taken, CliError> {
        let known = self.source.validators.get(url).cloned().unwrap_or_default();
        let download = match self.fetcher.fetch(url, known.clone(), &mut self.interrupts).await? {
            Fetched::NoFile => return Ok(Taken::NoFile),
            Fetched::Unchanged => {
                output::note(format!("{url}: not changed"))?;
                return Ok(Taken::File);
            }
            Fetched::File(download) => download,
        };
        let version = Version {
            etag: download.etag.clone(),
            last_modified: download.last_modified.clone(),
            hash: Some(download.content.hash.clone()),
            day: day.map(StoredDay),
        };
        if version.hash == known.hash {
            output::note(format!("{url}: not changed"))?;
            // The server may name the same content in another way.
            self.source.validators.insert(url.to_owned(), version);
            return Ok(Taken::File);
        }
        if let Some(day) = day {
            self.check_other_days(day, &download)?;
        }
        output::note(url)?;
        let newest = self.import(url, day, &download).await?;
        if let (Some(day), Some(newest)) = (day, newest) {
            self.check_age(day, Day::of(Timestamp::from_secs(newest)))?;
        }
        self.files += 1;
        self.source.changed_at = Some(self.changed_at(&version, known.hash.is_some(), now));
        // Only now: a file that was not imported is fetched again.
        self.source.validators.insert(url.to_owned(), version);
        Ok(Taken::File)
    }

    /// Checks that the file is not that of another day, which a server may give for any date. Files without rows are all
    /// alike.
    fn check_other_days(&self, day: Day, download: &Download) -> Result<(), PullError> {
        if !download.content.has_rows {
            return Ok(());
        }
        let mut files = self.source.validators.values();
        let same = files.find_map(|file| {
            let other = file.day.filter(|other| other.0 != day)?;
            (file.hash.as_ref() == Some(&download.content.hash)).then_some(other.0)
        });
        match same {
            None => Ok(()),
            Some(other) => Err(PullError::SameFile {
                name: self.args.pulled.name.clone(),
                day,
                other,
            }),
        }
    }

    /// Checks that the file of a day has reports of about that day.
    fn check_age(&self, day: Day, newest: Day) -> Result<(), PullError> {
        if newest >= day.plus(-AGE_DAYS_MAX) {
            return Ok(());
        }
        Err(PullError::OldContent {
            name: self.args.pulled.name.clone(),
            day,
            newest,
        })
    }

    /// Imports a file. Returns the latest time at which a report in it was filed, if it says so.
    async fn import(&self, url: &str, day: Option<Day>, download: &Download) -> Result<Option<i64>, CliError> {
        let rejects = self.args.rejects.as_deref().map(|path| rejects_of(path, day));
        let common = Common {
            file: download.file.path().to_owned(),
            form: self.args.form.clone(),
            rejects: rejects.clone(),
            remote: self.args.remote.clone(),
        };
        let transfer = self.args.transfer.clone();
        let end = match self.args.format {
            Format::Ftc => Box::pin(ftc::run(FtcArgs { common, transfer })).await,
            Format::Reports => {
                let mut meaning = self.args.meaning.clone();
                // Calls without a time are of the day of their file.
                meaning.date = meaning.date.or(day);
                let args = ReportsArgs {
                    common,
                    transfer,
                    meaning,
                    confirm: Confirm {
                        yes: true,
                        dry_run: false,
                    },
                };
                Box::pin(reports::run(args)).await
            }
        };
        if let (Some(path), Some(_)) = (rejects, day) {
            remove_without_rows(&path);
        }
        if end.as_ref().is_err_and(may_be_half) {
            output::note(format!(
                "the import of {url} stopped early: the reports before the error are stored; the next run imports the whole \
                 file, and no report counts twice"
            ))?;
        }
        match end {
            Err(CliError::Import(ImportError::Interrupted)) => Err(PullError::Interrupted.into()),
            end => end,
        }
    }

    /// When the file has changed: as its server says, but neither in the future nor, for a content that is seen to have
    /// changed, before the last change. In seconds since 1970.
    fn changed_at(&self, version: &Version, has_changed: bool, now: Timestamp) -> i64 {
        let now = now.millis() / 1_000;
        let modified = modified_at(version).map(|at| at.min(now));
        let before = self.source.changed_at.filter(|_| has_changed);
        modified
            .filter(|at| before.is_none_or(|before| *at > before))
            .unwrap_or(now)
    }
}

/// The time of the last change that a server names, in seconds since 1970.
fn modified_at(version: &Version) -> Option<i64> {
    let time = httpdate::parse_http_date(version.last_modified.as_deref()?).ok()?;
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

/// The file of rejected rows, with the day of the pulled file before its ending.
fn rejects_of(path: &Path, day: Option<Day>) -> PathBuf {
    let Some(day) = day else { return path.to_owned() };
    match path.extension() {
        Some(ending) => path.with_extension(format!("{day}.{}", ending.display())),
        None => path.with_extension(day.to_string()),
    }
}

/// Removes a file of rejected rows that has none: most days have none. A file that cannot be removed does no harm.
fn remove_without_rows(path: &Path) {
    let is_without = std::fs::metadata(path).is_ok_and(|file| file.len() <= REJECTS_HEADER.len() as u64 + 1);
    if is_without {
        let _removed = std::fs::remove_file(path);
    }
}

/// Whether an import failed after it had sent something.
fn may_be_half(error: &CliError) -> bool {
    matches!(
        error,
        CliError::Import(
            ImportError::Read { .. }
                | ImportError::RowTooLong { .. }
                | ImportError::TooManyRows { .. }
                | ImportError::Refused(_)
                | ImportError::GaveUp { .. }
                | ImportError::WrongAnswer { .. }
                | ImportError::Interrupted
                | ImportError::ReaderPanicked
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_have_the_day_in_their_name() {
        let day: Day = "2026-11-24".parse().unwrap();
        for (path, wanted) in [
            ("a/rejects.csv", "a/rejects.2026-11-24.csv"),
            ("rejects", "rejects.2026-11-24"),
            ("a.b/r.x.csv", "a.b/r.x.2026-11-24.csv"),
        ] {
            assert_eq!(rejects_of(Path::new(path), Some(day)), Path::new(wanted));
            assert_eq!(rejects_of(Path::new(path), None), Path::new(path));
        }
    }
}
