//! The address of Redis, and the timeouts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _};

/// Gives the password of a connection that is about to be made. It may read a file.
pub type PasswordSource = Arc<dyn Fn() -> String + Send + Sync>;

/// The address of a Redis, and the timeouts.
#[derive(Clone)]
pub struct RedisConfig {
    /// From the URL: address, database, user and password.
    connection: ConnectionInfo,
    /// Gives the password of each connection that is made, which may change. By default it is that of the URL.
    pub password: Option<PasswordSource>,
    /// Certificates (PEM) of the authorities that a `rediss://` server is trusted by. By default those that browsers
    /// trust, as compiled in.
    pub root_certificates: Option<Vec<u8>>,
    /// The longest that making a connection may take, and so the longest that a call waits for one. By default 400 ms.
    pub connect_timeout: Duration,
    /// The longest that one exchange of a read may take; a read of thousands of keys needs several. By default 1 s.
    pub read_timeout: Duration,
    /// The longest that all of one call's commits may take, connecting included. By default 1.5 s, so that a service
    /// can answer a write within 2 s.
    pub commit_timeout: Duration,
}

/// The errors of a URL of a Redis. None of them quotes it, since it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedisUrlError {
    /// It is no URL, or starts otherwise.
    #[error("the URL of the store must read redis://[user[:password]@]host[:port][/database], or rediss:// for TLS")]
    NotRedis,
    /// It has a part that means nothing here.
    #[error("the URL of the store has a {part}, which means nothing here")]
    Superfluous {
        /// Which part.
        part: &'static str,
    },
    /// Host, database, user or password cannot be read.
    #[error("the URL of the store cannot be read: {cause}")]
    Unreadable {
        /// Why, in the driver's words.
        cause: String,
    },
}

impl RedisConfig {
    /// The Redis that a URL names, with the default timeouts: `redis://[user[:password]@]host[:port][/database]`, or
    /// `rediss://` for TLS. User and password are percent-encoded.
    ///
    /// # Errors
    /// If it is no such URL.
    pub fn parse(url: &str) -> Result<Self, RedisUrlError> {
        let url = redis::parse_redis_url(url).ok_or(RedisUrlError::NotRedis)?;
        if !matches!(url.scheme(), "redis" | "rediss") {
            return Err(RedisUrlError::NotRedis);
        }
        for (part, found) in [("query", url.query()), ("fragment", url.fragment())] {
            if found.is_some() {
                return Err(RedisUrlError::Superfluous { part });
            }
        }
        let connection = url.into_connection_info().map_err(|error| RedisUrlError::Unreadable {
            cause: error.to_string(),
        })?;
        Ok(Self {
            connection,
            password: None,
            root_certificates: None,
            connect_timeout: Duration::from_millis(400),
            read_timeout: Duration::from_secs(1),
            commit_timeout: Duration::from_millis(1_500),
        })
    }

    /// Address, database, user and password.
    pub(super) const fn connection(&self) -> &ConnectionInfo {
        &self.connection
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        matches!(self.connection.addr(), ConnectionAddr::TcpTls { .. })
    }
}

/// The place, without user and password.
impl fmt::Display for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encrypted = if self.is_encrypted() { " with TLS" } else { "" };
        let database = self.connection.redis_settings().db();
        write!(f, "redis at {}, database {database}{encrypted}", self.connection.addr())
    }
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConfig")
            .field("place", &format_args!("{self}"))
            .field("connect_timeout", &self.connect_timeout)
            .field("read_timeout", &self.read_timeout)
            .field("commit_timeout", &self.commit_timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_a_place() {
        let place = |url: &str| RedisConfig::parse(url).unwrap().to_string();
        assert_eq!(
            place("redis://cache.internal"),
            "redis at cache.internal:6379, database 0"
        );
        assert_eq!(
            place("rediss://u:p%40ss@[::1]:7000/3"),
            "redis at ::1:7000, database 3 with TLS"
        );
    }

    #[test]
    fn other_urls_are_refused() {
        let refusal = |url: &str| RedisConfig::parse(url).unwrap_err();
        assert_eq!(refusal("http://cache"), RedisUrlError::NotRedis);
        assert_eq!(refusal("valkey://cache"), RedisUrlError::NotRedis);
        assert_eq!(refusal("unix:///run/redis.sock"), RedisUrlError::NotRedis);
        let part = "fragment";
        assert_eq!(refusal("rediss://cache/#insecure"), RedisUrlError::Superfluous { part });
        let part = "query";
        assert_eq!(
            refusal("redis://cache/?protocol=2"),
            RedisUrlError::Superfluous { part }
        );
        assert!(matches!(refusal("redis://cache/x"), RedisUrlError::Unreadable { .. }));
    }

    #[test]
    fn passwords_stay_out_of_texts() {
        let config = RedisConfig::parse("redis://user:hunter2@cache").unwrap();
        let shown = format!("{config} {config:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("user"), "{shown}");
    }
}
