//! Calls that show the number of a known owner. Fraudsters show it too, and people complain about the number.

use ringwarden::clock::Clock;
use ringwarden::wire::Timestamp;
use ringwarden::wire::v1;
use ringwarden::wire::v1::report_service_client::ReportServiceClient;

use crate::call::{Answer, Call};
use crate::service::Service;
use crate::sipp::{self, Row};
use crate::{BAD, CALLED};

/// The number of the organisation.
const OWNED: &str = "+12125550188";
/// The complaints about each number.
const COMPLAINTS: usize = 500;
/// The time between two calls: all are of the last week.
const MINUTES_APART: i64 = 20;

/// A call, and what becomes of it.
struct Signed {
    verstat: &'static str,
    attestation: &'static str,
    /// The name that the person sees if the number is that of the owner; none if the call rings unchanged.
    shown: Option<&'static str>,
    /// The start of the answer if nobody is known to own the number, and there are the same complaints.
    unowned: &'static str,
}

const CALLS: [Signed; 6] = [
    signed("TN-Validation-Passed", "A", None, "603"),
    signed("TN-Validation-Passed", "B", Some("SPOOF RISK"), "603"),
    signed("TN-Validation-Passed", "C", Some("SPOOF LIKELY"), "603"),
    signed("No-TN-Validation", sipp::NONE, Some("SPOOF RISK"), "603"),
    signed(sipp::NONE, sipp::NONE, Some("SPOOF RISK"), "603"),
    // Without an owner nothing is known of the caller, so no evidence applies.
    signed("TN-Validation-Failed", "A", Some("SPOOF LIKELY"), "404"),
];

const fn signed(
    verstat: &'static str,
    attestation: &'static str,
    shown: Option<&'static str>,
    unowned: &'static str,
) -> Signed {
    Signed {
        verstat,
        attestation,
        shown,
        unowned,
    }
}

impl Signed {
    fn row(&self, caller: &'static str) -> Row<'static> {
        Row {
            verstat: self.verstat,
            attestation: self.attestation,
            ..Row::new(caller, CALLED)
        }
    }

    /// The answer to such a call from the number of the owner.
    async fn ask(&self, service: &Service) -> Answer {
        let asserted = format!("<sip:{OWNED};verstat={}@carrier.example;user=phone>", self.verstat);
        let call = Call::new(OWNED, CALLED)
            .with("P-Asserted-Identity", asserted.as_bytes())
            .with("P-Attestation-Indicator", self.attestation.as_bytes());
        call.ask(service.switch.address()).await
    }
}

impl std::fmt::Display for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.verstat, self.attestation)
    }
}

/// People complain about calls that showed a number. Nobody knows how the calls were signed.
async fn complain(service: &Service, number: &str) {
    let now = Clock::system().now().millis();
    let called_at = |n: usize| Timestamp::from_millis(now - n as i64 * MINUTES_APART * 60_000);
    let reports = (0..COMPLAINTS).map(|n| v1::Report {
        report_id: format!("{number}-{n}"),
        number: number.into(),
        category: v1::Category::GovernmentImpersonation.into(),
        source: v1::Source::RegulatorFeed.into(),
        role: v1::ReportRole::CalledMe.into(),
        occurred_at: Some(called_at(n)),
        ..v1::Report::default()
    });
    let batch = v1::BatchSubmitReportsRequest {
        reports: reports.collect(),
    };
    let mut client = ReportServiceClient::new(service.program.channel());
    let answer = client.batch_submit_reports(batch).await.unwrap().into_inner();
    assert_eq!(answer.accepted as usize, COMPLAINTS, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_rings_and_other_calls_with_its_number_are_labelled() {
    let service = Service::start("memory:").await;
    for number in [OWNED, BAD] {
        complain(&service, number).await;
    }
    service.own(OWNED, v1::OwnerCalls::Yes).await;
    let rows: Vec<_> = [OWNED, BAD]
        .into_iter()
        .flat_map(|number| CALLS.iter().map(move |call| call.row(number)))
        .collect();
    let told = sipp::run(service.switch.address(), &rows);
    let (owned, unowned) = told.split_at(CALLS.len());
    for ((call, owned), unowned) in CALLS.iter().zip(owned).zip(unowned) {
        let shown = call
            .shown
            .map_or("404".to_owned(), |name| format!("302 Contact: \"{name}\" "));
        assert!(owned.starts_with(&shown), "{call}: {owned}");
        assert!(unowned.starts_with(call.unowned), "{call}: {unowned}");
    }
    for call in &CALLS {
        let answer = call.ask(&service).await;
        let Some(decision) = answer.header("X-Ringwarden-Decision") else {
            assert_eq!((answer.status, call.shown), (404, None), "{call}: {answer:?}");
            continue;
        };
        let decision = service.decision(decision).await;
        let found = (answer.status, decision["spoofSuspected"].as_bool());
        assert_eq!(found, (302, Some(true)), "{call}: {decision}");
    }
    let counted = |name| service.switch.counter(name);
    assert_eq!(
        [counted("allowed"), counted("labelled"), counted("blocked")],
        [3, 10, 5]
    );
}

/// The owner says that it never calls: no call with its number is its own, whatever the signature says.
#[tokio::test(flavor = "multi_thread")]
async fn every_call_with_the_number_of_an_owner_that_never_calls_is_refused() {
    let service = Service::start("memory:").await;
    service.own(OWNED, v1::OwnerCalls::Never).await;
    for call in &CALLS {
        let answer = call.ask(&service).await;
        assert_eq!(answer.told(), (603, "Decline", None, None), "{call}");
    }
}
