//! The server's settings for durability. By default Redis may lose acknowledged writes; its operator has to change
//! that.

use redis::{Value, cmd};

use super::connection::{CallDeadline, ServerConnection};
use super::error::RedisFailure;
use super::reply;

/// The server's settings that decide whether acknowledged writes survive a failure. None if the server does not tell,
/// as many managed servers do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerSettings {
    /// `appendonly`: whether writes go to a log on disk.
    pub appendonly: Option<String>,
    /// `appendfsync`: when that log is forced to disk.
    pub appendfsync: Option<String>,
    /// `maxmemory-policy`: which data is evicted when memory is short.
    pub maxmemory_policy: Option<String>,
}

impl ServerSettings {
    /// Asks the server. A refusal is not an error.
    pub(super) async fn read(connection: &ServerConnection, deadline: CallDeadline) -> Result<Self, RedisFailure> {
        let mut ask = cmd("CONFIG");
        ask.arg("GET").arg(&["appendonly", "appendfsync", "maxmemory-policy"]);
        let answer = match connection.ask_one(ask, deadline).await {
            Err(RedisFailure::Driver(error)) if error.code().is_some() => return Ok(Self::default()),
            other => other?,
        };
        let pairs = reply::pairs(answer)?;
        let value = |name: &str| {
            let is_it = |(key, _): &&(Value, Value)| reply::text(key) == name;
            pairs.iter().find(is_it).map(|(_, value)| reply::text(value))
        };
        Ok(Self {
            appendonly: value("appendonly"),
            appendfsync: value("appendfsync"),
            maxmemory_policy: value("maxmemory-policy"),
        })
    }

    /// Whether the server forces its log to disk once a second, so that about one second of acknowledged writes is lost
    /// when its machine fails. Some operators accept that for the speed.
    #[must_use]
    pub fn loses_a_second(&self) -> bool {
        self.appendfsync.as_deref() == Some("everysec")
    }

    /// The settings that an operator must change; none if acknowledged writes survive a failure, apart from
    /// [`Self::loses_a_second`].
    #[must_use]
    pub fn warnings(&self) -> Vec<&'static str> {
        let mut warnings = Vec::new();
        if *self == Self::default() {
            warnings.push(
                "redis does not tell its settings: see that it has appendonly yes and maxmemory-policy noeviction",
            );
        }
        let other_than = |setting: &Option<String>, good: &str| setting.as_ref().is_some_and(|value| value != good);
        if other_than(&self.appendonly, "yes") {
            warnings
                .push("redis has appendonly off: acknowledged writes since its last snapshot are lost when it stops");
        }
        if other_than(&self.appendfsync, "always") && !self.loses_a_second() {
            warnings.push(
                "redis has appendfsync no: when its machine fails, half a minute of acknowledged writes may be lost",
            );
        }
        if other_than(&self.maxmemory_policy, "noeviction") {
            warnings.push(
                "redis has a maxmemory-policy other than noeviction: when memory is short it throws away what was stored",
            );
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(values: [&str; 3]) -> ServerSettings {
        let [appendonly, appendfsync, maxmemory_policy] = values.map(|value| Some(value.to_owned()));
        ServerSettings {
            appendonly,
            appendfsync,
            maxmemory_policy,
        }
    }

    #[test]
    fn every_setting_that_loses_writes_is_named() {
        let count = |values| settings(values).warnings().len();
        assert_eq!(count(["yes", "always", "noeviction"]), 0);
        assert_eq!(count(["yes", "everysec", "noeviction"]), 0);
        assert!(settings(["yes", "everysec", "noeviction"]).loses_a_second());
        assert_eq!(count(["no", "always", "noeviction"]), 1);
        assert_eq!(count(["no", "no", "allkeys-lru"]), 3);
        assert_eq!(ServerSettings::default().warnings().len(), 1);
    }
}
