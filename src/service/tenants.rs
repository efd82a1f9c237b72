//! The services of each tenant: everything that belongs to a tenant, over its own index and with its own keys.

use std::sync::{Arc, OnceLock};

use super::directory::Directory;
use super::page::PageKey;
use super::settings::TenantSettings;
use super::writer::Writer;
use super::{AuditLog, Cases, Lists, Notes, Numbers, Reports, ServiceError, Sharings};
use crate::clock::Clock;
use crate::domain::tenant::{MAX_TENANTS, TenantId};
use crate::follow::Follower;
use crate::index::Index;
use crate::metrics::Metrics;
use crate::store::Store;

/// The services over what belongs to one tenant.
pub struct TenantServices {
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
    /// What the tenant shares with others, and accepts from them.
    pub sharings: Sharings,
    /// Audit events.
    pub audit: AuditLog,
    pub(super) writer: Arc<Writer>,
}

/// The parts that the services of every tenant are made from.
pub(super) struct TenantParts {
    pub(super) store: Arc<dyn Store>,
    pub(super) follower: Arc<Follower>,
    pub(super) clock: Clock,
    pub(super) metrics: Metrics,
    pub(super) settings: TenantSettings,
}

/// The services of all tenants. They are made when they are first asked for, and stay.
pub(super) struct AllTenants {
    parts: TenantParts,
    default: TenantServices,
    others: [OnceLock<(TenantId, TenantServices)>; MAX_TENANTS],
}

impl AllTenants {
    pub(super) fn new(parts: TenantParts, index: Arc<Index>) -> Self {
        Self {
            default: TenantServices::new(&parts, TenantId::DEFAULT, index),
            others: [const { OnceLock::new() }; MAX_TENANTS],
            parts,
        }
    }

    pub(super) const fn of_default(&self) -> &TenantServices {
        &self.default
    }

    /// The services of a tenant.
    ///
    /// # Errors
    /// If the server has as many tenants as it can have, and this is none of them.
    pub(super) fn of(&self, tenant: TenantId) -> Result<&TenantServices, ServiceError> {
        if tenant == TenantId::DEFAULT {
            return Ok(&self.default);
        }
        let too_many =
            || ServiceError::Precondition(format!("the server has {MAX_TENANTS} tenants, which is the limit"));
        let index = self.parts.follower.indexes().get_or_make(tenant);
        let index = index.ok_or_else(too_many)?;
        // Places are filled in order and never emptied. Two requests may want the same place: the second finds the first.
        for place in &self.others {
            let make = || (tenant, TenantServices::new(&self.parts, tenant, Arc::clone(&index)));
            let (owner, services) = place.get_or_init(make);
            if *owner == tenant {
                return Ok(services);
            }
        }
        Err(too_many())
    }
}

impl TenantServices {
    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.writer.tenant()
    }

    fn new(parts: &TenantParts, tenant: TenantId, index: Arc<Index>) -> Self {
        let meta = parts.store.meta();
        let page_key = PageKey::of_tenant(meta.derived_key("ringwarden 2026 page tokens"), tenant);
        let directory = Arc::new(Directory::new(Arc::clone(&index), parts.clock.clone()));
        let writer = Arc::new(Writer::new(
            (tenant, index),
            Arc::clone(&parts.store),
            Arc::clone(&parts.follower),
            parts.clock.clone(),
            parts.metrics.clone(),
            parts.settings.write_timeout,
        ));
        let shared = || (Arc::clone(&writer), page_key.clone());
        let (of_reports, of_numbers) = (shared(), shared());
        let (of_cases, of_lists, of_notes, of_sharings, of_audit) = (shared(), shared(), shared(), shared(), shared());
        Self {
            reports: Reports::new(
                of_reports.0,
                of_reports.1,
                meta,
                parts.settings.quotas,
                (
                    parts.settings.brand_feeds.clone(),
                    Arc::clone(&parts.settings.reporter_keys),
                ),
            ),
            numbers: Numbers::new(of_numbers.0, of_numbers.1, directory),
            cases: Cases::new(of_cases.0, of_cases.1),
            lists: Lists::new(of_lists.0, of_lists.1),
            notes: Notes::new(of_notes.0, of_notes.1, meta),
            sharings: Sharings::new(of_sharings.0, of_sharings.1),
            audit: AuditLog::new(of_audit.0, of_audit.1),
            writer,
        }
    }
}
