//! The services' settings for operators.

use std::sync::Arc;
use std::time::Duration;

use super::decision::KeyRing;
use super::reports::{ReporterKeyRing, ReporterKeys};
use super::{lookup, writer};
use crate::domain::brand_feeds::BrandFeeds;
use crate::domain::identity::WorkingCredentials;
use crate::domain::policy::{Enforcement, Policy, SipSettings};
use crate::domain::quota::Quotas;
use crate::domain::tenant::TenantId;
use crate::domain::traffic::Thresholds;
use crate::number::EmergencyNumbers;
use crate::traffic::TrafficLimits;

/// Settings of the services, with their defaults.
#[derive(Debug)]
pub struct ServiceSettings {
    /// The scores from which calls are labelled and blocked.
    pub policy: Policy,
    /// The strongest action that is carried out. Default: any.
    pub enforcement: Enforcement,
    /// The tenants for which a single report may block. Default: none.
    pub single_report_blocks_for: Vec<TenantId>,
    /// The feeds of brands' own teams. Default: none.
    pub brand_feeds: BrandFeeds,
    /// The SIP responses of refused calls.
    pub sip: SipSettings,
    /// The daily quotas of reports.
    pub quotas: Quotas,
    /// The time within which a lookup is answered if the client does not say. Default: 50 ms.
    pub lookup_budget: Duration,
    /// The longest that a change may take; a batch gets the same time again for every 1,000 items. Default: 2 s.
    pub write_timeout: Duration,
    /// The counts from which a caller's calls are a sign of nuisance calls.
    pub thresholds: Thresholds,
    /// The most callers in the traffic.
    pub traffic_limits: TrafficLimits,
    /// The keys that seal decisions; derived from the store's secret if unset.
    pub decision_keys: Option<KeyRing>,
    /// The keys of reporter hashes; the one that is derived from the store's secret if unset.
    pub reporter_keys: Option<ReporterKeyRing>,
    /// The kinds of credentials that the server accepts besides keys. Default: none.
    pub working_credentials: WorkingCredentials,
    /// The numbers of emergency services and of public safety. Default: the shipped ones.
    pub emergency_numbers: EmergencyNumbers,
}

/// The settings of the services that each tenant has for itself.
#[derive(Clone, Debug)]
pub(super) struct TenantSettings {
    pub(super) reporter_keys: Arc<ReporterKeys>,
    pub(super) quotas: Quotas,
    pub(super) brand_feeds: BrandFeeds,
    pub(super) write_timeout: Duration,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self {
            policy: Policy::DEFAULT,
            enforcement: Enforcement::default(),
            single_report_blocks_for: Vec::new(),
            brand_feeds: BrandFeeds::default(),
            sip: SipSettings::default(),
            quotas: Quotas::DEFAULT,
            lookup_budget: lookup::DEFAULT_BUDGET,
            write_timeout: writer::WRITE_TIMEOUT,
            thresholds: Thresholds::DEFAULT,
            traffic_limits: TrafficLimits::DEFAULT,
            decision_keys: None,
            reporter_keys: None,
            working_credentials: WorkingCredentials::default(),
            emergency_numbers: EmergencyNumbers::default(),
        }
    }
}
