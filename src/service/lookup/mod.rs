//! The question at call time, answered from memory. No await, and no lock that is waited for longer than the caller
//! waits for the answer.

mod answer;
mod call;
mod identity;
mod listed;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Service, ServiceError};
use crate::clock::monotonic;
use crate::domain::advice::Language;
use crate::domain::case::{Case, Link};
use crate::domain::kinds::{Action, Attestation, CaseStatus, Verstat};
use crate::domain::policy::{Bar, Decision, Facts, Protection, SipTreatment};
use crate::domain::score::{Score, Verdict};
use crate::domain::time::Timestamp;
use crate::index::{Call, Known};
use crate::number::{E164, Parsed, Region};
use call::Called;
use identity::parse;
use listed::Listed;

pub use identity::Identity;

/// Within what time a question is answered that does not say.
pub(super) const DEFAULT_BUDGET: Duration = Duration::from_millis(50);

/// Whether the number is calling, or about to be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LookupRole {
    /// It is calling.
    #[default]
    Calling,
    /// Somebody is about to dial it.
    AboutToDial,
}

/// A question. `Debug` shows nothing of who calls whom.
#[derive(Clone, Default)]
pub struct LookupInput {
    /// What the switch or app has, as it is.
    pub number: String,
    /// The region that a national number is of.
    pub default_region: Option<Region>,
    /// The number called, as it is; empty if unknown.
    pub called_number: String,
    /// What the number does.
    pub role: LookupRole,
    /// The attestation that the call came with.
    pub attestation: Option<Attestation>,
    /// How its verification ended.
    pub verstat: Option<Verstat>,
    /// The origination id of its signature.
    pub orig_id: String,
    /// Where it entered the network.
    pub ingress: String,
    /// Its Call-ID.
    pub call_id: String,
    /// When it arrived at the switch.
    pub event_time: Option<Timestamp>,
    /// The language of advice.
    pub language: Language,
    /// Whether formats, cases and reasons are wanted too.
    pub full: bool,
    /// Whether the call counts for its caller's rate.
    pub record_event: bool,
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
    /// The score of the call with its reasons.
    pub score: Score,
    /// The score of the number apart from the call, if asked for.
    pub number_value: Option<f64>,
    /// What is advised.
    pub decision: Decision,
    /// Counts and times.
    pub facts: RecordFacts,
    /// The cases the number is linked to, those in drafting and those found unsubstantiated left out.
    pub cases: Vec<(Link, Arc<Case>)>,
    /// What to tell the person called, if asked for and there is something to warn of.
    pub advice: Option<String>,
    /// What to answer in SIP; nothing for a number about to be dialled.
    pub sip: Option<SipTreatment>,
    /// The sealed decision; empty where the call is allowed and nobody asked for more.
    pub decision_id: String,
    /// The moment up to which the answer surely knows everything.
    pub data_as_of: Timestamp,
    /// Whether that is too long ago.
    pub stale: bool,
}

/// What was found, before it is put into words.
struct Found {
    identity: Identity,
    score: Score,
    number_value: Option<f64>,
    facts: Facts,
    /// When something ceases to hold that the answer rests on.
    until: Option<Timestamp>,
    /// Whether the number is one that has a score: not one that a list protects, or that never calls.
    is_scored: bool,
    record: RecordFacts,
    cases: Vec<(Link, Arc<Case>)>,
    /// Whether it was found too late.
    late: bool,
}

impl fmt::Debug for LookupInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookupInput")
            .field("role", &self.role)
            .field("attestation", &self.attestation)
            .field("verstat", &self.verstat)
            .field("full", &self.full)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// Answers a question. Past `deadline` the answer is to let the call through, whatever is known of it: a carrier's
    /// caller is waiting.
    ///
    /// # Errors
    /// If the text holds no number, unless an emergency number is called.
    pub fn look_up(&self, input: &LookupInput, deadline: Instant) -> Result<LookupOutcome, ServiceError> {
        let parsed = parse("number", &input.number, input.default_region);
        let called = Called::of(input, parsed.as_ref().ok());
        let parsed = match parsed {
            // Whoever calls for help is put through, whatever stands where their number should.
            Err(_) if called == Called::Emergency => Parsed::Anonymous,
            parsed => parsed?,
        };
        let now = self.clock.now();
        let blank = self.blank(input, (&parsed, called), (now, deadline));
        let mut found = match &parsed {
            Parsed::Number(number) => match number.e164() {
                Some(e164) => self.find(e164, (called, input), (now, deadline), blank),
                None => blank,
            },
            Parsed::Service(_) | Parsed::Anonymous => blank,
        };
        found.late |= monotonic() >= deadline;
        Ok(self.answer(found, (called, input), now))
    }

    /// The name of the model that scores.
    #[must_use]
    pub fn model_version(&self) -> &str {
        &self.index.model().version
    }

    /// What is known before anything is looked for.
    fn blank(
        &self,
        input: &LookupInput,
        (parsed, called): (&Parsed, Called),
        (now, deadline): (Timestamp, Instant),
    ) -> Found {
        let about_to_dial = input.role == LookupRole::AboutToDial;
        let mut listed = Listed::default();
        let (identity, protection, bar) = match parsed {
            Parsed::Number(number) => match number.e164() {
                Some(e164) => {
                    listed = Listed::of(&self.index.listed(e164, now));
                    (Identity::of(number, input.full), listed.protection, listed.bar)
                }
                None => (Identity::impossible(number), None, Some(Bar::Impossible)),
            },
            Parsed::Service(short) => (Identity::service(short), Some(Protection::Caller), None),
            Parsed::Anonymous => (Identity::anonymous(), None, None),
        };
        let of_call = if about_to_dial {
            None
        } else {
            self.protection(called, now, deadline)
        };
        Found {
            identity,
            score: Score::unexplained(Verdict::NOT_SCORED),
            number_value: None,
            facts: Facts {
                about_to_dial,
                protection: of_call.or(protection),
                bar,
                tenant: listed.tenant,
                signing: call::signing(input, parsed),
                verdict: Verdict::NOT_SCORED,
            },
            until: listed.until,
            is_scored: protection.is_none() && bar != Some(Bar::DoNotOriginate),
            record: RecordFacts::default(),
            cases: Vec::new(),
            late: false,
        }
    }

    /// What the index holds of a number.
    fn find(
        &self,
        number: E164,
        (called, input): (Called, &LookupInput),
        (now, deadline): (Timestamp, Instant),
        blank: Found,
    ) -> Found {
        let signing = blank.facts.signing;
        let signs = self.signs(number, (called, signing), input, now);
        if monotonic() >= deadline {
            return Found { late: true, ..blank };
        }
        let call = Call { number, signing, signs };
        let known = self.index.look_up_call(&call, now, deadline, |known| {
            let expiries = known.state.statuses.at(now).filter_map(|entry| entry.expires_at);
            let verdict = known.weighed.verdict;
            // Whoever is hindered may ask why, and is shown a name.
            let facts = Facts { verdict, ..blank.facts };
            let score = if input.full || self.policy.decide(&facts).action != Action::Allow {
                known.score()
            } else {
                Score::unexplained(verdict)
            };
            (
                score,
                expiries.min(),
                input
                    .full
                    .then(|| (known.number_value(), RecordFacts::of(known), shown_cases(known))),
            )
        });
        let Some((score, until, more)) = known else {
            return Found { late: true, ..blank };
        };
        let (number_value, record, cases) = more.unwrap_or_default();
        let (score, number_value) = if blank.is_scored {
            (score, number_value)
        } else {
            let status = score.verdict.status; // an analyst may know better than a list
            let verdict = Verdict {
                status,
                ..Verdict::NOT_SCORED
            };
            (Score::unexplained(verdict), None)
        };
        let verdict = score.verdict;
        Found {
            score,
            number_value,
            facts: Facts { verdict, ..blank.facts },
            until: until.into_iter().chain(blank.until).min(),
            record,
            cases,
            ..blank
        }
    }
}

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
