//! The reads of followers: the log, log heads, and notifications.

use std::time::Duration;

use ringwarden::codec::entry::EntryState;
use ringwarden::codec::entry::decode;
use ringwarden::store::{LOG_ENTRIES_KEPT, LogHead, SHARDS, Shard, ShardNotification, StoredKey};
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

use crate::support::backends::{EVIDENCE_VERSION, Place};
use crate::support::commits::*;

/// The time to wait for a notification that should come, and for one that should not.
const NOTIFICATION_WAIT: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_millis(50);

pub async fn entries_carry_header_and_state(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    put_number(&store, number(1), None, b"state").await.unwrap();
    let delete = write(number_key(number(1)), Some(1), None);
    put(&store, commit(vec![delete], vec![])).await.unwrap();
    let entries = log(&store, shard(), 1).await;
    let [first, second] = &entries[..] else {
        panic!("{} entries", entries.len());
    };
    let (first, second) = (decode(first).unwrap(), decode(second).unwrap());
    assert_eq!((first.seq, first.state.as_deref()), (1, Some(&b"state"[..])));
    assert_eq!(&first.header.id, number_key(number(1)).id());
    assert_eq!(
        (second.seq, second.state, second.header.state),
        (2, None, EntryState::Deleted)
    );
}

pub async fn entries_start_where_they_are_asked_for(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let records = (0..20).map(|n| write(number_key(number(n)), None, Some(b"a")));
    put(&store, commit(records.collect(), vec![])).await.unwrap();
    for (from, limit, wanted) in [
        (0, 2, 1..=2),
        (1, 5, 1..=5),
        (7, 3, 7..=9),
        (18, 9, 18..=20),
        (20, 1, 20..=20),
    ] {
        let entries = store.entries(shard(), from, limit).await.unwrap();
        let sequences: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
        assert_eq!(sequences, wanted.collect::<Vec<_>>(), "from {from}, at most {limit}");
    }
    assert_eq!(store.entries(shard(), 21, 5).await.unwrap(), []);
    assert_eq!(store.entries(shard(), u64::MAX >> 1, 5).await.unwrap(), []);
}

pub async fn heads_tell_sequence_and_nonce(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let heads = store.heads().await.unwrap();
    assert_eq!(heads.len(), SHARDS);
    assert!(heads.iter().all(|head| *head == LogHead::default()));
    let first = write(number_key(number(1)), None, Some(b"a"));
    let last = write(number_key(number(2)), None, Some(b"a"));
    let nonce = nonce_of(&last.key, None);
    put(&store, commit(vec![first, last], vec![])).await.unwrap();
    let heads = store.heads().await.unwrap();
    for shard in Shard::all() {
        let wanted = if shard == self::shard() {
            LogHead { seq: 2, nonce }
        } else {
            LogHead::default()
        };
        assert_eq!(heads[shard.index()], wanted);
    }
}

pub async fn a_sweep_tells_the_heads_that_changed(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let fresh = vec![LogHead::default(); SHARDS];
    let first = store.sweep(&fresh).await.unwrap();
    assert_eq!((first.changed, first.evidence_version), (vec![], EVIDENCE_VERSION));
    first.writes.unwrap();
    // More than one exchange tells.
    let numbers: Vec<_> = (0..400).map(|n| number_in(1_212_000 + n, 1)).collect();
    let write = |number: &_| commit(vec![write(number_key(*number), None, Some(b"a"))], vec![]);
    let answers = store.commit(numbers.iter().map(write).collect()).await;
    assert!(answers.iter().all(Result::is_ok));
    let heads = store.heads().await.unwrap();
    let moved = heads.iter().filter(|head| head.seq > 0).count();
    assert!(moved > SHARDS / 2, "{moved}");
    let told = |changed: &[(Shard, LogHead)]| {
        let mut told = fresh.clone();
        for (shard, head) in changed {
            told[shard.index()] = *head;
        }
        told
    };
    assert_eq!(told(&store.sweep(&fresh).await.unwrap().changed), heads);
    assert_eq!(told(&store.sweep(&[]).await.unwrap().changed), heads);
    assert_eq!(store.sweep(&heads).await.unwrap().changed, []);
    assert_eq!(store.changed_heads(&heads).await.unwrap(), []);

    // One that is behind, one that is ahead, and one with another entry in the place of the last.
    let at = Shard::of_number(numbers[0]).index();
    let head = heads[at];
    for other in [
        LogHead {
            seq: head.seq - 1,
            ..head
        },
        LogHead {
            seq: head.seq + 1,
            ..head
        },
        LogHead {
            nonce: head.nonce + 1,
            ..head
        },
        LogHead::default(),
    ] {
        let mut known = heads.clone();
        known[at] = other;
        let changed = store.sweep(&known).await.unwrap().changed;
        assert_eq!(changed, [(Shard::of_number(numbers[0]), head)], "{other:?}");
        assert_eq!(store.changed_heads(&known).await.unwrap(), changed);
    }
}

pub async fn the_log_is_trimmed_to_the_newest(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let chunk = 100;
    let commits = LOG_ENTRIES_KEPT / chunk + 2;
    for n in 0..commits {
        let records = (0..chunk).map(|i| write(number_key(number(n * chunk + i)), None, Some(b"a")));
        put(&store, commit(records.collect(), vec![])).await.unwrap();
    }
    let last = commits * chunk;
    let entries = log(&store, shard(), 1).await;
    let sequences: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(sequences, (last - LOG_ENTRIES_KEPT + 1..=last).collect::<Vec<_>>());
    assert_eq!(head(&store, shard()).await.seq, last);
    let first = get_number(&store, number(0)).await.unwrap();
    assert_eq!(first.version, 1, "records outlive their entries");
}

pub async fn one_commit_can_be_longer_than_the_log(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let length = LOG_ENTRIES_KEPT + 76;
    let records = (0..length).map(|n| write(number_key(number(n)), None, Some(&n.to_le_bytes())));
    let versions = put(&store, commit(records.collect(), vec![])).await.unwrap();
    assert_eq!(versions, (1..=length).collect::<Vec<_>>());
    let entries = log(&store, shard(), 1).await;
    assert_eq!(entries.len() as u64, LOG_ENTRIES_KEPT);
    assert_eq!(entries[0].seq, 77);
    assert_eq!(
        decode(&entries[0]).unwrap().state.as_deref(),
        Some(&76u64.to_le_bytes()[..])
    );
}

pub async fn a_commit_notifies_after_it_is_there(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let mut notifications = store.notifications();
    let blocks = [1_212_555, 1_303_555];
    let commits = blocks.map(|block| {
        let records = (0..3).map(|n| write(number_key(number_in(block, n)), None, Some(b"a")));
        commit(records.collect(), vec![])
    });
    let writer = store.clone();
    let writing = async { writer.commit(commits.to_vec()).await };
    let hearing = async {
        let mut heard = Vec::new();
        while heard.len() < blocks.len() {
            let notification = next(&mut notifications).await;
            assert_eq!(notification.seq, 3);
            assert_eq!(
                head(&store, notification.shard).await.seq,
                3,
                "notified before it was there"
            );
            heard.push(notification.shard);
        }
        heard
    };
    let (answers, mut heard) = tokio::join!(writing, hearing);
    assert!(answers.iter().all(Result::is_ok));
    let mut wanted: Vec<Shard> = commits.iter().map(|commit| commit.shard).collect();
    heard.sort();
    wanted.sort();
    assert_eq!(heard, wanted);
}

pub async fn a_failed_commit_does_not_notify(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let mut notifications = store.notifications();
    put_number(&store, number(1), None, b"a").await.unwrap();
    assert_eq!(next(&mut notifications).await.seq, 1);
    assert!(is_conflict(&put_number(&store, number(1), None, b"b").await));
    put(&store, commit(vec![], vec![])).await.unwrap();
    assert!(timeout(SILENCE, notifications.recv()).await.is_err());
}

/// If several instances share a store, the others see the writes of one and are notified.
pub async fn another_instance_sees_writes_and_gets_notifications(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let Some(other) = place.join().await else { return };
    assert!(store.meta() == other.meta());
    let mut notifications = other.notifications();
    put_number(&store, number(1), None, b"a").await.unwrap();
    assert_eq!(
        next(&mut notifications).await,
        ShardNotification { shard: shard(), seq: 1 }
    );
    assert_eq!(get_number(&other, number(1)).await.unwrap().version, 1);
    assert!(is_conflict(&put_number(&other, number(1), None, b"b").await));
    assert_eq!(put_number(&other, number(1), Some(1), b"b").await.unwrap(), 2);
    let key = StoredKey::Record(number_key(number(1)));
    assert_eq!(&get(&store, key).await.unwrap().bytes[..], b"b");
}

async fn next(notifications: &mut Receiver<ShardNotification>) -> ShardNotification {
    timeout(NOTIFICATION_WAIT, notifications.recv())
        .await
        .expect("a notification")
        .expect("a notification")
}
