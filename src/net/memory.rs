//! The memory of requests and answers in flight: how much the server may hold, and who holds it.
//!
//! A request counts from its head on: its bytes as they arrive, the message that they become, and the answer until the
//! connection has sent it or the client has given it up. A request that would hold too much is refused before it causes work.
//! A part of the budget is for lookups alone, so that heavy requests cannot keep them out, and no connection may hold more
//! than a quarter.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::metrics::{EdgeLabel, Metrics, RefusalLabel};

/// What a request holds besides its headers, its message and its answer: its stream, its task, and what the allocator rounds
/// up. 2,048 calls that did not end held 12 KiB each.
const REQUEST_BYTES: usize = 16 << 10;
/// What an item of a repeated field holds at most when it is decoded, besides its own bytes.
const ITEM_BYTES: usize = 512;
/// An answer in memory before it is encoded, as a multiple of its encoded bytes.
const ANSWER_FACTOR: usize = 4;
/// The part of the budget that only lookups may use, as a divisor.
const LOOKUP_PART: usize = 4;
/// The part of the budget that one connection may hold, as a divisor.
const CONNECTION_PART: usize = 4;

/// How much requests and answers may hold together. Clones share it.
#[derive(Clone, Debug)]
pub struct MemoryBudget(Arc<Budget>);

#[derive(Debug)]
struct Budget {
    total: usize,
    held: AtomicUsize,
}

/// Which part of the budget a request may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// All of it.
    Lookup,
    /// All but the part of the lookups.
    Other,
    /// The same, for a request that changes something. Its answer is never refused: by then the change is made.
    Change,
}

/// Why a request may not hold more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OverBudget {
    /// The server holds as much as it may.
    Server,
    /// Its connection holds as much as it may.
    Connection,
}

impl OverBudget {
    const fn label(self) -> RefusalLabel {
        match self {
            Self::Server => RefusalLabel::Memory,
            Self::Connection => RefusalLabel::ConnectionMemory,
        }
    }
}

/// What the requests and answers of one connection hold. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct ConnectionMemory(Arc<OfConnection>);

#[derive(Debug)]
struct OfConnection {
    budget: MemoryBudget,
    /// Where refusals are counted.
    metrics: Option<(EdgeLabel, Metrics)>,
    held: AtomicUsize,
}

/// Bytes of an answer that the connection has taken over. They count until this is dropped with them: when they are sent, and
/// also when the client has reset their stream, or the connection has ended.
#[derive(Debug)]
pub(super) struct HandedBytes {
    connection: ConnectionMemory,
    bytes: usize,
}

/// What one request and its answer hold. Clones share it; the last one gives it back.
#[derive(Clone, Debug)]
pub(crate) struct HeldBytes(Arc<OfRequest>);

#[derive(Debug)]
struct OfRequest {
    connection: ConnectionMemory,
    share: Share,
    /// What it holds for all of its time.
    base: usize,
    /// The same, with its message and its answer.
    held: AtomicUsize,
}

impl MemoryBudget {
    /// A budget of this many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Budget {
            total: bytes,
            held: AtomicUsize::new(0),
        }))
    }

    /// What requests and answers hold now, in bytes.
    #[must_use]
    pub fn held(&self) -> usize {
        self.0.held.load(Ordering::Relaxed)
    }

    /// What they may hold, in bytes.
    #[must_use]
    pub fn total(&self) -> usize {
        self.0.total
    }

    fn most(&self, share: Share) -> usize {
        match share {
            Share::Lookup => self.0.total,
            Share::Other | Share::Change => self.0.total - self.0.total / LOOKUP_PART,
        }
    }
}

/// Adds to a count unless it would pass its limit.
fn add(count: &AtomicUsize, bytes: usize, most: usize) -> bool {
    let added = |held: usize| held.checked_add(bytes).filter(|held| *held <= most);
    count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, added).is_ok()
}

impl ConnectionMemory {
    pub(super) fn new(budget: MemoryBudget, metrics: Option<(EdgeLabel, Metrics)>) -> Self {
        Self(Arc::new(OfConnection {
            budget,
            metrics,
            held: AtomicUsize::new(0),
        }))
    }

    fn take(&self, bytes: usize, share: Share) -> Result<(), OverBudget> {
        self.try_take(bytes, share).inspect_err(|over| {
            if let Some((edge, metrics)) = &self.0.metrics {
                metrics.request_refused(*edge, over.label());
            }
        })
    }

    fn try_take(&self, bytes: usize, share: Share) -> Result<(), OverBudget> {
        let budget = &self.0.budget;
        if !add(&self.0.held, bytes, budget.0.total / CONNECTION_PART) {
            return Err(OverBudget::Connection);
        }
        if !add(&budget.0.held, bytes, budget.most(share)) {
            self.0.held.fetch_sub(bytes, Ordering::Relaxed);
            return Err(OverBudget::Server);
        }
        Ok(())
    }

    fn give_back(&self, bytes: usize) {
        self.0.held.fetch_sub(bytes, Ordering::Relaxed);
        self.0.budget.0.held.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Counts bytes that exist already, so there is no limit.
    fn take_anyhow(&self, bytes: usize) {
        self.0.held.fetch_add(bytes, Ordering::Relaxed);
        self.0.budget.0.held.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts bytes of an answer that the connection has taken over, until the returned value is dropped.
    pub(super) fn hand(&self, bytes: usize) -> HandedBytes {
        self.take_anyhow(bytes);
        HandedBytes {
            connection: self.clone(),
            bytes,
        }
    }
}

impl Drop for HandedBytes {
    fn drop(&mut self) {
        self.connection.give_back(self.bytes);
    }
}

impl HeldBytes {
    pub(super) fn begin(connection: &ConnectionMemory, share: Share, head_bytes: usize) -> Result<Self, OverBudget> {
        let base = REQUEST_BYTES.saturating_add(head_bytes);
        connection.take(base, share)?;
        Ok(Self(Arc::new(OfRequest {
            connection: connection.clone(),
            share,
            base,
            held: AtomicUsize::new(base),
        })))
    }

    /// Counts bytes that have arrived, or that were decompressed.
    pub(crate) fn add(&self, bytes: usize) -> Result<(), OverBudget> {
        self.0.connection.take(bytes, self.0.share)?;
        self.0.held.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Counts the message that some bytes will become.
    pub(crate) fn add_message(&self, bytes: usize, items: usize) -> Result<(), OverBudget> {
        self.add(bytes.saturating_add(items.saturating_mul(ITEM_BYTES)))
    }

    /// Gives back what the request holds besides its head: its message is answered, or its answer is sent.
    pub(crate) fn release(&self) {
        let held = self.0.held.swap(self.0.base, Ordering::Relaxed);
        self.0.connection.give_back(held - self.0.base);
    }

    /// Counts an answer in place of the message.
    ///
    /// # Errors
    /// If there is no room for it, unless the request has changed something.
    pub(crate) fn answer(&self, encoded_bytes: usize) -> Result<(), OverBudget> {
        self.release();
        let bytes = encoded_bytes.saturating_mul(ANSWER_FACTOR);
        if self.0.share != Share::Change {
            return self.add(bytes);
        }
        self.0.connection.take_anyhow(bytes);
        self.0.held.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the request is one of those that have a part of the budget for themselves. Their answers are short.
    pub(crate) fn is_lookup(&self) -> bool {
        self.0.share == Share::Lookup
    }
}

impl Drop for OfRequest {
    fn drop(&mut self) {
        self.connection.give_back(*self.held.get_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOTAL: usize = 1 << 20;

    fn connections<const N: usize>(budget: &MemoryBudget) -> [ConnectionMemory; N] {
        std::array::from_fn(|_| ConnectionMemory::new(budget.clone(), None))
    }

    fn fill(connection: &ConnectionMemory, share: Share) -> (Vec<HeldBytes>, OverBudget) {
        let mut all = Vec::new();
        loop {
            match HeldBytes::begin(connection, share, 0) {
                Ok(held) => all.push(held),
                Err(over) => return (all, over),
            }
        }
    }

    #[test]
    fn a_connection_holds_a_quarter_and_lookups_have_room_left() {
        let budget = MemoryBudget::new(TOTAL);
        let [one, two, three, last] = connections(&budget);
        let mut all = Vec::new();
        for connection in [&one, &two, &three] {
            let (held, over) = fill(connection, Share::Other);
            assert_eq!((held.len() * REQUEST_BYTES, over), (TOTAL / 4, OverBudget::Connection));
            all.push(held);
        }
        let (held, over) = fill(&last, Share::Other);
        assert_eq!((held.len(), over), (0, OverBudget::Server));
        let (held, _) = fill(&last, Share::Lookup);
        assert_eq!(held.len() * REQUEST_BYTES, TOTAL / 4);
        assert_eq!(budget.held(), TOTAL);
        drop((all, held));
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn the_answer_to_a_change_is_never_refused() {
        let budget = MemoryBudget::new(TOTAL);
        let [connection, other] = connections(&budget);
        let change = HeldBytes::begin(&connection, Share::Change, 0).unwrap();
        let read = HeldBytes::begin(&connection, Share::Other, 0).unwrap();
        let (held, over) = fill(&connection, Share::Lookup);
        assert_eq!(over, OverBudget::Connection);
        assert_eq!(read.answer(5_000), Err(OverBudget::Connection));
        let before = budget.held();
        change.answer(5_000).unwrap();
        assert_eq!(budget.held(), before + 5_000 * ANSWER_FACTOR);
        drop((change, read, held));
        assert_eq!(budget.held(), 0);
        let (held, _) = fill(&other, Share::Change);
        assert_eq!(held.len() * REQUEST_BYTES, TOTAL / 4, "it begins as any other request");
    }

    #[test]
    fn a_message_its_answer_and_unsent_bytes_count_one_after_another() {
        let budget = MemoryBudget::new(TOTAL);
        let [connection] = connections(&budget);
        let held = HeldBytes::begin(&connection, Share::Other, 100).unwrap();
        let base = REQUEST_BYTES + 100;
        held.add(1_000).unwrap();
        held.add_message(1_000, 2).unwrap();
        assert_eq!(budget.held(), base + 2_000 + 2 * ITEM_BYTES);
        assert_eq!(held.add(TOTAL), Err(OverBudget::Connection));
        held.answer(5_000).unwrap();
        assert_eq!(budget.held(), base + 5_000 * ANSWER_FACTOR);
        held.release();
        let unsent = connection.hand(5_000);
        drop(held);
        assert_eq!(budget.held(), 5_000);
        drop(connection);
        assert_eq!(budget.held(), 5_000, "the bytes are still there");
        drop(unsent);
        assert_eq!(budget.held(), 0, "nothing is left of a connection that broke");
    }
}
