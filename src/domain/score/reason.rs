//! Why a score is what it is. The texts are for people; the codes are for programs.

use super::cases::raises;
use super::{Subject, Weighed};
use crate::domain::call::Signing;
use crate::domain::feature::Feature;
use crate::domain::kinds::StatusKind;
use crate::domain::model::ScoreModel;

/// Points below this are no reason.
const POINTS_MIN: f64 = 0.005;

/// Why a score is what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// A stable code, such as `RECENT_REPORTS`.
    pub code: &'static str,
    /// What it adds to or takes from the log-odds.
    pub points: f64,
    /// One sentence.
    pub detail: String,
}

/// The codes of reasons that carry points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ReasonCode {
    /// The number's reports of the last days.
    RecentReports,
    /// All its reports.
    HistoricReports,
    /// Its victims are in many places.
    ManyReporters,
    /// Reported numbers among the same 100.
    HotRange100,
    /// Among the same 1,000.
    HotRange1000,
    /// Among the same 10,000.
    HotRange10000,
    /// How the neighbours were reported: once each, or by people of their own area.
    RangePattern,
    /// What holds of toll-free numbers alone.
    TollFree,
    /// Nothing of this is about the number itself.
    RangeOnly,
    /// Fraud cases.
    CaseLink,
    /// People said that its calls were wanted.
    NotSpamReports,
    /// Its owner proved who it is.
    VerifiedBusiness,
    /// An analyst vouches for it.
    AnalystAllowed,
    /// An analyst blocked it.
    AnalystBlocked,
    /// How the call was signed.
    Attestation,
    /// The number's calls are signed in full, and this one is not.
    SpoofSuspected,
    /// Those who reported it have not proved themselves, and are few.
    UnprovenReporters,
}

const CODES: usize = 17;

/// Points by code.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Points([f64; CODES]);

impl Points {
    pub(super) fn add(&mut self, code: ReasonCode, points: f64) {
        if let Some(sum) = self.0.get_mut(code as usize) {
            *sum += points;
        }
    }

    pub(super) fn sum(&self) -> f64 {
        self.0.iter().sum()
    }

    pub(super) fn get(&self, code: ReasonCode) -> f64 {
        self.0.get(code as usize).copied().unwrap_or_default()
    }
}

impl ReasonCode {
    const ALL: [Self; CODES] = [
        Self::RecentReports,
        Self::HistoricReports,
        Self::ManyReporters,
        Self::HotRange100,
        Self::HotRange1000,
        Self::HotRange10000,
        Self::RangePattern,
        Self::TollFree,
        Self::RangeOnly,
        Self::CaseLink,
        Self::NotSpamReports,
        Self::VerifiedBusiness,
        Self::AnalystAllowed,
        Self::AnalystBlocked,
        Self::Attestation,
        Self::SpoofSuspected,
        Self::UnprovenReporters,
    ];

    /// The code as the API has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RecentReports => "RECENT_REPORTS",
            Self::HistoricReports => "HISTORIC_REPORTS",
            Self::ManyReporters => "MANY_REPORTERS",
            Self::HotRange100 => "HOT_RANGE_100",
            Self::HotRange1000 => "HOT_RANGE_1000",
            Self::HotRange10000 => "HOT_RANGE_10000",
            Self::RangePattern => "RANGE_PATTERN",
            Self::TollFree => "TOLL_FREE",
            Self::RangeOnly => "RANGE_ONLY",
            Self::CaseLink => "CASE_LINK",
            Self::NotSpamReports => "NOT_SPAM_REPORTS",
            Self::VerifiedBusiness => "VERIFIED_BUSINESS",
            Self::AnalystAllowed => "ANALYST_ALLOWED",
            Self::AnalystBlocked => "ANALYST_BLOCKED",
            Self::Attestation => "ATTESTATION",
            Self::SpoofSuspected => "SPOOF_SUSPECTED",
            Self::UnprovenReporters => "UNPROVEN_REPORTERS",
        }
    }

    /// The reason that a feature's points are booked to.
    #[must_use]
    pub const fn of(feature: Feature) -> Self {
        match feature {
            Feature::RecentReports => Self::RecentReports,
            Feature::Reports | Feature::QuietDays | Feature::ActiveDays | Feature::AllReports => Self::HistoricReports,
            Feature::Areas => Self::ManyReporters,
            Feature::Range100 | Feature::Range100Long => Self::HotRange100,
            Feature::Range1000 | Feature::Range1000Recent | Feature::Local1000 | Feature::Distant1000 => {
                Self::HotRange1000
            }
            Feature::Range10000 | Feature::Range10000Recent => Self::HotRange10000,
            Feature::OnceShare1000 | Feature::Spread1000 | Feature::Spread10000 | Feature::ReportsPerNumber => {
                Self::RangePattern
            }
            Feature::TollFree | Feature::TollFreeReports => Self::TollFree,
        }
    }
}

impl ScoreModel {
    /// The reasons of a score, the weightiest first.
    pub(super) fn reasons(&self, subject: &Subject<'_>, weighed: &Weighed) -> Vec<Reason> {
        if let Some(kind @ (StatusKind::Protected | StatusKind::DoNotOriginate)) = weighed.verdict.status {
            return vec![unscored(kind)];
        }
        let is_of_the_number = subject.call.is_of_the_number();
        if weighed.verdict.value.is_none() && is_of_the_number {
            return Vec::new();
        }
        let mut points = weighed.extra;
        if is_of_the_number {
            self.add_terms(weighed, &mut points);
        }
        let is_stated = |code| match code {
            ReasonCode::Attestation => !is_of_the_number,
            ReasonCode::SpoofSuspected => weighed.verdict.spoof_suspected,
            _ => false,
        };
        let mut reasons: Vec<Reason> = ReasonCode::ALL
            .into_iter()
            .map(|code| (code, points.get(code)))
            .filter(|(code, points)| points.abs() >= POINTS_MIN || is_stated(*code))
            .map(|(code, points)| Reason {
                code: code.as_str(),
                points,
                detail: text(code, subject, weighed),
            })
            .collect();
        reasons.sort_by(|a, b| b.points.abs().total_cmp(&a.points.abs()));
        reasons
    }

    fn add_terms(&self, weighed: &Weighed, points: &mut Points) {
        for term in &self.terms {
            points.add(ReasonCode::of(term.feature), term.points(&weighed.features));
        }
        for table in &self.tables {
            let [feature, _] = table.features;
            points.add(ReasonCode::of(feature), table.points(&weighed.features));
        }
    }
}

fn unscored(kind: StatusKind) -> Reason {
    let (code, detail) = if kind == StatusKind::DoNotOriginate {
        ("DO_NOT_ORIGINATE", "The owner never places calls from this number.")
    } else {
        (
            "PROTECTED_NUMBER",
            "The number serves public safety and is never scored.",
        )
    };
    Reason {
        code,
        points: 0.0,
        detail: detail.to_owned(),
    }
}

/// A sentence for the person whose number it is, or who is called from it.
fn text(code: ReasonCode, subject: &Subject<'_>, weighed: &Weighed) -> String {
    let around = &subject.around;
    match code {
        ReasonCode::RecentReports => format!(
            "Reported in the last days: {:.1} reports after decay with a half-life of 3 days.",
            weighed.standing.short
        ),
        ReasonCode::HistoricReports => match subject.state.evidence.reports {
            1 => "Reported once.".to_owned(),
            reports => format!("Reported {reports} times."),
        },
        ReasonCode::ManyReporters => format!("Its reporters are in about {:.0} areas.", weighed.standing.areas),
        ReasonCode::HotRange100 => range_text(around.hundred.short, "100"),
        ReasonCode::HotRange1000 => range_text(around.thousand.short, "1,000"),
        ReasonCode::HotRange10000 => range_text(around.ten_thousand.short, "10,000"),
        ReasonCode::RangePattern => "How the reported numbers of the same block were reported.".to_owned(),
        ReasonCode::TollFree => "It is a toll-free number.".to_owned(),
        ReasonCode::RangeOnly => "Most of this is about other numbers of the same block.".to_owned(),
        ReasonCode::CaseLink => case_text(subject),
        ReasonCode::NotSpamReports => {
            format!("{} said the call was wanted.", subject.state.evidence.not_spam_reports)
        }
        ReasonCode::VerifiedBusiness => "The owner is a business that proved who it is.".to_owned(),
        ReasonCode::AnalystAllowed => "An analyst vouches for the number.".to_owned(),
        ReasonCode::AnalystBlocked => "An analyst blocked the number.".to_owned(),
        ReasonCode::Attestation => signing_text(subject.call).to_owned(),
        ReasonCode::SpoofSuspected => {
            "The owner of the number signs for their calls; nobody vouches for this one.".to_owned()
        }
        ReasonCode::UnprovenReporters => "Those who reported it are few, and new here.".to_owned(),
    }
}

fn signing_text(signing: Signing) -> &'static str {
    match signing {
        Signing::NotGiven => "Nothing is known of how the call was signed.",
        Signing::A => "The caller's provider vouches for the caller and the number.",
        Signing::B => "The caller's provider vouches for the caller, not for the number.",
        Signing::C => "The call came through a gateway, which vouches for nobody.",
        Signing::Unsigned => "The call is not signed.",
        Signing::Failed => "The signature of the call is not valid: what is known of the number may not be true of it.",
    }
}

fn range_text(count: f64, size: &str) -> String {
    format!("Other reported numbers among the same {size}: {count:.1}, the older the less they count.")
}

fn case_text(subject: &Subject<'_>) -> String {
    match subject.cases.iter().find(|(link, case)| raises(link, case)) {
        Some((_, case)) => format!("Linked to a fraud case: {}", case.title),
        None => "A number of the same 100 is linked to a fraud case.".to_owned(),
    }
}
