//! The `Host` of a request: where the client believes that it sends to.
//!
//! This server answers for every name. It checks the header all the same, since a proxy before it may read another host
//! from the same request, and send the answer to another client.

use http::{Request, Version, header};

/// Whether a request has the `Host` that RFC 9112 section 3.2 asks for: exactly one, and a valid one. Requests of
/// HTTP/1.0 need none. An empty one is valid: it says that the client does not know a name.
pub(super) fn is_valid<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => request.version() < Version::HTTP_11,
        (Some(host), None) => is_host(host.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// Whether this is a host of RFC 3986 section 3.2.2, maybe with a port.
fn is_host(text: &[u8]) -> bool {
    let (host, port) = match text.iter().rposition(|byte| *byte == b':') {
        // A colon inside of an IPv6 address is followed by a bracket.
        Some(colon) if !text.ends_with(b"]") => text.split_at(colon),
        _ => (text, &b""[..]),
    };
    let is_name = match host.strip_prefix(b"[").map(|rest| rest.strip_suffix(b"]")) {
        Some(address) => address.is_some_and(|address| !address.is_empty() && address.iter().all(is_in_address)),
        None => is_registered_name(host),
    };
    is_name && port.iter().skip(1).all(u8::is_ascii_digit)
}

/// A byte of an IP address in brackets.
fn is_in_address(byte: &u8) -> bool {
    matches!(byte, b':' | b'.') || byte.is_ascii_alphanumeric()
}

fn is_registered_name(mut name: &[u8]) -> bool {
    while let [first, rest @ ..] = name {
        name = match (first, rest) {
            (b'%', [high, low, rest @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => rest,
            (byte, rest) if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(byte) => rest,
            _ => return false,
        };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_and_addresses_with_or_without_a_port() {
        for host in [
            "",
            "localhost",
            "localhost:8080",
            "ringwarden.example:",
            "192.0.2.1:80",
            "[2001:db8::1]",
            "[2001:db8::1]:8080",
            "a_b.example",
            "%e4.example",
        ] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in [
            "a b",
            "a/b",
            "a,b c",
            "user@host",
            "http://host",
            "host:port",
            "a:1:2",
            "[2001:db8::1",
            "2001:db8::1",
            "[]",
            "%zz",
            "host#x",
            "h\u{f6}st",
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn http_1_1_needs_one_host_and_http_1_0_none() {
        let request = |version, hosts: &[&str]| {
            let builder = Request::builder().version(version);
            let with_hosts = hosts
                .iter()
                .fold(builder, |request, host| request.header("host", *host));
            with_hosts.body(()).unwrap()
        };
        for (version, hosts, valid) in [
            (Version::HTTP_11, &[][..], false),
            (Version::HTTP_11, &["a"], true),
            (Version::HTTP_11, &[""], true),
            (Version::HTTP_11, &["a", "a"], false),
            (Version::HTTP_11, &["a", "b"], false),
            (Version::HTTP_11, &["a b"], false),
            (Version::HTTP_10, &[], true),
            (Version::HTTP_10, &["a"], true),
            (Version::HTTP_10, &["a", "b"], false),
            (Version::HTTP_10, &["@"], false),
        ] {
            assert_eq!(is_valid(&request(version, hosts)), valid, "{version:?} {hosts:?}");
        }
    }
}
