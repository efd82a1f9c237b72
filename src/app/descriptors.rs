//! The file descriptors of the process, checked at start: for each connection, those to the address for probes among them,
//! and for the files of the store. Without the
//! check, many connections would take the descriptors that the embedded store needs to write.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::AppError;
use crate::config::{Config, LimitSettings, StoreUrl};
use crate::http::MAX_ADMIN_CONNECTIONS;
use crate::store::embedded::MAX_OPEN_TABLES;

/// Descriptors for everything else: the log, the sockets that listen, epoll, files that are read.
const OTHERS: u64 = 64;
/// Files of the embedded store besides its tables: journals, and tables while they are written.
const STORE_FILES: u64 = 64;
/// Connections to Redis.
const REDIS: u64 = 16;
/// The addresses that accept connections.
const ADDRESSES: u64 = 2;
/// With fewer connections on an address, the server does not start.
const FEWEST_CONNECTIONS: u64 = 8;

/// What the server may do with the descriptors that it can get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// Everything, with this soft limit.
    All(u64),
    /// This many connections on each address.
    Fewer(u64),
    /// Nothing: it needs this many.
    TooFew(u64),
}

/// Raises the limit of open files if needed. Returns the limits of connections, lowered if the descriptors do not suffice.
///
/// # Errors
/// If the process may not open enough files for the store and a few connections.
pub fn fit_descriptors(config: &Config) -> Result<LimitSettings, AppError> {
    let mut limits = config.limits;
    let allowed = getrlimit(Resource::Nofile);
    let (soft, hard) = (allowed.current, allowed.maximum);
    let connections = u64::try_from(limits.max_connections.get()).unwrap_or(u64::MAX);
    let fixed = store_files(&config.store.url) + admin_files(config.listen.admin_addr.is_some());
    match plan(fixed, connections, soft, hard) {
        Plan::All(wanted) => {
            if soft.is_some_and(|soft| soft < wanted) {
                raise(wanted, allowed)?;
            }
        }
        Plan::Fewer(fewer) => {
            raise(hard.unwrap_or(u64::MAX), allowed)?;
            tracing::warn!(
                max_connections = connections,
                open_files = hard,
                lowered_to = fewer,
                "the limit of open files (ulimit -n) does not suffice for --max-connections: fewer connections are accepted"
            );
            let fewer = usize::try_from(fewer).ok().and_then(std::num::NonZero::new);
            limits.max_connections = fewer.unwrap_or(limits.max_connections);
        }
        Plan::TooFew(needed) => return Err(AppError::Descriptors { needed }),
    }
    Ok(limits)
}

fn raise(wanted: u64, allowed: Rlimit) -> Result<(), AppError> {
    let raised = Rlimit {
        current: Some(wanted),
        ..allowed
    };
    setrlimit(Resource::Nofile, raised).map_err(|_cause| AppError::Descriptors { needed: wanted })
}

/// The descriptors that a store needs.
fn store_files(store: &StoreUrl) -> u64 {
    match store {
        StoreUrl::Memory => 0,
        StoreUrl::Embedded(_) => u64::try_from(MAX_OPEN_TABLES).unwrap_or(u64::MAX) + STORE_FILES,
        StoreUrl::Redis(_) => REDIS,
    }
}

/// The descriptors of the address for probes and metrics: the socket that listens, and its connections.
fn admin_files(has_address: bool) -> u64 {
    if has_address {
        u64::try_from(MAX_ADMIN_CONNECTIONS)
            .unwrap_or(u64::MAX)
            .saturating_add(1)
    } else {
        0
    }
}

/// The plan for so many other descriptors and so many connections on each address; `None` is no limit.
fn plan(others: u64, connections: u64, soft: Option<u64>, hard: Option<u64>) -> Plan {
    let fixed = others + OTHERS;
    let wanted = fixed.saturating_add(ADDRESSES.saturating_mul(connections));
    if soft.is_none_or(|soft| soft >= wanted) {
        return Plan::All(soft.unwrap_or(wanted));
    }
    let hard = hard.unwrap_or(u64::MAX);
    if hard >= wanted {
        return Plan::All(wanted);
    }
    match hard.saturating_sub(fixed) / ADDRESSES {
        fewer if fewer >= FEWEST_CONNECTIONS.min(connections) => Plan::Fewer(fewer),
        _ => Plan::TooFew(fixed + ADDRESSES * FEWEST_CONNECTIONS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_for_probes_needs_its_own() {
        assert_eq!((admin_files(false), admin_files(true)), (0, 65));
    }

    #[test]
    fn the_plan_follows_both_limits() {
        for (store, connections, soft, hard, expected) in [
            (320, 400, Some(4_096), Some(4_096), Plan::All(4_096)),
            (320, 400, Some(1_024), Some(4_096), Plan::All(1_184)),
            (320, 400, Some(1_024), None, Plan::All(1_184)),
            (320, 400, Some(1_024), Some(1_024), Plan::Fewer(320)),
            (0, 400, Some(1_024), Some(1_024), Plan::All(1_024)),
            (320, 400, Some(256), Some(399), Plan::TooFew(400)),
            (320, 400, Some(256), Some(400), Plan::Fewer(8)),
            (320, 1, Some(256), Some(386), Plan::All(386)),
            (320, 400, None, None, Plan::All(1_184)),
        ] {
            let found = plan(store, connections, soft, hard);
            assert_eq!(found, expected, "{store} {connections} {soft:?} {hard:?}");
        }
    }
}
