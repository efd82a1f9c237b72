//! The question at call time, answered from memory. No await, no lock held longer than one number takes.

use std::sync::Arc;

use super::{Service, ServiceError};
use crate::domain::case::{Case, Link};
use crate::domain::kinds::CaseStatus;
use crate::domain::policy::Decision;
use crate::domain::score::{Reason, Score, Verdict};
use crate::domain::time::Timestamp;
use crate::index::Known;
use crate::number::{self, E164, LineType, Parsed, ParsedNumber, Region, ServiceKind, ServiceNumber, Validity};

/// Whether the number is calling, or about to be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LookupRole {
    /// It is calling.
    #[default]
    Calling,
    /// Somebody is about to dial it.
    AboutToDial,
}

/// A question.
#[derive(Clone, Debug, Default)]
pub struct LookupInput {
    /// What the switch or app has, as it is.
    pub number: String,
    /// The region that a national number is of.
    pub default_region: Option<Region>,
    /// What the number does.
    pub role: LookupRole,
    /// Whether formats, cases and reasons are wanted too.
    pub full: bool,
}

/// What the text is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The number; none where it is impossible, anonymous, or not one of the plan.
    pub e164: Option<E164>,
    /// As it is written in its country, if asked for.
    pub national_format: String,
    /// As it is written abroad, if asked for.
    pub international_format: String,
    /// Its region.
    pub region: Option<Region>,
    /// Its kind of line.
    pub line_type: LineType,
    /// Whether it can exist.
    pub validity: Validity,
}

/// Counts and times of a number's reports.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RecordFacts {
    /// Reports that were accepted, were not withdrawn and are not "not spam".
    pub report_count: u32,
    /// About how many distinct reporters, those not yet trusted included; saturates at 600.
    pub reporter_count: u32,
    /// The earliest call reported.
    pub first_reported: Option<Timestamp>,
    /// The latest.
    pub last_reported: Option<Timestamp>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct LookupOutcome {
    /// What the text is.
    pub identity: Identity,
    /// The score with its reasons.
    pub score: Score,
    /// What is advised.
    pub decision: Decision,
    /// Counts and times.
    pub facts: RecordFacts,
    /// The cases the number is linked to, those in drafting and those found unsubstantiated left out.
    pub cases: Vec<(Link, Arc<Case>)>,
    /// The moment up to which the answer surely knows everything.
    pub data_as_of: Timestamp,
    /// Whether that is too long ago.
    pub stale: bool,
}

impl Service {
    /// Answers a question.
    ///
    /// # Errors
    /// If the text holds no number.
    pub fn look_up(&self, input: &LookupInput) -> Result<LookupOutcome, ServiceError> {
        let parsed = parse("number", &input.number, input.default_region)?;
        let outcome = match parsed {
            Parsed::Number(parsed) => match parsed.e164() {
                Some(number) => self.look_up_number(number, &parsed, input),
                None => self.unscored(impossible(&parsed), self.policy.impossible(), INVALID_NUMBER),
            },
            Parsed::Service(short) => self.unscored(service(&short), self.policy.service_number(), SERVICE_NUMBER),
            Parsed::Anonymous => self.unscored(anonymous(), self.policy.anonymous(), NO_NUMBER),
        };
        Ok(outcome)
    }

    /// The name of the model that scores.
    #[must_use]
    pub fn model_version(&self) -> &str {
        &self.index.model().version
    }

    /// Reads a number that a client names in `field`; only one that can exist will do.
    pub(super) fn number(&self, field: &str, text: &str, region: Option<Region>) -> Result<E164, ServiceError> {
        match parse(field, text, region)? {
            Parsed::Number(parsed) => parsed
                .e164()
                .ok_or_else(|| ServiceError::field(field, "is impossible: too long or too short for its country")),
            Parsed::Service(_) => Err(ServiceError::field(
                field,
                "is a short or emergency number, which is never scored",
            )),
            Parsed::Anonymous => Err(ServiceError::field(field, "holds no number: the caller is anonymous")),
        }
    }

    fn look_up_number(&self, number: E164, parsed: &ParsedNumber, input: &LookupInput) -> LookupOutcome {
        let now = self.clock.now();
        self.index.look_up(number, now, |known| {
            let mut decision = self
                .policy
                .decide(&known.weighed.verdict, input.role == LookupRole::AboutToDial);
            let expiries = known.state.statuses.at(now).filter_map(|entry| entry.expires_at);
            for expiry in expiries {
                decision.ttl = decision.ttl.min(now.until(expiry)); // an answer never outlives the status it rests on
            }
            LookupOutcome {
                identity: identity(parsed, input.full),
                score: if input.full {
                    known.score()
                } else {
                    Score::unexplained(known.weighed.verdict)
                },
                decision,
                facts: RecordFacts::of(known),
                cases: if input.full { shown_cases(known) } else { Vec::new() },
                data_as_of: self.follower.freshness().data_as_of(),
                stale: self.follower.freshness().is_stale(),
            }
        })
    }

    fn unscored(&self, identity: Identity, decision: Decision, reason: Option<(&'static str, &str)>) -> LookupOutcome {
        let reasons = reason.map(|(code, detail)| Reason {
            code,
            points: 0.0,
            detail: detail.to_owned(),
        });
        let score = Score {
            reasons: reasons.into_iter().collect(),
            ..Score::unexplained(Verdict::NOT_SCORED)
        };
        LookupOutcome {
            identity,
            score,
            decision,
            facts: RecordFacts::default(),
            cases: Vec::new(),
            data_as_of: self.follower.freshness().data_as_of(),
            stale: self.follower.freshness().is_stale(),
        }
    }
}

const INVALID_NUMBER: Option<(&str, &str)> =
    Some(("INVALID_NUMBER", "No such number can exist: the caller ID is false."));
const SERVICE_NUMBER: Option<(&str, &str)> = Some(("PROTECTED_NUMBER", "A short or emergency number is never scored."));
const NO_NUMBER: Option<(&str, &str)> = None;

impl RecordFacts {
    pub(super) fn of(known: &Known<'_>) -> Self {
        let evidence = &known.state.evidence;
        let reporters = evidence
            .proven
            .reporters
            .union(evidence.unproven.reporters)
            .estimate()
            .round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it lies between 0 and 600"
        )]
        let reporter_count = reporters as u32;
        Self {
            report_count: evidence.reports,
            reporter_count,
            first_reported: evidence.first_reported,
            last_reported: evidence.last_reported,
        }
    }
}

/// What is told to a carrier or an app: not what is still being written, and not what proved to be nothing.
fn shown_cases(known: &Known<'_>) -> Vec<(Link, Arc<Case>)> {
    known
        .cases
        .iter()
        .filter(|(_, case)| !matches!(case.status, CaseStatus::Draft | CaseStatus::ClosedUnsubstantiated))
        .map(|(link, case)| ((*link).clone(), Arc::clone(case)))
        .collect()
}

pub(super) fn identity(parsed: &ParsedNumber, full: bool) -> Identity {
    Identity {
        e164: parsed.e164(),
        national_format: if full { parsed.national_format() } else { String::new() },
        international_format: if full {
            parsed.international_format()
        } else {
            String::new()
        },
        region: parsed.region(),
        line_type: parsed.line_type(),
        validity: parsed.validity(),
    }
}

fn impossible(parsed: &ParsedNumber) -> Identity {
    Identity {
        e164: None,
        ..identity(parsed, false)
    }
}

fn service(short: &ServiceNumber) -> Identity {
    let line_type = match short.kind() {
        ServiceKind::Emergency => LineType::Emergency,
        ServiceKind::ShortCode => LineType::ShortCode,
    };
    let region = short.region();
    Identity {
        region,
        line_type,
        validity: Validity::NotANumberOfThePlan,
        ..anonymous()
    }
}

fn anonymous() -> Identity {
    Identity {
        e164: None,
        national_format: String::new(),
        international_format: String::new(),
        region: None,
        line_type: LineType::Unknown,
        validity: Validity::Anonymous,
    }
}

/// Reads a text that is to hold a number; the error never repeats the text.
fn parse(field: &str, text: &str, region: Option<Region>) -> Result<Parsed, ServiceError> {
    match number::parse(text, region) {
        Ok(Parsed::Number(parsed)) if parsed.is_local_only() => Err(ServiceError::field(
            field,
            "is a local number: write it with its area code",
        )),
        Ok(parsed) => Ok(parsed),
        Err(error) => Err(ServiceError::field(field, error.to_string())),
    }
}
