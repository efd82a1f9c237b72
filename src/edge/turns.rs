//! Turns of streams: a stream of lookups whose client asks without a pause gives way to the lookups of others.
//!
//! Two things limit its share of the workers of lookups. After each part of its answer the stream pauses: first its worker runs
//! the tasks that wait, and asks the system what has arrived. The pause is needed here, around the encoded parts: the encoder
//! takes a pause of the answers for the end of a part, and the connection then asks for the next one at once. And one worker is
//! left to others: all streams together have one less.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio_util::sync::PollSemaphore;

use crate::tasks::polls;

/// How many workers make parts of streams at the same time. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct StreamTurns(Arc<Semaphore>);

impl StreamTurns {
    /// All workers of the caller's runtime but one. The only worker of a runtime has turns of streams, too.
    pub(super) fn of_runtime() -> Self {
        Self::new(Handle::current().metrics().num_workers().saturating_sub(1))
    }

    fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS))))
    }
}

/// A body whose parts are made in turns.
pub(crate) struct BodyInTurns<B> {
    body: B,
    turns: PollSemaphore,
    /// The pause after a part.
    pause: Option<Pause>,
}

/// Only the runtime's own way to give way lets its worker ask the system first: a task that wakes itself is queued, and a
/// worker with a queue asks once in 61 tasks.
type Pause = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<B> BodyInTurns<B> {
    pub(super) fn new(body: B, turns: StreamTurns) -> Self {
        Self {
            body,
            turns: PollSemaphore::new(turns.0),
            pause: None,
        }
    }
}

impl<B: Body + Unpin> Body for BodyInTurns<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.get_mut();
        if let Some(pause) = &mut this.pause {
            ready!(pause.as_mut().poll(cx));
            this.pause = None;
        }
        // Held during this poll only: a stream that waits for its client keeps no turn from others. It is never closed.
        let _turn = ready!(this.turns.poll_acquire(cx));
        let polled = polls::measured(|| Pin::new(&mut this.body).poll_frame(cx));
        if let Poll::Ready(Some(_)) = polled {
            this.pause = Some(Box::pin(yield_now()));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io::Write as _;
    use std::pin::pin;

    use bytes::Bytes;
    use futures_util::{poll, stream};
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;
    use crate::tasks::Heavy;

    /// A body of so many parts, which looks before each whether a turn is left.
    fn parts(count: usize, turns: StreamTurns) -> BodyInTurns<impl Body<Data = Bytes, Error = Infallible> + Unpin> {
        let left = Arc::clone(&turns.0);
        let mut made = 0;
        let parts = stream::poll_fn(move |_| {
            made += 1;
            let part = Frame::data(Bytes::from(left.available_permits().to_string()));
            Poll::Ready((made <= count).then_some(Ok(part)))
        });
        BodyInTurns::new(StreamBody::new(parts), turns)
    }

    #[tokio::test]
    async fn a_stream_pauses_after_each_part() {
        let mut body = parts(3, StreamTurns::new(1));
        let mut seen = String::new();
        loop {
            match poll!(body.frame()) {
                Poll::Ready(Some(_)) => seen.push('p'),
                Poll::Ready(None) => break,
                Poll::Pending => seen.push('-'),
            }
        }
        assert_eq!(seen, "p-p-p-");
    }

    #[tokio::test]
    async fn a_stream_has_a_turn_while_it_makes_a_part_and_waits_for_one() {
        let StreamTurns(turns) = StreamTurns::new(2);
        let mut body = parts(2, StreamTurns(Arc::clone(&turns)));
        let part = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(part, "1", "one of two is left meanwhile");
        assert_eq!(
            turns.available_permits(),
            2,
            "none is held for a client that does not take the part"
        );
        let others = turns.try_acquire_many(2).unwrap();
        assert!(poll!(body.frame()).is_pending(), "the pause");
        assert!(poll!(body.frame()).is_pending(), "all turns are taken");
        drop(others);
        assert!(poll!(body.frame()).is_ready());
        assert_eq!(turns.available_permits(), 2);
    }

    /// Counted in parts: a socket has bytes from the beginning, and its reader hears of them when a worker asks the system.
    #[cfg(unix)]
    #[tokio::test]
    async fn what_has_arrived_is_heard_at_the_next_pause() {
        let heard = Heavy::start(1).unwrap().hand_over(async {
            let (mut client, server) = std::os::unix::net::UnixStream::pair().unwrap();
            server.set_nonblocking(true).unwrap();
            let server = tokio::net::UnixStream::from_std(server).unwrap();
            let mut readable = pin!(server.readable());
            assert!(poll!(readable.as_mut()).is_pending());
            client.write_all(b"a").unwrap();
            let mut body = parts(1_000, StreamTurns::new(1));
            let mut made = 0;
            while poll!(readable.as_mut()).is_pending() {
                body.frame().await.unwrap().unwrap();
                made += 1;
            }
            made
        });
        let made = heard.await.unwrap();
        assert!(made <= 3, "{made} parts were made first");
    }

    #[tokio::test]
    async fn the_only_worker_has_turns_of_streams() {
        assert_eq!(StreamTurns::of_runtime().0.available_permits(), 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn one_of_several_workers_is_left_to_others() {
        assert_eq!(StreamTurns::of_runtime().0.available_permits(), 3);
    }
}
