//! The sentence of a reason: from its code, its points and one figure.

use serde::Deserialize;

use super::Words;
use super::fill::fill;
use super::unproven::{UnprovenEffect, UnprovenFigure, UnprovenTime};
use crate::domain::call::Signing;
use crate::domain::ids::CaseId;
use crate::domain::language::Language;
use crate::domain::reason_code::ReasonCode;

/// The largest count in a figure: three bytes in a decision id.
pub const MAX_FIGURE: u32 = (1 << 21) - 2;

/// The one quantity of a reason that its sentence tells. Decision ids carry it, so its meaning for a code never changes:
///
/// - `RECENT_REPORTS`: whole days since the last reported call.
/// - `HISTORIC_REPORTS`, `NOT_SPAM_REPORTS`, the three `HOT_RANGE`: a count.
/// - `CASE_LINK`: 0 if another number of the same 100 belongs to a case, else a fingerprint of the case.
/// - `ATTESTATION`: the signature of the call, from 0: not given, A, B, C, unsigned, failed.
/// - `SPOOF_SUSPECTED`: 0 if the number's calls are normally signed; if its owner is known: 1 possible, 2 probable,
///   3 certain.
/// - `PROTECTED_NUMBER`, `DO_NOT_ORIGINATE`: 0 by a status, 1 by a list, 2 because advice names the number.
/// - `RANGE_ONLY`: 1 if the network labels no call for its neighbourhood alone, 2 if the neighbours are too few.
/// - `UNPROVEN_REPORTERS`: what they may do, how many they are and within which time; see `UnprovenFigure`.
///
/// Other codes have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure(u32);

/// The facts that a sentence is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReasonFacts<'a> {
    /// The code.
    pub code: ReasonCode,
    /// The points: for some codes their sign matters.
    pub points: f64,
    /// The figure; none in a decision id of an earlier release.
    pub figure: Option<Figure>,
    /// The title of the case, or the owner of the number; empty if it is not known any more.
    pub name: &'a str,
    /// The date of the numbering plan.
    pub plan_date: &'a str,
}

impl Figure {
    /// Another number of the same 100 belongs to a case.
    pub const NEAR_CASE: Self = Self(0);
    /// The owner signs for the calls of the number.
    pub const UNSIGNED_SPOOF: Self = Self(0);
    /// The owner of the number may not have placed the call.
    pub const POSSIBLE_SPOOF: Self = Self(1);
    /// The owner probably did not place it.
    pub const PROBABLE_SPOOF: Self = Self(2);
    /// The owner did not place it.
    pub const CERTAIN_SPOOF: Self = Self(3);
    /// The network labels no call for its neighbourhood alone.
    pub const NO_RANGE_LABEL: Self = Self(1);
    /// Too few neighbours were reported to label the number.
    pub const FEW_NEIGHBOURS: Self = Self(2);
    /// A status decided.
    pub const BY_STATUS: Self = Self(0);
    /// A list decided.
    pub const BY_LIST: Self = Self(1);
    /// Advice names the number.
    pub const BY_ADVICE: Self = Self(2);

    /// A count, or a number of days.
    #[must_use]
    pub const fn count(count: u32) -> Self {
        Self(if count > MAX_FIGURE { MAX_FIGURE } else { count })
    }

    /// The signature of a call.
    #[must_use]
    pub const fn of_signing(signing: Signing) -> Self {
        Self(match signing {
            Signing::NotGiven => 0,
            Signing::A => 1,
            Signing::B => 2,
            Signing::C => 3,
            Signing::Unsigned => 4,
            Signing::Failed => 5,
        })
    }

    /// A case that the number itself belongs to.
    #[must_use]
    pub fn of_case(case: &CaseId) -> Self {
        let [a, b, c, d, ..] = case.hash64().to_le_bytes();
        Self(u32::from_le_bytes([a, b, c, d]).max(1))
    }

    /// The figure with this integer.
    #[must_use]
    pub const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }

    /// The integer, as decision ids carry it.
    #[must_use]
    pub const fn raw(self) -> u32 {
        self.0
    }
}

impl ReasonFacts<'_> {
    /// What the figure tells of unproven reporters; none for other codes.
    fn unproven(&self) -> Option<UnprovenFigure> {
        let figure = self.figure.filter(|_| self.code == ReasonCode::UnprovenReporters)?;
        UnprovenFigure::of(figure)
    }
}

/// The sentences of the reasons.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReasonWords {
    hundred: Box<str>,
    thousand: Box<str>,
    ten_thousand: Box<str>,
    recent_reports: Box<str>,
    recent_reports_today: Box<str>,
    recent_reports_yesterday: Box<str>,
    recent_reports_days: Box<str>,
    historic_reports: Box<str>,
    historic_reports_once: Box<str>,
    historic_reports_many: Box<str>,
    many_reporters: Box<str>,
    hot_range: Box<str>,
    hot_range_old: Box<str>,
    hot_range_one: Box<str>,
    hot_range_many: Box<str>,
    range_pattern_dropped: Box<str>,
    range_pattern_kept: Box<str>,
    toll_free: Box<str>,
    range_only: Box<str>,
    range_only_unlabelled: Box<str>,
    range_only_few: Box<str>,
    case_link: Box<str>,
    case_link_own: Box<str>,
    case_link_near: Box<str>,
    not_spam_reports: Box<str>,
    not_spam_reports_once: Box<str>,
    not_spam_reports_many: Box<str>,
    verified_business: Box<str>,
    known_owner: Box<str>,
    analyst_allowed: Box<str>,
    analyst_blocked: Box<str>,
    attestation: Box<str>,
    attestation_not_given: Box<str>,
    attestation_a: Box<str>,
    attestation_b: Box<str>,
    attestation_c: Box<str>,
    attestation_unsigned: Box<str>,
    attestation_failed: Box<str>,
    spoof_suspected: Box<str>,
    spoof_suspected_unsigned: Box<str>,
    spoof_suspected_possible: Box<str>,
    spoof_suspected_probable: Box<str>,
    spoof_suspected_certain: Box<str>,
    owner_without_name: Box<str>,
    owner_verified: Box<str>,
    unproven_reporters: Box<str>,
    unproven_reporters_unnamed: Box<str>,
    unproven_reporters_one: Box<str>,
    unproven_reporters_few: Box<str>,
    unproven_reporters_contested: Box<str>,
    unproven_reporters_more_known: Box<str>,
    unproven_reporters_label: Box<str>,
    within_hour: Box<str>,
    within_hours: Box<str>,
    within_days: Box<str>,
    rate_burst: Box<str>,
    sequential_dialling: Box<str>,
    short_calls: Box<str>,
    unanswered_calls: Box<str>,
    rejected_calls: Box<str>,
    rate_only: Box<str>,
    established_number: Box<str>,
    single_report: Box<str>,
    do_not_originate: Box<str>,
    invalid_number: Box<str>,
    unassigned_number: Box<str>,
    unknown_length: Box<str>,
    protected_number: Box<str>,
    protected_number_listed: Box<str>,
    protected_number_advised: Box<str>,
    tenant_rule: Box<str>,
    emergency_call: Box<str>,
    emergency_callback: Box<str>,
    protected_called: Box<str>,
    deadline_exceeded: Box<str>,
}

/// The sentence of a reason, for the person who has the number or is called from it.
#[must_use]
pub fn reason(language: Language, facts: &ReasonFacts<'_>) -> String {
    let words = &Words::of(language).reasons;
    let unproven = facts.unproven();
    let count = unproven
        .map(|unproven| unproven.people)
        .or(facts.figure.map(Figure::raw));
    let count = count.map_or_else(String::new, |count| count.to_string());
    let time = unproven.map_or_else(String::new, |unproven| words.within(unproven.time));
    let owner = match facts.name {
        "" => &words.owner_without_name,
        name => name,
    };
    let values = [
        ("count", count.as_str()),
        ("time", time.as_str()),
        ("size", words.size(facts.code)),
        ("case", facts.name),
        ("owner", owner),
        ("date", facts.plan_date),
    ];
    fill(words.sentence(facts), &values)
}

/// The owner of a number inside a sentence, where no list has the name.
#[must_use]
pub fn owner_without_name(language: Language, is_verified: bool) -> &'static str {
    let words = &Words::of(language).reasons;
    if is_verified {
        &words.owner_verified
    } else {
        &words.owner_without_name
    }
}

impl ReasonWords {
    /// The sentence, with places for values.
    fn sentence(&self, facts: &ReasonFacts<'_>) -> &str {
        let figure = facts.figure.map(Figure::raw);
        match facts.code {
            ReasonCode::RecentReports => match figure {
                None => &self.recent_reports,
                Some(0) => &self.recent_reports_today,
                Some(1) => &self.recent_reports_yesterday,
                Some(_) => &self.recent_reports_days,
            },
            ReasonCode::HistoricReports => match figure {
                None => &self.historic_reports,
                Some(1) => &self.historic_reports_once,
                Some(_) => &self.historic_reports_many,
            },
            ReasonCode::HotRange100 | ReasonCode::HotRange1000 | ReasonCode::HotRange10000 => match figure {
                None => &self.hot_range,
                Some(0) => &self.hot_range_old,
                Some(1) => &self.hot_range_one,
                Some(_) => &self.hot_range_many,
            },
            ReasonCode::NotSpamReports => match figure {
                None => &self.not_spam_reports,
                Some(1) => &self.not_spam_reports_once,
                Some(_) => &self.not_spam_reports_many,
            },
            ReasonCode::CaseLink => match figure {
                Some(0) => &self.case_link_near,
                Some(_) if !facts.name.is_empty() => &self.case_link_own,
                Some(_) | None => &self.case_link,
            },
            ReasonCode::Attestation => self.attestation(figure),
            ReasonCode::SpoofSuspected => self.spoof_suspected(figure),
            ReasonCode::ProtectedNumber => match figure {
                Some(1) => &self.protected_number_listed,
                Some(2) => &self.protected_number_advised,
                Some(_) | None => &self.protected_number,
            },
            ReasonCode::RangeOnly if figure == Some(1) => &self.range_only_unlabelled,
            ReasonCode::RangeOnly if figure == Some(2) => &self.range_only_few,
            ReasonCode::UnprovenReporters => self.unproven(facts.unproven()),
            ReasonCode::RangePattern if facts.points > 0.0 => &self.range_pattern_dropped,
            ReasonCode::AnalystBlocked
            | ReasonCode::AnalystAllowed
            | ReasonCode::VerifiedBusiness
            | ReasonCode::RateBurst
            | ReasonCode::SequentialDialling
            | ReasonCode::DoNotOriginate
            | ReasonCode::InvalidNumber
            | ReasonCode::TenantRule
            | ReasonCode::TollFree
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
            | ReasonCode::RangeOnly => self.plain(facts.code),
        }
    }

    /// The sentence of a code that always has the same.
    fn plain(&self, code: ReasonCode) -> &str {
        match code {
            ReasonCode::RecentReports => &self.recent_reports,
            ReasonCode::HistoricReports => &self.historic_reports,
            ReasonCode::ManyReporters => &self.many_reporters,
            ReasonCode::HotRange100 | ReasonCode::HotRange1000 | ReasonCode::HotRange10000 => &self.hot_range,
            ReasonCode::RangePattern => &self.range_pattern_kept,
            ReasonCode::TollFree => &self.toll_free,
            ReasonCode::RangeOnly => &self.range_only,
            ReasonCode::CaseLink => &self.case_link,
            ReasonCode::NotSpamReports => &self.not_spam_reports,
            ReasonCode::VerifiedBusiness => &self.verified_business,
            ReasonCode::KnownOwner => &self.known_owner,
            ReasonCode::AnalystAllowed => &self.analyst_allowed,
            ReasonCode::AnalystBlocked => &self.analyst_blocked,
            ReasonCode::Attestation => &self.attestation,
            ReasonCode::SpoofSuspected => &self.spoof_suspected,
            ReasonCode::UnprovenReporters => &self.unproven_reporters,
            ReasonCode::RateBurst => &self.rate_burst,
            ReasonCode::SequentialDialling => &self.sequential_dialling,
            ReasonCode::ShortCalls => &self.short_calls,
            ReasonCode::UnansweredCalls => &self.unanswered_calls,
            ReasonCode::RejectedCalls => &self.rejected_calls,
            ReasonCode::RateOnly => &self.rate_only,
            ReasonCode::EstablishedNumber => &self.established_number,
            ReasonCode::SingleReport => &self.single_report,
            ReasonCode::DoNotOriginate => &self.do_not_originate,
            ReasonCode::InvalidNumber => &self.invalid_number,
            ReasonCode::UnassignedNumber => &self.unassigned_number,
            ReasonCode::UnknownLength => &self.unknown_length,
            ReasonCode::ProtectedNumber => &self.protected_number,
            ReasonCode::TenantRule => &self.tenant_rule,
            ReasonCode::EmergencyCall => &self.emergency_call,
            ReasonCode::EmergencyCallback => &self.emergency_callback,
            ReasonCode::ProtectedCalled => &self.protected_called,
            ReasonCode::DeadlineExceeded => &self.deadline_exceeded,
        }
    }

    fn unproven(&self, unproven: Option<UnprovenFigure>) -> &str {
        let Some(unproven) = unproven else {
            return &self.unproven_reporters;
        };
        match (unproven.people, unproven.effect) {
            (0, _) => &self.unproven_reporters_unnamed,
            (1, _) => &self.unproven_reporters_one,
            (_, UnprovenEffect::TooFew) => &self.unproven_reporters_few,
            (_, UnprovenEffect::Contested) => &self.unproven_reporters_contested,
            (_, UnprovenEffect::MoreKnown) => &self.unproven_reporters_more_known,
            (_, UnprovenEffect::Label) => &self.unproven_reporters_label,
        }
    }

    /// A length of time inside a sentence.
    fn within(&self, time: UnprovenTime) -> String {
        let (text, count) = match time {
            UnprovenTime::Hours(0 | 1) => (&self.within_hour, 1),
            UnprovenTime::Hours(hours) => (&self.within_hours, hours),
            UnprovenTime::Days(days) => (&self.within_days, days),
        };
        fill(text, &[("count", &count.to_string())])
    }

    fn spoof_suspected(&self, figure: Option<u32>) -> &str {
        match figure {
            Some(0) => &self.spoof_suspected_unsigned,
            Some(1) => &self.spoof_suspected_possible,
            Some(2) => &self.spoof_suspected_probable,
            Some(3) => &self.spoof_suspected_certain,
            Some(_) | None => &self.spoof_suspected,
        }
    }

    fn attestation(&self, figure: Option<u32>) -> &str {
        match figure {
            Some(0) => &self.attestation_not_given,
            Some(1) => &self.attestation_a,
            Some(2) => &self.attestation_b,
            Some(3) => &self.attestation_c,
            Some(4) => &self.attestation_unsigned,
            Some(5) => &self.attestation_failed,
            Some(_) | None => &self.attestation,
        }
    }

    /// The size of the range that a reason is about, as the language writes it.
    fn size(&self, code: ReasonCode) -> &str {
        if code == ReasonCode::HotRange100 {
            &self.hundred
        } else if code == ReasonCode::HotRange1000 {
            &self.thousand
        } else if code == ReasonCode::HotRange10000 {
            &self.ten_thousand
        } else {
            ""
        }
    }
}
