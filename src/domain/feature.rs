//! What a score looks at: numbers, all of them from evidence that has a time.
//!
//! Nothing here names a telephone number, a list of them or a date, so a model fitted on one year's complaints says
//! something of another year's.

use serde::{Deserialize, Serialize};

use super::evidence::Standing;
use super::range::Neighbourhood;
use crate::number::E164;

/// One thing that a score looks at.
///
/// A count stands as `ln(1 + count)`, a ratio of counts as the difference of two such logarithms, a share as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Feature {
    /// Mass of the number's own reports, short half-life.
    #[serde(rename = "recent_reports")]
    RecentReports,
    /// Mass of its own reports, long half-life.
    #[serde(rename = "reports")]
    Reports,
    /// About how many areas its victims are in, faded with the time since its last report.
    #[serde(rename = "areas")]
    Areas,
    /// Other reported numbers of the same hundred.
    #[serde(rename = "range_100")]
    Range100,
    /// Other reported numbers of the same hundred, longest half-life.
    #[serde(rename = "range_100_long")]
    Range100Long,
    /// Other reported numbers of the same thousand.
    #[serde(rename = "range_1000")]
    Range1000,
    /// Other reported numbers of the same thousand, shortest half-life.
    #[serde(rename = "range_1000_recent")]
    Range1000Recent,
    /// Other reported numbers of the same ten thousand.
    #[serde(rename = "range_10000")]
    Range10000,
    /// Other reported numbers of the same ten thousand, shortest half-life.
    #[serde(rename = "range_10000_recent")]
    Range10000Recent,
    /// Other reported numbers of the same thousand with a victim in the area they pretend to be in, longest half-life.
    #[serde(rename = "local_1000")]
    Local1000,
    /// Those without, longest half-life.
    #[serde(rename = "distant_1000")]
    Distant1000,
    /// Share of the thousand's reported numbers that were reported only once.
    #[serde(rename = "once_share_1000")]
    OnceShare1000,
    /// Tens of the thousand that hold a reported number, against the reported numbers: how evenly they lie.
    #[serde(rename = "spread_1000")]
    Spread1000,
    /// Hundreds of the ten thousand that hold a reported number, against the reported numbers.
    #[serde(rename = "spread_10000")]
    Spread10000,
    /// Reports of the ten thousand's reported numbers, against those numbers: how often each is reported.
    #[serde(rename = "reports_per_number")]
    ReportsPerNumber,
    /// Days since the number's own last report.
    #[serde(rename = "quiet_days")]
    QuietDays,
    /// Days between its own first and last report.
    #[serde(rename = "active_days")]
    ActiveDays,
    /// All its own reports, however old.
    #[serde(rename = "all_reports")]
    AllReports,
    /// 1 for a toll-free number.
    #[serde(rename = "toll_free")]
    TollFree,
    /// Mass of a toll-free number's own reports, long half-life.
    #[serde(rename = "toll_free_reports")]
    TollFreeReports,
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
        Self::TollFree,
        Self::TollFreeReports,
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
            Self::TollFree => "toll_free",
            Self::TollFreeReports => "toll_free_reports",
        }
    }

    /// Whether more of it can only mean more risk, so that a term may not fall.
    #[must_use]
    pub const fn rises(self) -> bool {
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
            | Self::Local1000 => true,
            Self::OnceShare1000
            | Self::Spread1000
            | Self::Spread10000
            | Self::ReportsPerNumber
            | Self::QuietDays
            | Self::ActiveDays
            | Self::AllReports
            | Self::TollFree
            | Self::TollFreeReports => false,
        }
    }
}

/// All features of one number at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Features([f64; FEATURES]);

impl Features {
    /// From what is known of a number and of its neighbours; `areas` are faded already.
    #[must_use]
    pub fn new(number: E164, standing: &Standing, areas: f64, around: &Neighbourhood) -> Self {
        let mut features = Self([0.0; FEATURES]);
        features.own_history(standing);
        features.count(Feature::RecentReports, standing.short);
        features.count(Feature::Reports, standing.long);
        features.count(Feature::Areas, areas);
        if number.is_toll_free_shape() {
            features.set(Feature::TollFree, 1.0);
            features.count(Feature::TollFreeReports, standing.long);
        }
        features.ranges(around);
        features
    }

    /// Where a feature stands.
    #[must_use]
    pub fn get(&self, feature: Feature) -> f64 {
        self.0.get(feature as usize).copied().unwrap_or_default()
    }

    fn own_history(&mut self, standing: &Standing) {
        let (Some(first), Some(last)) = (standing.first_at, standing.last_at) else {
            return;
        };
        self.count(Feature::QuietDays, standing.at.days_since(last));
        self.count(Feature::ActiveDays, last.days_since(first));
        self.count(Feature::AllReports, f64::from(standing.reports));
    }

    fn ranges(&mut self, around: &Neighbourhood) {
        let (hundred, thousand, all) = (&around.hundred, &around.thousand, &around.ten_thousand);
        // A share of few is drawn towards a half until there are enough to tell.
        self.set(Feature::OnceShare1000, (thousand.once + 0.5) / (thousand.long + 1.0));
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
        self.ratio(Feature::Spread1000, around.tens, thousand.long);
        self.ratio(Feature::Spread10000, around.hundreds, all.long);
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
        if let Some(place) = self.0.get_mut(feature as usize) {
            *place = value;
        }
    }
}
