//! The service as its operators and its other clients use it, beside the switch.

use std::sync::atomic::{AtomicU64, Ordering};

use ringwarden::wire::Timestamp;
use ringwarden::wire::v1;
use ringwarden::wire::v1::case_service_client::CaseServiceClient;
use ringwarden::wire::v1::clear_number_status_request::Target;
use ringwarden::wire::v1::list_service_client::ListServiceClient;
use ringwarden::wire::v1::number_service_client::NumberServiceClient;
use ringwarden::wire::v1::replace_list_request::Part;
use ringwarden::wire::v1::report_service_client::ReportServiceClient;
use serde_json::{Value, json};

use crate::support::program::Program;
use crate::switch::Switch;

/// Reports that are enough, with any model, to block a number and to name the kind of its calls.
const REPORTS: usize = 4;
/// The actor of all changes.
const ACTOR: &str = "ana";
/// The page for people who object to a block.
pub const REDRESS: &str = "https://redress.example/";

/// The program over a store, and a switch that asks it.
pub struct Service {
    pub program: Program,
    pub switch: Switch,
}

/// A request id that was not used before.
fn fresh_id() -> String {
    static USED: AtomicU64 = AtomicU64::new(0);
    format!("r{}", USED.fetch_add(1, Ordering::Relaxed))
}

impl Service {
    pub async fn start(store: &str) -> Self {
        Self::start_in(store, "US").await
    }

    /// The same, in another region.
    pub async fn start_in(store: &str, region: &str) -> Self {
        Self::start_by(store, region, "block").await
    }

    /// The same, in a mode of enforcement.
    pub async fn start_by(store: &str, region: &str, enforce: &str) -> Self {
        let program = Program::serve_with(store, &["--redress-url", REDRESS, "--enforce", enforce]).await;
        let switch = Switch::start_in(program.http(), region);
        Self { program, switch }
    }

    /// Files reports of two trusted sources, of calls that were signed so: enough to block a number.
    pub async fn report(&self, number: &str, attestation: v1::Attestation) {
        let verstat = match attestation {
            v1::Attestation::Unspecified => v1::Verstat::Unspecified,
            v1::Attestation::None => v1::Verstat::NoValidation,
            v1::Attestation::A | v1::Attestation::B | v1::Attestation::C => v1::Verstat::Passed,
        };
        let sources = [v1::Source::RegulatorFeed, v1::Source::Honeypot].into_iter().cycle();
        for (report_id, source) in report_ids(attestation).zip(sources) {
            let report = v1::Report {
                report_id,
                number: number.into(),
                category: v1::Category::TechSupportScam.into(),
                source: source.into(),
                role: v1::ReportRole::ToldToCall.into(),
                attestation: attestation.into(),
                verstat: verstat.into(),
                ..v1::Report::default()
            };
            let request = v1::SubmitReportRequest { report: Some(report) };
            self.reports().submit_report(request).await.unwrap();
        }
    }

    /// Takes those reports back.
    pub async fn withdraw(&self, number: &str, attestation: v1::Attestation) {
        for report_id in report_ids(attestation) {
            let request = v1::WithdrawReportRequest {
                number: number.into(),
                report_id,
                ..v1::WithdrawReportRequest::default()
            };
            self.reports().withdraw_report(request).await.unwrap();
        }
    }

    /// Puts a number into a case that is corroborated: it is labelled, no matter what other evidence there is.
    pub async fn link(&self, number: &str) {
        let mut cases = CaseServiceClient::new(self.program.channel());
        let case = v1::CreateCaseRequest {
            case_id: "case".into(),
            title: "Pop-ups".into(),
            category: v1::Category::TechSupportScam.into(),
            status: v1::CaseStatus::Corroborated.into(),
            source: v1::Source::RegulatorFeed.into(),
            actor: ACTOR.into(),
            request_id: "create".into(),
            ..v1::CreateCaseRequest::default()
        };
        cases.create_case(case).await.unwrap();
        let link = v1::NumberLink {
            number: number.into(),
            role: v1::CaseRole::CallerId.into(),
            confidence: Some(0.9),
            source: v1::Source::Analyst.into(),
            ..v1::NumberLink::default()
        };
        let links = v1::LinkNumbersRequest {
            case_id: "case".into(),
            links: vec![link],
            actor: ACTOR.into(),
            request_id: "link".into(),
        };
        cases.link_numbers(links).await.unwrap();
    }

    /// Gives a number a status.
    pub async fn set_status(&self, number: &str, kind: v1::StatusKind) {
        let request = v1::SetNumberStatusRequest {
            number: number.into(),
            kind: kind.into(),
            reason: "a test".into(),
            actor: ACTOR.into(),
            request_id: fresh_id(),
            ..v1::SetNumberStatusRequest::default()
        };
        self.numbers().set_number_status(request).await.unwrap();
    }

    /// Takes all statuses of a number.
    pub async fn clear_status(&self, number: &str) {
        let request = v1::ClearNumberStatusRequest {
            number: number.into(),
            target: Some(Target::All(true)),
            reason: "a test".into(),
            actor: ACTOR.into(),
            request_id: fresh_id(),
            ..v1::ClearNumberStatusRequest::default()
        };
        self.numbers().clear_number_status(request).await.unwrap();
    }

    /// Puts these numbers, or prefixes, on a list of a kind.
    pub async fn list(&self, kind: v1::ListKind, numbers: &[&str]) {
        self.replace_list(kind, numbers.iter().map(|number| entry(number)).collect())
            .await;
    }

    /// Lists a number as that of an organisation, which calls from it or does not.
    pub async fn own(&self, number: &str, calls: v1::OwnerCalls) {
        let owner = v1::Owner {
            organisation: "Social Security Administration".into(),
            calls: calls.into(),
            ..v1::Owner::default()
        };
        let entry = v1::ListEntry {
            owner: Some(Box::new(owner)),
            ..entry(number)
        };
        self.replace_list(v1::ListKind::KnownOwner, vec![entry]).await;
    }

    async fn replace_list(&self, kind: v1::ListKind, entries: Vec<v1::ListEntry>) {
        let head = v1::ListHead {
            list_id: kind.as_str_name().to_ascii_lowercase(),
            kind: kind.into(),
            request_id: fresh_id(),
            actor: ACTOR.into(),
            ..v1::ListHead::default()
        };
        let entries = v1::ListEntries { entries };
        let parts = [Part::Head(head), Part::Entries(entries)].map(|part| v1::ReplaceListRequest { part: Some(part) });
        let mut lists = ListServiceClient::new(self.program.channel());
        lists.replace_list(tokio_stream::iter(parts)).await.unwrap();
    }

    /// The answer to a JSON client that does not record a call.
    pub async fn look_up(&self, mut question: Value) -> Value {
        question["recordEvent"] = json!(false);
        let (status, body) = self.program.post("/v1/lookup", &question.to_string()).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// The service's explanation of a decision that a switch received.
    pub async fn decision(&self, id: &str) -> Value {
        let (status, body) = self.program.get(&format!("/v1/decisions/{id}")).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// The number of questions that were answered over HTTP.
    pub async fn lookups(&self) -> f64 {
        let (_, figures) = self.program.get("/metrics").await;
        let values = figures.lines().filter_map(|line| {
            let labels = line.strip_prefix("ringwarden_lookups_total{")?;
            labels
                .contains("edge=\"http\"")
                .then(|| labels.split("} ").nth(1)?.parse::<f64>().ok())?
        });
        values.sum()
    }

    fn reports(&self) -> ReportServiceClient<tonic::transport::Channel> {
        ReportServiceClient::new(self.program.channel())
    }

    fn numbers(&self) -> NumberServiceClient<tonic::transport::Channel> {
        NumberServiceClient::new(self.program.channel())
    }
}

fn entry(number: &str) -> v1::ListEntry {
    v1::ListEntry {
        number: number.into(),
        source: "test".into(),
        entered_at: Some(Timestamp::from_millis(1_760_000_000_000)),
        ..v1::ListEntry::default()
    }
}

fn report_ids(attestation: v1::Attestation) -> impl Iterator<Item = String> {
    (0..REPORTS).map(move |n| format!("{}-{n}", attestation.as_str_name()))
}
