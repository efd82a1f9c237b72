//! One report labels a call, and blocks it only where the tenant says so.

use ringwarden::clock::Clock;
use ringwarden::domain::kinds::{Action, Basis, Source};
use ringwarden::domain::tenant::TenantId;
use ringwarden::service::{LookupInput, LookupRole, ServiceSettings};

use super::lookups::codes;
use super::memory;
use crate::support::instance::{Instance, noon, report, report_of};

const NUMBER: &str = "+14155550199";

/// An instance with reported neighbours of the number: with them, a single report gives a score above 80.
async fn instance(single_report_blocks_for: Vec<TenantId>) -> Instance {
    let settings = ServiceSettings {
        single_report_blocks_for,
        ..ServiceSettings::default()
    };
    let one = Instance::unloaded_by(memory(), Clock::manual(noon()), settings);
    one.follower.bootstrap().await.unwrap();
    for n in 0..5 {
        let neighbour = report(&format!("+1415555019{n}"), &format!("n{n}"), noon());
        one.services.reports.submit(neighbour).await.unwrap();
    }
    one
}

async fn submit(one: &Instance, id: &str, source: Source) {
    let mut complaint = report(NUMBER, id, noon());
    complaint.source = source;
    one.services.reports.submit(complaint).await.unwrap();
}

#[tokio::test]
async fn a_single_report_labels_and_a_second_source_blocks() {
    let one = instance(Vec::new()).await;
    submit(&one, "r1", Source::RegulatorFeed).await;
    let labelled = one.look_up(NUMBER);
    let score = labelled.score.verdict.value.unwrap();
    assert!(score >= 80.0, "{score}");
    assert_eq!(
        (labelled.decision.action, labelled.decision.basis),
        (Action::Label, Basis::Analytics)
    );
    assert!(codes(&labelled).contains(&"SINGLE_REPORT"));
    let dialled = one.ask(&LookupInput {
        number: NUMBER.to_owned(),
        role: LookupRole::AboutToDial,
        ..LookupInput::default()
    });
    assert_eq!(dialled.decision.action, Action::WarnBeforeDial);

    // A stranger is no second witness: anybody may be one.
    let stranger = report_of("stranger", NUMBER, "s1", noon());
    one.services.reports.submit(stranger).await.unwrap();
    assert_eq!(one.look_up(NUMBER).decision.action, Action::Label);

    submit(&one, "r2", Source::Honeypot).await;
    let blocked = one.look_up(NUMBER);
    assert_eq!(blocked.decision.action, Action::Block);
    assert!(!codes(&blocked).contains(&"SINGLE_REPORT"));
}

#[tokio::test]
async fn a_tenant_may_let_a_single_report_block() {
    let one = instance(vec![TenantId::DEFAULT]).await;
    submit(&one, "r1", Source::RegulatorFeed).await;
    let blocked = one.look_up(NUMBER);
    assert_eq!(blocked.decision.action, Action::Block);
    assert!(
        codes(&blocked).contains(&"SINGLE_REPORT"),
        "the reason is named all the same"
    );
}
