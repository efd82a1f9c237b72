//! The connection that reads and commits share.
//!
//! It is made when it is needed, by one caller at a time, and thrown away after any sign that it is of no use. While
//! the server is away, calls fail at once or wait for the one attempt that is under way, which is bounded: nothing
//! queues up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, PushInfo, PushKind, Value};
use tokio::time::{Instant, timeout_at};

use super::dial::Dialer;
use super::error::Failure;
use super::reply;

/// The longest pause after an attempt to connect that failed; the shortest is half of it.
const PAUSE: Duration = Duration::from_millis(100);

/// When a call has taken too long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// From now on. This is the timer's own clock, not the time that decides what is stored.
    pub(super) fn after(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }
}

/// A connection that many calls share.
#[derive(Clone)]
pub(super) struct Connection {
    driver: MultiplexedConnection,
    /// Tells this connection from all others, also of other processes.
    pub(super) epoch: u64,
    /// Set by the driver when it finds the connection closed.
    closed: Arc<AtomicBool>,
}

enum State {
    /// There is a connection, for all that is known.
    Connected(Connection),
    /// There is none, and one may be made.
    Unconnected,
    /// The last attempt failed, and it is too early for another.
    Pausing { cause: String, until: Instant },
}

/// Keeps one connection to a server.
pub(super) struct Link {
    dialer: Dialer,
    /// Replaced under the lock by whoever connects, or finds the connection broken; never held across an await.
    state: Mutex<State>,
    /// Held by the one caller that connects.
    dialling: tokio::sync::Mutex<()>,
}

impl Link {
    /// Not connected yet.
    pub(super) fn new(dialer: Dialer) -> Self {
        Self {
            dialer,
            state: Mutex::new(State::Unconnected),
            dialling: tokio::sync::Mutex::new(()),
        }
    }

    /// Sends all commands in one go and returns an answer for each, which may be the server's error.
    pub(super) async fn ask(&self, pipeline: &Pipeline, deadline: Deadline) -> Result<Vec<Value>, Failure> {
        let connection = self.connection(deadline).await?;
        self.ask_on(connection, pipeline, deadline).await
    }

    /// Sends one command. The server's error is an error here.
    pub(super) async fn ask_one(&self, command: Cmd, deadline: Deadline) -> Result<Value, Failure> {
        let mut pipeline = Pipeline::with_capacity(1);
        pipeline.add_command(command);
        let answers = self.ask(&pipeline, deadline).await?;
        let answer = answers.into_iter().next().unwrap_or_default();
        reply::failure(&answer).map_or(Ok(answer), Err)
    }

    /// As [`Self::ask`], on a connection from [`Self::connection`].
    pub(super) async fn ask_on(
        &self,
        mut connection: Connection,
        pipeline: &Pipeline,
        deadline: Deadline,
    ) -> Result<Vec<Value>, Failure> {
        let sent = connection.driver.send_packed_commands(pipeline, 0, pipeline.len());
        let answers = match timeout_at(deadline.0, sent).await {
            Ok(Ok(answers)) if answers.len() == pipeline.len() => Ok(answers),
            Ok(Ok(_)) => Err(Failure::Malformed {
                wanted: "answer for each command",
            }),
            Ok(Err(error)) => Err(error.into()),
            Err(_elapsed) => Err(Failure::TimedOut),
        };
        let refusals = || answers.iter().flatten().filter_map(reply::failure);
        let failures = answers.as_ref().err().cloned().into_iter().chain(refusals());
        if let Some(failure) = failures.into_iter().find(Failure::spends_connection) {
            self.discard(connection.epoch, &failure);
        }
        answers
    }

    /// The connection that there is, or a new one.
    pub(super) async fn connection(&self, deadline: Deadline) -> Result<Connection, Failure> {
        if let Some(connection) = self.usable()? {
            return Ok(connection);
        }
        let limit = deadline.0.min(Instant::now() + self.dialer.connect_timeout());
        match timeout_at(limit, self.connect()).await {
            Ok(connected) => connected,
            Err(_elapsed) => {
                let failure = Failure::NotConnected {
                    cause: "no connection in time".to_owned(),
                };
                self.pause(&failure);
                Err(failure)
            }
        }
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let _only_one = self.dialling.lock().await;
        if let Some(connection) = self.usable()? {
            return Ok(connection); // somebody else was faster
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
                let connection = Connection { driver, epoch, closed };
                *self.state.lock() = State::Connected(connection.clone());
                Ok(connection)
            }
            Err(failure) => {
                self.pause(&failure);
                Err(failure)
            }
        }
    }

    /// The connection, if one is there; an error if it is too early to make one.
    fn usable(&self) -> Result<Option<Connection>, Failure> {
        match &*self.state.lock() {
            State::Connected(connection) if !connection.closed.load(Ordering::Acquire) => Ok(Some(connection.clone())),
            State::Pausing { cause, until } if Instant::now() < *until => {
                let cause = cause.clone();
                Err(Failure::NotConnected { cause })
            }
            State::Connected(_) | State::Unconnected | State::Pausing { .. } => Ok(None),
        }
    }

    /// Throws a connection away, unless that has been done. Where the server is there but says no, the next attempt
    /// waits.
    fn discard(&self, epoch: u64, failure: &Failure) {
        let mut state = self.state.lock();
        if !matches!(&*state, State::Connected(connection) if connection.epoch == epoch) {
            return;
        }
        tracing::warn!(cause = %failure, "the connection to redis is given up");
        *state = if failure.outcome_unknown() {
            State::Unconnected
        } else {
            pausing(failure)
        };
    }

    fn pause(&self, failure: &Failure) {
        let mut state = self.state.lock();
        if !matches!(&*state, State::Connected(connection) if !connection.closed.load(Ordering::Acquire)) {
            *state = pausing(failure);
        }
    }
}

fn pausing(failure: &Failure) -> State {
    State::Pausing {
        cause: failure.to_string(),
        until: Instant::now() + jittered(PAUSE),
    }
}

/// Between half of a pause and all of it, so that instances do not come back in step.
pub(super) fn jittered(pause: Duration) -> Duration {
    let [low, ..] = random().to_le_bytes();
    pause / 2 + pause / 2 * u32::from(low) / 255
}

/// Any number. Zero if the machine gives none, which only makes two things alike that should not be.
fn random() -> u64 {
    getrandom::u64().unwrap_or_default()
}
