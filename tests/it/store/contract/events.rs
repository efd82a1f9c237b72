//! Audit events: written with the change in one step, read by time, dropped by age.

use std::sync::Arc;

use bytes::Bytes;
use ringwarden::codec::entry::{EntryHeader, EntryState, MAX_LOGGED_STATE_BYTES, encode_header};
use ringwarden::domain::actor::Actor;
use ringwarden::domain::tenant::TenantId;
use ringwarden::domain::time::Timestamp;
use ringwarden::store::event::MAX_EVENT_BYTES;
use ringwarden::store::{EventId, EventKey, EventSpan, EventWrite, RecordWrite, Shard, ShardCommit, Store};

use crate::support::backends::{EVIDENCE_VERSION, Place};
use crate::support::commits::*;

const EVERYTHING: EventSpan = EventSpan {
    tenant: TenantId::DEFAULT,
    from: EventId::FIRST,
    before: EventId::LAST,
};

fn at(millis: i64) -> EventId {
    EventId::new(Timestamp::from_millis(millis), 7)
}

fn event(shard: Shard, id: EventId, bytes: &[u8]) -> EventWrite {
    let key = EventKey {
        shard,
        tenant: TenantId::DEFAULT,
        id,
    };
    EventWrite {
        key,
        bytes: Bytes::copy_from_slice(bytes),
    }
}

fn events(shard: Shard, events: &[(i64, &[u8])]) -> ShardCommit {
    let events = events.iter().map(|(millis, bytes)| event(shard, at(*millis), bytes));
    ShardCommit {
        events: events.collect(),
        ..ShardCommit::empty(shard)
    }
}

async fn read(store: &Arc<dyn Store>, shard: Shard, span: EventSpan, limit: usize) -> Vec<(i64, Vec<u8>)> {
    let mut found = store.events(&[shard], span, limit).await.unwrap();
    assert_eq!(found.len(), 1);
    let found = found.remove(0).into_iter();
    found
        .map(|event| (event.id.at().millis(), event.bytes.to_vec()))
        .collect()
}

pub async fn events_are_written_with_the_change(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let long = vec![9; MAX_EVENT_BYTES];
    let with_record = ShardCommit {
        events: vec![event(shard(), at(5), &long), event(shard(), at(6), b"second")],
        ..commit(vec![write(number_key(number(1)), None, Some(b"record"))], vec![])
    };
    assert_eq!(put(&store, with_record).await.unwrap(), [1]);
    assert_eq!(
        read(&store, shard(), EVERYTHING, 10).await,
        [(6, b"second".to_vec()), (5, long)]
    );
    // A commit of events alone makes no log entry.
    assert_eq!(put(&store, events(shard(), &[(7, b"alone")])).await.unwrap(), [0; 0]);
    assert_eq!(head(&store, shard()).await.seq, 1);
    assert_eq!(read(&store, shard(), EVERYTHING, 1).await, [(7, b"alone".to_vec())]);
    let other = Shard::new(shard().byte().wrapping_add(1));
    let elsewhere = ShardCommit {
        events: vec![event(other, at(1), b"")],
        ..ShardCommit::empty(shard())
    };
    let twice = events(shard(), &[(1, b"a"), (1, b"b")]);
    let large = events(shard(), &[(1, &[0; MAX_EVENT_BYTES + 1])]);
    for refused in [elsewhere, twice, large] {
        assert!(is_refused(&put(&store, refused).await));
    }
    assert_eq!(read(&store, shard(), EVERYTHING, 10).await.len(), 3);
}

pub async fn a_conflict_leaves_no_event(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let stale = ShardCommit {
        events: vec![event(shard(), at(5), b"never")],
        ..commit(vec![write(number_key(number(1)), Some(7), Some(b"record"))], vec![])
    };
    assert!(is_conflict(&put(&store, stale).await));
    assert_eq!(read(&store, shard(), EVERYTHING, 10).await, []);
}

pub async fn events_are_read_by_time_newest_first(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let other = Shard::new(shard().byte().wrapping_add(1));
    // Clocks of instances differ: a later commit may bring an earlier event.
    for commit in [
        events(shard(), &[(30, b"c"), (10, b"a")]),
        events(shard(), &[(20, b"b"), (256, b"d")]),
        events(other, &[(25, b"other")]),
    ] {
        put(&store, commit).await.unwrap();
    }
    let span = |from, before| EventSpan {
        from: EventId::new(Timestamp::from_millis(from), 0),
        before: EventId::new(Timestamp::from_millis(before), 0),
        ..EVERYTHING
    };
    let times = async |span, limit| -> Vec<i64> {
        let found = read(&store, shard(), span, limit).await;
        found.into_iter().map(|(millis, _)| millis).collect()
    };
    assert_eq!(times(EVERYTHING, 10).await, [256, 30, 20, 10]);
    assert_eq!(times(EVERYTHING, 2).await, [256, 30]);
    assert_eq!(times(span(20, 256), 10).await, [30, 20]);
    assert_eq!(times(span(20, 20), 10).await, [0; 0]);
    assert_eq!(times(span(30, 20), 10).await, [0; 0]);
    let continued = EventSpan {
        before: at(30),
        ..EVERYTHING
    };
    assert_eq!(times(continued, 10).await, [20, 10]);
    let of_both = store.events(&[other, shard()], EVERYTHING, 10).await.unwrap();
    assert_eq!(of_both.iter().map(Vec::len).collect::<Vec<_>>(), [1, 4]);
    let of_another = EventSpan {
        tenant: TenantId::parse("t").unwrap(),
        ..EVERYTHING
    };
    assert_eq!(times(of_another, 10).await, [0; 0]);
}

pub async fn old_events_are_dropped_in_small_steps(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let long = [1; 5_000];
    let all: Vec<(i64, &[u8])> = (1..=10).map(|millis| (millis, &long[..])).collect();
    put(&store, events(shard(), &all)).await.unwrap();
    let drop_before = async |millis, limit| {
        let before = Timestamp::from_millis(millis);
        let dropped = store.drop_events(shard(), TenantId::DEFAULT, before, limit).await;
        dropped.unwrap()
    };
    assert_eq!(drop_before(1, 100).await, 0);
    assert_eq!(drop_before(8, 4).await, 4);
    assert_eq!(drop_before(8, 4).await, 3);
    assert_eq!(drop_before(8, 4).await, 0);
    let left = read(&store, shard(), EVERYTHING, 100).await;
    let times: Vec<i64> = left.into_iter().map(|(millis, _)| millis).collect();
    assert_eq!(times, [10, 9, 8]);
}

/// Instances drop at the same time: what one has dropped, another does not make up for with events that are not old.
#[expect(clippy::disallowed_methods, reason = "the tasks end with the test")]
pub async fn several_instances_drop_what_is_old_alone(place: &dyn Place) {
    const OLD: i64 = 200;
    const NEW: i64 = 60;
    let store = place.open(EVIDENCE_VERSION).await;
    let all: Vec<(i64, &[u8])> = (1..=OLD + NEW).map(|millis| (millis, &b"event"[..])).collect();
    for part in all.chunks(100) {
        put(&store, events(shard(), part)).await.unwrap();
    }
    let before = Timestamp::from_millis(OLD + 1);
    let droppers = (0..8).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut dropped = 0;
            loop {
                let step = store.drop_events(shard(), TenantId::DEFAULT, before, 30).await.unwrap();
                if step == 0 {
                    return dropped;
                }
                dropped += step;
            }
        })
    });
    let dropped = futures_util::future::join_all(droppers.collect::<Vec<_>>()).await;
    let dropped: usize = dropped.into_iter().map(Result::unwrap).sum();
    let left = read(&store, shard(), EVERYTHING, 1_000).await;
    assert_eq!(
        left.len(),
        usize::try_from(NEW).unwrap(),
        "{dropped} are said to be dropped"
    );
    assert!(left.iter().all(|(millis, _)| *millis > OLD));
    // A store in one process may count an event twice that two of its tasks dropped.
    assert!(dropped >= usize::try_from(OLD).unwrap(), "{dropped}");
}

pub async fn events_are_kept_when_the_store_is_opened_again(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    put(&store, events(shard(), &[(5, b"kept")])).await.unwrap();
    drop(store);
    let store = place.open(EVIDENCE_VERSION).await;
    assert_eq!(read(&store, shard(), EVERYTHING, 10).await, [(5, b"kept".to_vec())]);
}

pub async fn a_large_state_is_not_in_the_log(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let state = Bytes::from(vec![5; MAX_LOGGED_STATE_BYTES + 1]);
    let key = number_key(number(1));
    let header = encode_header(&EntryHeader {
        nonce: 7,
        tenant: key.tenant(),
        kind: key.kind(),
        id: key.id().clone(),
        state: EntryState::of(Some(&state)),
        at: Timestamp::from_secs(1),
        actor: Actor::parse("ana").unwrap(),
        request: "".into(),
        reason: "".into(),
    });
    let large = RecordWrite {
        key,
        expected: None,
        header: header.clone(),
        state: Some(state.clone()),
    };
    put(&store, commit(vec![large], vec![])).await.unwrap();
    assert_eq!(get_number(&store, number(1)).await.unwrap().bytes, state);
    let entries = log(&store, shard(), 1).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].bytes, header);
    assert_eq!(head(&store, shard()).await.nonce, 7);
}
