//! The oracle is told of things that did not happen, and must find them.

use std::time::Duration;

use ringwarden::wire::v1::SubmitReportRequest;
use ringwarden::wire::v1::report_service_client::ReportServiceClient;
use tokio::time::{Instant, sleep};

use super::Round;
use crate::outcome::Outcome;
use crate::scene::Scene;
use crate::support::sent_reports::Name;

/// How long clients ask and write: longer than the time between two sweeps, by which data is fresh.
const LASTS: Duration = Duration::from_millis(2_500);

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
    scene.write(0);
    sleep(LASTS).await;
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
