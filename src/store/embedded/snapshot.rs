//! Reads from a snapshot of the engine; joins the parts of long values.

use std::ops::Bound;

use bytes::{Bytes, BytesMut};
use fjall::{OwnedWriteBatch, Readable, Slice, Snapshot, UserValue};

use super::engine::{Engine, broken, unavailable};
use super::keys::EngineSpace;
use super::{chunks, keys};
use crate::codec::entry::{blank, nonce};
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::{
    EventId, EventKey, EventSpan, LogHead, RawLogEntry, ReplacedEvent, ScanPage, ScanTable, Shard, Stored, StoredEvent,
    StoredKey, Version,
};

/// A page of a table ends early once it holds this many bytes.
const MAX_PAGE_BYTES: usize = 16 << 20;

/// The engine as it was at one moment.
pub(super) struct EngineSnapshot<'e> {
    engine: &'e Engine,
    snapshot: Snapshot,
}

impl<'e> EngineSnapshot<'e> {
    /// `engine` as it is now.
    pub(super) fn of(engine: &'e Engine) -> Self {
        Self {
            engine,
            snapshot: engine.snapshot(),
        }
    }

    /// The value of a key.
    pub(super) fn read(&self, key: &StoredKey) -> Result<Option<Stored>, StoreError> {
        let (space, key) = keys::any(key);
        let head = self.snapshot.get(self.engine.space(space), &key).map_err(unavailable)?;
        head.map(|head| self.stored(space, &key, &head)).transpose()
    }

    /// A page of a table.
    pub(super) fn scan(
        &self,
        shard: Shard,
        tenant: TenantId,
        table: ScanTable,
        after: Option<&Bytes>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        let (space, prefix) = keys::table(shard, tenant, table);
        let mut page = ScanPage::default();
        let mut bytes = 0;
        for (key, head) in self.above(space, &prefix, after.map_or(&[], |after| after)) {
            let (key, head) = (key?, head?);
            let id = key.get(prefix.len()..).ok_or_else(|| broken("key"))?;
            let id = Bytes::copy_from_slice(id);
            if after.is_some_and(|after| *after == id) {
                continue;
            }
            if page.items.len() >= limit.max(1) || bytes >= MAX_PAGE_BYTES {
                page.next = page.items.last().map(|(id, _)| id.clone());
                break;
            }
            let stored = self.stored(space, &key, &head)?;
            bytes += stored.bytes.len();
            page.items.push((id, stored));
        }
        Ok(page)
    }

    /// Up to `limit` entries of a shard's log.
    pub(super) fn entries(&self, shard: Shard, from: Version, limit: usize) -> Result<Vec<RawLogEntry>, StoreError> {
        self.above(EngineSpace::Log, &[shard.byte()], &from.to_be_bytes())
            .take(limit)
            .map(|(key, head)| {
                let (key, head) = (key?, head?);
                let seq = keys::seq_of_entry(&key).ok_or_else(|| broken("key of a log entry"))?;
                let bytes = self.whole(EngineSpace::Log, &key, &head)?;
                Ok(RawLogEntry { seq, bytes })
            })
            .collect()
    }

    /// Up to `limit` events of a shard within a span, newest first.
    pub(super) fn events(&self, shard: Shard, span: EventSpan, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let key = |id| {
            let tenant = span.tenant;
            keys::event(&EventKey { shard, tenant, id })
        };
        if span.before <= span.from {
            return Ok(Vec::new());
        }
        let space = self.engine.space(EngineSpace::Events);
        let found = self.snapshot.range(space, key(span.from)..key(span.before)).rev();
        let found = found.take(limit).map(|item| {
            let (key, head) = item.into_inner().map_err(unavailable)?;
            let id = keys::id_of_event(&key).ok_or_else(|| broken("key of an event"))?;
            let bytes = self.whole(EngineSpace::Events, &key, &head)?;
            Ok(StoredEvent { id, bytes })
        });
        found.collect()
    }

    /// A batch that drops the oldest events of a shard that are older than `before`, at most `limit`; and their number.
    pub(super) fn without_events(
        &self,
        shard: Shard,
        tenant: TenantId,
        before: Timestamp,
        limit: usize,
    ) -> Result<(OwnedWriteBatch, usize), StoreError> {
        let key = |id| keys::event(&EventKey { shard, tenant, id });
        let space = self.engine.space(EngineSpace::Events);
        let old = key(EventId::FIRST)..key(EventId::new(before, 0));
        let mut batch = self.engine.batch();
        let mut dropped = 0;
        for item in self.snapshot.range(space, old).take(limit) {
            let (key, head) = item.into_inner().map_err(unavailable)?;
            let (parts, _) = chunks::open(&head).ok_or_else(|| broken("event"))?;
            for part in 0..parts {
                batch.remove(self.engine.parts(), keys::part(EngineSpace::Events, &key, part));
            }
            batch.remove(space, key);
            dropped += 1;
        }
        Ok((batch, dropped))
    }

    /// A batch that puts other bytes in the place of events.
    pub(super) fn with_events(
        &self,
        shard: Shard,
        tenant: TenantId,
        events: &[ReplacedEvent],
    ) -> Result<Option<OwnedWriteBatch>, StoreError> {
        let space = self.engine.space(EngineSpace::Events);
        let mut batch = self.engine.batch();
        for event in events {
            let id = event.id;
            let key = keys::event(&EventKey { shard, tenant, id });
            let before = self.snapshot.get(space, &key).map_err(unavailable)?;
            let before = before.map_or(Some(0), |head| chunks::open(&head).map(|(parts, _)| parts));
            let before = before.ok_or_else(|| broken("event"))?;
            let (head, rest) = chunks::split(&event.new).ok_or_else(|| broken("event"))?;
            batch.insert(space, key.as_slice(), head);
            let mut count = 0;
            for part in rest {
                batch.insert(self.engine.parts(), keys::part(EngineSpace::Events, &key, count), part);
                count += 1;
            }
            for surplus in count..before {
                batch.remove(self.engine.parts(), keys::part(EngineSpace::Events, &key, surplus));
            }
        }
        Ok((!events.is_empty()).then_some(batch))
    }

    /// A batch that drops the entries of a shard's log before `through`, and leaves the nonce of that one. None if it is
    /// not in the log.
    pub(super) fn without_log(&self, shard: Shard, through: Version) -> Result<Option<OwnedWriteBatch>, StoreError> {
        let log = self.engine.space(EngineSpace::Log);
        let last = keys::entry(shard, through);
        let Some(head) = self.snapshot.get(log, &last).map_err(unavailable)? else {
            return Ok(None);
        };
        let (_, entry) = chunks::open(&head).ok_or_else(|| broken("log entry"))?;
        let mut batch = self.engine.batch();
        batch.insert(
            log,
            last.as_slice(),
            [&[0, 0], &blank(nonce(entry).unwrap_or_default())[..]].concat(),
        );
        let first = keys::entry(shard, 0);
        for item in self.snapshot.range(log, first.clone()..last.clone()) {
            batch.remove(log, item.key().map_err(unavailable)?);
        }
        for part in self.engine.parts_of_entries(&first, &last)? {
            batch.remove(self.engine.parts(), part);
        }
        Ok(Some(batch))
    }

    /// The head of a shard's log.
    pub(super) fn head(&self, shard: Shard) -> Result<LogHead, StoreError> {
        let mut log = self
            .snapshot
            .prefix(self.engine.space(EngineSpace::Log), [shard.byte()]);
        let Some(last) = log.next_back() else {
            return Ok(LogHead::default());
        };
        let (key, value) = last.into_inner().map_err(unavailable)?;
        let seq = keys::seq_of_entry(&key).ok_or_else(|| broken("key of a log entry"))?;
        let (_, entry) = chunks::open(&value).ok_or_else(|| broken("log entry"))?;
        let nonce = nonce(entry).unwrap_or_default();
        Ok(LogHead { seq, nonce })
    }

    /// The items whose keys start with a prefix, from an id on, in order.
    fn above(
        &self,
        space: EngineSpace,
        prefix: &[u8],
        from: &[u8],
    ) -> impl Iterator<Item = (Result<Slice, StoreError>, Result<UserValue, StoreError>)> + use<> {
        let lower = Bound::Included(keys::under(prefix, from));
        let prefix = prefix.to_vec();
        self.snapshot
            .range::<Vec<u8>, _>(self.engine.space(space), (lower, Bound::Unbounded))
            .map(|item| match item.into_inner() {
                Ok((key, value)) => (Ok(key), Ok(value)),
                Err(error) => {
                    let error = unavailable(error);
                    (Err(error.clone()), Err(error))
                }
            })
            .take_while(move |(key, _)| key.as_ref().map_or(true, |key| key.starts_with(&prefix)))
    }

    fn stored(&self, space: EngineSpace, key: &[u8], head: &[u8]) -> Result<Stored, StoreError> {
        let mut bytes = self.whole(space, key, head)?;
        if space != EngineSpace::States {
            return Ok(Stored { version: 0, bytes });
        }
        let version = version(&bytes).ok_or_else(|| broken("record"))?;
        let bytes = bytes.split_off(size_of::<Version>());
        Ok(Stored { version, bytes })
    }

    fn whole(&self, space: EngineSpace, key: &[u8], head: &[u8]) -> Result<Bytes, StoreError> {
        let (count, first) = chunks::open(head).ok_or_else(|| broken("value"))?;
        if count == 0 {
            return Ok(Bytes::copy_from_slice(first));
        }
        let mut bytes = BytesMut::with_capacity((usize::from(count) + 1) * chunks::MAX_PART_BYTES);
        bytes.extend_from_slice(first);
        for index in 0..count {
            let part = self.snapshot.get(self.engine.parts(), keys::part(space, key, index));
            let part = part.map_err(unavailable)?.ok_or_else(|| broken("value"))?;
            bytes.extend_from_slice(&part);
        }
        Ok(bytes.freeze())
    }
}

/// The version at the start of a record's payload.
pub(super) fn version(payload: &[u8]) -> Option<Version> {
    payload.first_chunk().map(|bytes| Version::from_be_bytes(*bytes))
}
