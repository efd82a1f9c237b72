//! Traffic of a caller from the switch's requests: how many different numbers it calls, each call counted once.

use std::time::Duration;

use serde_json::json;

use crate::call::Call;
use crate::service::Service;
use crate::sipp::{self, Row};
use crate::{ALLOWED, CALLED, UNKNOWN};

/// Within a minute, this many different numbers are more than a person calls.
const BURST: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_that_is_sent_again_is_asked_about_once() {
    let service = Service::start("memory:").await;
    let before = service.lookups().await;
    let sent = Call::new(UNKNOWN, CALLED).send(service.switch.address()).await;
    sent.again().await;
    // The final answer of a transaction is sent again until it is acknowledged, and for each repeated INVITE.
    let lines = sent.all_within(Duration::from_secs(1)).await;
    assert!(
        lines.len() >= 2 && lines.iter().all(|line| line == "SIP/2.0 404 Not Found"),
        "{lines:?}"
    );
    sent.again().await;
    sent.answer().await;
    assert_eq!(service.lookups().await - before, 1.0);
    assert_eq!(service.switch.counter("allowed"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_is_labelled_and_its_victim_protected() {
    let service = Service::start("memory:").await;
    let people = numbers(0);
    let burst: Vec<_> = people.iter().map(|called| Row::new(UNKNOWN, called)).collect();
    let told = sipp::run(service.switch.address(), &burst);
    assert_eq!(told[0], "404");
    let after = Call::new(UNKNOWN, CALLED).ask(service.switch.address()).await;
    let shown = format!("\"SPAM LIKELY\" <sip:{CALLED}@switch.example;user=phone>");
    assert_eq!(
        after.told(),
        (302, "Moved Temporarily", None, Some(shown.as_str())),
        "{told:?}"
    );
    let question = json!({"number": UNKNOWN, "view": "VIEW_FULL"});
    let answer = service.look_up(question.clone()).await;
    assert!(answer["reasons"].to_string().contains("RATE_BURST"), "{answer}");
    assert!(!answer["ownerProtected"].as_bool().unwrap_or(false), "{answer}");

    let strangers = numbers(1);
    let back: Vec<_> = strangers.iter().map(|caller| Row::new(caller, UNKNOWN)).collect();
    let told = sipp::run(service.switch.address(), &back);
    assert!(told.iter().all(|told| told == "404"), "{told:?}");
    let answer = service.look_up(question).await;
    assert!(answer["ownerProtected"].as_bool().unwrap_or(false), "{answer}");
    let owner = Call::new(UNKNOWN, CALLED).ask(service.switch.address()).await;
    assert_eq!(owner.told(), ALLOWED);
}

/// A call that is asked about by every switch on its way is still one call.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_counts_once_however_often_it_is_asked_about() {
    let service = Service::start("memory:").await;
    let first = Call::new(UNKNOWN, CALLED);
    for called in numbers(0) {
        let call = Call {
            call_id: first.call_id.clone(),
            ..Call::new(UNKNOWN, &called)
        };
        assert_eq!(call.ask(service.switch.address()).await.status, 404);
    }
    assert_eq!(
        Call::new(UNKNOWN, CALLED).ask(service.switch.address()).await.status,
        404
    );
}

/// Numbers of people who have nothing to do with each other.
fn numbers(set: usize) -> Vec<String> {
    (0..BURST)
        .map(|n| format!("+1{}555{:04}", 302 + set, n * 131 % 10_000))
        .collect()
}
