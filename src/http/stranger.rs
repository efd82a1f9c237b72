//! Requests that a page of another site made a browser send.
//!
//! A server on loopback answers everybody on its machine, and a browser on that machine runs the scripts of every page
//! that a person opens. A page reaches this server in two ways. It sends a request to another site: a form, an image, a
//! script; the browser tells so in `Sec-Fetch-Site` (W3C Fetch Metadata) or in `Origin` (RFC 6454). Or its own name
//! resolves to the address of this server (DNS rebinding): then the browser takes both for one site, but `Host` has the
//! name of the page. Programs other than browsers send neither `Sec-Fetch-Site` nor `Origin`.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, Request, header};

use crate::net::is_loopback;

/// The site of the page that sends a request, seen from this server. `http` has no constant for it.
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// The hosts that clients may name in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hosts {
    /// All.
    Any,
    /// The names and addresses of loopback, and these, without a port.
    LoopbackAnd(Box<[String]>),
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stranger {
    /// Its `Host` is not one of this server.
    UnknownHost,
    /// A page of another site sent it.
    OtherSite,
}

impl Hosts {
    /// The hosts of a server that listens on `address`. `configured` are those of the setting; without them, a server on
    /// loopback has those of loopback, and another one has all.
    pub(super) fn of(address: SocketAddr, configured: &[String]) -> Self {
        let is_any = if configured.is_empty() {
            !is_loopback(address.ip())
        } else {
            configured.iter().any(|host| host == "*")
        };
        if is_any {
            return Self::Any;
        }
        let hosts = configured
            .iter()
            .map(|host| host.strip_suffix('.').unwrap_or(host).to_owned());
        Self::LoopbackAnd(hosts.collect())
    }

    /// Whether a host, maybe with a port, is one of these. An empty one says that the client knows no name.
    fn include(&self, host: &str) -> bool {
        let Self::LoopbackAnd(names) = self else {
            return true;
        };
        let host = without_port(host);
        let host = host.strip_suffix('.').unwrap_or(host);
        match address(host) {
            Some(found) => is_loopback(found) || names.iter().any(|name| address(name) == Some(found)),
            None => {
                host.is_empty()
                    || host.eq_ignore_ascii_case("localhost")
                    || names.iter().any(|name| host.eq_ignore_ascii_case(name))
            }
        }
    }
}

/// Whether a request is refused.
pub(super) fn stranger<B>(request: &Request<B>, hosts: &Hosts) -> Option<Stranger> {
    let host = text(request.headers(), header::HOST.as_str());
    let target = request.uri().authority().map(http::uri::Authority::as_str);
    let is_known = [host, target].into_iter().flatten().all(|host| hosts.include(host));
    if !is_known {
        return Some(Stranger::UnknownHost);
    }
    is_of_other_site(request.headers(), host).then_some(Stranger::OtherSite)
}

/// Whether a page of another site sent a request to this host. Of the two headers, a page can change neither.
fn is_of_other_site(headers: &HeaderMap, host: Option<&str>) -> bool {
    if headers.contains_key(SEC_FETCH_SITE) {
        return !matches!(text(headers, SEC_FETCH_SITE), Some("same-origin" | "none"));
    }
    if !headers.contains_key(header::ORIGIN) {
        return false;
    }
    let origin = text(headers, header::ORIGIN.as_str()).and_then(|origin| origin.split_once("://"));
    !matches!((origin, host), (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host))
}

/// The text of a header that is there once.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none());
    value?.to_str().ok()
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    }
}

fn address(host: &str) -> Option<IpAddr> {
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address: Option<IpAddr> = inner.unwrap_or(host).parse().ok();
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(address: &str, configured: &[&str]) -> Hosts {
        let configured: Vec<_> = configured.iter().map(|host| (*host).to_owned()).collect();
        Hosts::of(address.parse().unwrap(), &configured)
    }

    #[test]
    fn a_server_on_loopback_has_the_hosts_of_loopback() {
        let loopback = on("127.0.0.1:8080", &[]);
        for known in [
            "",
            "localhost",
            "LocalHost:8080",
            "localhost.",
            "localhost.:8080",
            "127.0.0.1",
            "127.9.9.9:1",
            "[::1]",
            "[::1]:8080",
            "[::ffff:127.0.0.1]:8080",
        ] {
            assert!(loopback.include(known), "{known}");
        }
        for unknown in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:8080",
            "evil.example:localhost",
            "192.0.2.1",
            "[2001:db8::1]:8080",
            "[::ffff:192.0.2.1]",
            "0.0.0.0",
            ":8080",
            "[::1",
        ] {
            assert!(!loopback.include(unknown), "{unknown}");
        }
    }

    #[test]
    fn the_setting_adds_hosts_and_a_star_means_all() {
        let named = on(
            "127.0.0.1:8080",
            &["Api.example", "192.0.2.1", "[2001:DB8:0::7]", "rooted.example."],
        );
        for known in [
            "rooted.example",
            "rooted.example.:80",
            "api.EXAMPLE:443",
            "192.0.2.1:80",
            "localhost",
            "[2001:db8::7]:80",
        ] {
            assert!(named.include(known), "{known}");
        }
        assert!(!named.include("other.example"));
        assert_eq!(on("127.0.0.1:8080", &["*"]), Hosts::Any);
        assert_eq!(on("[::1]:8080", &[]), on("127.0.0.1:8080", &[]));
        assert_eq!(on("[::ffff:127.0.0.1]:8080", &[]), on("127.0.0.1:8080", &[]));
        assert!(named.include("[::ffff:192.0.2.1]"));
        assert_eq!(on("0.0.0.0:8080", &[]), Hosts::Any);
        assert!(!on("0.0.0.0:8080", &["api.example"]).include("evil.example"));
    }

    #[test]
    fn requests_of_other_sites_are_refused() {
        let hosts = on("127.0.0.1:8080", &["api.example"]);
        let refused = |uri: &str, headers: &[(&str, &str)]| {
            let request = Request::builder().uri(uri);
            let request = headers
                .iter()
                .fold(request, |request, (name, value)| request.header(*name, *value));
            stranger(&request.body(()).unwrap(), &hosts)
        };
        let host = ("host", "localhost:8080");
        for headers in [
            &[][..],
            &[host],
            &[host, ("sec-fetch-site", "none")],
            &[
                host,
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://api.example"),
            ],
            &[host, ("origin", "http://localhost:8080")],
            &[("host", "API.example"), ("origin", "https://api.EXAMPLE")],
        ] {
            assert_eq!(refused("/v1/lookup", headers), None, "{headers:?}");
        }
        for headers in [
            &[host, ("sec-fetch-site", "cross-site")][..],
            &[host, ("sec-fetch-site", "same-site")],
            &[host, ("sec-fetch-site", "new-value")],
            &[host, ("sec-fetch-site", "none"), ("sec-fetch-site", "none")],
            &[
                host,
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://localhost:8080"),
            ],
            &[host, ("origin", "null")],
            &[host, ("origin", "http://localhost:8081")],
            &[host, ("origin", "https://evil.example")],
            &[host, ("origin", "localhost:8080")],
            &[("origin", "http://localhost:8080")],
        ] {
            assert_eq!(refused("/", headers), Some(Stranger::OtherSite), "{headers:?}");
        }
        let unknown = Some(Stranger::UnknownHost);
        assert_eq!(refused("/", &[("host", "evil.example")]), unknown);
        assert_eq!(refused("http://evil.example/", &[host]), unknown);
        assert_eq!(refused("http://localhost:8080/", &[host]), None);
    }
}
