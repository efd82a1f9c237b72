//! The reasons of a score. The texts are for people; the codes are for programs.

use super::cases::raises;
use super::unproven;
use super::{CRITICAL_FROM, Detail, Subject, Verdict, Weighed, Withheld};
use crate::domain::call::Signing;
use crate::domain::feature::Feature;
use crate::domain::kinds::StatusKind;
use crate::domain::model::ScoreModel;
use crate::domain::origin::Origin;
use crate::domain::range::Counts;
use crate::domain::reason_code::ReasonCode;
use crate::domain::time::Timestamp;

/// Points below this give no reason.
const POINTS_MIN: f64 = 0.005;

/// A reason of a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// The code.
    pub code: ReasonCode,
    /// The points added to the log-odds; negative if they lower them.
    pub points: f64,
    /// One sentence for people; empty if only codes were asked for.
    pub detail: String,
}

/// The length of [`Points`]: slot 0 stays empty, since no code has the integer 0.
const POINTS_LEN: usize = ReasonCode::ALL.len() + 1;

/// Points by the integer of the code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Points([f64; POINTS_LEN]);

impl Default for Points {
    fn default() -> Self {
        Self([0.0; POINTS_LEN])
    }
}

impl Points {
    pub(super) fn add(&mut self, code: ReasonCode, points: f64) {
        if let Some(sum) = self.0.get_mut(usize::from(code.code())) {
            *sum += points;
        }
    }

    pub(super) fn sum(&self) -> f64 {
        self.0.iter().sum()
    }

    pub(super) fn get(&self, code: ReasonCode) -> f64 {
        self.0.get(usize::from(code.code())).copied().unwrap_or_default()
    }
}

impl ReasonCode {
    /// The reason that gets the points of a feature.
    #[must_use]
    pub const fn of(feature: Feature) -> Self {
        match feature {
            Feature::RecentReports => Self::RecentReports,
            Feature::Reports | Feature::QuietDays | Feature::ActiveDays | Feature::AllReports | Feature::Weeks => {
                Self::HistoricReports
            }
            Feature::Areas => Self::ManyReporters,
            Feature::Range100 | Feature::Range100Long => Self::HotRange100,
            Feature::Range1000 | Feature::Range1000Recent | Feature::Local1000 | Feature::Distant1000 => {
                Self::HotRange1000
            }
            Feature::Range10000 | Feature::Range10000Recent => Self::HotRange10000,
            Feature::OnceShare1000
            | Feature::OnceShare10000
            | Feature::Spread1000
            | Feature::Spread10000
            | Feature::ReportsPerNumber => Self::RangePattern,
        }
    }
}

impl ScoreModel {
    /// The reasons of a score, the weightiest first.
    pub(super) fn reasons(&self, subject: &Subject<'_>, weighed: &Weighed, detail: Detail) -> Vec<Reason> {
        if let Some(kind @ (StatusKind::Protected | StatusKind::DoNotOriginate)) = weighed.verdict.status {
            return vec![unscored(kind)];
        }
        let is_attributable = subject.call.is_attributable();
        if weighed.verdict.value.is_none() && is_attributable {
            return Vec::new();
        }
        let mut points = weighed.extra;
        if is_attributable {
            self.add_terms(weighed, &mut points);
        }
        let is_stated = |code| {
            (code == ReasonCode::Attestation && !is_attributable)
                || (code == ReasonCode::SpoofSuspected && weighed.verdict.spoof_suspected)
                || (subject.origin() == Some(Origin::Owner) && code == subject.owner_code())
                || withheld_code(&weighed.verdict) == Some(code)
                || (code == ReasonCode::UnprovenReporters && unproven::is_stated(self, weighed))
        };
        let mut reasons: Vec<Reason> = ReasonCode::ALL
            .iter()
            .map(|code| (*code, points.get(*code)))
            .filter(|(code, points)| points.abs() >= POINTS_MIN || is_stated(*code))
            .map(|(code, points)| Reason {
                code,
                points,
                detail: match detail {
                    Detail::Codes => String::new(),
                    Detail::Sentences => self.text(code, points, subject, weighed),
                },
            })
            .collect();
        reasons.sort_by(|a, b| b.points.abs().total_cmp(&a.points.abs()));
        reasons
    }

    /// A sentence for the person who has the number, or is called from it.
    fn text(&self, code: ReasonCode, points: f64, subject: &Subject<'_>, weighed: &Weighed) -> String {
        if code == ReasonCode::UnprovenReporters {
            return unproven::text(subject, weighed, &self.fold);
        }
        if code == ReasonCode::RangeOnly && self.has_few_neighbours(subject, &weighed.decayed) {
            return "Too few of the numbers around it were reported to label it.".to_owned();
        }
        text(code, points, subject)
    }

    fn add_terms(&self, weighed: &Weighed, points: &mut Points) {
        let part = self.part(&weighed.features);
        points.add(ReasonCode::TollFree, part.intercept - self.intercept);
        for term in part.terms {
            points.add(ReasonCode::of(term.feature), term.points(&weighed.features));
        }
        for table in part.tables {
            let [feature, _] = table.features;
            points.add(ReasonCode::of(feature), table.points(&weighed.features));
        }
    }
}

/// The reason for a block that is withheld, if there is a score that would block.
fn withheld_code(verdict: &Verdict) -> Option<ReasonCode> {
    verdict.value.filter(|value| *value >= CRITICAL_FROM)?;
    Some(match verdict.withheld? {
        Withheld::Established => ReasonCode::EstablishedNumber,
        Withheld::SingleReport => ReasonCode::SingleReport,
        Withheld::UnprovenReporters => ReasonCode::UnprovenReporters,
    })
}

fn unscored(kind: StatusKind) -> Reason {
    let (code, detail) = if kind == StatusKind::DoNotOriginate {
        (
            ReasonCode::DoNotOriginate,
            "The owner never places calls from this number.",
        )
    } else {
        (
            ReasonCode::ProtectedNumber,
            "The number serves public safety and is never scored.",
        )
    };
    Reason {
        code,
        points: 0.0,
        detail: detail.to_owned(),
    }
}

/// The sentence of a code that needs no more than the subject.
fn text(code: ReasonCode, points: f64, subject: &Subject<'_>) -> String {
    let (evidence, neighbourhood) = (&subject.state.evidence, &subject.neighbourhood);
    match code {
        ReasonCode::RecentReports => last_report(evidence.last_reported, subject.now),
        ReasonCode::HistoricReports => match evidence.reports {
            1 => "It was reported once.".to_owned(),
            reports => format!("It was reported {reports} times."),
        },
        ReasonCode::ManyReporters => "The people who reported it are in different areas.".to_owned(),
        ReasonCode::HotRange100 => range_text(&neighbourhood.hundred, "100"),
        ReasonCode::HotRange1000 => range_text(&neighbourhood.thousand, "1,000"),
        ReasonCode::HotRange10000 => range_text(&neighbourhood.ten_thousand, "10,000"),
        ReasonCode::RangePattern if points > 0.0 => {
            "The reported numbers around it are used once and dropped, as made-up caller IDs are.".to_owned()
        }
        ReasonCode::RangePattern => {
            "The reported numbers around it are not used in the way made-up caller IDs are.".to_owned()
        }
        ReasonCode::TollFree => "It is a toll-free number, and these have points of their own.".to_owned(),
        ReasonCode::RangeOnly => {
            "Hardly any of this evidence is about the number itself, so it is not enough to block it.".to_owned()
        }
        ReasonCode::CaseLink => case_text(subject),
        ReasonCode::NotSpamReports => match evidence.not_spam_reports {
            1 => "Somebody said that a call from it was wanted.".to_owned(),
            times => format!("It was said {times} times that a call from it was wanted."),
        },
        ReasonCode::VerifiedBusiness => {
            "Its owner is a business that proved who it is, and signed this call: only reports of signed calls count."
                .to_owned()
        }
        ReasonCode::KnownOwner => "Its known owner signed this call: only reports of signed calls count.".to_owned(),
        ReasonCode::AnalystAllowed => "An analyst vouches for the number.".to_owned(),
        ReasonCode::AnalystBlocked => "An analyst blocked the number.".to_owned(),
        ReasonCode::Attestation => signing_text(subject.call).to_owned(),
        ReasonCode::SpoofSuspected => {
            "The owner of the number signs for their calls; nobody vouches for this one.".to_owned()
        }
        ReasonCode::RateBurst => "It has just called many different numbers.".to_owned(),
        ReasonCode::SequentialDialling => "It calls one number after the other.".to_owned(),
        ReasonCode::ShortCalls => "Many of its calls end within seconds of being answered.".to_owned(),
        ReasonCode::UnansweredCalls => "Few of its calls are answered.".to_owned(),
        ReasonCode::RejectedCalls => "Many of its calls are refused by those called.".to_owned(),
        ReasonCode::RateOnly => "How often it calls is not enough to block it.".to_owned(),
        ReasonCode::EstablishedNumber => {
            "It was reported in many of the last weeks, while fraudsters drop a number within days: reports alone do not \
             block it."
                .to_owned()
        }
        ReasonCode::SingleReport => "All reports on it may come from one person and one day.".to_owned(),
        // Rules give no points. Where one decides, its own reason has its sentence; unproven reporters have theirs above.
        ReasonCode::UnprovenReporters
        | ReasonCode::DoNotOriginate
        | ReasonCode::InvalidNumber
        | ReasonCode::UnknownLength
        | ReasonCode::ProtectedNumber
        | ReasonCode::TenantRule
        | ReasonCode::UnassignedNumber
        | ReasonCode::EmergencyCall
        | ReasonCode::EmergencyCallback
        | ReasonCode::ProtectedCalled
        | ReasonCode::DeadlineExceeded => String::new(),
    }
}

fn signing_text(signing: Signing) -> &'static str {
    match signing {
        Signing::NotGiven => "Nothing is known of how the call was signed.",
        Signing::A => "The caller's provider vouches for the caller and the number.",
        Signing::B => "The caller's provider vouches for the caller, not for the number.",
        Signing::C => "The call came through a gateway, which vouches for nobody.",
        Signing::Unsigned => "The call is not signed.",
        Signing::Failed => "The signature of the call is not valid: the evidence on the number may not apply to it.",
    }
}

fn last_report(last: Option<Timestamp>, now: Timestamp) -> String {
    let Some(last) = last else {
        return "It was reported in the last days.".to_owned();
    };
    match now.days_since(last) {
        days if days < 1.0 => "It was last reported within the last 24 hours.".to_owned(),
        days if days < 2.0 => "It was last reported a day ago.".to_owned(),
        days => format!("It was last reported {days:.0} days ago."),
    }
}

fn range_text(counts: &Counts, size: &str) -> String {
    // Counts are decayed: older reports count less. They are shown as whole numbers.
    match counts.short.max(counts.long).round() {
        count if count < 1.0 => format!("A number of the same {size} was reported a while ago."),
        count if count < 2.0 => format!("Another number of the same {size} was reported lately."),
        count => format!("About {count:.0} other numbers of the same {size} were reported lately."),
    }
}

fn case_text(subject: &Subject<'_>) -> String {
    match subject.cases.iter().find(|(link, case)| raises(link, case)) {
        Some((_, case)) => format!("It belongs to a fraud case: {}.", case.title),
        None => "Another number of the same 100 belongs to a fraud case.".to_owned(),
    }
}
