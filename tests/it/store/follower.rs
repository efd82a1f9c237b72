//! A follower of a store in Redis.

use std::sync::Arc;

use crate::support::instance::{Instance, evidence_version, mutation, noon};
use crate::support::redis_commits::{DURABLE, open};
use crate::support::redis_server::RedisServer;
use ringwarden::clock::{Clock, monotonic};
use ringwarden::codec::StoredRecord as _;
use ringwarden::codec::entry::MAX_LOGGED_STATE_BYTES;
use ringwarden::domain::ids::CaseId;
use ringwarden::domain::kinds::{CaseStatus, Category, Source};
use ringwarden::domain::time::Timestamp;
use ringwarden::follow::Follower;
use ringwarden::index::{Index, StoreState};
use ringwarden::metrics::Metrics;
use ringwarden::service::{NewCase, TransitionInput};
use ringwarden::store::STORE_FORMAT;
use ringwarden::store::redis::{RedisConfig, RedisStore};

/// Sets the first byte of the store's identity, which is its format.
fn set_format(server: &RedisServer, format: u8) {
    let byte = char::from(format).to_string();
    server.command(&["SETRANGE", "rw:{meta}:default:meta", "0", &byte]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_another_format_raises_the_alarm_until_it_is_back() {
    let server = RedisServer::start(&DURABLE);
    let metrics = Metrics::new();
    let follower = Follower::new(
        Arc::new(open(&server).await),
        Arc::new(Index::new(Arc::default())),
        Clock::manual(Timestamp::from_secs(1_605_441_600)),
        metrics.clone(),
    );
    follower.bootstrap().await.unwrap();
    for (format, state, alarm) in [
        (STORE_FORMAT + 1, StoreState::Foreign, 1),
        (STORE_FORMAT, StoreState::Up, 0),
        (STORE_FORMAT - 1, StoreState::Foreign, 1),
        (STORE_FORMAT, StoreState::Up, 0),
    ] {
        set_format(&server, format);
        follower.sweep().await;
        assert_eq!(follower.freshness().store(), state);
        let line = format!("ringwarden_store_foreign {alarm}");
        assert!(metrics.render(monotonic()).lines().any(|found| found == line), "{line}");
    }
}

/// The log says only that a large record changed: the other instance reads it.
#[tokio::test(flavor = "multi_thread")]
async fn a_follower_reads_a_record_that_is_too_large_for_the_log() {
    let server = RedisServer::start(&DURABLE);
    let writes = Instance::over(Arc::new(open_at(&server).await), Clock::manual(noon())).await;
    let follows = Instance::over(Arc::new(open_at(&server).await), Clock::manual(noon())).await;
    let id = CaseId::parse("large").unwrap();
    let new = NewCase {
        id: Some(id.clone()),
        title: "A case with a long history".to_owned(),
        category: Category::TechSupportScam,
        brand: None,
        summary: "\u{1F4DE}".repeat(4_000),
        status: CaseStatus::Open,
        agency: String::new(),
        agency_reference: String::new(),
        source: Source::Analyst,
        last_evidence_at: None,
    };
    writes.services.cases.create(&new, &mutation("create")).await.unwrap();
    for (step, to) in [CaseStatus::UnderInvestigation, CaseStatus::ClosedUnsubstantiated]
        .into_iter()
        .enumerate()
    {
        let input = TransitionInput {
            to,
            note: "\u{1F4DE}".repeat(4_000),
            agency: String::new(),
        };
        let request = mutation(&format!("step {step}"));
        writes.services.cases.transition(&id, &input, &request).await.unwrap();
    }
    let (version, case) = writes.index.case(&id).unwrap();
    let steps = writes.index.steps_of(&id);
    let long = steps.iter().filter(|step| step.encode().len() > MAX_LOGGED_STATE_BYTES);
    assert_eq!((case.encode().len() > MAX_LOGGED_STATE_BYTES, long.count()), (true, 2));
    follows.follower.sweep().await;
    let (followed, same) = follows.index.case(&id).unwrap();
    assert_eq!(
        (followed, &same.history, same.history.len()),
        (version, &case.history, 3)
    );
}

/// Opens the store for instances, whose model has an evidence version of its own.
async fn open_at(server: &RedisServer) -> RedisStore {
    let config = RedisConfig::parse(&server.url()).unwrap();
    RedisStore::open(config, evidence_version()).await.unwrap()
}
