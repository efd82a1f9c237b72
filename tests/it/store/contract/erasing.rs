//! Erasures: the content of a change log, and the bytes of events.

use bytes::Bytes;
use ringwarden::codec::entry::{EntryError, decode, nonce};
use ringwarden::domain::tenant::TenantId;
use ringwarden::domain::time::Timestamp;
use ringwarden::store::event::MAX_EVENT_BYTES;
use ringwarden::store::{EventId, EventKey, EventSpan, EventWrite, ReplacedEvent, Shard, ShardCommit};

use crate::support::backends::{EVIDENCE_VERSION, Place};
use crate::support::commits::*;

pub async fn a_log_is_forgotten_up_to_an_entry(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let long = vec![7; 5_000];
    for (n, state) in [(1, &long[..]), (2, b"two"), (3, b"three"), (4, b"four")] {
        put(
            &store,
            commit(vec![write(number_key(number(n)), None, Some(state))], vec![]),
        )
        .await
        .unwrap();
    }
    let before = log(&store, shard(), 1).await;
    store.forget_log(shard(), 3).await.unwrap();
    let after = log(&store, shard(), 1).await;
    assert_eq!(after.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(nonce(&after[0].bytes), nonce(&before[2].bytes));
    assert!(
        matches!(decode(&after[0]), Err(EntryError::UnknownKind { .. })),
        "it says nothing else"
    );
    assert_eq!(after[1].bytes, before[3].bytes);
    for again in [3, 1, 99] {
        store.forget_log(shard(), again).await.unwrap();
        assert_eq!(log(&store, shard(), 1).await, after, "{again}");
    }
    store
        .forget_log(Shard::new(shard().byte().wrapping_add(1)), 1)
        .await
        .unwrap();
    assert_eq!(get_number(&store, number(1)).await.unwrap().bytes, long);
}

pub async fn a_forgotten_log_goes_on(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    for n in 1..=2 {
        put(
            &store,
            commit(vec![write(number_key(number(n)), None, Some(b"x"))], vec![]),
        )
        .await
        .unwrap();
    }
    let head_before = head(&store, shard()).await;
    store.forget_log(shard(), 2).await.unwrap();
    assert_eq!(head(&store, shard()).await, head_before);
    drop(store);
    let store = place.open(EVIDENCE_VERSION).await;
    assert_eq!(head(&store, shard()).await, head_before);
    let next = commit(vec![write(number_key(number(3)), None, Some(b"x"))], vec![]);
    assert_eq!(put(&store, next).await.unwrap(), [3]);
    let entries = log(&store, shard(), 2).await;
    assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [2, 3]);
}

pub async fn an_event_gets_other_bytes(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let span = EventSpan {
        tenant: TenantId::DEFAULT,
        from: EventId::FIRST,
        before: EventId::LAST,
    };
    let long = vec![9; MAX_EVENT_BYTES];
    let event = |millis, bytes: &[u8]| EventWrite {
        key: EventKey {
            shard: shard(),
            tenant: TenantId::DEFAULT,
            id: EventId::new(Timestamp::from_millis(millis), 7),
        },
        bytes: Bytes::copy_from_slice(bytes),
    };
    let written = ShardCommit {
        events: vec![event(1, &long), event(2, b"kept"), event(3, b"short")],
        ..ShardCommit::empty(shard())
    };
    put(&store, written).await.unwrap();
    let found = store.events(&[shard()], span, 10).await.unwrap().remove(0);
    let replaced = [(2, &b"less"[..]), (0, &long[..])].map(|(place, new)| ReplacedEvent {
        id: found[place].id,
        old: found[place].bytes.clone(),
        new: Bytes::copy_from_slice(new),
    });
    for _ in 0..2 {
        store
            .replace_events(shard(), TenantId::DEFAULT, replaced.to_vec())
            .await
            .unwrap();
        let left = store.events(&[shard()], span, 10).await.unwrap().remove(0);
        let left: Vec<_> = left.into_iter().map(|event| event.bytes.to_vec()).collect();
        assert_eq!(left, [long.clone(), b"kept".to_vec(), b"less".to_vec()]);
    }
    store.replace_events(shard(), TenantId::DEFAULT, vec![]).await.unwrap();
}
