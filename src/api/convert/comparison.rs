//! Conversion of comparisons of the index with the store.

use std::ops::Range;

use crate::service::{
    ComparedSides, ComparisonState, DifferenceKind, NamedDifference, SHARD_COUNT, ServiceError, ShardComparison,
};
use crate::wire::v1;

/// The shards that a request names.
pub(in crate::api) fn shards(request: &v1::GetIndexComparisonRequest) -> Result<Range<u32>, ServiceError> {
    let (first, count) = (request.first_shard, request.shard_count);
    if first >= SHARD_COUNT {
        return Err(ServiceError::field("first_shard", "must be 0 to 255"));
    }
    let rest = SHARD_COUNT - first;
    if count > rest {
        let most = format!("must be 0 to {rest}: there are {SHARD_COUNT} shards");
        return Err(ServiceError::field("shard_count", most));
    }
    Ok(first..first + if count == 0 { rest } else { count })
}

/// One shard. Ids are left out if they were not asked for.
pub(in crate::api) fn check(check: ShardComparison, with_ids: bool) -> v1::ShardComparison {
    let state = match check.state {
        ComparisonState::Equal => v1::ShardComparisonState::Equal,
        ComparisonState::Different => v1::ShardComparisonState::Different,
        ComparisonState::Busy => v1::ShardComparisonState::Busy,
        ComparisonState::Failed => v1::ShardComparisonState::Failed,
    };
    let of_shard = v1::ShardComparison {
        shard: check.shard,
        state: state.into(),
        ..v1::ShardComparison::default()
    };
    match check.sides {
        None => of_shard,
        Some(ComparedSides {
            head: (head_sequence, nonce),
            stored,
            indexed,
            differing,
            left_out,
            named,
        }) => v1::ShardComparison {
            head_sequence,
            head_nonce: format!("{nonce:016x}"),
            store_checksum: format!("{:032x}", stored.0),
            index_checksum: format!("{:032x}", indexed.0),
            stored: counts(stored.1),
            indexed: counts(indexed.1),
            differing,
            left_out,
            differences: named
                .into_iter()
                .map(|difference| of_record(difference, with_ids))
                .collect(),
            ..of_shard
        },
    }
}

fn counts(counts: Vec<(&'static str, u64)>) -> Vec<v1::KindCount> {
    let of_kind = |(kind, count): (&str, u64)| v1::KindCount {
        kind: kind.to_owned(),
        count,
    };
    counts.into_iter().map(of_kind).collect()
}

fn of_record(difference: NamedDifference, with_ids: bool) -> v1::RecordDifference {
    let what = match difference.what {
        DifferenceKind::Content => v1::RecordDifferenceKind::Content,
        DifferenceKind::OnlyInStore => v1::RecordDifferenceKind::OnlyInStore,
        DifferenceKind::OnlyInIndex => v1::RecordDifferenceKind::OnlyInIndex,
        DifferenceKind::Unreadable => v1::RecordDifferenceKind::Unreadable,
    };
    v1::RecordDifference {
        tenant: difference.tenant.to_string(),
        kind: difference.kind.to_owned(),
        id_hash: difference.id_hash,
        id: if with_ids { difference.id } else { String::new() },
        difference: what.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_named_by_the_first_and_their_count() {
        let asked = |first_shard, shard_count| {
            let request = v1::GetIndexComparisonRequest {
                first_shard,
                shard_count,
                include_ids: false,
            };
            shards(&request).ok()
        };
        assert_eq!(asked(0, 0), Some(0..256));
        assert_eq!(asked(250, 0), Some(250..256));
        assert_eq!(asked(250, 6), Some(250..256));
        assert_eq!(asked(8, 8), Some(8..16));
        for (first, count) in [(256, 0), (250, 7), (0, 257), (u32::MAX, u32::MAX)] {
            assert_eq!(asked(first, count), None);
        }
    }
}
