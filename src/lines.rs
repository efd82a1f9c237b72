//! Lines on their way to a slow reader: a bounded queue, and a thread that writes.
//!
//! Code that has a line to write never waits. If the reader is too slow (a full pipe, a paused terminal) or gone (a closed
//! pipe, a full disk), lines are dropped, because a late answer to a call is worse than a missing line.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use crate::clock::monotonic;

/// Maximum time that the program waits at its end for the last lines to be written.
pub const FLUSH_TIME_MAX: Duration = Duration::from_secs(1);
/// Interval at which the program checks, at its end, whether the queue has room.
const FLUSH_POLL: Duration = Duration::from_millis(5);

/// How many lines may wait, and when they are written.
#[derive(Clone, Copy, Debug)]
pub struct QueueLimits {
    /// Maximum number of lines that wait. Further lines are dropped.
    pub lines: usize,
    /// Maximum number of bytes that wait. Further lines are dropped.
    pub bytes: usize,
    /// How the writing thread learns of a line.
    pub wake: Wake,
}

/// How the writing thread learns of a line.
#[derive(Clone, Copy, Debug)]
pub enum Wake {
    /// The line wakes it. To wake a thread takes a lock for a moment.
    AtOnce,
    /// It looks whenever this time has passed. Then a line takes no lock.
    Every(Duration),
}

/// The writing end of a queue of lines, in a thread of its own.
pub trait LineSink: Send + 'static {
    /// Takes one line with its line feed.
    fn line(&mut self, line: &[u8]);

    /// No further line is waiting: whatever was collected is written now.
    fn pause(&mut self) {}
}

/// Accepts whole lines and never waits. Clones share one queue.
#[derive(Clone, Debug)]
pub struct Lines {
    queue: SyncSender<Message>,
    waiting_bytes: Arc<AtomicUsize>,
    max_bytes: usize,
}

/// Ends the thread when it is dropped: waits until all lines are written, but at most [`FLUSH_TIME_MAX`].
#[must_use = "the thread ends when this is dropped"]
#[derive(Debug)]
pub struct Guard {
    queue: SyncSender<Message>,
    /// The thread closes this channel when it ends.
    ended: Receiver<()>,
}

#[derive(Debug)]
enum Message {
    Line(Box<[u8]>),
    End,
}

/// Starts the thread that writes lines. It is called `name`.
///
/// # Errors
/// If the system starts no further thread.
pub fn start(name: &str, limits: QueueLimits, sink: impl LineSink) -> io::Result<(Lines, Guard)> {
    let (queue, waiting) = sync_channel(limits.lines);
    let (ending, ended) = sync_channel::<()>(0);
    let waiting_bytes = Arc::new(AtomicUsize::new(0));
    let reader = Reader {
        waiting,
        waiting_bytes: Arc::clone(&waiting_bytes),
        wake: limits.wake,
        sink,
    };
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        reader.run();
        drop(ending);
    })?;
    let lines = Lines {
        queue: queue.clone(),
        waiting_bytes,
        max_bytes: limits.bytes,
    };
    Ok((lines, Guard { queue, ended }))
}

impl Lines {
    /// Queues a line with its line feed. Returns whether the queue had room for it.
    #[must_use]
    pub fn push(&self, line: Box<[u8]>) -> bool {
        let bytes = line.len();
        let before = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        let has_room = before.saturating_add(bytes) <= self.max_bytes;
        let is_queued = has_room && self.queue.try_send(Message::Line(line)).is_ok();
        if !is_queued {
            self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        is_queued
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let deadline = monotonic() + FLUSH_TIME_MAX;
        while let Err(TrySendError::Full(_)) = self.queue.try_send(Message::End) {
            if monotonic() >= deadline {
                return;
            }
            thread::sleep(FLUSH_POLL);
        }
        // The channel never carries a message. Both possible results, closed and time-out, end the wait.
        self.ended
            .recv_timeout(deadline.saturating_duration_since(monotonic()))
            .ok();
    }
}

/// What the thread works with.
struct Reader<S> {
    waiting: Receiver<Message>,
    waiting_bytes: Arc<AtomicUsize>,
    wake: Wake,
    sink: S,
}

impl<S: LineSink> Reader<S> {
    fn run(mut self) {
        while let Message::Line(line) = self.next() {
            self.sink.line(&line);
            self.waiting_bytes.fetch_sub(line.len(), Ordering::Relaxed);
        }
        self.sink.pause();
    }

    /// The next message; the end if nobody can send one any more.
    fn next(&mut self) -> Message {
        loop {
            match self.waiting.try_recv() {
                Ok(message) => return message,
                Err(TryRecvError::Disconnected) => return Message::End,
                Err(TryRecvError::Empty) => self.sink.pause(),
            }
            match self.wake {
                Wake::AtOnce => return self.waiting.recv().unwrap_or(Message::End),
                Wake::Every(interval) => thread::sleep(interval),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    /// Hands lines on, and writes only while it is not locked.
    struct Gate {
        open: Arc<Mutex<()>>,
        written: SyncSender<Vec<u8>>,
    }

    impl LineSink for Gate {
        fn line(&mut self, line: &[u8]) {
            let _open = self.open.lock();
            self.written.send(line.to_vec()).unwrap();
        }
    }

    fn gate() -> (Gate, Arc<Mutex<()>>, Receiver<Vec<u8>>) {
        let (written, lines) = sync_channel(1_000);
        let open = Arc::new(Mutex::new(()));
        let gate = Gate {
            open: Arc::clone(&open),
            written,
        };
        (gate, open, lines)
    }

    fn limits(lines: usize, bytes: usize, wake: Wake) -> QueueLimits {
        QueueLimits { lines, bytes, wake }
    }

    #[test]
    fn lines_arrive_in_their_order_by_either_way_of_waking() {
        for wake in [Wake::AtOnce, Wake::Every(Duration::from_millis(1))] {
            let (gate, _open, written) = gate();
            let (lines, guard) = start("test", limits(100, 1_000, wake), gate).unwrap();
            for number in 0..100_u8 {
                assert!(lines.push(Box::new([number])));
            }
            drop(guard);
            assert_eq!(
                written.iter().flatten().collect::<Vec<_>>(),
                (0..100).collect::<Vec<_>>()
            );
        }
    }

    /// While nothing is written, at most so many bytes wait. When there is room again, lines are accepted again.
    #[test]
    fn the_queue_is_bounded_in_bytes() {
        let (gate, open, written) = gate();
        let (lines, guard) = start("test", limits(1_000, 100, Wake::AtOnce), gate).unwrap();
        let blocked = open.lock();
        let accepted = (0..50).filter(|_| lines.push(Box::new([0; 10]))).count();
        // The line that the thread holds counts until it is written.
        assert_eq!(accepted, 10);
        assert!(!lines.push(Box::new([0; 101])));
        drop(blocked);
        for _ in 0..accepted {
            written.recv().unwrap();
        }
        // Its bytes are given back after it was written, so the last ones may not be free yet.
        while !lines.push(Box::new([1; 10])) {
            thread::yield_now();
        }
        assert_eq!(written.recv().unwrap(), [1; 10]);
        drop(guard);
    }
}
