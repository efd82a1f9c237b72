//! The rows of numbers, for a comparison with the records of the numbers.

use std::collections::HashMap;

use super::sums::{MAX_RECORDS, Scan, too_many};
use super::{DamageKind, Findings, Part};
use crate::codec;
use crate::codec::UnreadableValue;
use crate::domain::report::ReportRow;
use crate::domain::reporter_table::{is_part, is_subtotal};
use crate::domain::rows::bucket_of;
use crate::domain::tenant::TenantId;
use crate::number::E164;
use crate::store::key::{bucket_of_id, number_of_id};
use crate::store::{BucketKey, ScanTable, Shard, Store, StoreError};

/// What the records of the numbers of a tenant say of their rows, by number: how many rows there are, and how many buckets.
/// None if the record cannot be read.
pub(super) type Counted = HashMap<E164, Option<(u32, u32)>>;

/// Reads the rows of a tenant in a shard, and compares them with what the records of the numbers say. Returns how many there
/// are.
pub(super) async fn check_rows(
    store: &dyn Store,
    (shard, tenant): (Shard, TenantId),
    counted: &Counted,
    (sure, cross): (&mut Findings, &mut Findings),
) -> Result<u64, StoreError> {
    // How many rows are in each bucket, and whether all of them belong there. A scan may show a bucket twice.
    let mut buckets: HashMap<(E164, u32), (u32, bool)> = HashMap::new();
    let mut scan = Scan::of(store, (shard, tenant), ScanTable::Rows);
    let item = |id| Part::Item(tenant, ScanTable::Rows, id);
    loop {
        let items = match scan.next().await {
            Ok(Some(items)) => items,
            Ok(None) => break,
            Err(StoreError::Unreadable { .. }) => {
                sure.add(DamageKind::Unreadable, Part::Table(tenant, ScanTable::Rows));
                return Ok(0);
            }
            Err(error) => return Err(error),
        };
        for (id, stored) in items {
            let Some((number, bucket)) = number_of_id(&id).zip(bucket_of_id(&id)) else {
                sure.add(DamageKind::Unreadable, item(id));
                continue;
            };
            if Shard::of_number(number) != shard {
                sure.add(DamageKind::WrongShard, item(id));
                continue;
            }
            let Ok(rows) = rows_of(bucket, &stored.bytes) else {
                sure.add(DamageKind::Unreadable, item(id));
                continue;
            };
            if is_part(bucket) {
                continue; // the reporter table is made from the rows, and has a stamp of its own
            }
            let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            let all = counted.get(&number).copied().flatten().map(|(_, buckets)| buckets);
            let fits = all.is_none_or(|all| {
                let is_there = |row: &ReportRow| bucket_of(row.id.hash64(), all) == bucket;
                bucket < all.max(1) && rows.iter().all(is_there)
            });
            buckets.insert((number, bucket), (count, fits));
            if buckets.len() > MAX_RECORDS {
                return Err(too_many());
            }
        }
    }
    let total = buckets.values().map(|(count, _)| u64::from(*count)).sum();
    compare((tenant, buckets), counted, cross);
    Ok(total)
}

/// The rows of a bucket, or none of a part of a reporter table.
fn rows_of(bucket: u32, bytes: &[u8]) -> Result<Vec<ReportRow>, UnreadableValue> {
    if is_subtotal(bucket) {
        return codec::subtotal::decode(bytes).map(|_| Vec::new());
    }
    codec::rows::decode(bytes)
}

/// The number of rows in each bucket of a number, and whether all of them belong there.
type Buckets = HashMap<(E164, u32), (u32, bool)>;

fn compare((tenant, buckets): (TenantId, Buckets), counted: &Counted, cross: &mut Findings) {
    let mut found: HashMap<E164, (u64, bool)> = HashMap::new();
    for ((number, bucket), (count, fits)) in buckets {
        if !counted.contains_key(&number) {
            let key = BucketKey { tenant, number, bucket };
            let id = key.id().to_vec().into();
            cross.add(DamageKind::WithoutRecord, Part::Item(tenant, ScanTable::Rows, id));
            continue;
        }
        let (sum, all_fit) = found.entry(number).or_insert((0, true));
        *sum += u64::from(count);
        *all_fit &= fits;
    }
    for (number, said) in counted {
        let Some((rows, _)) = said else { continue };
        let (sum, all_fit) = found.get(number).copied().unwrap_or((0, true));
        if sum != u64::from(*rows) || !all_fit {
            let table = ScanTable::Records(crate::store::RecordKind::Number);
            let id = number.digits().to_be_bytes().to_vec().into();
            cross.add(DamageKind::UnlikeRows, Part::Item(tenant, table, id));
        }
    }
}
