//! Errors of the driver and the server as errors of a store. They are converted here only.
//!
//! Texts of the server may quote the arguments of a command, and texts of the driver the values of an answer, with phone
//! numbers in them. Both are cut off here.

use redis::{ErrorKind, RedisError, ServerError, ServerErrorKind};

use crate::store::error::StoreError;

/// Why a call to the server failed.
#[derive(Clone, Debug)]
pub(super) enum RedisFailure {
    /// There was no connection: nothing was sent.
    NotConnected {
        /// The reason.
        cause: String,
    },
    /// It was sent, and no answer came in time.
    TimedOut,
    /// An error of the driver or the server.
    Driver(RedisError),
    /// The answer has an unexpected form.
    Malformed {
        /// The expected value.
        wanted: &'static str,
    },
}

impl RedisFailure {
    /// Whether the request may have been carried out all the same.
    pub(super) fn outcome_unknown(&self) -> bool {
        match self {
            Self::NotConnected { .. } => false,
            Self::TimedOut | Self::Malformed { .. } => true,
            // A request that cannot be written, or an answer that cannot be read, ends the connection.
            Self::Driver(error) => matches!(error.kind(), ErrorKind::Io | ErrorKind::Parse),
        }
    }

    /// Whether the same request may be done later: the server is starting, full, a replica, or was not reached.
    pub(super) fn may_be_retried(&self) -> bool {
        match self {
            Self::NotConnected { .. } | Self::TimedOut => true,
            Self::Malformed { .. } => false,
            Self::Driver(error) => {
                let code = error.code().unwrap_or_default();
                self.outcome_unknown()
                    || error.kind() == ErrorKind::AuthenticationFailed
                    || RETRIED_CODES.contains(&code)
            }
        }
    }

    /// Whether the connection must be closed: it is broken, hangs, is not authenticated, or leads to a replica.
    pub(super) fn spends_connection(&self) -> bool {
        match self {
            Self::NotConnected { .. } | Self::Malformed { .. } => false,
            Self::TimedOut => true,
            Self::Driver(error) => {
                self.outcome_unknown()
                    || error.kind() == ErrorKind::AuthenticationFailed
                    || error.code().is_some_and(|code| SPENDING_CODES.contains(&code))
            }
        }
    }

    /// Whether the server does not have the script.
    pub(super) fn is_missing_script(&self) -> bool {
        matches!(self, Self::Driver(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript))
    }

    /// As the error of a request that changes nothing.
    pub(super) fn of_read(self) -> StoreError {
        let cause = self.to_string();
        if self.has_code(&REPLICA_CODES) {
            StoreError::Replica { cause }
        } else if self.may_be_retried() {
            StoreError::Unavailable { cause }
        } else {
            StoreError::Unreadable { what: "value", cause }
        }
    }

    fn has_code(&self, codes: &[&str]) -> bool {
        matches!(self, Self::Driver(error) if error.code().is_some_and(|code| codes.contains(&code)))
    }

    /// As the error of the question whether the server takes writes.
    pub(super) fn of_probe(self) -> StoreError {
        if self.has_code(&WRITE_REFUSAL_CODES) {
            let cause = self.to_string();
            return StoreError::WritesRefused { cause };
        }
        self.of_read()
    }

    /// As the error of a write.
    pub(super) fn of_write(self) -> StoreError {
        if self.outcome_unknown() {
            let cause = self.to_string();
            return StoreError::OutcomeUnknown { cause };
        }
        self.of_probe()
    }
}

/// Codes of temporary refusals: the server did nothing, and will accept the request when its state changes.
const RETRIED_CODES: [&str; 15] = [
    "LOADING",
    "MASTERDOWN",
    "READONLY",
    "MISCONF",
    "OOM",
    "NOREPLICAS",
    "BUSY",
    "TRYAGAIN",
    "CLUSTERDOWN",
    "MOVED",
    "NOSCRIPT",
    "NOAUTH",
    "WRONGPASS",
    "NOPERM",
    "EXECABORT",
];

/// Codes of a replica: one that takes no writes, and one that has lost its master and does not even answer reads.
const REPLICA_CODES: [&str; 2] = ["READONLY", "MASTERDOWN"];

/// Codes with which a server refuses writes only.
const WRITE_REFUSAL_CODES: [&str; 4] = ["MISCONF", "OOM", "NOREPLICAS", "NOPERM"];

/// Codes after which another connection may do better than this one.
const SPENDING_CODES: [&str; 4] = ["NOAUTH", "WRONGPASS", "READONLY", "MASTERDOWN"];

impl From<RedisError> for RedisFailure {
    fn from(error: RedisError) -> Self {
        Self::Driver(error)
    }
}

impl From<ServerError> for RedisFailure {
    fn from(error: ServerError) -> Self {
        Self::Driver(error.into())
    }
}

impl std::fmt::Display for RedisFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotConnected { cause } => write!(f, "not connected: {cause}"),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::Malformed { wanted } => write!(f, "the answer holds no {wanted}"),
            Self::Driver(error) => f.write_str(&without_data(error)),
        }
    }
}

/// The text of an error without the arguments of commands and the values of answers.
fn without_data(error: &RedisError) -> String {
    match (error.kind(), error.code()) {
        (ErrorKind::Parse | ErrorKind::UnexpectedReturnType, _) => "the answer cannot be read".to_owned(),
        (_, Some(code)) => {
            let detail = error.detail().unwrap_or_default();
            let said = detail.split(", with args").next().unwrap_or_default();
            format!("{code} {said}")
        }
        (_, None) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> RedisFailure {
        let answer = redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
        answer.extract_error().unwrap_err().into()
    }

    #[test]
    fn refusals_that_pass_are_unavailable_and_nothing_else() {
        for line in [
            "LOADING Redis is loading the dataset in memory",
            "BUSY Redis is busy running a script.",
            "NOAUTH Authentication required.",
            "CLUSTERDOWN The cluster is down",
        ] {
            let failure = said(line);
            assert!(!failure.outcome_unknown(), "{line}");
            assert!(failure.may_be_retried(), "{line}");
            let error = failure.of_write();
            assert!(matches!(error, StoreError::Unavailable { .. }), "{line}: {error}");
        }
    }

    #[test]
    fn a_replica_is_named_and_may_become_a_master() {
        for line in [
            "READONLY You can't write against a read only replica.",
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        ] {
            let failure = said(line);
            assert!(failure.spends_connection() && !failure.outcome_unknown(), "{line}");
            for error in [
                failure.clone().of_read(),
                failure.clone().of_write(),
                failure.of_probe(),
            ] {
                assert!(matches!(error, StoreError::Replica { .. }), "{line}: {error}");
                assert!(error.may_be_retried() && !error.outcome_unknown(), "{line}");
            }
        }
    }

    #[test]
    fn a_server_that_answers_reads_only_says_so() {
        for line in [
            "OOM command not allowed when used memory > 'maxmemory'.",
            "MISCONF Redis is configured to save RDB snapshots",
            "NOREPLICAS Not enough good replicas to write.",
            "NOPERM User narrow has no permissions to run the 'evalsha' command",
        ] {
            let failure = said(line);
            assert!(failure.may_be_retried() && !failure.outcome_unknown(), "{line}");
            for error in [failure.clone().of_probe(), failure.clone().of_write()] {
                assert!(matches!(error, StoreError::WritesRefused { .. }), "{line}: {error}");
                assert!(error.may_be_retried() && !error.outcome_unknown(), "{line}");
            }
            let error = failure.of_read();
            assert!(matches!(error, StoreError::Unavailable { .. }), "{line}: {error}");
        }
        for line in [
            "LOADING Redis is loading the dataset in memory",
            "BUSY Redis is busy running a script.",
            "CLUSTERDOWN The cluster is down",
        ] {
            let error = said(line).of_probe();
            assert!(matches!(error, StoreError::Unavailable { .. }), "{line}: {error}");
        }
    }

    #[test]
    fn damage_is_not_retried() {
        for line in [
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            "ERR The ID specified in XADD is equal or smaller than the target stream top item",
        ] {
            let error = said(line).of_write();
            assert!(matches!(error, StoreError::Unreadable { .. }), "{line}: {error}");
            assert!(!error.may_be_retried());
        }
    }

    #[test]
    fn only_what_was_sent_is_unknown() {
        let broken = || RedisFailure::from(RedisError::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe)));
        assert!(broken().spends_connection());
        assert!(broken().of_write().outcome_unknown());
        assert!(!broken().of_read().outcome_unknown());
        assert!(RedisFailure::TimedOut.of_write().outcome_unknown());
        let cause = "connection refused".to_owned();
        let error = RedisFailure::NotConnected { cause }.of_write();
        assert!(matches!(error, StoreError::Unavailable { .. }));
    }

    #[test]
    fn another_connection_is_made_where_it_may_help() {
        assert!(said("READONLY You can't write against a read only replica.").spends_connection());
        assert!(said("NOAUTH Authentication required.").spends_connection());
        assert!(!said("OOM command not allowed").spends_connection());
    }

    #[test]
    fn arguments_of_commands_stay_out_of_texts() {
        let text = said("ERR unknown command 'HMGET', with args beginning with: '+13152328257'").to_string();
        assert_eq!(text, "ERR unknown command 'HMGET'");
    }
}
