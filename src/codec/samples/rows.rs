//! Rows: arbitrary ones.

use std::time::Duration;

use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::{body, name, newer, time};
use crate::domain::comment::{CommentFacts, CommentLanguage};
use crate::domain::ids::{ImportId, ReportId, ReporterHash, ReporterKeyId, SenderHash};
use crate::domain::kinds::CommentModeration;
use crate::domain::report::{ReportBody, ReportRow, RowState};
use crate::domain::time::Timestamp;

/// A reporter under a key of a file.
pub(super) const REPORTER: ReporterHash =
    ReporterHash::of_key(0x0102_0304_0506_0708, ReporterKeyId::from_raw(0x1a2b_3c4d));

/// A reporter under the key of the store, or under another.
pub(super) fn reporter_hash() -> impl Strategy<Value = ReporterHash> {
    let key = prop_oneof![Just(0), any::<u32>()];
    (any::<u64>(), key).prop_map(|(hash, key)| ReporterHash::of_key(hash, ReporterKeyId::from_raw(key)))
}

/// A row in any state.
pub(in crate::codec) fn row() -> impl Strategy<Value = ReportRow> {
    let id = name("[0-9a-f]{32}|[0-9a-fA-F]{1,64}|[!-~]{1,64}", |text| {
        ReportId::parse(text).unwrap()
    });
    let import = name("[0-9a-f]{32}|[!-~]{1,64}", |text| ImportId::parse(text).unwrap());
    let state = select(&[RowState::Live, RowState::Withdrawn, RowState::Tombstone][..]);
    let weight = prop_oneof![Just(1.0f32), 0.0f32..1.0];
    (id, any::<u64>(), state, time(), of(import), weight, body(), newer()).prop_map(
        |(id, content, state, received_at, import, weight, body, newer)| ReportRow {
            id,
            content: if state == RowState::Tombstone { 0 } else { content },
            state,
            received_at,
            arrived_at: arrival(state, received_at, content),
            import,
            weight,
            body: ReportBody {
                reporter: reporter(state, body.reporter),
                ..body
            },
            revision: edition(state, content),
            comment: comment(state, content),
            sender: sender(content),
            withdrawn_by_decision: state == RowState::Withdrawn && content % 4 == 1,
            unknown_fields: newer,
        },
    )
}

/// The sender of every second row.
fn sender(random: u64) -> Option<SenderHash> {
    SenderHash::from_raw(random).filter(|_| random % 2 == 1)
}

/// The reporter of a row: in a tombstone, one under the key of the store.
fn reporter(state: RowState, reporter: Option<ReporterHash>) -> Option<ReporterHash> {
    match state {
        RowState::Tombstone => reporter.map(|reporter| ReporterHash::from_raw(reporter.raw())),
        RowState::Live | RowState::Withdrawn => reporter,
    }
}

/// The arrival of a row: a tombstone has none of its own.
fn arrival(state: RowState, received_at: Timestamp, random: u64) -> Timestamp {
    let later = random % 3 * 1_000_000_007;
    match state {
        RowState::Tombstone => received_at,
        RowState::Live | RowState::Withdrawn => received_at.plus(Duration::from_millis(later)),
    }
}

/// The revision of a row: a tombstone has none.
fn edition(state: RowState, random: u64) -> u32 {
    match state {
        RowState::Tombstone => 0,
        RowState::Live | RowState::Withdrawn => u32::try_from(random % 3).unwrap(),
    }
}

/// The facts of a row's comment: a tombstone has none.
fn comment(state: RowState, random: u64) -> CommentFacts {
    let languages = ["de", "pt-BR"];
    match state {
        RowState::Tombstone => CommentFacts::default(),
        RowState::Live | RowState::Withdrawn => CommentFacts {
            language: languages
                .get((random % 5) as usize)
                .and_then(|tag| CommentLanguage::parse(tag).ok()),
            moderation: CommentModeration::ALL[(random % 7 % 3) as usize],
        },
    }
}
