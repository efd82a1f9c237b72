//! What Ringwarden does, in terms of the domain: lookups from the index, writes through the store.
//!
//! The edges decode, call one function here, and convert what it gives. Lookups have no await. Writes are durable
//! first: read, a pure function, commit guarded by versions, and only then the index.

mod case;
mod decision;
mod error;
mod list;
mod lookup;
mod migrate;
mod number;
mod outcome;
mod page;
mod report;
mod withdraw;
mod write;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::clock::Clock;
use crate::domain::policy::{Policy, SipSettings};
use crate::domain::quota::Quotas;
use crate::domain::traffic::Thresholds;
use crate::follow::Follower;
use crate::index::Index;
use crate::metrics::Metrics;
use crate::store::Store;
use crate::traffic::{Limits, Observer};

pub use case::{
    CaseChange, CaseDetails, CaseFilter, CaseList, LinkInput, LinkOutcome, NewCase, TransitionInput, UnlinkInput,
};
pub use decision::{KeyRing, KeyRingError};
pub use error::{Quota, ServiceError, Violation};
pub use list::{ListHead, ListPage, ListSummary, Replaced};
pub use lookup::{Identity, LookupInput, LookupOutcome, LookupRole, RecordFacts};
pub use number::{Dossier, DossierLink, NumberFilter, NumberList, NumberRow, StatusInput};
pub use outcome::OutcomeInput;
pub use page::PageRequest;
pub use report::{MAX_BATCH_REPORTS, NewReport, ReportList, ReportOutcome, StoredReport};
pub use withdraw::{BulkWithdrawn, WithdrawOutcome};
pub use write::Mutation;

/// The service: shared by all edges.
pub struct Service {
    store: Arc<dyn Store>,
    index: Arc<Index>,
    follower: Arc<Follower>,
    clock: Clock,
    policy: Policy,
    /// How calls are refused in SIP.
    sip: SipSettings,
    /// What callers' calls look like, as far as this instance was asked about them.
    observer: Observer,
    /// Within what time a lookup is answered whose client does not say.
    lookup_budget: Duration,
    /// What seals decisions.
    decision_keys: KeyRing,
    metrics: Metrics,
    keys: Keys,
    /// Orders this process's own writes to one number or case, so that they need not race each other at the store.
    turns: write::Turns,
    /// Orders its batches.
    lanes: write::Lanes,
    /// How many reports a day are taken.
    quotas: Quotas,
    /// What this instance holds of the tenant's quota. Locked while more is fetched, so that one fetches for all.
    budget: report::SharedBudget,
    /// How long a change may take.
    write_timeout: Duration,
    /// Set while all evidence is being folded again.
    migrating: AtomicBool,
}

/// A key that no other process has, so that what is remembered of calls means nothing elsewhere; where the machine gives
/// no random numbers, one derived from the store's secret.
fn fresh_key(store: &dyn Store) -> [u8; 32] {
    let mut key = store.meta().derived_key("ringwarden 2026 callers");
    getrandom::fill(&mut key).ok();
    key
}

/// Keys derived from the store's secret.
#[derive(Clone)]
struct Keys {
    reporter: [u8; 32],
    slot: [u8; 32],
    page: [u8; 32],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

impl Service {
    /// A service over a store and the index that `follower` keeps.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        index: Arc<Index>,
        follower: Arc<Follower>,
        clock: Clock,
        policy: Policy,
        metrics: Metrics,
    ) -> Self {
        let keys = Keys {
            reporter: store.meta().derived_key("ringwarden 2026 reporter hashes"),
            slot: store.meta().derived_key("ringwarden 2026 slots of quotas"),
            page: store.meta().derived_key("ringwarden 2026 page tokens"),
        };
        let observer = Observer::new(Thresholds::DEFAULT, Limits::DEFAULT, fresh_key(&*store));
        let decision_keys = KeyRing::of(&store.meta().derived_key("ringwarden 2026 decisions"));
        Self {
            store,
            index,
            follower,
            clock,
            policy,
            sip: SipSettings::default(),
            observer,
            lookup_budget: lookup::DEFAULT_BUDGET,
            decision_keys,
            metrics,
            keys,
            turns: write::Turns::default(),
            lanes: write::Lanes::default(),
            quotas: Quotas::DEFAULT,
            budget: report::SharedBudget::default(),
            write_timeout: write::WRITE_TIMEOUT,
            migrating: AtomicBool::new(false),
        }
    }

    /// The same, where a change may take so long; 2 s otherwise. A batch may take as long again for every 1,000 items.
    #[must_use]
    pub fn with_write_timeout(self, write_timeout: Duration) -> Self {
        Self { write_timeout, ..self }
    }

    /// The same, with other quotas than the usual.
    #[must_use]
    pub fn with_quotas(self, quotas: Quotas) -> Self {
        Self { quotas, ..self }
    }

    /// The same, answering lookups within this time where the client does not say; 50 ms otherwise.
    #[must_use]
    pub fn with_lookup_budget(self, lookup_budget: Duration) -> Self {
        Self { lookup_budget, ..self }
    }

    /// Within what time a lookup is answered whose client does not say.
    #[must_use]
    pub fn lookup_budget(&self) -> Duration {
        self.lookup_budget
    }

    /// The same, refusing calls in SIP by these settings.
    #[must_use]
    pub fn with_sip(self, sip: SipSettings) -> Self {
        Self { sip, ..self }
    }

    /// The same, where calls are a sign of something from other thresholds on, or of so many callers.
    #[must_use]
    pub fn with_traffic(self, thresholds: Thresholds, limits: Limits) -> Self {
        let observer = Observer::new(thresholds, limits, fresh_key(&*self.store));
        Self { observer, ..self }
    }

    /// The same, sealing decisions with these keys rather than with the store's.
    #[must_use]
    pub fn with_decision_keys(self, decision_keys: KeyRing) -> Self {
        Self { decision_keys, ..self }
    }

    /// How fresh the index is, and whether the store may be written.
    #[must_use]
    pub fn follower(&self) -> &Follower {
        &self.follower
    }

    /// Of how many callers the rate is known.
    #[must_use]
    pub fn callers(&self) -> usize {
        self.observer.callers()
    }

    /// Where figures are counted.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The clock that answers show.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }
}
