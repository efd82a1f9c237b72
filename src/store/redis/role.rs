//! The role of the server in a replication. Only a master is the store: a replica refuses writes or loses them later, and
//! its data may be old, or become those of another master.

use redis::{Cmd, Value, cmd};

use super::connection::{CallDeadline, ServerConnection};
use super::error::RedisFailure;
use super::reply;
use crate::store::StoreError;

/// The command that asks for the role.
pub(super) fn ask() -> Cmd {
    cmd("ROLE")
}

/// Refuses a replica. A server that does not tell its role passes: some users may not ask for it. It is then known by
/// its refusal of writes (`RedisFailure::of_read`).
pub(super) fn check(answer: Value) -> Result<(), StoreError> {
    let mut parts = reply::list(answer).unwrap_or_default().into_iter();
    let mut next = || parts.next().unwrap_or_default();
    if !matches!(reply::text(&next()).as_str(), "slave" | "replica") {
        return Ok(());
    }
    let (host, port, link, offset) = (next(), next(), next(), next());
    let whole =
        |value: &Value| reply::integer(value).map_or_else(|_| "unknown".to_owned(), |number| number.to_string());
    Err(StoreError::Replica {
        cause: format!(
            "redis is a replica of {}:{}, link {}, offset {}",
            reply::text(&host),
            whole(&port),
            reply::text(&link),
            whole(&offset)
        ),
    })
}

/// Whether the server tells its role to this user.
pub(super) async fn is_told(connection: &ServerConnection, deadline: CallDeadline) -> Result<bool, RedisFailure> {
    match connection.ask_one(ask(), deadline).await {
        Ok(_) => Ok(true),
        Err(RedisFailure::Driver(error)) if error.code().is_some() => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// The error of a commit to a replica that takes writes. The commit script has written nothing.
pub(super) fn takes_writes_and_loses_them() -> StoreError {
    StoreError::Replica {
        cause: "redis is a replica with replica-read-only no, and loses what is written to it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(answer: &str) -> Result<(), StoreError> {
        check(redis::parse_redis_value(answer.as_bytes()).unwrap())
    }

    #[test]
    fn a_replica_is_refused_with_its_link_and_offset() {
        let replica = "*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:7001\r\n$9\r\nconnected\r\n:3167038\r\n";
        let error = checked(replica).unwrap_err();
        assert!(matches!(error, StoreError::Replica { .. }));
        assert!(
            error
                .to_string()
                .ends_with("redis is a replica of 127.0.0.1:7001, link connected, offset 3167038"),
            "{error}"
        );
        // Before its first connection it has no offset.
        let joining = "*5\r\n$5\r\nslave\r\n$2\r\nm1\r\n:7001\r\n$7\r\nconnect\r\n:-1\r\n";
        assert!(
            checked(joining)
                .unwrap_err()
                .to_string()
                .ends_with("link connect, offset unknown")
        );
    }

    #[test]
    fn a_master_passes_and_so_does_a_server_that_does_not_tell() {
        checked("*3\r\n$6\r\nmaster\r\n:3129659\r\n*0\r\n").unwrap();
        checked("-NOPERM User narrow has no permissions to run the 'role' command\r\n").unwrap();
        checked("-ERR unknown command 'ROLE', with args beginning with:\r\n").unwrap();
    }
}
