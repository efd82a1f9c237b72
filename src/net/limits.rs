//! The limits of the connections of one address of the server.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use super::call_limit::CallLimit;
use super::memory::MemoryBudget;
use crate::metrics::{DropLabel, EdgeLabel, Metrics};

/// The limits of the connections of one address of the server, and where drops and refusals are counted.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionLimits {
    pub(crate) edge: EdgeLabel,
    /// Open connections.
    pub(crate) max: usize,
    /// Open connections of one client address; 0 for no limit.
    pub(crate) per_address: usize,
    /// Calls in progress on one connection.
    pub(crate) streams: usize,
    /// How long a connection without a call stays open.
    pub(crate) idle_timeout: Duration,
    /// What requests and answers may hold.
    pub(crate) memory: MemoryBudget,
    pub(crate) metrics: Metrics,
    /// The limit of calls while more come than are answered. `None` if the connections do not speak HTTP/2.
    pub(crate) calls: Option<Arc<CallLimit>>,
}

impl ConnectionLimits {
    /// The limits of tests: this many connections, and else none.
    #[cfg(test)]
    pub(crate) fn of(max: usize) -> Self {
        Self {
            edge: EdgeLabel::Grpc,
            max,
            per_address: 0,
            streams: usize::MAX,
            idle_timeout: Duration::MAX,
            memory: MemoryBudget::new(usize::MAX / 2),
            metrics: Metrics::new(),
            calls: None,
        }
    }

    pub(super) fn count(&self, reason: DropLabel) {
        self.metrics.connection_dropped(self.edge, reason);
    }

    pub(super) fn opened(&self, more: i8) {
        self.metrics.connections(self.edge, more);
    }
}

/// Whether an address is one of this machine that no other machine can reach. An IPv4 address inside of an IPv6 one counts as
/// itself: sockets for both families have such addresses.
pub(crate) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The network of an address, for which connections are counted: the address itself, or the first 64 bits of one of IPv6,
/// since one client has all addresses with the same first 64 bits.
pub(super) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) if address.is_loopback() => IpAddr::V6(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_known_in_every_form() {
        for (address, expected) in [
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("0.0.0.0", false),
            ("::", false),
            ("::ffff:192.0.2.7", false),
        ] {
            assert_eq!(is_loopback(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn addresses_of_one_client_are_one_network() {
        for (address, network) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("::1", "::1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ] {
            assert_eq!(network_of(address.parse().unwrap()), network.parse::<IpAddr>().unwrap());
        }
    }
}
