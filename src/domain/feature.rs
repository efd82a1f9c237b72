//! The features of a score: numbers, all derived from evidence with a time.
//!
//! No feature names a telephone number, a list of numbers or a date, so a model fitted on one year's complaints applies
//! to another year.

use serde::{Deserialize, Serialize};

use super::evidence::DecayedEvidence;
use super::range::Neighbourhood;
use crate::number::E164;

/// One input of the score.
///
/// A count is given as `ln(1 + count)`, a ratio of counts as the difference of two such logarithms, a share as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Feature {
    /// Mass of the number's own reports, short half-life.
    #[serde(rename = "recent_reports")]
    RecentReports,
    /// Mass of its own reports, long half-life.
    #[serde(rename = "reports")]
    Reports,
    /// About how many areas its victims are in, decayed with the time since its last report.
    #[serde(rename = "areas")]
    Areas,
    /// Other reported numbers of the same block of 100.
    #[serde(rename = "range_100")]
    Range100,
    /// Other reported numbers of the same block of 100, longest half-life.
    #[serde(rename = "range_100_long")]
    Range100Long,
    /// Other reported numbers of the same block of 1,000.
    #[serde(rename = "range_1000")]
    Range1000,
    /// Other reported numbers of the same block of 1,000, shortest half-life.
    #[serde(rename = "range_1000_recent")]
    Range1000Recent,
    /// Other reported numbers of the same block of 10,000.
    #[serde(rename = "range_10000")]
    Range10000,
    /// Other reported numbers of the same block of 10,000, shortest half-life.
    #[serde(rename = "range_10000_recent")]
    Range10000Recent,
    /// Other reported numbers of the same block of 1,000 with a victim in their own area, longest half-life.
    #[serde(rename = "local_1000")]
    Local1000,
    /// Other reported numbers of the same block of 1,000 without one, longest half-life.
    #[serde(rename = "distant_1000")]
    Distant1000,
    /// Of the reported numbers of the block of 1,000, the share that was reported only once.
    #[serde(rename = "once_share_1000")]
    OnceShare1000,
    /// Blocks of 10 with a reported number, relative to the reported numbers, in the block of 1,000: how evenly they
    /// are spread.
    #[serde(rename = "spread_1000")]
    Spread1000,
    /// Blocks of 100 with a reported number, relative to the reported numbers, in the block of 10,000.
    #[serde(rename = "spread_10000")]
    Spread10000,
    /// Reports relative to reported numbers, in the block of 10,000: how often each number is reported.
    #[serde(rename = "reports_per_number")]
    ReportsPerNumber,
    /// Days since the number's own last report.
    #[serde(rename = "quiet_days")]
    QuietDays,
    /// Days between its own first and last report.
    #[serde(rename = "active_days")]
    ActiveDays,
    /// All its own reports, of any age.
    #[serde(rename = "all_reports")]
    AllReports,
    /// Weeks of the last 26 with a report of the number itself.
    #[serde(rename = "weeks")]
    Weeks,
    /// Of the reported numbers of the block of 10,000, the share that was reported only once.
    #[serde(rename = "once_share_10000")]
    OnceShare10000,
}

/// How the points of a term may change with its feature. A further report raises some features of a number and lowers
/// the days since its last report, and must never lower its score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A higher value can only mean more risk: the points must not fall.
    Rises,
    /// A higher value can only mean less risk: the points must not rise.
    Falls,
    /// Both are possible.
    Any,
}

/// How many features there are.
pub const FEATURES: usize = Feature::ALL.len();

impl Feature {
    /// All of them, in the order of their integers.
    pub const ALL: [Self; 20] = [
        Self::RecentReports,
        Self::Reports,
        Self::Areas,
        Self::Range100,
        Self::Range100Long,
        Self::Range1000,
        Self::Range1000Recent,
        Self::Range10000,
        Self::Range10000Recent,
        Self::Local1000,
        Self::Distant1000,
        Self::OnceShare1000,
        Self::Spread1000,
        Self::Spread10000,
        Self::ReportsPerNumber,
        Self::QuietDays,
        Self::ActiveDays,
        Self::AllReports,
        Self::Weeks,
        Self::OnceShare10000,
    ];

    /// Its name in model files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RecentReports => "recent_reports",
            Self::Reports => "reports",
            Self::Areas => "areas",
            Self::Range100 => "range_100",
            Self::Range100Long => "range_100_long",
            Self::Range1000 => "range_1000",
            Self::Range1000Recent => "range_1000_recent",
            Self::Range10000 => "range_10000",
            Self::Range10000Recent => "range_10000_recent",
            Self::Local1000 => "local_1000",
            Self::Distant1000 => "distant_1000",
            Self::OnceShare1000 => "once_share_1000",
            Self::Spread1000 => "spread_1000",
            Self::Spread10000 => "spread_10000",
            Self::ReportsPerNumber => "reports_per_number",
            Self::QuietDays => "quiet_days",
            Self::ActiveDays => "active_days",
            Self::AllReports => "all_reports",
            Self::Weeks => "weeks",
            Self::OnceShare10000 => "once_share_10000",
        }
    }

    /// How the risk may change with a higher value, so that no further report lowers a score.
    #[must_use]
    pub const fn direction(self) -> Direction {
        match self {
            Self::RecentReports
            | Self::Reports
            | Self::Areas
            | Self::Range100
            | Self::Range100Long
            | Self::Range1000
            | Self::Range1000Recent
            | Self::Range10000
            | Self::Range10000Recent
            | Self::Distant1000
            | Self::Local1000
            | Self::ActiveDays
            | Self::AllReports
            | Self::Weeks => Direction::Rises,
            Self::QuietDays => Direction::Falls,
            Self::OnceShare1000
            | Self::OnceShare10000
            | Self::Spread1000
            | Self::Spread10000
            | Self::ReportsPerNumber => Direction::Any,
        }
    }
}

/// All features of one number at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Features {
    values: [f64; FEATURES],
    is_toll_free: bool,
}

impl Features {
    /// The features of a number, from its evidence and its neighbourhood; `areas` must be decayed already.
    #[must_use]
    pub fn new(number: E164, decayed: &DecayedEvidence, areas: f64, neighbourhood: &Neighbourhood) -> Self {
        let mut features = Self {
            values: [0.0; FEATURES],
            is_toll_free: number.is_toll_free_shape(),
        };
        features.own_history(decayed);
        features.count(Feature::RecentReports, decayed.short);
        features.count(Feature::Reports, decayed.long);
        features.count(Feature::Areas, areas);
        features.ranges(neighbourhood);
        features
    }

    /// The features of a geographic number without any evidence, its own or around it.
    #[must_use]
    pub fn blank() -> Self {
        let mut features = Self::zero();
        features.ranges(&Neighbourhood::default());
        features
    }

    /// The value of a feature.
    #[must_use]
    pub fn get(&self, feature: Feature) -> f64 {
        self.values.get(feature as usize).copied().unwrap_or_default()
    }

    /// Whether they are those of a toll-free number of North America.
    #[must_use]
    pub const fn is_toll_free(&self) -> bool {
        self.is_toll_free
    }

    const fn zero() -> Self {
        Self {
            values: [0.0; FEATURES],
            is_toll_free: false,
        }
    }

    fn own_history(&mut self, decayed: &DecayedEvidence) {
        let (Some(first), Some(last)) = (decayed.first_at, decayed.last_at) else {
            return;
        };
        self.count(Feature::QuietDays, decayed.at.days_since(last));
        self.count(Feature::ActiveDays, last.days_since(first));
        self.count(Feature::AllReports, f64::from(decayed.reports));
        self.count(Feature::Weeks, f64::from(decayed.weeks));
    }

    fn ranges(&mut self, neighbourhood: &Neighbourhood) {
        let (hundred, thousand, all) = (
            &neighbourhood.hundred,
            &neighbourhood.thousand,
            &neighbourhood.ten_thousand,
        );
        // A share of few numbers is drawn towards one half until there are enough of them.
        self.set(Feature::OnceShare1000, (thousand.once + 0.5) / (thousand.long + 1.0));
        self.set(Feature::OnceShare10000, (all.once + 0.5) / (all.long + 1.0));
        if all.long <= 0.0 {
            return;
        }
        self.count(Feature::Range100, hundred.short);
        self.count(Feature::Range100Long, hundred.long);
        self.count(Feature::Range1000, thousand.short);
        self.count(Feature::Range1000Recent, thousand.recent);
        self.count(Feature::Range10000, all.short);
        self.count(Feature::Range10000Recent, all.recent);
        self.count(Feature::Local1000, thousand.local);
        self.count(Feature::Distant1000, thousand.long - thousand.local);
        self.ratio(Feature::Spread1000, neighbourhood.tens, thousand.long);
        self.ratio(Feature::Spread10000, neighbourhood.hundreds, all.long);
        self.ratio(Feature::ReportsPerNumber, all.reports, all.long);
    }

    fn count(&mut self, feature: Feature, count: f64) {
        if count > 0.0 {
            self.set(feature, count.ln_1p());
        }
    }

    fn ratio(&mut self, feature: Feature, part: f64, whole: f64) {
        self.set(feature, part.max(0.0).ln_1p() - whole.max(0.0).ln_1p());
    }

    fn set(&mut self, feature: Feature, value: f64) {
        if let Some(place) = self.values.get_mut(feature as usize) {
            *place = value;
        }
    }
}

#[cfg(test)]
impl Features {
    /// These values, and 0 for all other features.
    pub(super) fn of(values: &[(Feature, f64)]) -> Self {
        let mut features = Self::zero();
        values
            .iter()
            .for_each(|(feature, value)| features.set(*feature, *value));
        features
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::range::Counts;
    use crate::domain::time::{DAY_MS, Timestamp};

    const GEOGRAPHIC: u64 = 14_155_550_199;
    const TOLL_FREE: u64 = 18_005_550_199;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_millis(Timestamp::EARLIEST.millis() + day * DAY_MS)
    }

    fn features(digits: u64, decayed: &DecayedEvidence, neighbourhood: &Neighbourhood) -> Features {
        Features::new(E164::from_digits(digits).unwrap(), decayed, 0.0, neighbourhood)
    }

    /// Four reports from day 10 to day 17, as they count on day 20.
    fn reported() -> DecayedEvidence {
        let mut decayed = DecayedEvidence::default();
        decayed.at = day(20);
        (decayed.short, decayed.long) = (4.0, 7.0);
        (decayed.first_at, decayed.last_at) = (Some(day(10)), Some(day(17)));
        (decayed.reports, decayed.weeks) = (4, 2);
        decayed
    }

    #[test]
    fn names_are_those_of_the_file_and_integers_those_of_the_order() {
        for (place, feature) in Feature::ALL.into_iter().enumerate() {
            assert_eq!(feature as usize, place, "{}", feature.name());
            let text = format!("\"{}\"", feature.name());
            assert_eq!(serde_json::to_string(&feature).unwrap(), text);
            assert_eq!(serde_json::from_str::<Feature>(&text).unwrap(), feature);
        }
    }

    #[test]
    fn without_evidence_all_features_but_the_shares_are_zero() {
        let found = features(GEOGRAPHIC, &DecayedEvidence::default(), &Neighbourhood::default());
        for feature in Feature::ALL {
            let is_share = [Feature::OnceShare1000, Feature::OnceShare10000].contains(&feature);
            let wanted = if is_share { 0.5 } else { 0.0 };
            assert!((found.get(feature) - wanted).abs() < 1e-15, "{}", feature.name());
        }
    }

    #[test]
    fn features_of_own_reports_are_logarithms() {
        let found = features(GEOGRAPHIC, &reported(), &Neighbourhood::default());
        for (feature, wanted) in [
            (Feature::RecentReports, 4.0f64.ln_1p()),
            (Feature::Reports, 7.0f64.ln_1p()),
            (Feature::QuietDays, 3.0f64.ln_1p()),
            (Feature::ActiveDays, 7.0f64.ln_1p()),
            (Feature::AllReports, 4.0f64.ln_1p()),
            (Feature::Weeks, 2.0f64.ln_1p()),
        ] {
            assert!((found.get(feature) - wanted).abs() < 1e-12, "{}", feature.name());
        }
    }

    #[test]
    fn toll_free_numbers_are_told_apart_and_have_the_same_features() {
        let geographic = features(GEOGRAPHIC, &reported(), &Neighbourhood::default());
        let toll_free = features(TOLL_FREE, &reported(), &Neighbourhood::default());
        assert!(toll_free.is_toll_free() && !geographic.is_toll_free());
        for feature in Feature::ALL {
            assert_eq!(toll_free.get(feature).to_bits(), geographic.get(feature).to_bits());
        }
    }

    #[test]
    fn features_of_neighbours_are_counts_shares_and_ratios() {
        let thousand = Counts {
            recent: 1.0,
            short: 5.0,
            long: 9.0,
            once: 6.0,
            local: 2.0,
            reports: 30.0,
        };
        let all = Counts {
            recent: 2.0,
            short: 12.0,
            long: 20.0,
            reports: 60.0,
            ..thousand
        };
        let neighbourhood = Neighbourhood {
            hundred: Counts {
                short: 3.0,
                long: 4.0,
                ..Counts::default()
            },
            thousand,
            ten_thousand: all,
            tens: 7.0,
            hundreds: 10.0,
            case_in_100: 0.0,
        };
        let found = features(GEOGRAPHIC, &DecayedEvidence::default(), &neighbourhood);
        for (feature, wanted) in [
            (Feature::Range100, 4f64.ln()),
            (Feature::Range100Long, 5f64.ln()),
            (Feature::Range1000, 6f64.ln()),
            (Feature::Range1000Recent, 2f64.ln()),
            (Feature::Range10000, 13f64.ln()),
            (Feature::Range10000Recent, 3f64.ln()),
            (Feature::Local1000, 3f64.ln()),
            (Feature::Distant1000, 8f64.ln()),
            (Feature::OnceShare1000, 6.5 / 10.0),
            (Feature::OnceShare10000, 6.5 / 21.0),
            (Feature::Spread1000, (8.0f64 / 10.0).ln()),
            (Feature::Spread10000, (11.0f64 / 21.0).ln()),
            (Feature::ReportsPerNumber, (61.0f64 / 21.0).ln()),
        ] {
            assert!((found.get(feature) - wanted).abs() < 1e-12, "{}", feature.name());
        }
    }
}
