//! The answer to the dry run of a replacement.

use super::list::summary;
use crate::service::ForeseenList;
use crate::wire::v1;

/// Shows what a replacement would change.
pub(in crate::api) fn foreseen(foreseen: &ForeseenList) -> v1::ReplaceListResponse {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    v1::ReplaceListResponse {
        list: Some(summary(&foreseen.list)),
        changed: foreseen.changes.is_any(),
        changes: Some(v1::ListChanges {
            entries_before: count(foreseen.changes.before),
            removed: count(foreseen.changes.removed),
            added: count(foreseen.changes.added),
            altered: count(foreseen.changes.altered),
        }),
    }
}
