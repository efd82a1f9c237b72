//! The inspection of one shard.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::sleep;

use super::log::Log;
use super::rows::{Counted, check_rows};
use super::sums::{Found, Moment, Scan, StoredTable, TablePlace, moment, tables};
use super::{DamageKind, Findings, InspectedShard, Part};
use crate::codec;
use crate::codec::checksum::{check_side, name_hash, shard_of};
use crate::domain::tenant::TenantId;
use crate::store::event::MAX_EVENTS_AT_ONCE;
use crate::store::key::number_of_id;
use crate::store::{EventId, EventSpan, LogHead, RecordKind, ScanTable, Shard, SideKind, Store, StoreError, Stored};

/// How often a shard is read before it counts as one that is written all the time.
const TRIES: usize = 5;
/// The pause before the next reading.
const PAUSE: Duration = Duration::from_millis(200);

/// Reads all that the store has of these tenants in a shard, and compares it with the log and the counts of the shard. If the
/// shard is written all the time, nothing is compared ([`InspectedShard::is_compared`]).
///
/// # Errors
/// If the store does not answer, or is not the one that was opened; [`StoreError::Refused`] if a table has more items than
/// are kept in memory. What cannot be read is no error, but damage.
pub async fn inspect_shard(
    store: &dyn Store,
    shard: Shard,
    tenants: &[TenantId],
) -> Result<InspectedShard, StoreError> {
    let mut inspected = Inspection::run(store, shard, tenants).await?;
    for _ in 1..TRIES {
        if inspected.is_compared {
            break;
        }
        sleep(PAUSE).await;
        inspected = Inspection::run(store, shard, tenants).await?;
    }
    Ok(inspected)
}

/// A reading of a shard.
struct Inspection<'a> {
    store: &'a dyn Store,
    head: LogHead,
    log: Log,
    /// What is wrong whatever is written meanwhile.
    sure: Findings,
    /// What is wrong if nothing was written meanwhile.
    cross: Findings,
    result: InspectedShard,
    /// All records, also those that are in no checksum.
    records: u64,
}

impl Inspection<'_> {
    async fn run(store: &dyn Store, shard: Shard, tenants: &[TenantId]) -> Result<InspectedShard, StoreError> {
        let before = moment(store, shard, tenants).await?;
        let head = before.head;
        let (mut sure, mut cross) = (Findings::default(), Findings::default());
        let log = Log::read(store, (shard, head), (&mut sure, &mut cross)).await?;
        let mut inspection = Inspection {
            store,
            head,
            log,
            sure,
            cross,
            result: InspectedShard::new(shard, head),
            records: 0,
        };
        let mut counted = Vec::new();
        for place in tables(shard, tenants) {
            let numbers = inspection.records_of(place).await?;
            if place.kind == RecordKind::Number {
                counted.push((place.tenant, numbers));
            }
        }
        for (tenant, numbers) in &counted {
            let findings = (&mut inspection.sure, &mut inspection.cross);
            inspection.result.rows += check_rows(store, (shard, *tenant), numbers, findings).await?;
        }
        for tenant in tenants {
            for kind in SideKind::ALL {
                inspection.sides_of((shard, *tenant), *kind).await?;
            }
            inspection.events_of((shard, *tenant)).await?;
        }
        let after = moment(store, shard, tenants).await?;
        Ok(inspection.conclude((before, after), tenants))
    }

    fn conclude(mut self, (before, after): (Moment, Moment), tenants: &[TenantId]) -> InspectedShard {
        if before.counted.is_some_and(|(records, _)| records != self.records) {
            self.cross.add(DamageKind::UnlikeCount, Part::Shard);
        }
        self.result.entries = self.log.entries;
        self.result.left_out += self.log.left_out;
        self.log.missing(tenants, &mut self.cross);
        self.result.is_compared = before == after;
        if self.result.is_compared {
            self.sure.add_all(self.cross);
        }
        let Findings { count, named } = self.sure;
        self.result.damage = count;
        self.result.named = named;
        self.result
    }

    /// Reads the records of a table. Returns what those of numbers say of their rows.
    async fn records_of(&mut self, place: TablePlace) -> Result<Counted, StoreError> {
        let TablePlace { shard, tenant, kind } = place;
        let scanned = ScanTable::Records(kind);
        let (mut table, mut counted) = (StoredTable::default(), Counted::new());
        let mut scan = Scan::of(self.store, (shard, tenant), scanned);
        loop {
            let items = match scan.next().await {
                Ok(Some(items)) => items,
                Ok(None) => break,
                Err(StoreError::Unreadable { .. }) => {
                    self.sure.add(DamageKind::Unreadable, Part::Table(tenant, scanned));
                    break;
                }
                Err(error) => return Err(error),
            };
            for (id, stored) in items {
                let name = name_hash(tenant, kind, &id);
                let found = Found::of(place, &id, &stored);
                if !table.add(name, &id, found)? {
                    continue;
                }
                self.record(place, (name, &id), (&stored, found));
                if let Some(number) = number_of_id(&id).filter(|_| kind == RecordKind::Number) {
                    let state = codec::number::decode(&stored.bytes).ok();
                    counted.insert(number, state.map(|state| (state.rows, state.buckets)));
                }
            }
        }
        table.add_to(kind, &mut self.result.checksum);
        self.result.left_out += table.not_summed().1;
        self.records += table.records.len() as u64;
        Ok(counted)
    }

    fn record(&mut self, place: TablePlace, (name, id): (u128, &Bytes), (stored, found): (&Stored, Found)) {
        let TablePlace { shard, tenant, kind } = place;
        let part = || Part::Item(tenant, ScanTable::Records(kind), id.clone());
        if found == Found::Unreadable {
            self.sure.add(DamageKind::Unreadable, part());
        }
        if shard_of(kind, id).is_some_and(|of| of != shard) {
            self.sure.add(DamageKind::WrongShard, part());
        }
        let unlike = self.log.check(name, kind, self.head, stored);
        // It is named once, as one that cannot be read.
        if let Some(unlike) = unlike.filter(|_| found != Found::Unreadable) {
            self.cross.add(unlike, part());
        }
    }

    async fn sides_of(&mut self, (shard, tenant): (Shard, TenantId), kind: SideKind) -> Result<(), StoreError> {
        let scanned = ScanTable::Sides(kind);
        let mut scan = Scan::of(self.store, (shard, tenant), scanned);
        loop {
            let items = match scan.next().await {
                Ok(Some(items)) => items,
                Ok(None) => return Ok(()),
                Err(StoreError::Unreadable { .. }) => {
                    self.sure.add(DamageKind::Unreadable, Part::Table(tenant, scanned));
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            for (id, stored) in items {
                self.result.side_records += 1;
                if check_side(kind, &stored.bytes).is_err() {
                    self.sure.add(DamageKind::Unreadable, Part::Item(tenant, scanned, id));
                }
            }
        }
    }

    async fn events_of(&mut self, (shard, tenant): (Shard, TenantId)) -> Result<(), StoreError> {
        let mut span = EventSpan {
            tenant,
            from: EventId::FIRST,
            before: EventId::LAST,
        };
        loop {
            let events = match self.store.events(&[shard], span, MAX_EVENTS_AT_ONCE).await {
                Ok(events) => events.into_iter().next().unwrap_or_default(),
                Err(StoreError::Unreadable { .. }) => {
                    self.sure.add(DamageKind::Unreadable, Part::Events(tenant));
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            let Some(last) = events.last() else {
                return Ok(());
            };
            span.before = last.id;
            for event in events {
                self.result.events += 1;
                if codec::audit::decode(&event.bytes).is_err() {
                    let id = Bytes::copy_from_slice(event.id.bytes());
                    self.sure.add(DamageKind::Unreadable, Part::Event(tenant, id));
                }
            }
        }
    }
}
