//! The service has ended, hangs, or has no store: no call is lost, and no call waits longer than a worker may.

use std::time::Duration;

use futures_util::future::join_all;
use ringwarden::wire::v1::Attestation;
use tokio::time::{Instant, sleep};

use crate::call::{Answer, Call};
use crate::service::Service;
use crate::support::redis_server::RedisServer;
use crate::switch::{TIMEOUT, WORKERS};
use crate::{ALLOWED, BAD, CALLED};

/// An answer that nothing was waited for, on a busy machine: less than the switch waits for.
const AT_ONCE: Duration = Duration::from_millis(700);
/// The most that an answer may be later than the switch's timeout, on a busy machine: less than a second timeout.
const LATE: Duration = Duration::from_millis(900);
/// The watch looks once a second.
const BACK_WITHIN: Duration = Duration::from_secs(5);
/// More calls than there are workers.
const CALLS: usize = 6 * WORKERS;

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_gone_lets_every_call_through_at_once() {
    let mut service = Service::start("memory:").await;
    service.report(BAD, Attestation::Unspecified).await;
    assert_eq!(ask(&service).await.status, 603);
    service.program.kill();
    for _ in 0..CALLS {
        let answer = ask(&service).await;
        assert_eq!((answer.told(), answer.fault()), (ALLOWED, Some("curl-7")));
        assert!(answer.took < AT_ONCE, "{answer:?}");
    }
    assert_eq!(
        [service.switch.counter("fail_open"), service.switch.counter("hung")],
        [CALLS as u64, 0]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_hangs_costs_one_timeout_and_then_nothing() {
    let service = Service::start("memory:").await;
    service.report(BAD, Attestation::Unspecified).await;
    assert_eq!(ask(&service).await.status, 603);
    service.program.pause().await;
    let answers = join_all((0..CALLS).map(|_| ask(&service))).await;
    for answer in &answers {
        assert_eq!(answer.told(), ALLOWED);
        assert!(answer.took < TIMEOUT + LATE, "{answer:?}");
    }
    let waited = answers
        .iter()
        .filter(|answer| answer.fault() == Some("curl-28"))
        .count();
    assert!((1..=WORKERS).contains(&waited), "{answers:?}");
    // Long enough for the watch to look, and to hear nothing.
    sleep(2 * TIMEOUT).await;
    for _ in 0..CALLS {
        let answer = ask(&service).await;
        assert_eq!((answer.told(), answer.fault()), (ALLOWED, Some("hung")));
        assert!(answer.took < AT_ONCE, "{answer:?}");
    }
    service.program.resume();
    let resumed = Instant::now();
    while ask(&service).await.status != 603 {
        assert!(resumed.elapsed() < BACK_WITHIN, "{}", service.switch.log());
        sleep(Duration::from_millis(50)).await;
    }
    assert!(service.switch.counter("hung") >= 1);
    let log = service.switch.log();
    assert!(
        log.contains("ringwarden hangs") && log.contains("ringwarden answers again"),
        "{log}"
    );
    assert!(!log.contains(BAD.trim_start_matches("+1")), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_call_does_not_wait_for_a_service_that_hangs() {
    let service = Service::start("memory:").await;
    service.program.pause().await;
    let answer = Call::new(BAD, "911").ask(service.switch.address()).await;
    assert_eq!(answer.told(), ALLOWED);
    assert!(answer.took < AT_ONCE, "{answer:?}");
    service.program.resume();
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_answered_while_the_store_hangs_or_is_down() {
    let mut redis = RedisServer::start(&[("appendonly", "yes"), ("appendfsync", "always")]);
    let service = Service::start(&redis.url()).await;
    service.report(BAD, Attestation::Unspecified).await;
    let not_noticed = async || {
        for _ in 0..CALLS {
            let answer = ask(&service).await;
            assert_eq!((answer.status, answer.phrase.as_str()), (603, "Network Blocked"));
            assert!(answer.took < AT_ONCE, "{answer:?}");
        }
    };
    not_noticed().await;
    redis.pause();
    not_noticed().await;
    redis.resume();
    redis.kill();
    not_noticed().await;
    assert_eq!(service.switch.counter("fail_open"), 0);
}

async fn ask(service: &Service) -> Answer {
    Call::new(BAD, CALLED).ask(service.switch.address()).await
}
