//! The first instance is away, and the switch asks the second one: no call waits longer than for one instance.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use ringwarden::wire::v1::{Attestation, StatusKind};
use tokio::time::{Instant, sleep};

use crate::call::{Answer, Call};
use crate::fake::{Fake, with_status};
use crate::service::Service;
use crate::support::redis_server::RedisServer;
use crate::switch::{Switch, TIMEOUT, WORKERS};
use crate::{ALLOWED, BAD, CALLED};

/// An answer that nothing was waited for, on a busy machine: less than the switch waits for.
const AT_ONCE: Duration = Duration::from_millis(700);
/// The most that an answer may be later than the switch's timeout, on a busy machine: less than a second timeout.
const LATE: Duration = Duration::from_millis(900);
/// The watch looks once a second.
const BACK_WITHIN: Duration = Duration::from_secs(10);
/// More calls than there are workers.
const CALLS: usize = 6 * WORKERS;

/// Two instances on one store, and a switch that knows both. Each instance has a switch of its own too, which is not used.
struct Pair {
    first: Service,
    second: Service,
    switch: Switch,
    _redis: RedisServer,
}

impl Pair {
    /// Both refuse calls of a number.
    async fn start() -> Self {
        let redis = RedisServer::start(&[("appendonly", "yes"), ("appendfsync", "always")]);
        let first = Service::start(&redis.url()).await;
        let second = Service::start(&redis.url()).await;
        first.report(BAD, Attestation::Unspecified).await;
        let known = async || Call::new(BAD, CALLED).ask(second.switch.address()).await.status == 603;
        second
            .program
            .wait_for("the reports at the second instance", known)
            .await;
        let switch = switch(first.program.http(), second.program.http());
        Self {
            first,
            second,
            switch,
            _redis: redis,
        }
    }

    async fn ask(&self) -> Answer {
        Call::new(BAD, CALLED).ask(self.switch.address()).await
    }

    fn counters(&self) -> [u64; 4] {
        ["blocked", "second", "fail_open", "hung"].map(|name| self.switch.counter(name))
    }
}

fn switch(first: SocketAddr, second: SocketAddr) -> Switch {
    Switch::start_with(first, &[format!("RW_SECOND=\"second=>http://{second}\"")])
}

#[tokio::test(flavor = "multi_thread")]
async fn if_the_first_is_killed_the_second_answers_every_call_at_once() {
    let mut pair = Pair::start().await;
    assert_eq!(pair.ask().await.status, 603);
    assert_eq!(pair.counters(), [1, 0, 0, 0]);
    pair.first.program.kill();
    for _ in 0..CALLS {
        let answer = pair.ask().await;
        assert_eq!((answer.status, answer.fault()), (603, None));
        assert!(answer.took < AT_ONCE, "{answer:?}");
    }
    let calls = CALLS as u64;
    assert_eq!(pair.counters(), [1 + calls, calls, 0, 0]);
    pair.second.program.kill();
    let answer = pair.ask().await;
    assert_eq!((answer.told(), answer.fault()), (ALLOWED, Some("curl-7")));
    assert_eq!(pair.counters(), [1 + calls, calls, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn if_the_first_hangs_one_timeout_passes_and_then_the_second_answers() {
    let pair = Pair::start().await;
    assert_eq!(pair.ask().await.status, 603);
    pair.first.program.pause().await;
    let answers = join_all((0..CALLS).map(|_| pair.ask())).await;
    // The call whose time is over is let through; it is not asked about again.
    let waited = answers
        .iter()
        .filter(|answer| answer.fault() == Some("curl-28"))
        .count();
    assert!((1..=WORKERS).contains(&waited), "{answers:?}");
    for answer in &answers {
        let is_let_through = answer.fault() == Some("curl-28") && answer.told() == ALLOWED;
        assert!(
            is_let_through || (answer.status == 603 && answer.fault().is_none()),
            "{answer:?}"
        );
        assert!(answer.took < TIMEOUT + LATE, "{answer:?}");
    }
    for _ in 0..CALLS {
        let answer = pair.ask().await;
        assert_eq!((answer.status, answer.fault()), (603, None));
        assert!(answer.took < AT_ONCE, "{answer:?}");
    }
    let [blocked, second, fail_open, hung] = pair.counters();
    assert_eq!((fail_open, hung >= 1), (waited as u64, true));
    assert_eq!(second, blocked - 1);
    // The first is asked again once it answers.
    pair.first.program.resume();
    let resumed = Instant::now();
    loop {
        let before = pair.switch.counter("second");
        assert_eq!(pair.ask().await.status, 603);
        if pair.switch.counter("second") == before {
            break;
        }
        assert!(resumed.elapsed() < BACK_WITHIN, "{}", pair.switch.log());
        sleep(Duration::from_millis(50)).await;
    }
    let log = pair.switch.log();
    assert!(!log.contains(BAD.trim_start_matches("+1")), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn if_both_hang_no_call_waits_for_both() {
    let pair = Pair::start().await;
    pair.first.program.pause().await;
    pair.second.program.pause().await;
    let mut hung = 0;
    for _ in 0..CALLS {
        let answer = pair.ask().await;
        assert_eq!(answer.told(), ALLOWED);
        assert!(answer.took < TIMEOUT + LATE, "{answer:?}");
        hung += usize::from(answer.fault() == Some("hung"));
    }
    // One call finds each of them hanging. All others are let through at once.
    assert_eq!(hung, CALLS - 2, "{}", pair.switch.log());
    assert_eq!(pair.switch.counter("hung"), 2);
    pair.first.program.resume();
    pair.second.program.resume();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_not_ready_leaves_its_calls_to_the_second() {
    let fake = Fake::start();
    let service = Service::start("memory:").await;
    service.set_status(BAD, StatusKind::DoNotOriginate).await;
    let switch = switch(fake.address, service.program.http());
    fake.answer(with_status("503 Service Unavailable", "{}"));
    assert_eq!(Call::new(BAD, CALLED).ask(switch.address()).await.status, 603);
    assert_eq!(switch.counter("second"), 1);
    // A refused question is refused by every instance.
    fake.answer(with_status("400 Bad Request", "{}"));
    let answer = Call::new(BAD, CALLED).ask(switch.address()).await;
    assert_eq!((answer.told(), answer.fault()), (ALLOWED, Some("http-400")));
    assert_eq!(switch.counter("second"), 1);
}
