//! The services: everything that Ringwarden does, with domain types in and out.
//!
//! The services are types with walls. [`Lookups`] answers questions from the index, and cannot reach a store.
//! [`Reports`], [`Numbers`], [`Cases`], [`Lists`] and [`Notes`] read, compute and write through one `Writer`, which is
//! the only part that commits. Writes are durable first: read, a pure function, commit guarded by versions, and only
//! then the index.
//!
//! The service checks meaning (is this number possible, is this step allowed, does this version match); the api checks
//! shape (lengths, required fields, known values).

mod audit;
mod cases;
mod content;
mod decision;
mod directory;
mod error;
mod facts;
mod identity;
mod lists;
mod lookup;
mod notes;
mod numbers;
mod page;
mod principals;
mod reports;
mod settings;
mod writer;

use std::sync::Arc;

use crate::clock::Clock;
use crate::domain::policy::Enforcement;
use crate::follow::Follower;
use crate::index::{Freshness, Index};
use crate::metrics::Metrics;
use crate::store::{Meta, Store};
use crate::traffic::Observer;
use directory::Directory;
use page::PageKey;
use writer::Writer;

pub use audit::{AuditFilter, AuditLog, AuditPage, ListedEvent, subject_of_number};
pub use cases::{
    CaseChange, CaseDetails, CaseFilter, CaseList, Cases, LinkInput, LinkOutcome, NewCase, TransitionInput, UnlinkInput,
};
pub use decision::{KeyRing, KeyRingError};
pub use directory::{NumberFilter, NumberRow};
pub use error::{Quota, ServiceError, Violation};
pub use facts::RecordFacts;
pub use identity::Identity;
pub use lists::{ForeseenList, ListChanges, ListHead, ListPage, ListSummary, Lists, Replaced};
pub use lookup::{
    DecidedCase, DecidedEntry, ExplainedDecision, LookupInput, LookupOutcome, LookupRole, Lookups, OutcomeInput,
    ShadowedDecision,
};
pub use notes::{NoteAdded, NoteList, NoteSubjectInput, Notes};
pub use numbers::{
    Dossier, DossierLink, EraseInput, Erased, Expiry, Found, FoundBrand, MIN_PART_DIGITS, NumberChanged, NumberList,
    Numbers, Overruled, PendingList, SimilarList, SimilarNumber, Similarity, StatusInput,
};
pub use page::PageRequest;
pub use principals::{
    Bootstrapped, Identities, MAX_PRINCIPALS, NewKey, NewPrincipal, PrincipalChange, PrincipalList, Principals, Proof,
    Refused, VersionedPrincipal,
};
pub use reports::{
    BulkWithdrawn, Export, ExportQuery, Foreseen, Moderated, NewReport, ReportList, ReportOutcome, ReporterReports,
    Reports, StoredReport, WithdrawOutcome,
};
pub use settings::ServiceSettings;
pub use writer::Mutation;

/// All services of one instance, over one store and one index.
pub struct Services {
    /// Answers questions; cannot reach the store.
    pub lookups: Lookups,
    /// Accepts, lists and withdraws reports.
    pub reports: Reports,
    /// Dossiers and statuses.
    pub numbers: Numbers,
    /// Fraud cases and their numbers.
    pub cases: Cases,
    /// Do-not-originate and other lists.
    pub lists: Lists,
    /// Notes of analysts on numbers and cases.
    pub notes: Notes,
    /// Principals and their keys.
    pub principals: Principals,
    /// Finds the principal behind a request; cannot reach the store.
    pub identities: Identities,
    /// Audit events.
    pub audit: AuditLog,
    writer: Arc<Writer>,
    /// The key of decision ids if the settings name none.
    own_decision_key: [u8; 32],
    clock: Clock,
    metrics: Metrics,
}

/// The parts that the services are built from.
pub struct Foundations {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The replica in memory.
    pub index: Arc<Index>,
    /// Replicates the store into the index.
    pub follower: Arc<Follower>,
    /// The time in UTC.
    pub clock: Clock,
    /// The metrics.
    pub metrics: Metrics,
}

impl Services {
    /// The services over a store and the index that the follower keeps.
    #[must_use]
    pub fn new(foundations: Foundations, settings: ServiceSettings) -> Self {
        let Foundations {
            store,
            index,
            follower,
            clock,
            metrics,
        } = foundations;
        metrics.enforcement(settings.enforcement);
        let meta = store.meta().clone();
        let own_decision_key = meta.derived_key("ringwarden 2026 decisions");
        let decision_keys = settings.decision_keys;
        let lookups = Lookups::new(lookup::LookupParts {
            index: Arc::clone(&index),
            freshness: Arc::clone(follower.freshness()),
            clock: clock.clone(),
            policy: settings.policy,
            enforcement: settings.enforcement,
            single_report_blocks_for: settings.single_report_blocks_for,
            sip: settings.sip,
            observer: Observer::new(settings.thresholds, settings.traffic_limits, process_key(&meta)),
            emergency_numbers: settings.emergency_numbers,
            budget: settings.lookup_budget,
            keys: decision_keys.unwrap_or_else(|| KeyRing::of(&own_decision_key)),
        });
        let identities = Identities::new(Arc::clone(&index), Arc::clone(follower.freshness()), clock.clone());
        let page_key = PageKey::new(meta.derived_key("ringwarden 2026 page tokens"));
        let directory = Arc::new(Directory::new(Arc::clone(&index), clock.clone()));
        let writer = Arc::new(Writer::new(
            store,
            follower,
            index,
            clock.clone(),
            metrics.clone(),
            settings.write_timeout,
        ));
        Self {
            lookups,
            reports: Reports::new(
                Arc::clone(&writer),
                page_key.clone(),
                &meta,
                settings.quotas,
                settings.brand_feeds,
            ),
            numbers: Numbers::new(Arc::clone(&writer), page_key.clone(), directory),
            cases: Cases::new(Arc::clone(&writer), page_key.clone()),
            lists: Lists::new(Arc::clone(&writer), page_key.clone()),
            principals: Principals::new(Arc::clone(&writer), page_key.clone()),
            identities,
            notes: Notes::new(Arc::clone(&writer), page_key.clone(), &meta),
            audit: AuditLog::new(Arc::clone(&writer), page_key),
            writer,
            own_decision_key,
            clock,
            metrics,
        }
    }

    /// Replaces the keys that seal and open decision ids. Without keys, the one that is derived from the store is used.
    pub fn replace_decision_keys(&self, keys: Option<KeyRing>) {
        let keys = keys.unwrap_or_else(|| KeyRing::of(&self.own_decision_key));
        self.lookups.replace_keys(keys);
    }

    /// Replaces what is carried out of decisions, from the next answer on.
    pub fn enforce(&self, enforcement: Enforcement) {
        self.lookups.enforce(enforcement);
        self.metrics.enforcement(enforcement);
    }

    /// Refolds all evidence that has another evidence version; returns how many numbers it refolded.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn migrate(&self) -> Result<u64, ServiceError> {
        self.writer.migrate().await
    }

    /// Removes from the files of the store what was erased since the last time; says whether there was anything. It may take
    /// minutes.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub async fn purge(&self) -> Result<bool, ServiceError> {
        self.writer.purge().await
    }

    /// Brings the index up to date with the store, for a read that must show every change that any instance has
    /// acknowledged before. Waits at most half a second; if the store does not answer, the index stays as it is.
    pub async fn refresh(&self) {
        self.writer.refresh().await;
    }

    /// The freshness of the index, and whether the store may be written.
    #[must_use]
    pub fn freshness(&self) -> &Freshness {
        self.lookups.freshness()
    }

    /// The metrics.
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

/// A key of this process alone, so that caller fingerprints have no meaning in another process. A machine without
/// random numbers gets one derived from the store's secret.
fn process_key(meta: &Meta) -> [u8; 32] {
    let mut key = meta.derived_key("ringwarden 2026 callers");
    getrandom::fill(&mut key).ok();
    key
}
