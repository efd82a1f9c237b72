//! Listens for the rings of commits, on a connection of its own, for as long as the store is used.
//!
//! The driver hands each ring on as it comes in, without a queue in between. Rings may be lost while there is no
//! connection; followers sweep as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, PushInfo, PushKind, Value, cmd};
use tokio::sync::{Notify, broadcast};
use tokio::time::{sleep, timeout};

use super::dial::Dialer;
use super::error::Failure;
use super::link::jittered;
use crate::store::{MAX_RINGS_WAITING, Ring, Shard};

/// The pause before the first attempt to connect again; it doubles with each that fails.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often the server is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(5);

/// Where rings come from.
pub(super) struct Rings {
    dialer: Dialer,
    channel: String,
    /// The longest to wait for the server's answer.
    answer_timeout: Duration,
    sender: broadcast::Sender<Ring>,
    /// Whether the subscription stands; for operators only.
    listening: AtomicBool,
}

impl Rings {
    /// On `channel`; does not listen yet.
    pub(super) fn new(dialer: Dialer, channel: String, answer_timeout: Duration) -> Self {
        Self {
            dialer,
            channel,
            answer_timeout,
            sender: broadcast::Sender::new(MAX_RINGS_WAITING),
            listening: AtomicBool::new(false),
        }
    }

    /// The channel.
    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    /// Rings from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Ring> {
        self.sender.subscribe()
    }

    /// Whether rings would be heard just now.
    pub(super) fn are_heard(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    /// Listens, and connects again whenever that ends. Never returns.
    pub(super) async fn run(&self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let failure = match self.subscribed().await {
                Ok((connection, ended)) => {
                    pause = FIRST_PAUSE;
                    let while_it_lasts = Listening::new(&self.listening);
                    let failure = self.watch(connection, &ended).await;
                    drop(while_it_lasts);
                    failure
                }
                Err(failure) => failure,
            };
            tracing::warn!(cause = %failure, "rings of redis are not heard, followers sweep meanwhile");
            sleep(jittered(pause)).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// A connection that hands rings on, and what tells of its end.
    async fn subscribed(&self) -> Result<(MultiplexedConnection, Arc<Notify>), Failure> {
        let ended = Arc::new(Notify::new());
        let notify = Arc::clone(&ended);
        let sender = self.sender.clone();
        let on_push = move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                notify.notify_one();
            } else if push.kind == PushKind::Message
                && let Some(ring) = ring_of(&push.data)
            {
                sender.send(ring).ok(); // an error only says that nobody follows
            }
        };
        let mut connection = self.dialer.dial(on_push).await?;
        match timeout(self.answer_timeout, connection.subscribe(&self.channel)).await {
            Ok(subscribed) => subscribed?,
            Err(_elapsed) => return Err(Failure::TimedOut),
        }
        Ok((connection, ended))
    }

    /// Waits until the connection ends, or the server no longer answers on it.
    async fn watch(&self, mut connection: MultiplexedConnection, ended: &Notify) -> Failure {
        let ping: Cmd = cmd("PING");
        loop {
            if timeout(PING_EVERY, ended.notified()).await.is_ok() {
                let cause = "the connection ended".to_owned();
                return Failure::NotConnected { cause };
            }
            match timeout(self.answer_timeout, connection.send_packed_command(&ping)).await {
                Ok(Ok(_pong)) => {}
                Ok(Err(error)) => return error.into(),
                Err(_elapsed) => return Failure::TimedOut,
            }
        }
    }
}

/// Says that rings are heard, until it is dropped; also when the task is.
struct Listening<'a>(&'a AtomicBool);

impl<'a> Listening<'a> {
    fn new(flag: &'a AtomicBool) -> Self {
        flag.store(true, Ordering::Relaxed);
        Self(flag)
    }
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// The ring in `[channel, "shard:sequence"]`.
fn ring_of(message: &[Value]) -> Option<Ring> {
    let [_, Value::BulkString(text)] = message else {
        return None;
    };
    let (shard, seq) = std::str::from_utf8(text).ok()?.split_once(':')?;
    Some(Ring {
        shard: Shard::new(shard.parse().ok()?),
        seq: seq.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_are_read() {
        let message = |text: &str| {
            let part = |text: &str| Value::BulkString(text.as_bytes().to_vec());
            vec![part("rw:default:rings:x"), part(text)]
        };
        let shard = Shard::new(255);
        assert_eq!(ring_of(&message("255:90")), Some(Ring { shard, seq: 90 }));
        for other in ["256:1", "1", "1:", ":", "1:-1", ""] {
            assert_eq!(ring_of(&message(other)), None, "{other}");
        }
    }
}
