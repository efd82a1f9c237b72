//! The reasons of a score. The texts, which `words` makes, are for people; the codes are for programs.

use super::cases::raises;
use super::unproven;
use super::{CRITICAL_FROM, Detail, Subject, Verdict, Weighed, Withheld};
use crate::domain::case::Case;
use crate::domain::feature::Feature;
use crate::domain::kinds::StatusKind;
use crate::domain::language::Language;
use crate::domain::model::ScoreModel;
use crate::domain::origin::Origin;
use crate::domain::range::Counts;
use crate::domain::reason_code::ReasonCode;
use crate::domain::time::Timestamp;
use crate::domain::words::{self, Figure, ReasonFacts};
use crate::number::PLAN_DATE;

/// Points below this give no reason.
const POINTS_MIN: f64 = 0.005;

/// A reason of a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// The code.
    pub code: ReasonCode,
    /// The points added to the log-odds; negative if they lower them.
    pub points: f64,
    /// The quantity that its sentence tells, where it has one.
    pub figure: Option<Figure>,
    /// One sentence for people; empty if only codes were asked for.
    pub detail: String,
}

impl Reason {
    /// The reason of a rule, which has no points.
    #[must_use]
    pub fn of_rule(language: Language, code: ReasonCode, figure: Option<Figure>, owner: &str) -> Self {
        let facts = ReasonFacts {
            code,
            points: 0.0,
            figure,
            name: owner,
            plan_date: PLAN_DATE,
        };
        Self {
            code,
            points: 0.0,
            figure,
            detail: words::reason(language, &facts),
        }
    }
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
            return vec![unscored(kind, detail)];
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
            .map(|(code, points)| {
                let figure = self.figure(code, subject, weighed);
                reason(code, points, subject, (figure, detail))
            })
            .collect();
        reasons.sort_by(|a, b| b.points.abs().total_cmp(&a.points.abs()));
        reasons
    }

    /// The quantity that the sentence of a reason tells.
    fn figure(&self, code: ReasonCode, subject: &Subject<'_>, weighed: &Weighed) -> Option<Figure> {
        if code == ReasonCode::UnprovenReporters {
            return Some(unproven::figure(subject, weighed, &self.fold));
        }
        if code == ReasonCode::RangeOnly && self.has_few_neighbours(subject, &weighed.decayed) {
            return Some(Figure::FEW_NEIGHBOURS);
        }
        figure(code, subject)
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

fn unscored(kind: StatusKind, detail: Detail) -> Reason {
    let code = if kind == StatusKind::DoNotOriginate {
        ReasonCode::DoNotOriginate
    } else {
        ReasonCode::ProtectedNumber
    };
    let figure = Some(Figure::BY_STATUS);
    match detail {
        Detail::Sentences(language) => Reason::of_rule(language, code, figure, ""),
        Detail::Codes => Reason {
            code,
            points: 0.0,
            figure,
            detail: String::new(),
        },
    }
}

fn reason(code: ReasonCode, points: f64, subject: &Subject<'_>, (figure, detail): (Option<Figure>, Detail)) -> Reason {
    let case = raising_case(subject).filter(|_| code == ReasonCode::CaseLink);
    let figure = case.map(|case| Figure::of_case(&case.id)).or(figure);
    let detail = match detail {
        Detail::Codes => String::new(),
        Detail::Sentences(language) => {
            let facts = ReasonFacts {
                code,
                points,
                figure,
                name: case.map(|case| &*case.title).unwrap_or_default(),
                plan_date: PLAN_DATE,
            };
            words::reason(language, &facts)
        }
    };
    Reason {
        code,
        points,
        figure,
        detail,
    }
}

/// The same, of a code that needs no more than the subject.
fn figure(code: ReasonCode, subject: &Subject<'_>) -> Option<Figure> {
    let (evidence, neighbourhood) = (&subject.state.evidence, &subject.neighbourhood);
    match code {
        ReasonCode::RecentReports => days_since_report(evidence.last_reported, subject.now),
        ReasonCode::HistoricReports => Some(Figure::count(evidence.reports)),
        ReasonCode::HotRange100 => Some(around(&neighbourhood.hundred)),
        ReasonCode::HotRange1000 => Some(around(&neighbourhood.thousand)),
        ReasonCode::HotRange10000 => Some(around(&neighbourhood.ten_thousand)),
        ReasonCode::CaseLink => Some(Figure::NEAR_CASE),
        ReasonCode::NotSpamReports => Some(Figure::count(evidence.not_spam_reports)),
        ReasonCode::Attestation => Some(Figure::of_signing(subject.call)),
        ReasonCode::SpoofSuspected => Some(Figure::UNSIGNED_SPOOF),
        ReasonCode::AnalystBlocked
        | ReasonCode::AnalystAllowed
        | ReasonCode::VerifiedBusiness
        | ReasonCode::RateBurst
        | ReasonCode::SequentialDialling
        | ReasonCode::DoNotOriginate
        | ReasonCode::InvalidNumber
        | ReasonCode::TenantRule
        | ReasonCode::TollFree
        | ReasonCode::UnprovenReporters
        | ReasonCode::ShortCalls
        | ReasonCode::UnansweredCalls
        | ReasonCode::RejectedCalls
        | ReasonCode::UnassignedNumber
        | ReasonCode::EmergencyCall
        | ReasonCode::EmergencyCallback
        | ReasonCode::ProtectedCalled
        | ReasonCode::DeadlineExceeded
        | ReasonCode::RateOnly
        | ReasonCode::UnknownLength
        | ReasonCode::EstablishedNumber
        | ReasonCode::SingleReport
        | ReasonCode::KnownOwner
        | ReasonCode::ManyReporters
        | ReasonCode::RangePattern
        | ReasonCode::RangeOnly
        | ReasonCode::ProtectedNumber => None,
    }
}

fn days_since_report(last: Option<Timestamp>, now: Timestamp) -> Option<Figure> {
    let days = now.days_since(last?);
    // A time below two days is not rounded up.
    let days = if days < 2.0 { days.floor() } else { days.round() };
    Some(whole(days))
}

/// The count of reported neighbours. Counts are decayed: older reports count less. They are told as whole numbers.
fn around(counts: &Counts) -> Figure {
    whole(counts.short.max(counts.long).round())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates, and figures are bounded"
)]
fn whole(value: f64) -> Figure {
    Figure::count(value as u32)
}

/// The case in the sentence of a reason: the first that raises the score.
fn raising_case<'a>(subject: &Subject<'a>) -> Option<&'a Case> {
    let raising = subject.cases.iter().find(|(link, case)| raises(link, case));
    raising.map(|(_, case)| &**case)
}
