//! Shadow mode at the switch: the call goes on, and the answer, the counters and the decision say what would have been done.

use ringwarden::wire::v1::{Attestation, StatusKind};

use crate::call::Call;
use crate::service::Service;
use crate::{ALLOWED, BAD, CALLED, UNKNOWN};

const LABELLED: &str = "+12125550107";
const NEVER_CALLS: &str = "+16175550122";
const WOULD: &str = "X-Ringwarden-Would";

async fn service(enforce: &str) -> Service {
    let service = Service::start_by("memory:", "US", enforce).await;
    service.report(BAD, Attestation::Unspecified).await;
    service.link(LABELLED).await;
    service.set_status(NEVER_CALLS, StatusKind::DoNotOriginate).await;
    service
}

fn counted(service: &Service) -> [u64; 5] {
    ["allowed", "labelled", "blocked", "would_label", "would_block"].map(|name| service.switch.counter(name))
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nothing_enforced_every_call_rings_and_is_counted() {
    let service = service("off").await;
    for (caller, would) in [
        (UNKNOWN, None),
        (LABELLED, Some("LABEL;basis=ANALYTICS;code=302")),
        (BAD, Some("BLOCK;basis=ANALYTICS;code=603")),
        (NEVER_CALLS, Some("BLOCK;basis=DNO;code=603")),
    ] {
        let answer = Call::new(caller, CALLED).ask(service.switch.address()).await;
        assert_eq!(answer.told(), ALLOWED, "{caller}");
        assert_eq!(answer.header(WOULD), would, "{caller}");
        assert_eq!(answer.header("X-Ringwarden-Decision").is_some(), would.is_some());
    }
    assert_eq!(counted(&service), [4, 0, 0, 1, 2]);
    let answer = Call::new(BAD, CALLED).ask(service.switch.address()).await;
    let decision = service.decision(answer.header("X-Ringwarden-Decision").unwrap()).await;
    assert_eq!(decision["wouldAction"], "ACTION_BLOCK", "{decision}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_labels_enforced_a_block_is_a_name() {
    let service = service("label").await;
    let answer = Call::new(BAD, CALLED).ask(service.switch.address()).await;
    let contact = answer.header("Contact").unwrap();
    assert!(contact.starts_with("\"SCAM LIKELY\""), "{contact}");
    assert_eq!(answer.header(WOULD), Some("BLOCK;basis=ANALYTICS;code=603"));
    let answer = Call::new(LABELLED, CALLED).ask(service.switch.address()).await;
    assert_eq!(answer.header(WOULD), None);
    assert_eq!(counted(&service), [0, 2, 0, 0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_everything_enforced_nothing_would_be() {
    let service = service("block").await;
    let answer = Call::new(BAD, CALLED).ask(service.switch.address()).await;
    assert_eq!(answer.header(WOULD), None);
    assert_eq!(counted(&service), [0, 0, 1, 0, 0]);
}
