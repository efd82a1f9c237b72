//! When the bytes arrived that a connection has just read.
//!
//! The budget of a lookup counts from then. If the workers are late, or the process is held back, a connection is read some
//! time after its bytes came, so the moment at which it is read would be too late. Three things tell an earlier one, and the
//! earliest counts:
//!
//! - when the task of the connection was woken: it is woken through a waker that notes the time;
//! - when the kernel took in the last of the bytes (`received`);
//! - when the queue of the socket was seen with these bytes (`backlog`).

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use rustix::io::ioctl_fionread;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

use super::backlog::Backlog;
use super::received::Receiver;
use crate::clock::monotonic;

/// When bytes arrived that were read together.
#[derive(Clone, Copy, Debug)]
pub(super) struct ArrivalTimes {
    pub(super) first: Instant,
    pub(super) last: Instant,
}

/// When the bytes of a call arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallArrival {
    pub(super) at: Instant,
    /// When the last of the calls arrived that were read with it. They begin in any order, so a call may be taken for another
    /// one, and must not lose its time by that.
    pub(super) at_latest: Instant,
}

impl ArrivalTimes {
    pub(super) const fn at(time: Instant) -> Self {
        Self {
            first: time,
            last: time,
        }
    }

    /// When one of so many calls arrived; the first one has the number 0. The kernel tells no more than the ends, and a client
    /// that sends without a break sends evenly.
    pub(super) fn of_call(self, number: usize, calls: usize) -> CallArrival {
        let took = self.last.saturating_duration_since(self.first);
        let (Ok(number), Ok(steps @ 1..)) = (u32::try_from(number), u32::try_from(calls.saturating_sub(1))) else {
            // It may be the bytes that came first.
            return CallArrival {
                at: self.first,
                at_latest: self.first,
            };
        };
        CallArrival {
            at: self.first + took / steps * number.min(steps),
            at_latest: self.last,
        }
    }
}

/// Reads a socket, and notes when its bytes arrived.
#[derive(Debug)]
pub(super) struct Arrivals {
    noted: Arc<Noted>,
    /// Wakes the task through `noted`.
    waker: Waker,
    receiver: Receiver,
    backlog: Backlog,
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
    pub(super) fn new(stream: &TcpStream) -> Self {
        let noted = Arc::new(Noted::default());
        let waker = Waker::from(Arc::clone(&noted));
        Self {
            noted,
            waker,
            receiver: Receiver::new(stream),
            backlog: Backlog::default(),
        }
    }

    /// Reads, and says when the bytes arrived.
    pub(super) fn poll_read(
        &mut self,
        stream: &mut TcpStream,
        cx: &Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<ArrivalTimes>> {
        self.noted.task.register(cx.waker());
        // Taken before the stream is asked: what wakes the task from here on belongs to the next read.
        let woken_at = self.noted.woken_at.lock().take();
        let before = buf.filled().len();
        let polled = self
            .receiver
            .poll_read(stream, &mut Context::from_waker(&self.waker), buf);
        polled.map_ok(|came_at| {
            let seen_at = self.backlog.take(buf.filled().len() - before);
            // If the system cannot tell what is left, or it tells that nothing is, there is nothing to note.
            if buf.remaining() == 0
                && let Ok(left @ 1..) = ioctl_fionread(&*stream)
            {
                self.backlog.note(left, monotonic());
            }
            let last = came_at.unwrap_or_else(monotonic);
            let first = [woken_at, seen_at].into_iter().flatten().fold(last, Instant::min);
            ArrivalTimes { first, last }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::poll;
    use tokio::io::{AsyncWriteExt as _, Interest};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        (client, server)
    }

    async fn read(arrivals: &mut Arrivals, server: &mut TcpStream, room: usize) -> Poll<Instant> {
        let mut bytes = vec![0; room];
        let mut buf = ReadBuf::new(&mut bytes);
        let arrived = std::future::poll_fn(|cx| arrivals.poll_read(server, cx, &mut buf));
        poll!(std::pin::pin!(arrived)).map(|arrived| arrived.unwrap().first)
    }

    #[test]
    fn calls_that_are_read_together_have_arrived_one_after_the_other() {
        let first = monotonic();
        let at = |ms| first + Duration::from_millis(ms);
        let arrived = ArrivalTimes { first, last: at(90) };
        let calls = [0, 1, 2, 3].map(|call| arrived.of_call(call, 4));
        assert_eq!(calls.map(|call| call.at), [at(0), at(30), at(60), at(90)]);
        assert_eq!(calls.map(|call| call.at_latest), [at(90); 4]);
        assert_eq!(arrived.of_call(9, 4).at, at(90));
        let only = arrived.of_call(0, 1);
        assert_eq!((only.at, only.at_latest), (first, first));
    }

    #[tokio::test]
    async fn bytes_arrive_when_the_task_is_woken_and_not_when_it_reads() {
        let (mut client, mut server) = pair().await;
        let mut arrivals = Arrivals::new(&server);
        assert!(read(&mut arrivals, &mut server, 8).await.is_pending());
        client.write_all(b"one").await.unwrap();
        server.ready(Interest::READABLE).await.unwrap(); // the driver has run, and has woken the task
        let sent = monotonic();
        std::thread::sleep(Duration::from_millis(50));
        client.write_all(b"two").await.unwrap();
        let Poll::Ready(arrived) = read(&mut arrivals, &mut server, 8).await else {
            panic!("the bytes are there")
        };
        assert!(arrived <= sent, "the first bytes woke the task");
    }

    #[tokio::test]
    async fn bytes_have_arrived_when_they_were_seen_in_the_queue() {
        let (mut client, mut server) = pair().await;
        let mut arrivals = Arrivals::new(&server);
        client.write_all(b"0123456789").await.unwrap();
        server.ready(Interest::READABLE).await.unwrap();
        assert!(read(&mut arrivals, &mut server, 4).await.is_ready());
        let seen = monotonic();
        std::thread::sleep(Duration::from_millis(300));
        // The kernel may merge these with the others, and then tells one time for all.
        client.write_all(b"later").await.unwrap();
        let Poll::Ready(arrived) = read(&mut arrivals, &mut server, 100).await else {
            panic!("the bytes are there")
        };
        assert!(arrived <= seen);
    }
}
