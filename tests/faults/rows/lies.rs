//! The oracle is told of things that did not happen, and must find them.

use ringwarden::wire::v1::SubmitReportRequest;
use ringwarden::wire::v1::report_service_client::ReportServiceClient;
use tokio::time::Instant;

use super::Round;
use crate::outcome::Outcome;
use crate::scene::Scene;
use crate::support::sent_reports::Name;

/// A report counts as acknowledged that was never sent, and one is there of which the clients know nothing.
pub async fn are_found(round: Round) -> Outcome {
    let mut scene = Scene::start(&["memory:".to_owned()], round.seed).await;
    let lost = Name {
        number: 1,
        id: "lost".to_owned(),
    };
    scene.sent.succeeded(&lost, Instant::now(), true);
    let invented = Name {
        number: 2,
        id: "invented".to_owned(),
    };
    let report = Some(invented.report());
    let mut client = ReportServiceClient::new(scene.instances[0].channel());
    client.submit_report(SubmitReportRequest { report }).await.unwrap();
    // Nobody writes until then: a report that has just come would hide in an answer that another is missing.
    scene.wait_for_answer(lost.number).await;
    scene.write(0);
    scene.heal(Instant::now()).await;
    // The lost report is to be missed in the answers as well.
    scene.may_lose();
    scene.counts_lost_as_there();
    let mut outcome = scene.end().await;
    let found = (outcome.lost, outcome.invented, outcome.untrue > 0);
    (outcome.lost, outcome.invented, outcome.untrue) = (0, 0, 0);
    if found != (1, 1, true) {
        outcome.broken.push(format!("the oracle has found {found:?}"));
    }
    outcome
}
