//! The URL of a store. Its password is never shown.

use std::fmt;
use std::path::{Path, PathBuf};

use super::fault::ValueProblem;

const ACCEPTED: &str = "memory:, embedded:PATH, redis://[USER[:PASSWORD]@]HOST[:PORT][/DB], or rediss://... for TLS; write special characters of the password as %XX";

/// Where data is stored.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// In the memory of this process, until it ends.
    Memory,
    /// In a directory, which only one process can open at a time.
    Embedded(PathBuf),
    /// In Redis.
    Redis(RedisUrl),
}

impl StoreUrl {
    /// Parses the URL of a store.
    ///
    /// # Errors
    /// If the text is not such a URL. The error does not quote the text, because it may hold a password.
    pub fn parse(text: &str) -> Result<Self, ValueProblem> {
        let problem = |wrong: &str| ValueProblem {
            wrong: wrong.to_owned(),
            accepted: ACCEPTED.to_owned(),
        };
        let Some((scheme, rest)) = text.split_once(':') else {
            return Err(problem("the URL does not name a kind of store"));
        };
        match scheme {
            "memory" if rest.is_empty() => Ok(Self::Memory),
            "memory" => Err(problem("nothing may follow memory:")),
            "embedded" if rest.is_empty() => Err(problem("embedded: needs the path of a directory")),
            "embedded" => Ok(Self::Embedded(PathBuf::from(rest))),
            "redis" | "rediss" => match RedisUrl::parse(scheme, rest) {
                Some(url) => Ok(Self::Redis(url)),
                None => Err(problem("the Redis URL is not valid")),
            },
            "redis+sentinel" | "redis+cluster" => Err(problem("Redis Sentinel and Redis Cluster are not supported")),
            _ => Err(problem("the kind of store is unknown")),
        }
    }

    /// Whether the store is reached over TLS.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        matches!(self, Self::Redis(url) if url.whole.starts_with("rediss:"))
    }

    /// The directory of an embedded store; `None` for other stores.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Embedded(folder) => Some(folder),
            Self::Memory | Self::Redis(_) => None,
        }
    }
}

/// Writes the URL with `***` in place of the password.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Embedded(folder) => write!(f, "embedded:{}", folder.display()),
            Self::Redis(url) => fmt::Display::fmt(url, f),
        }
    }
}

/// Writes the URL with `***` in place of the password.
impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The URL of one Redis server.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl {
    /// The URL as it was given, with its password.
    whole: String,
    /// The same URL with `***` in place of the password.
    shown: String,
    has_password: bool,
}

impl RedisUrl {
    /// Whether a password stands in the URL.
    #[must_use]
    pub const fn has_password(&self) -> bool {
        self.has_password
    }

    /// The URL with its password. Only for the Redis client.
    #[must_use]
    pub fn with_password(&self) -> &str {
        &self.whole
    }

    fn parse(scheme: &str, rest: &str) -> Option<Self> {
        let rest = rest.strip_prefix("//")?;
        let is_plain = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte))
        };
        if !is_plain(rest) {
            return None;
        }
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let is_database = database.is_empty() || database.parse::<u16>().is_ok();
        if !is_database || !is_place(place) || login.contains('@') {
            return None;
        }
        let user = match login.split_once(':') {
            Some((user, _)) => format!("{user}:***@"),
            None if login.is_empty() => String::new(),
            None => format!("{login}@"),
        };
        let database = Some(database).filter(|database| !database.is_empty());
        let database = database.map(|database| format!("/{database}")).unwrap_or_default();
        Some(Self {
            whole: format!("{scheme}://{rest}"),
            shown: format!("{scheme}://{user}{place}{database}"),
            has_password: login.contains(':'),
        })
    }
}

/// Whether this is a host, with or without a port. An IPv6 address must be in brackets.
fn is_place(place: &str) -> bool {
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    if let Some(place) = place.strip_prefix('[') {
        return place.split_once(']').is_some_and(|(address, port)| {
            let port_fits = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
            port_fits && address.parse::<std::net::Ipv6Addr>().is_ok()
        });
    }
    let (host, port) = match place.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (place, None),
    };
    let is_host_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !host.is_empty() && host.bytes().all(is_host_byte) && port.is_none_or(is_port)
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_their_password() {
        for (written, shown) in [
            ("memory:", "memory:"),
            ("embedded:./data", "embedded:./data"),
            ("redis://127.0.0.1", "redis://127.0.0.1"),
            ("redis://ann@db.example:6380/3", "redis://ann@db.example:6380/3"),
            ("rediss://ann:s3cret@db.example/", "rediss://ann:***@db.example"),
            ("redis://:s3cret%40@[::1]:6379/0", "redis://:***@[::1]:6379/0"),
        ] {
            let url = StoreUrl::parse(written).unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), shown);
        }
    }

    #[test]
    fn the_driver_gets_the_password() {
        let StoreUrl::Redis(url) = StoreUrl::parse("redis://:s3cret@h:1").unwrap() else {
            panic!("not Redis");
        };
        assert_eq!(url.with_password(), "redis://:s3cret@h:1");
    }

    #[test]
    fn invalid_urls_are_refused_and_not_quoted() {
        for (written, wrong) in [
            ("", "does not name a kind"),
            ("s3cret", "does not name a kind"),
            ("memory:s3cret", "nothing may follow"),
            ("embedded:", "needs the path"),
            ("postgres://:s3cret@h", "kind of store is unknown"),
            ("redis:s3cret", "Redis URL is not valid"),
            ("redis://", "Redis URL is not valid"),
            ("redis://:s3c@ret@h", "Redis URL is not valid"),
            ("redis://:s3c/ret@h", "Redis URL is not valid"),
            ("redis://:s3c#ret@h", "Redis URL is not valid"),
            ("redis://:s3cret@h:port", "Redis URL is not valid"),
            ("redis://:s3cret@h/db", "Redis URL is not valid"),
            ("redis://:s3cret@[::1", "Redis URL is not valid"),
            ("redis+sentinel://:s3cret@h", "are not supported"),
            ("redis+cluster://:s3cret@h", "are not supported"),
        ] {
            let problem = StoreUrl::parse(written).unwrap_err();
            assert!(problem.wrong.contains(wrong), "{written}: {}", problem.wrong);
            assert!(
                !problem.wrong.contains("s3c") && !problem.accepted.contains("s3c"),
                "{written}"
            );
        }
    }

    #[test]
    fn an_ipv6_address_may_stand_without_a_port_and_nothing_else_may_follow_it() {
        assert!(is_place("[::1]") && is_place("[::1]:6379"));
        assert!(!is_place("[::1]6379") && !is_place("[::1]:") && !is_place("::1"));
    }
}
