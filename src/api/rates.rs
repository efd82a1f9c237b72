//! The quotas of requests: how much a principal may ask for in a second, and how often a network may come without an accepted
//! credential.
//!
//! A quota is a bucket of units that fills at a steady rate (GCRA, ITU-T I.371) and holds ten seconds of it. A request
//! takes one unit before its body is read, and one more for each further item when the body is decoded. A request that
//! costs more than a bucket holds needs a full bucket. The quotas of an instance are its own.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::{Api, ApiError, RequestContext};
use crate::domain::identity::{Caller, PrincipalId};
use crate::domain::quota::RequestQuotas;
use crate::metrics::{EdgeLabel, RefusalLabel};

/// Seconds of a quota that may be used at once.
const BURST_SECONDS: u32 = 10;
/// The first bits of an address that are its network: what an organisation or a household has. In an IPv6 network of a
/// client, every address is its own.
const NETWORK_BITS_V4: u32 = 24;
const NETWORK_BITS_V6: u32 = 48;

/// What a request counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestClass {
    Lookups,
    Reports,
    Other,
}

impl RequestClass {
    /// The class of a method of the contract.
    pub(super) fn of(service: &str, method: &str) -> Self {
        match (service, method) {
            ("LookupService", _) | (_, "SubmitCallOutcomes") => Self::Lookups,
            (_, "SubmitReport" | "BatchSubmitReports") => Self::Reports,
            _ => Self::Other,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Lookups => "lookups",
            Self::Reports => "reports",
            Self::Other => "other",
        }
    }

    const fn label(self) -> RefusalLabel {
        match self {
            Self::Lookups => RefusalLabel::QuotaLookups,
            Self::Reports => RefusalLabel::QuotaReports,
            Self::Other => RefusalLabel::QuotaOther,
        }
    }
}

/// How full the buckets of all principals and networks are.
#[derive(Debug)]
pub(super) struct Rates<C: Clock = MonotonicClock> {
    lookups: Option<Buckets<PrincipalId, C>>,
    reports: Option<Buckets<PrincipalId, C>>,
    other: Option<Buckets<PrincipalId, C>>,
    unauthenticated: Option<Buckets<u16, C>>,
    /// The tokens whose signature is checked, with the same quota: a check costs as much as some lookups, and whether the token
    /// is accepted is known only afterwards.
    checked_tokens: Option<Buckets<u16, C>>,
    /// Which bucket a network has. The key is random, so nobody can choose whose bucket it shares.
    networks: RandomState,
}

/// One bucket for each key. There are at most as many principals as a store may have, and 65,536 buckets for networks: two
/// networks may share one.
#[derive(Debug)]
struct Buckets<K: Hash + Eq + Clone, C: Clock> {
    limiter: RateLimiter<K, HashMapStateStore<K>, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    per_second: NonZeroU32,
    burst: NonZeroU32,
}

/// Why units were not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct UsedUp {
    per_second: NonZeroU32,
    burst: NonZeroU32,
    retry_after: Duration,
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> Buckets<K, C> {
    fn new(per_second: NonZeroU32, clock: &C) -> Self {
        let burst = per_second.saturating_mul(NonZeroU32::MIN.saturating_add(BURST_SECONDS - 1));
        let quota = Quota::per_second(per_second).allow_burst(burst);
        Self {
            limiter: RateLimiter::hashmap_with_clock(quota, clock.clone()),
            clock: clock.clone(),
            per_second,
            burst,
        }
    }

    /// The time in which a bucket gets one unit.
    fn per_unit(&self) -> Duration {
        Duration::from_secs(1) / self.per_second.get()
    }

    fn take(&self, key: &K, units: usize) -> Result<(), UsedUp> {
        // One is left out, which the request has taken before: else nothing that is larger than the bucket would ever pass.
        let most = self.burst.get() - 1;
        let units = u32::try_from(units).unwrap_or(u32::MAX).min(most);
        let Some(units) = NonZeroU32::new(units) else {
            return Ok(());
        };
        let missing = match self.limiter.check_key_n(key, units) {
            Ok(Ok(())) => return Ok(()),
            // The request that is sent again takes one unit before it gets here.
            Ok(Err(until)) => until.wait_time_from(self.clock.now()) + self.per_unit(),
            // The units are never more than the burst.
            Err(_) => Duration::from_secs(BURST_SECONDS.into()),
        };
        Err(UsedUp {
            per_second: self.per_second,
            burst: self.burst,
            retry_after: missing,
        })
    }
}

impl Rates {
    pub(super) fn new(quotas: RequestQuotas) -> Self {
        Self::at(quotas, &MonotonicClock)
    }
}

impl<C: Clock + Clone> Rates<C> {
    fn at(quotas: RequestQuotas, clock: &C) -> Self {
        Self {
            lookups: quotas.lookups.map(|rate| Buckets::new(rate, clock)),
            reports: quotas.reports.map(|rate| Buckets::new(rate, clock)),
            other: quotas.other.map(|rate| Buckets::new(rate, clock)),
            unauthenticated: quotas.unauthenticated.map(|rate| Buckets::new(rate, clock)),
            checked_tokens: quotas.unauthenticated.map(|rate| Buckets::new(rate, clock)),
            networks: RandomState::new(),
        }
    }

    fn take(&self, principal: &PrincipalId, class: RequestClass, units: usize) -> Result<(), UsedUp> {
        let buckets = match class {
            RequestClass::Lookups => &self.lookups,
            RequestClass::Reports => &self.reports,
            RequestClass::Other => &self.other,
        };
        buckets
            .as_ref()
            .map_or(Ok(()), |buckets| buckets.take(principal, units))
    }

    fn take_unauthenticated(&self, client: IpAddr) -> Result<(), UsedUp> {
        self.take_of_network(self.unauthenticated.as_ref(), client)
    }

    fn take_token_check(&self, client: IpAddr) -> Result<(), UsedUp> {
        self.take_of_network(self.checked_tokens.as_ref(), client)
    }

    fn take_of_network(&self, buckets: Option<&Buckets<u16, C>>, client: IpAddr) -> Result<(), UsedUp> {
        let Some(buckets) = buckets else {
            return Ok(());
        };
        let hash = self.networks.hash_one(network_of(client)).to_be_bytes();
        buckets.take(&u16::from_be_bytes([hash[0], hash[1]]), 1)
    }
}

/// The network of an address.
fn network_of(client: IpAddr) -> (bool, u128) {
    match client.to_canonical() {
        IpAddr::V4(address) => (true, u128::from(address.to_bits() >> (u32::BITS - NETWORK_BITS_V4))),
        IpAddr::V6(address) => (false, address.to_bits() >> (u128::BITS - NETWORK_BITS_V6)),
    }
}

impl Api {
    /// Takes units of the quota of the caller. On a server without principals there are no quotas.
    ///
    /// # Errors
    /// If too little of the quota is left. Nothing is taken then.
    pub(super) fn charge(&self, context: &RequestContext, class: RequestClass, units: usize) -> Result<(), ApiError> {
        let Caller::Known(known) = &context.caller else {
            return Ok(());
        };
        let taken = self.0.rates.take(&known.principal.id, class, units);
        taken.map_err(|used_up| {
            self.refused(context.edge, class.label());
            let UsedUp { per_second, burst, .. } = used_up;
            let text = format!(
                "this principal has used up its quota of {}: {per_second} in a second, and at most {burst} at once",
                match class {
                    RequestClass::Lookups => "lookups and call outcomes",
                    RequestClass::Reports => "reports and their call-back numbers",
                    RequestClass::Other => "requests that are neither lookups nor reports",
                }
            );
            ApiError::over_quota(class.name(), text, used_up.retry_after)
        })
    }

    /// Counts a request without an accepted credential for the network of its client.
    ///
    /// # Errors
    /// If the network has sent too many of them.
    pub(super) fn charge_network(&self, context: &RequestContext) -> Result<(), ApiError> {
        let Some(client) = context.client else {
            return Ok(());
        };
        let taken = self.0.rates.take_unauthenticated(client);
        taken.map_err(|used_up| {
            self.refused(context.edge, RefusalLabel::QuotaUnauthenticated);
            let UsedUp { per_second, burst, .. } = used_up;
            let text = format!(
                "the request has no valid credential, and its network has used up the quota of such requests: {per_second} in a second, and at most {burst} at once"
            );
            ApiError::over_quota("unauthenticated", text, used_up.retry_after)
        })
    }

    /// Whether the signature of a token from this client may be checked now.
    pub(super) fn may_check_token(&self, client: Option<IpAddr>) -> bool {
        client.is_none_or(|client| self.0.rates.take_token_check(client).is_ok())
    }

    /// The error for a request whose token was not checked.
    pub(super) fn not_checked(&self, context: &RequestContext) -> ApiError {
        self.refused(context.edge, RefusalLabel::QuotaUnauthenticated);
        let text = "the token was not checked: its network has used up the quota of tokens that are new to this server";
        // Every bucket gets at least one unit in a second.
        ApiError::over_quota("unauthenticated", text.to_owned(), Duration::from_secs(1))
    }

    fn refused(&self, edge: EdgeLabel, label: RefusalLabel) {
        self.metrics().request_refused(edge, label);
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;
    use RequestClass::{Lookups, Other, Reports};

    fn rates(per_second: u32) -> (Rates<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let rate = NonZeroU32::new(per_second);
        let quotas = RequestQuotas {
            lookups: rate,
            reports: rate,
            other: None,
            unauthenticated: rate,
        };
        (Rates::at(quotas, &clock), clock)
    }

    fn principal(name: &str) -> PrincipalId {
        PrincipalId::parse(name).unwrap()
    }

    #[test]
    fn each_principal_and_class_has_a_bucket_that_fills_again() {
        let (rates, clock) = rates(2);
        let (one, other) = (principal("one"), principal("other"));
        rates.take(&one, Lookups, 15).unwrap();
        let used_up = rates.take(&one, Lookups, 6).unwrap_err();
        assert_eq!((used_up.per_second.get(), used_up.burst.get()), (2, 20));
        assert_eq!(
            used_up.retry_after,
            Duration::from_secs(1),
            "one unit is missing, and one for the next request"
        );
        rates.take(&one, Lookups, 5).unwrap();
        rates.take(&one, Reports, 19).unwrap();
        rates.take(&other, Lookups, 19).unwrap();
        rates.take(&one, Other, 1_000_000).unwrap();
        clock.advance(Duration::from_millis(500));
        rates.take(&one, Lookups, 1).unwrap();
        assert!(rates.take(&one, Lookups, 1).is_err());
    }

    #[test]
    fn what_costs_more_than_the_bucket_holds_needs_a_full_one() {
        let (rates, clock) = rates(2);
        let one = principal("one");
        rates.take(&one, Lookups, 0).unwrap();
        let ask = |further| {
            rates
                .take(&one, Lookups, 1)
                .and_then(|()| rates.take(&one, Lookups, further))
        };
        ask(1_000).unwrap();
        clock.advance(Duration::from_secs(5));
        let used_up = ask(1_000).unwrap_err();
        clock.advance(used_up.retry_after - Duration::from_millis(1));
        let used_up = ask(usize::MAX).unwrap_err();
        clock.advance(used_up.retry_after);
        ask(usize::MAX).unwrap();
    }

    #[test]
    fn addresses_of_one_network_share_a_bucket() {
        for (one, other, is_same) in [
            ("192.0.2.1", "192.0.2.255", true),
            ("192.0.2.1", "::ffff:192.0.2.7", true),
            ("192.0.2.1", "192.0.3.1", false),
            ("2001:db8:1::1", "2001:db8:1:ffff::2", true),
            ("2001:db8:1::1", "2001:db8:2::1", false),
            ("0.0.0.1", "::1:0:0:0", false),
        ] {
            let [one, other] = [one, other].map(|text| network_of(text.parse().unwrap()));
            assert_eq!(one == other, is_same, "{one:?} {other:?}");
        }
        let (rates, _) = rates(1);
        let [one, other] = ["192.0.2.1", "192.0.2.9"].map(|text| text.parse().unwrap());
        for _ in 0..10 {
            rates.take_unauthenticated(one).unwrap();
        }
        assert!(rates.take_unauthenticated(other).is_err());
    }

    #[test]
    fn checks_of_tokens_have_buckets_of_their_own() {
        let (rates, clock) = rates(2);
        let client = "192.0.2.1".parse().unwrap();
        for _ in 0..20 {
            rates.take_token_check(client).unwrap();
        }
        assert!(rates.take_token_check(client).is_err());
        rates.take_unauthenticated(client).unwrap();
        clock.advance(Duration::from_secs(1));
        rates.take_token_check(client).unwrap();
    }

    #[test]
    fn many_networks_need_bounded_memory() {
        let (rates, _) = rates(1);
        for network in 0..100_000_u32 {
            let _result = rates.take_unauthenticated(IpAddr::V4((network << 8).into()));
        }
        let buckets = rates.unauthenticated.as_ref().unwrap().limiter.len();
        assert!((30_000..=1 << 16).contains(&buckets), "{buckets}");
    }

    #[test]
    fn methods_have_classes() {
        for (service, method, class) in [
            ("LookupService", "StreamLookup", Lookups),
            ("LookupService", "ListCategories", Lookups),
            ("ReportService", "SubmitCallOutcomes", Lookups),
            ("ReportService", "BatchSubmitReports", Reports),
            ("ReportService", "ListReports", Other),
            ("PrincipalService", "GetCaller", Other),
        ] {
            assert_eq!(RequestClass::of(service, method), class, "{method}");
        }
    }
}
