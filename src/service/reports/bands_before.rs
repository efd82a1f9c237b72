//! The score that a number had before its first complaint of the day, for the metrics.
//!
//! If complaints come about numbers that the score does not know, the score has drifted from the calls of today. So each
//! accepted complaint about a recent call is counted by the band of that earlier score. The band is remembered until the
//! day ends in UTC, so that the complaints of a day do not explain each other.
//!
//! It is not exact. The complaints of the same day about neighbours may have raised the score before. So may a "not spam"
//! or a report of an old call, and a complaint that another instance took: each instance counts the complaints that it
//! took itself. A restart forgets the bands of the day.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use parking_lot::Mutex;

use super::Reports;
use super::filing::{Filing, FilingOutcome};
use crate::domain::day::Day;
use crate::domain::state::Submitted;
use crate::domain::time::Timestamp;
use crate::metrics::ScoreBand;
use crate::number::E164;
use crate::service::ServiceError;

/// The most numbers that are remembered on one day: seven eighths of a table of 65,536 places, which takes 1.1 MB.
const MAX_NUMBERS: usize = 57_344;
/// The age up to which a call is recent. The complaints of a day's file of a regulator are a day or two old.
const RECENT: Duration = Duration::from_secs(3 * 86_400);

/// The bands of the numbers that complaints of one day are about.
#[derive(Debug, Default)]
pub(super) struct BandsOfDay {
    /// Hashes the numbers. Its key is lost when the process ends.
    hashes: RandomState,
    /// Locked for one number at a time.
    table: Mutex<DayTable>,
}

#[derive(Debug, Default)]
struct DayTable {
    day: Day,
    /// By the hash of the number.
    bands: HashMap<u64, ScoreBand>,
}

impl BandsOfDay {
    /// The band that the number had when it was first asked for on this day. `score` finds the score of the number, and
    /// is called only on that first time.
    fn before(&self, number: E164, day: Day, score: impl FnOnce() -> Option<f64>) -> ScoreBand {
        let hash = self.hashes.hash_one(number);
        if let Err(known) = self.table.lock().room_for(hash, day) {
            return known;
        }
        let band = ScoreBand::of(score());
        self.table.lock().remember(hash, day, band)
    }
}

impl DayTable {
    /// Starts a new day if it is not this one. The error is the band, if it is known or there is no room for it.
    fn room_for(&mut self, hash: u64, day: Day) -> Result<(), ScoreBand> {
        if self.day != day {
            *self = Self {
                day,
                bands: HashMap::new(),
            };
        }
        match self.bands.get(&hash) {
            Some(band) => Err(*band),
            None if self.bands.len() >= MAX_NUMBERS => Err(ScoreBand::Unknown),
            None => Ok(()),
        }
    }

    /// Remembers a band, unless another request was faster; returns the band that is remembered.
    fn remember(&mut self, hash: u64, day: Day, band: ScoreBand) -> ScoreBand {
        match self.room_for(hash, day) {
            Ok(()) => *self.bands.entry(hash).or_insert(band),
            Err(known) => known,
        }
    }
}

impl Reports {
    /// For each complaint about a recent call, the band of its number before the first one of the day. None for other
    /// reports. Call it before the reports are filed.
    pub(super) fn bands_before(
        &self,
        filings: &[Result<Filing, ServiceError>],
        now: Timestamp,
    ) -> Vec<Option<ScoreBand>> {
        let day = Day::of(now);
        let band = |filing: &Filing| {
            let number = filing.number;
            let score = || {
                let index = self.writer.index();
                index.look_up(number, now, |known| known.weighed.verdict.value)
            };
            is_recent_complaint(filing, now).then(|| self.bands.before(number, day, score))
        };
        filings.iter().map(|filing| band(filing.as_ref().ok()?)).collect()
    }

    /// Counts the complaints that were accepted by their bands.
    pub(super) fn count_bands(&self, bands: &[Option<ScoreBand>], filed: &[Result<FilingOutcome, ServiceError>]) {
        for (band, filed) in bands.iter().zip(filed) {
            let is_new = filed.as_ref().is_ok_and(|filed| filed.submitted == Submitted::Accepted);
            if let (Some(band), true) = (band, is_new) {
                self.writer.metrics().report_score(*band);
            }
        }
    }
}

/// Whether a report complains about a call of the last days, and no quota refused it.
fn is_recent_complaint(filing: &Filing, now: Timestamp) -> bool {
    let body = &filing.row.body;
    !body.not_spam && filing.refused.is_none() && body.occurred_at.plus(RECENT) >= now
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: usize) -> E164 {
        E164::from_digits(13_150_000_000 + n as u64).unwrap()
    }

    #[test]
    fn the_first_band_of_a_day_is_remembered_until_the_next_day() {
        let bands = BandsOfDay::default();
        let day = Day::from_number(20_000);
        assert_eq!(bands.before(number(1), day, || Some(15.0)), ScoreBand::From10);
        let again = bands.before(number(1), day, || panic!("it is known"));
        assert_eq!(again, ScoreBand::From10);
        assert_eq!(bands.before(number(2), day, || None), ScoreBand::None);
        let next_day = bands.before(number(1), Day::from_number(20_001), || Some(93.0));
        assert_eq!(next_day, ScoreBand::From90);
        assert_eq!(bands.table.lock().bands.len(), 1);
    }

    #[test]
    fn the_slower_of_two_requests_takes_the_band_of_the_faster_one() {
        let bands = BandsOfDay::default();
        let day = Day::from_number(20_000);
        let slow = bands.before(number(1), day, || {
            bands.before(number(1), day, || Some(15.0));
            Some(85.0)
        });
        assert_eq!(slow, ScoreBand::From10);
    }

    #[test]
    fn a_full_table_grows_no_more_and_the_rest_is_unknown() {
        let bands = BandsOfDay::default();
        let day = Day::from_number(20_000);
        for n in 0..MAX_NUMBERS {
            bands.before(number(n), day, || None);
        }
        let beyond = bands.before(number(MAX_NUMBERS), day, || panic!("there is no room"));
        assert_eq!(beyond, ScoreBand::Unknown);
        assert_eq!(bands.before(number(7), day, || Some(50.0)), ScoreBand::None);
        let bytes_of_place = size_of::<(u64, ScoreBand)>() + 1;
        assert_eq!(bands.table.lock().bands.capacity(), MAX_NUMBERS);
        assert!(65_536 * bytes_of_place <= 1_150_000);
    }
}
