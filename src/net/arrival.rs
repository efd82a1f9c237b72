//! When the bytes arrived that a connection has just read.
//!
//! The budget of a lookup counts from then. If the workers are late, a connection is read some time after it was woken, so
//! the moment at which it is read would be too late. So the connection is woken through a waker that notes the time. The
//! kernel may have had the bytes for longer, if no worker asked it for events: that part of the delay is not seen.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, ReadBuf};

use crate::clock::monotonic;

/// Notes when the task of a connection is woken because it can read.
#[derive(Debug)]
pub(super) struct Arrivals {
    noted: Arc<Noted>,
    /// Wakes the task through `noted`.
    waker: Waker,
}

#[derive(Debug, Default)]
struct Noted {
    task: AtomicWaker,
    /// The first time that the task was woken since it last tried to read.
    woken_at: Mutex<Option<Instant>>,
}

impl Wake for Noted {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken_at.lock().get_or_insert_with(monotonic);
        self.task.wake();
    }
}

impl Arrivals {
    pub(super) fn new() -> Self {
        let noted = Arc::new(Noted::default());
        let waker = Waker::from(Arc::clone(&noted));
        Self { noted, waker }
    }

    /// Reads, and says when the bytes arrived: when the task was woken for them, or now if it was not.
    pub(super) fn poll_read(
        &self,
        stream: Pin<&mut impl AsyncRead>,
        cx: &Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<Instant>> {
        self.noted.task.register(cx.waker());
        // Taken before the stream is asked: what wakes the task from here on belongs to the next read.
        let woken_at = self.noted.woken_at.lock().take();
        let polled = stream.poll_read(&mut Context::from_waker(&self.waker), buf);
        polled.map_ok(|()| woken_at.unwrap_or_else(monotonic))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn bytes_arrive_when_the_task_is_woken_and_not_when_it_reads() {
        let (mut client, mut server) = tokio::io::duplex(8);
        let arrivals = Arrivals::new();
        let mut bytes = [0; 8];
        let mut read = async || {
            let mut buf = ReadBuf::new(&mut bytes);
            let arrived = std::future::poll_fn(|cx| arrivals.poll_read(Pin::new(&mut server), cx, &mut buf));
            poll!(std::pin::pin!(arrived)).map(Result::unwrap)
        };
        assert!(read().await.is_pending());
        client.write_all(b"one").await.unwrap();
        let sent = monotonic();
        client.write_all(b"two").await.unwrap();
        let Poll::Ready(arrived) = read().await else {
            panic!("the bytes are there")
        };
        assert!(arrived <= sent, "the first bytes woke the task");
        // Nobody waited for these.
        client.write_all(b"three").await.unwrap();
        let sent = monotonic();
        let Poll::Ready(arrived) = read().await else {
            panic!("the bytes are there")
        };
        assert!(arrived >= sent);
    }
}
