//! The contract, run against every store.

use std::sync::Arc;
use std::time::Duration;

use crate::support::backends::{EVIDENCE_VERSION, Embedded, Memory, Place, Wrapped};
use crate::support::commits::{get_number, is_conflict, number, put_number};
use crate::support::flaky::{Fault, Flaky};
use crate::support::redis_backend::Redis;
use ringwarden::store::{CommitError, Store, StoreError};

crate::store_contract!(memory, Memory::fresh().await);
crate::store_contract!(embedded, Embedded::fresh().await);
crate::store_contract!(redis, Redis::fresh().await);
crate::store_contract!(flaky, Wrapped::fresh().await);

/// The faults that other tests rely on are what they say.
#[tokio::test]
async fn faults_are_what_they_say() {
    let sound = Memory::fresh().await.open(EVIDENCE_VERSION).await;
    let flaky = Arc::new(Flaky::new(sound.clone()));
    let store: Arc<dyn Store> = flaky.clone();

    flaky.once(Fault::LostCall);
    let answer = put_number(&store, number(1), None, b"a").await;
    assert!(matches!(answer, Err(CommitError::Store(error)) if error.outcome_unknown()));
    assert_eq!(get_number(&sound, number(1)).await, None);

    flaky.once(Fault::LostAnswer);
    let answer = put_number(&store, number(1), None, b"a").await;
    assert!(matches!(answer, Err(CommitError::Store(error)) if error.outcome_unknown()));
    assert!(get_number(&sound, number(1)).await.is_some());
    assert!(is_conflict(&put_number(&store, number(1), None, b"a").await));

    flaky.always(Some(Fault::Foreign));
    assert!(matches!(store.heads().await, Err(StoreError::Foreign { .. })));
    flaky.always(Some(Fault::Unavailable));
    let error = store.read(&[]).await.unwrap_err();
    assert!(error.may_be_retried() && !error.outcome_unknown());

    let delay = Duration::from_millis(40);
    flaky.always(Some(Fault::Slow(delay)));
    let before = tokio::time::Instant::now();
    store.verify().await.unwrap();
    assert!(before.elapsed() >= delay);
    flaky.always(None);
    store.verify().await.unwrap();
}
