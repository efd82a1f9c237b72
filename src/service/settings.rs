//! What operators can set of the services.

use std::time::Duration;

use super::decision::KeyRing;
use super::{lookup, writer};
use crate::domain::policy::{Policy, SipSettings};
use crate::domain::quota::Quotas;
use crate::domain::traffic::Thresholds;
use crate::traffic::TrafficLimits;

/// Settings of the services, with their defaults.
#[derive(Debug)]
pub struct ServiceSettings {
    /// From which scores on calls are labelled and blocked.
    pub policy: Policy,
    /// How calls are refused in SIP.
    pub sip: SipSettings,
    /// How many reports a day are accepted.
    pub quotas: Quotas,
    /// The time within which a lookup is answered if the client does not say. Default: 50 ms.
    pub lookup_budget: Duration,
    /// How long a change may take; a batch may take as long again for every 1,000 items. Default: 2 s.
    pub write_timeout: Duration,
    /// From which counts on a caller's calls are a sign of something.
    pub thresholds: Thresholds,
    /// How many callers are remembered.
    pub traffic_limits: TrafficLimits,
    /// The keys that seal decisions; derived from the store's secret if unset.
    pub decision_keys: Option<KeyRing>,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self {
            policy: Policy::DEFAULT,
            sip: SipSettings::default(),
            quotas: Quotas::DEFAULT,
            lookup_budget: lookup::DEFAULT_BUDGET,
            write_timeout: writer::WRITE_TIMEOUT,
            thresholds: Thresholds::DEFAULT,
            traffic_limits: TrafficLimits::DEFAULT,
            decision_keys: None,
        }
    }
}
