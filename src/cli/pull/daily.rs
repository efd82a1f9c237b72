//! Takes the files of a source with a file for each day.
//!
//! A day without a file stays in the state, and is asked for again, until `--late-days` have passed: files come late, also
//! after those of later days. A file that cannot be used counts as missing, and does not hold back the other days.

use std::collections::BTreeMap;

use super::days::{Gap, Gaps};
use super::run::Pull;
use super::state::StoredDay;
use super::take::Taken;
use super::{PullArgs, PullError};
use crate::cli::error::CliError;
use crate::cli::import::ImportError;
use crate::cli::output;
use crate::domain::day::Day;
use crate::domain::time::Timestamp;

/// Most days that a run takes by itself. More are due only if the clock or the state is wrong.
const DAYS_MAX: i64 = 366;

/// Number of days in a row without an answer after which a run ends: the server is away.
const UNANSWERED_MAX: u32 = 5;

/// The days of a run.
struct Plan {
    /// The days to ask for: new ones in order, then late ones in order.
    days: Vec<Day>,
    /// The last day of the run.
    last: Day,
    /// The newest day that was asked for before this run.
    newest_before: Option<Day>,
    /// The newest day that is asked for, in this run or before: a missing day is late by its distance from it.
    newest: Day,
    /// Whether the user named the first day.
    is_named: bool,
}

impl Plan {
    /// Whether a day is asked for without a word of the user for the first time.
    fn is_due(&self, day: Day) -> bool {
        !self.is_named && self.is_new(day)
    }

    /// Whether a day without a file is news: the user named it, or it was not asked for before.
    fn is_news(&self, day: Day) -> bool {
        self.is_named || self.is_new(day)
    }

    /// Whether a day was not asked for before.
    fn is_new(&self, day: Day) -> bool {
        self.newest_before.is_none_or(|before| day > before)
    }
}

impl Pull {
    /// Takes the file of each day that is due.
    ///
    /// # Errors
    /// [`PullError`], or the error of an import. The state has what was taken before.
    pub(super) async fn days(&mut self, now: Timestamp) -> Result<(), CliError> {
        let plan = self.plan(now)?;
        if plan.days.is_empty() {
            output::note(format!(
                "{}: all days up to {} are taken",
                self.args.pulled.name, plan.last
            ))?;
        }
        let mut outcomes = BTreeMap::new();
        let mut failed = None;
        let mut unanswered = 0;
        for day in plan.days.iter().copied() {
            let url = self.args.pulled.url(day);
            let has_file = match self.take(&url, Some(day), now).await {
                Ok(Taken::File) => {
                    self.arrived(day)?;
                    true
                }
                Ok(Taken::NoFile) => {
                    self.note_no_file(day, &plan)?;
                    self.keep(day, &plan)?;
                    false
                }
                Err(error) if is_of_one_file(&error) => {
                    output::note(format!("{} {day}: not taken: {error}", self.args.pulled.name))?;
                    self.keep(day, &plan)?;
                    if matches!(error, CliError::Pull(PullError::GaveUp { .. })) {
                        self.fetcher.hurry();
                        unanswered += 1;
                    } else {
                        unanswered = 0;
                    }
                    failed.get_or_insert((day, Box::new(error)));
                    if unanswered == UNANSWERED_MAX {
                        break;
                    }
                    continue;
                }
                Err(error) => return Err(error),
            };
            unanswered = 0;
            outcomes.insert(day, has_file);
        }
        self.tell_missing()?;
        if let Some((day, problem)) = failed {
            let name = self.args.pulled.name.clone();
            return Err(PullError::NotTaken { name, day, problem }.into());
        }
        Ok(self.check(&plan, self.gap(&plan, &outcomes))?)
    }

    fn note_no_file(&self, day: Day, plan: &Plan) -> Result<(), CliError> {
        if !plan.is_news(day) {
            return Ok(());
        }
        let is_usual = !self.calendar.expects(day);
        let usual = if is_usual { ", as on most weekends" } else { "" };
        output::note(format!("{} {day}: no file{usual}", self.args.pulled.name))
    }

    /// The first gap that is too long and has a new day. `outcomes` tells which days have a file; other days had one before, or
    /// were given up.
    fn gap(&self, plan: &Plan, outcomes: &BTreeMap<Day, bool>) -> Option<Gap> {
        let mut gaps = Gaps::default();
        let mut before: Option<Day> = None;
        for (day, has_file) in outcomes {
            if *has_file || before.is_some_and(|before| before.plus(1) != *day) {
                gaps.close();
            }
            if !has_file && self.calendar.expects(*day) {
                gaps.miss(*day, plan.is_news(*day), self.args.missing_days);
            }
            before = Some(*day);
        }
        gaps.alarm()
    }

    /// The days that are due: those that the user names, or else the missing ones and all after the newest one.
    fn plan(&mut self, now: Timestamp) -> Result<Plan, PullError> {
        let PullArgs { from, to, .. } = self.args;
        let yesterday = Day::of(now).plus(-1);
        let last = to.unwrap_or(yesterday);
        if let Some(from) = from.filter(|from| *from > last) {
            return Err(PullError::FromAfterLast { from, last });
        }
        let mut newest_before = self.source.asked_to.max(self.source.last_day).map(|day| day.0);
        // The clock may have been corrected by a few hours.
        if let Some(day) = newest_before.filter(|day| to.is_none() && *day > yesterday.plus(1)) {
            let Some(from) = from else {
                let name = self.args.pulled.name.clone();
                return Err(PullError::Ahead { name, day, yesterday });
            };
            self.forget_from(from);
            newest_before = self.source.asked_to.map(|day| day.0);
        }
        // A first run that failed has a first day, but no newest one.
        let next = newest_before
            .map(|day| day.plus(1))
            .max(self.source.first_day.map(|day| day.0));
        let first = from.or(next).unwrap_or(last);
        let due = last.number() - first.number() + 1;
        if from.is_none() && due > DAYS_MAX {
            return Err(PullError::TooManyDays {
                name: self.args.pulled.name.clone(),
                days: due,
                from: first,
            });
        }
        let late = self.source.missing.iter().map(|day| day.0);
        let late = late.filter(|day| from.is_none() && *day < first && *day <= last);
        // New days first: a late day that fails again must not hold them back.
        let days = (first.number()..=last.number())
            .map(Day::from_number)
            .chain(late)
            .collect();
        if first <= last {
            let is_after_hole = newest_before.is_some_and(|before| first > before.plus(1));
            let first_day = self.source.first_day.filter(|_| !is_after_hole);
            self.source.first_day = Some(first_day.map_or(StoredDay(first), |day| day.min(StoredDay(first))));
        }
        Ok(Plan {
            days,
            last,
            newest_before,
            newest: newest_before.map_or(last, |before| before.max(last)),
            is_named: from.is_some(),
        })
    }

    /// Forgets the days from this one on, which a wrong clock has put into the state.
    fn forget_from(&mut self, from: Day) {
        let before = Some(StoredDay(from.plus(-1)));
        self.source.asked_to = before;
        self.source.last_day = self.source.last_day.filter(|last| last.0 < from);
        self.source.first_day = self.source.first_day.filter(|first| first.0 < from);
        self.source.missing.retain(|day| day.0 < from);
    }

    /// Notes a day that had a file.
    fn arrived(&mut self, day: Day) -> Result<(), CliError> {
        if self.source.missing.remove(&StoredDay(day)) {
            output::note(format!("{} {day}: the file came late", self.args.pulled.name))?;
        }
        self.source.last_day = self.source.last_day.max(Some(StoredDay(day)));
        self.source.asked_to = self.source.asked_to.max(Some(StoredDay(day)));
        self.save()
    }

    /// Keeps a day without a file, to ask for it again, or gives it up.
    fn keep(&mut self, day: Day, plan: &Plan) -> Result<(), CliError> {
        self.source.asked_to = self.source.asked_to.max(Some(StoredDay(day)));
        let late_days = self.args.late_days;
        if plan.newest.number() - day.number() < late_days {
            self.source.missing.insert(StoredDay(day));
            return Ok(());
        }
        let was_missing = self.source.missing.remove(&StoredDay(day));
        if self.calendar.expects(day) && (was_missing || plan.is_due(day)) {
            self.source.given_up_days += 1;
            let name = &self.args.pulled.name;
            output::note(format!(
                "{name} {day}: given up after {late_days} days; --from {day} --to {day} asks for it once more"
            ))?;
        }
        Ok(())
    }

    /// Tells which days are asked for again.
    fn tell_missing(&self) -> Result<(), CliError> {
        let missing: Vec<String> = self
            .source
            .missing
            .iter()
            .filter(|day| self.calendar.expects(day.0))
            .map(|day| day.0.to_string())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let name = &self.args.pulled.name;
        output::note(format!(
            "{name}: still without a file, and asked for again: {}",
            missing.join(", ")
        ))
    }

    /// Checks that the source has not dried up.
    fn check(&self, plan: &Plan, gap: Option<Gap>) -> Result<(), PullError> {
        let name = || self.args.pulled.name.clone();
        let last_day = self.source.last_day.map(|day| day.0);
        let since = last_day
            .map(|day| day.plus(1))
            .max(self.source.first_day.map(|day| day.0));
        let silent = since.map(|since| self.calendar.expected(since, plan.last));
        let silent: Vec<Day> = silent.into_iter().flatten().collect();
        let is_long = silent.len() > usize::try_from(self.args.missing_days).unwrap_or(usize::MAX);
        match (silent.as_slice(), gap) {
            ([since, ..], _) if is_long && last_day.is_none() => Err(PullError::NeverDelivered {
                name: name(),
                url: self.args.pulled.template.clone(),
                since: *since,
                missing: silent.len(),
            }),
            ([from, .., to] | [from @ to], _) if is_long => Err(PullError::Missing {
                name: name(),
                from: *from,
                to: *to,
                missing: silent.len(),
            }),
            (_, Some(gap)) => Err(PullError::Missing {
                name: name(),
                from: gap.from,
                to: gap.to,
                missing: usize::try_from(gap.days).unwrap_or(usize::MAX),
            }),
            (_, None) => Ok(()),
        }
    }
}

/// Whether a fault is that of one file, so that the other days are taken all the same.
fn is_of_one_file(error: &CliError) -> bool {
    if let CliError::Pull(error) = error {
        return error.is_of_one_file();
    }
    matches!(
        error,
        CliError::Import(
            ImportError::Read { .. }
                | ImportError::RowTooLong { .. }
                | ImportError::UnknownHeader { .. }
                | ImportError::TooFew { .. }
                | ImportError::TooManyRows { .. }
                | ImportError::Mapping(_)
        )
    )
}
