//! Lookups at call time, answered from memory.
//!
//! [`Lookups`] holds the index, the traffic and the policy, and no store: a lookup cannot wait for one, and a test
//! checks that nothing here can name one. There is no await, and no lock is waited for longer than the caller waits for
//! the answer.

mod answer;
mod called;
mod explain;
mod find;
mod for_calls;
mod listed;
mod outcome;
mod question;
mod range_label;
mod signing;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::RwLock;

use super::ServiceError;
use super::decision::KeyRing;
use super::facts::RecordFacts;
use super::identity::Identity;
use crate::clock::{Clock, monotonic};
use crate::domain::case::{Case, CaseLink};
use crate::domain::display::Display;
use crate::domain::kinds::{Action, Attestation, Basis, Verstat};
use crate::domain::language::Language;
use crate::domain::list::ListEntry;
use crate::domain::policy::{Decision, Enforcement, Policy, SipSettings, SipTreatment};
use crate::domain::score::Score;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::index::{Freshness, Indexes};
use crate::number::{E164, EmergencyNumbers, Region};
use crate::traffic::Observer;
use question::Question;

pub use explain::{DecidedCase, DecidedEntry, ExplainedDecision};
pub use for_calls::ForCalls;
pub use outcome::OutcomeInput;

/// The time within which a lookup is answered if the client does not say.
pub(super) const DEFAULT_BUDGET: Duration = Duration::from_millis(50);

/// The role of the number in a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LookupRole {
    /// It is calling.
    #[default]
    Calling,
    /// Somebody is about to dial it.
    AboutToDial,
}

/// The input of a lookup. `Debug` hides the caller and the called number.
#[derive(Clone, Default)]
pub struct LookupInput {
    /// The tenant that asks: the answer rests on what it may see.
    pub viewer: TenantId,
    /// The caller, as the switch or app has it.
    pub number: String,
    /// The region of a number in national form.
    pub default_region: Option<Region>,
    /// The called number as the client wrote it; empty if unknown.
    pub called_number: String,
    /// Whether the number is calling or about to be called.
    pub role: LookupRole,
    /// The attestation of the call.
    pub attestation: Option<Attestation>,
    /// The result of verifying its signature.
    pub verstat: Option<Verstat>,
    /// The origination id of its signature.
    pub orig_id: String,
    /// The point at which it entered the network.
    pub ingress: String,
    /// Its Call-ID.
    pub call_id: String,
    /// The time at which it arrived at the switch.
    pub event_time: Option<Timestamp>,
    /// The language of advice, of reasons and of the display.
    pub language: Language,
    /// Whether the answer also has formats, cases and reasons.
    pub full: bool,
    /// Whether the call is counted in the caller's traffic.
    pub record_event: bool,
    /// The tenant whose network carries the call, which is the viewer; none if the client carries no calls. Only with it does a
    /// call to emergency services open the window for the call back.
    pub network: Option<TenantId>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct LookupOutcome {
    /// The identity of the number.
    pub identity: Identity,
    /// The score of the call with its reasons.
    pub score: Score,
    /// The score of the number apart from the call, if asked for.
    pub number_value: Option<f64>,
    /// The action that is carried out, and its basis.
    pub decision: Decision,
    /// The decision of the policy, if the operator does not carry it out.
    pub would: Option<ShadowedDecision>,
    /// Counts and times.
    pub facts: RecordFacts,
    /// The cases that the number is linked to, without drafts and cases closed as unsubstantiated.
    pub cases: Vec<(CaseLink, Arc<Case>)>,
    /// The list entry that names the owner of the number, if a full answer was asked for.
    pub owner: Option<ListEntry>,
    /// The name of the owner to show for the call, as calling name delivery carries it; empty if none may be shown. An
    /// answer with a name is for this call only.
    pub caller_name: String,
    /// What a screen shows, if a full answer was asked for.
    pub display: Option<Display>,
    /// A warning for the person called, if asked for and needed.
    pub advice: Option<String>,
    /// The SIP response; none for a number about to be dialled.
    pub sip: Option<SipTreatment>,
    /// The decision id; empty if the policy allows the call and the full view was not asked for.
    pub decision_id: String,
    /// The moment up to which the answer includes all changes.
    pub data_as_of: Timestamp,
    /// Whether that moment is too old.
    pub stale: bool,
}

/// A decision of the policy that is not carried out.
#[derive(Clone, Debug)]
pub struct ShadowedDecision {
    /// The action.
    pub action: Action,
    /// The rule that decided it.
    pub basis: Basis,
    /// Its SIP response; none for a number about to be dialled.
    pub sip: Option<SipTreatment>,
}

/// Answers questions from memory.
pub struct Lookups {
    indexes: Arc<Indexes>,
    freshness: Arc<Freshness>,
    clock: Clock,
    policy: Policy,
    /// The place in [`Enforcement::ALL`] of what is enforced. A reload replaces it.
    enforcement: AtomicUsize,
    /// The tenants that let a single report block.
    single_report_blocks_for: Vec<TenantId>,
    /// The SIP responses of refused calls.
    sip: SipSettings,
    /// The traffic of callers that this instance has seen.
    observer: Observer,
    /// The numbers of emergency services and of public safety.
    emergency_numbers: EmergencyNumbers,
    /// The time within which a lookup is answered if the client does not say.
    budget: Duration,
    /// Seals decisions. Locked for a moment when a reload replaces them.
    keys: RwLock<KeyRing>,
}

/// The parts that lookups are made of.
pub(super) struct LookupParts {
    pub(super) indexes: Arc<Indexes>,
    pub(super) freshness: Arc<Freshness>,
    pub(super) clock: Clock,
    pub(super) policy: Policy,
    pub(super) enforcement: Enforcement,
    pub(super) single_report_blocks_for: Vec<TenantId>,
    pub(super) sip: SipSettings,
    pub(super) observer: Observer,
    pub(super) emergency_numbers: EmergencyNumbers,
    pub(super) budget: Duration,
    pub(super) keys: KeyRing,
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

impl Lookups {
    pub(super) fn new(parts: LookupParts) -> Self {
        Self {
            indexes: parts.indexes,
            freshness: parts.freshness,
            clock: parts.clock,
            policy: parts.policy,
            enforcement: AtomicUsize::new(parts.enforcement.position()),
            single_report_blocks_for: parts.single_report_blocks_for,
            sip: parts.sip,
            observer: parts.observer,
            emergency_numbers: parts.emergency_numbers,
            budget: parts.budget,
            keys: RwLock::new(parts.keys),
        }
    }

    /// Answers a lookup. After `deadline` the answer lets the call through, no matter what is known of it, because a
    /// caller is waiting.
    ///
    /// # Errors
    /// If the text holds no number, unless an emergency number is called.
    pub fn look_up(&self, input: &LookupInput, deadline: Instant) -> Result<LookupOutcome, ServiceError> {
        let question = Question::read(input, &self.emergency_numbers, self.clock.now(), deadline)?;
        let mut found = self.find(&question);
        found.late |= monotonic() >= deadline;
        Ok(self.answer(&question, found))
    }

    /// What is carried out of a decision.
    fn enforcement(&self) -> Enforcement {
        let place = self.enforcement.load(Ordering::Relaxed);
        Enforcement::ALL.get(place).copied().unwrap_or_default()
    }

    /// Replaces what is carried out of decisions, from the next answer on.
    pub(super) fn enforce(&self, enforcement: Enforcement) {
        self.enforcement.store(enforcement.position(), Ordering::Relaxed);
    }

    /// Replaces the keys that seal and open decisions.
    pub(super) fn replace_keys(&self, keys: KeyRing) {
        *self.keys.write() = keys;
    }

    /// The freshness of the index.
    #[must_use]
    pub fn freshness(&self) -> &Freshness {
        &self.freshness
    }

    /// The version of the scoring model.
    #[must_use]
    pub fn model_version(&self) -> &str {
        &self.indexes.model().version
    }

    /// The time within which a lookup is answered if the client does not say.
    #[must_use]
    pub const fn budget(&self) -> Duration {
        self.budget
    }

    /// Forgets what this instance has seen of the calls of a number in the queries of a tenant, except a call for help, whose
    /// window ends by itself.
    pub fn forget_calls(&self, tenant: TenantId, number: E164) {
        self.observer.forget(tenant, number);
    }

    /// The number of callers in the traffic.
    #[must_use]
    pub fn callers(&self) -> usize {
        self.observer.callers()
    }

    /// The count of callers of emergency services that were forgotten before their time.
    #[must_use]
    pub fn emergency_evictions(&self) -> u64 {
        self.observer.emergency_evictions()
    }
}
