//! Receives the notifications of commits on a connection of its own, as long as the store is open.
//!
//! The driver passes each notification on as it arrives, without a queue in between. Notifications are lost while there
//! is no connection; followers sweep as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, PushInfo, PushKind, Value, cmd};
use tokio::sync::{Notify, broadcast};
use tokio::time::{sleep, timeout};

use super::connection::jittered;
use super::dial::Dialer;
use super::error::RedisFailure;
use crate::store::{MAX_NOTIFICATIONS_WAITING, Shard, ShardNotification};

/// The pause before the first attempt to connect again; it doubles with each that fails.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The time between two checks whether the server still answers.
const PING_EVERY: Duration = Duration::from_secs(5);

/// The subscription to the notifications of a store.
pub(super) struct NotificationListener {
    dialer: Dialer,
    channel: String,
    /// The longest to wait for the server's answer.
    answer_timeout: Duration,
    sender: broadcast::Sender<ShardNotification>,
    /// Whether the subscription is active; for operators only.
    listening: AtomicBool,
}

impl NotificationListener {
    /// A listener on `channel`. It does not listen yet.
    pub(super) fn new(dialer: Dialer, channel: String, answer_timeout: Duration) -> Self {
        Self {
            dialer,
            channel,
            answer_timeout,
            sender: broadcast::Sender::new(MAX_NOTIFICATIONS_WAITING),
            listening: AtomicBool::new(false),
        }
    }

    /// The channel.
    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    /// Notifications from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<ShardNotification> {
        self.sender.subscribe()
    }

    /// Whether the subscription is active now.
    pub(super) fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    /// Listens, and connects again whenever that ends. Never returns.
    pub(super) async fn run(&self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let failure = match self.subscribed().await {
                Ok((connection, ended)) => {
                    pause = FIRST_PAUSE;
                    let while_it_lasts = ListeningFlag::new(&self.listening);
                    let failure = self.watch(connection, &ended).await;
                    drop(while_it_lasts);
                    failure
                }
                Err(failure) => failure,
            };
            tracing::warn!(cause = %failure, "no notifications from redis: followers sweep meanwhile");
            sleep(jittered(pause)).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// A connection that passes notifications on, and the signal of its end.
    async fn subscribed(&self) -> Result<(MultiplexedConnection, Arc<Notify>), RedisFailure> {
        let ended = Arc::new(Notify::new());
        let notify = Arc::clone(&ended);
        let sender = self.sender.clone();
        let on_push = move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                notify.notify_one();
            } else if push.kind == PushKind::Message
                && let Some(notification) = notification_of(&push.data)
            {
                sender.send(notification).ok(); // an error only means that nobody listens
            }
        };
        let mut connection = self.dialer.dial(on_push).await?;
        match timeout(self.answer_timeout, connection.subscribe(&self.channel)).await {
            Ok(subscribed) => subscribed?,
            Err(_elapsed) => return Err(RedisFailure::TimedOut),
        }
        Ok((connection, ended))
    }

    /// Waits until the connection ends, or the server no longer answers on it.
    async fn watch(&self, mut connection: MultiplexedConnection, ended: &Notify) -> RedisFailure {
        let ping: Cmd = cmd("PING");
        loop {
            if timeout(PING_EVERY, ended.notified()).await.is_ok() {
                let cause = "the connection ended".to_owned();
                return RedisFailure::NotConnected { cause };
            }
            match timeout(self.answer_timeout, connection.send_packed_command(&ping)).await {
                Ok(Ok(_pong)) => {}
                Ok(Err(error)) => return error.into(),
                Err(_elapsed) => return RedisFailure::TimedOut,
            }
        }
    }
}

/// Sets the flag until it is dropped, also when the task is dropped.
struct ListeningFlag<'a>(&'a AtomicBool);

impl<'a> ListeningFlag<'a> {
    fn new(flag: &'a AtomicBool) -> Self {
        flag.store(true, Ordering::Relaxed);
        Self(flag)
    }
}

impl Drop for ListeningFlag<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// The notification in `[channel, "shard:sequence"]`.
fn notification_of(message: &[Value]) -> Option<ShardNotification> {
    let [_, Value::BulkString(text)] = message else {
        return None;
    };
    let (shard, seq) = std::str::from_utf8(text).ok()?.split_once(':')?;
    Some(ShardNotification {
        shard: Shard::new(shard.parse().ok()?),
        seq: seq.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notifications_are_read() {
        let message = |text: &str| {
            let part = |text: &str| Value::BulkString(text.as_bytes().to_vec());
            vec![part("rw:default:notifications:x"), part(text)]
        };
        let shard = Shard::new(255);
        assert_eq!(
            notification_of(&message("255:90")),
            Some(ShardNotification { shard, seq: 90 })
        );
        for other in ["256:1", "1", "1:", ":", "1:-1", ""] {
            assert_eq!(notification_of(&message(other)), None, "{other}");
        }
    }
}
