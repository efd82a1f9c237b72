//! The services: everything that Ringwarden does, with domain types in and out.
//!
//! The services are types with walls. [`Lookups`] answers questions from the index, and cannot reach a store.
//! [`Reports`], [`Numbers`], [`Cases`], [`Lists`] and [`Notes`] read, compute and write through one `Writer`, which is
//! the only part that commits. Writes are durable first: read, a pure function, commit guarded by versions, and only
//! then the index.
//!
//! The service checks meaning (is this number possible, is this step allowed, does this version match); the api checks
//! shape (lengths, required fields, known values).

mod acceptances;
mod audit;
mod cases;
mod comparison;
mod content;
mod decision;
mod directory;
mod error;
mod facts;
mod identity;
mod key_file;
mod lists;
mod lookup;
mod notes;
mod numbers;
mod page;
mod principals;
mod reports;
mod settings;
mod sharings;
mod tenants;
mod versions;
mod writer;

use std::ops::Deref;
use std::sync::Arc;

use crate::clock::Clock;
use crate::domain::policy::Enforcement;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::follow::Follower;
use crate::index::{Freshness, Indexes};
use crate::metrics::Metrics;
use crate::store::{Meta, Store};
use crate::traffic::Observer;
use page::PageKey;
use reports::ReporterKeys;
use settings::TenantSettings;
use tenants::{AllTenants, TenantParts};

pub use acceptances::VersionedAcceptance;
pub use audit::{AuditFilter, AuditLog, AuditPage, ListedEvent, NamedImports, named_imports, subject_of_number};
pub use cases::{
    CaseChange, CaseDetails, CaseFilter, CaseList, Cases, LinkInput, LinkOutcome, NewCase, TransitionInput, UnlinkInput,
};
pub use comparison::{ComparedSides, ComparisonState, DifferenceKind, NamedDifference, SHARD_COUNT, ShardComparison};
pub use decision::KeyRing;
pub use directory::{NumberFilter, NumberRow, PAUSE_BETWEEN_PARTS};
pub use error::{Quota, ServiceError, Violation};
pub use facts::RecordFacts;
pub use identity::Identity;
pub use key_file::KeyFileError;
pub use lists::{ForeseenList, ListChanges, ListHead, ListPage, ListSummary, Lists, Replaced};
pub use lookup::{
    DecidedCase, DecidedEntry, ExplainedDecision, ForCalls, LookupInput, LookupOutcome, LookupRole, Lookups,
    OutcomeInput, ShadowedDecision,
};
pub use notes::{NoteAdded, NoteList, NoteSubjectInput, Notes};
pub use numbers::{
    Dossier, DossierLink, EraseInput, Erased, Expiry, Found, FoundBrand, MIN_PART_DIGITS, NumberChanged, NumberList,
    Numbers, Overruled, PendingList, SimilarList, SimilarNumber, Similarity, StatusInput,
};
pub use page::PageRequest;
pub use principals::{
    Bootstrapped, Identities, LastUses, MAX_PRINCIPALS, NewKey, NewPrincipal, PrincipalChange, PrincipalList,
    Principals, Proof, Refused, VersionedPrincipal,
};
pub use reports::{
    BulkWithdrawn, Export, ExportQuery, Foreseen, Moderated, NewReport, ReportList, ReportOutcome, ReporterKeyRing,
    ReporterReports, Reports, Sender, StoredReport, WithdrawOutcome,
};
pub use settings::ServiceSettings;
pub use sharings::{SharingList, Sharings, ThingInput, VersionedSharing};
pub use tenants::TenantServices;
pub use writer::Mutation;

/// All services of one instance, over one store and its indexes. Those of the default tenant are reached directly.
pub struct Services {
    /// Answers questions; cannot reach the store.
    pub lookups: Lookups,
    /// Principals of all tenants, and their keys.
    pub principals: Principals,
    /// Finds the principal behind a request; cannot reach the store.
    pub identities: Identities,
    tenants: AllTenants,
    follower: Arc<Follower>,
    /// The identity of the store.
    meta: Meta,
    indexes: Arc<Indexes>,
    /// The key of decision ids if the settings name none.
    own_decision_key: [u8; 32],
    reporter_keys: Arc<ReporterKeys>,
    clock: Clock,
    metrics: Metrics,
}

/// Most servers have one tenant, and every part of this program that serves no request works on it.
impl Deref for Services {
    type Target = TenantServices;

    fn deref(&self) -> &TenantServices {
        self.tenants.of_default()
    }
}

/// The parts that the services are built from.
pub struct Foundations {
    /// The store.
    pub store: Arc<dyn Store>,
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
            follower,
            clock,
            metrics,
        } = foundations;
        let indexes = Arc::clone(follower.indexes());
        let index = Arc::clone(indexes.of_default());
        metrics.enforcement(settings.enforcement);
        let meta = store.meta().clone();
        let own_decision_key = meta.derived_key("ringwarden 2026 decisions");
        let decision_keys = settings.decision_keys;
        let lookups = Lookups::new(lookup::LookupParts {
            indexes: Arc::clone(&indexes),
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
        let working = settings.working_credentials;
        let identities = Identities::new(Arc::clone(&index), Arc::clone(follower.freshness()), clock.clone());
        let store_key = meta.derived_key("ringwarden 2026 reporter hashes");
        let reporter_keys = Arc::new(ReporterKeys::new(store_key, settings.reporter_keys));
        let settings = TenantSettings {
            reporter_keys: Arc::clone(&reporter_keys),
            quotas: settings.quotas,
            brand_feeds: settings.brand_feeds,
            write_timeout: settings.write_timeout,
        };
        let parts = TenantParts {
            store,
            follower: Arc::clone(&follower),
            clock: clock.clone(),
            metrics: metrics.clone(),
            settings,
        };
        let tenants = AllTenants::new(parts, index);
        let page_key = PageKey::of_tenant(meta.derived_key("ringwarden 2026 page tokens"), TenantId::DEFAULT);
        Self {
            lookups,
            principals: Principals::new(Arc::clone(&tenants.of_default().writer), page_key, working),
            identities,
            tenants,
            follower,
            meta,
            indexes,
            own_decision_key,
            reporter_keys,
            clock,
            metrics,
        }
    }

    /// The services of a tenant.
    ///
    /// # Errors
    /// If the server has as many tenants as it can have, and this is none of them.
    pub fn of(&self, tenant: TenantId) -> Result<&TenantServices, ServiceError> {
        self.tenants.of(tenant)
    }

    /// The services of a tenant that the server knows.
    #[must_use]
    pub fn of_known(&self, tenant: TenantId) -> Option<&TenantServices> {
        self.indexes.get(tenant)?;
        self.tenants.of(tenant).ok()
    }

    /// The services of each tenant.
    pub fn of_all(&self) -> impl Iterator<Item = &TenantServices> {
        let tenants = self.indexes.all().into_iter();
        tenants.filter_map(|(tenant, _)| self.tenants.of(tenant).ok())
    }

    /// Replaces the keys that seal and open decision ids. Without keys, the one that is derived from the store is used.
    pub fn replace_decision_keys(&self, keys: Option<KeyRing>) {
        let keys = keys.unwrap_or_else(|| KeyRing::of(&self.own_decision_key));
        self.lookups.replace_keys(keys);
    }

    /// Replaces the keys of reporter hashes, from the next request on. Without keys, the one that is derived from the store is
    /// used.
    pub fn replace_reporter_keys(&self, keys: Option<ReporterKeyRing>) {
        self.reporter_keys.replace(keys);
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
        let mut folded = 0;
        for tenant in self.of_all() {
            folded += tenant.writer.fold_again().await?;
        }
        self.writer.all_folded().await?;
        Ok(folded)
    }

    /// Writes which keys this instance has accepted since the last time, so that all instances know when they were last used;
    /// returns how many.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn keep_key_uses(&self) -> Result<usize, ServiceError> {
        self.principals.keep_uses(&self.identities).await
    }

    /// Whether old data may be dropped by a clock that shows `now`, and notes the time if so. A clock that is more than
    /// [two days](crate::domain::latest_time::MAX_AHEAD) ahead of the latest time at which data was dropped is not believed,
    /// unless it has been steady for long.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn believes_clock(&self, now: Timestamp, is_steady: bool) -> Result<bool, ServiceError> {
        self.writer.believes_clock(now, is_steady).await
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
    /// acknowledged before. Waits at most half a second; if the store does not answer, the index stays as it is. False if it
    /// may still lack such changes.
    pub async fn refresh(&self) -> bool {
        self.writer.refresh().await
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
