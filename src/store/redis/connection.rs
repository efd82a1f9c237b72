//! The connection that reads and commits share.
//!
//! One caller at a time connects, when a connection is needed. A connection that fails is closed. While the server is
//! away, calls fail at once or wait for the one attempt in progress, which is bounded, so no queue builds up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, PushInfo, PushKind, Value};
use tokio::time::{Instant, timeout_at};

use super::dial::Dialer;
use super::error::RedisFailure;
use super::reply;

/// The longest pause after an attempt to connect that failed; the shortest is half of it.
const PAUSE: Duration = Duration::from_millis(100);

/// The moment at which a call is given up.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallDeadline(Instant);

impl CallDeadline {
    /// From now on. This is the timer's own clock, not the time that decides what is stored.
    pub(super) fn after(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }
}

/// A connection that many calls share.
#[derive(Clone)]
pub(super) struct OpenConnection {
    driver: MultiplexedConnection,
    /// Identifies this connection among all, also those of other processes.
    pub(super) epoch: u64,
    /// Set by the driver when it finds the connection closed.
    closed: Arc<AtomicBool>,
}

enum ConnectionState {
    /// There is a connection, which may be broken without our knowledge.
    Connected(OpenConnection),
    /// There is none, and one may be made.
    Unconnected,
    /// The last attempt failed, and it is too early for another.
    Pausing { cause: String, until: Instant },
}

/// Keeps one connection to a server.
pub(super) struct ServerConnection {
    dialer: Dialer,
    /// Replaced by the caller that connects, and by one that finds the connection broken; never locked across an await.
    state: Mutex<ConnectionState>,
    /// Held by the one caller that connects.
    dialling: tokio::sync::Mutex<()>,
}

impl ServerConnection {
    /// Not connected yet.
    pub(super) fn new(dialer: Dialer) -> Self {
        Self {
            dialer,
            state: Mutex::new(ConnectionState::Unconnected),
            dialling: tokio::sync::Mutex::new(()),
        }
    }

    /// Sends all commands together and returns an answer for each, which may be the server's error.
    pub(super) async fn ask(&self, pipeline: &Pipeline, deadline: CallDeadline) -> Result<Vec<Value>, RedisFailure> {
        let connection = self.open(deadline).await?;
        self.ask_on(connection, pipeline, deadline).await
    }

    /// Sends one command. An error of the server is returned as an error.
    pub(super) async fn ask_one(&self, command: Cmd, deadline: CallDeadline) -> Result<Value, RedisFailure> {
        let mut pipeline = Pipeline::with_capacity(1);
        pipeline.add_command(command);
        let answers = self.ask(&pipeline, deadline).await?;
        let answer = answers.into_iter().next().unwrap_or_default();
        reply::failure(&answer).map_or(Ok(answer), Err)
    }

    /// As [`Self::ask`], on a connection from [`Self::open`].
    pub(super) async fn ask_on(
        &self,
        mut connection: OpenConnection,
        pipeline: &Pipeline,
        deadline: CallDeadline,
    ) -> Result<Vec<Value>, RedisFailure> {
        let sent = connection.driver.send_packed_commands(pipeline, 0, pipeline.len());
        let answers = match timeout_at(deadline.0, sent).await {
            Ok(Ok(answers)) if answers.len() == pipeline.len() => Ok(answers),
            Ok(Ok(_)) => Err(RedisFailure::Malformed {
                wanted: "answer for each command",
            }),
            Ok(Err(error)) => Err(error.into()),
            Err(_elapsed) => Err(RedisFailure::TimedOut),
        };
        let refusals = || answers.iter().flatten().filter_map(reply::failure);
        let failures = answers.as_ref().err().cloned().into_iter().chain(refusals());
        if let Some(failure) = failures.into_iter().find(RedisFailure::spends_connection) {
            self.discard(connection.epoch, &failure);
        }
        answers
    }

    /// The existing connection, or a new one.
    pub(super) async fn open(&self, deadline: CallDeadline) -> Result<OpenConnection, RedisFailure> {
        if let Some(connection) = self.usable()? {
            return Ok(connection);
        }
        let limit = deadline.0.min(Instant::now() + self.dialer.connect_timeout());
        match timeout_at(limit, self.connect()).await {
            Ok(connected) => connected,
            Err(_elapsed) => {
                let failure = RedisFailure::NotConnected {
                    cause: "no connection in time".to_owned(),
                };
                self.pause(&failure);
                Err(failure)
            }
        }
    }

    /// Closes the connection, if there is one: the server is a replica, and a new connection may lead to its master.
    pub(super) fn leave(&self) {
        *self.state.lock() = ConnectionState::Unconnected;
    }

    async fn connect(&self) -> Result<OpenConnection, RedisFailure> {
        let _only_one = self.dialling.lock().await;
        if let Some(connection) = self.usable()? {
            return Ok(connection); // another caller was faster
        }
        let closed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&closed);
        let on_push = move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                flag.store(true, Ordering::Release);
            }
        };
        match self.dialer.dial(on_push).await {
            Ok(driver) => {
                let epoch = random();
                let connection = OpenConnection { driver, epoch, closed };
                *self.state.lock() = ConnectionState::Connected(connection.clone());
                Ok(connection)
            }
            Err(failure) => {
                self.pause(&failure);
                Err(failure)
            }
        }
    }

    /// The connection, if one is there; an error if it is too early to make one.
    fn usable(&self) -> Result<Option<OpenConnection>, RedisFailure> {
        match &*self.state.lock() {
            ConnectionState::Connected(connection) if !connection.closed.load(Ordering::Acquire) => {
                Ok(Some(connection.clone()))
            }
            ConnectionState::Pausing { cause, until } if Instant::now() < *until => {
                let cause = cause.clone();
                Err(RedisFailure::NotConnected { cause })
            }
            ConnectionState::Connected(_) | ConnectionState::Unconnected | ConnectionState::Pausing { .. } => Ok(None),
        }
    }

    /// Closes a connection, unless another caller has done so. If the server answered with a refusal, the next attempt
    /// waits.
    fn discard(&self, epoch: u64, failure: &RedisFailure) {
        let mut state = self.state.lock();
        if !matches!(&*state, ConnectionState::Connected(connection) if connection.epoch == epoch) {
            return;
        }
        tracing::warn!(cause = %failure, "the connection to redis is given up");
        *state = if failure.outcome_unknown() {
            ConnectionState::Unconnected
        } else {
            pausing(failure)
        };
    }

    fn pause(&self, failure: &RedisFailure) {
        let mut state = self.state.lock();
        if !matches!(&*state, ConnectionState::Connected(connection) if !connection.closed.load(Ordering::Acquire)) {
            *state = pausing(failure);
        }
    }
}

fn pausing(failure: &RedisFailure) -> ConnectionState {
    ConnectionState::Pausing {
        cause: failure.to_string(),
        until: Instant::now() + jittered(PAUSE),
    }
}

/// A random time between half of a pause and all of it, so that instances do not reconnect at the same moment.
pub(super) fn jittered(pause: Duration) -> Duration {
    let [low, ..] = random().to_le_bytes();
    pause / 2 + pause / 2 * u32::from(low) / 255
}

/// A random number; zero if the machine gives none.
fn random() -> u64 {
    getrandom::u64().unwrap_or_default()
}
