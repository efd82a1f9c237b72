//! Two instances of the program on one Redis: the instance that wrote answers with the change at once, the other one
//! soon.

use std::time::Duration;

use ringwarden::wire::v1::case_service_client::CaseServiceClient;
use ringwarden::wire::v1::clear_number_status_request::Target;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use ringwarden::wire::v1::number_service_client::NumberServiceClient;
use ringwarden::wire::v1::report_service_client::ReportServiceClient;
use ringwarden::wire::v1::{
    Action, Basis, CaseRole, CaseStatus, Category, ClearNumberStatusRequest, CreateCaseRequest, GetCaseRequest,
    LinkNumbersRequest, LookupRequest, LookupResponse, NumberLink, SetNumberStatusRequest, Source, StatusKind,
    SubmitReportRequest, TransitionCaseRequest,
};
use tokio::time::{Instant, sleep};
use tonic::transport::Channel;

use super::scene::DURABLE;
use crate::support::program::Program;
use crate::support::redis_server::RedisServer;
use crate::support::sent_reports::{Name, number};

/// A change has reached every instance within this time. Notifications take milliseconds; if one is lost, a sweep comes
/// within a second.
const TRAVELLED_WITHIN: Duration = Duration::from_secs(15);
const WRITES: u32 = 100;

/// Two instances.
struct Pair {
    one: Program,
    other: Program,
    _redis: RedisServer,
}

impl Pair {
    async fn start() -> Self {
        let redis = RedisServer::start(&DURABLE);
        Self {
            one: Program::serve(&redis.url()).await,
            other: Program::serve(&redis.url()).await,
            _redis: redis,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_travels_and_the_writer_sees_its_own_at_once() {
    let pair = Pair::start().await;
    let (one, other) = (pair.one.channel(), pair.other.channel());
    let mut slowest = Duration::ZERO;
    for count in 1..=WRITES {
        // In turn, so that each has the other's report before it adds one.
        let (writer, reader) = if count % 2 == 0 { (&one, &other) } else { (&other, &one) };
        submit(writer, count).await;
        let own = look_up(writer, 0).await;
        assert_eq!(own.report_count, count, "the writer does not see its own report");
        slowest = slowest.max(travelled(reader, 0, |answer| answer.report_count == count).await);
    }
    let (one, other) = (look_up(&one, 0).await, look_up(&other, 0).await);
    assert_eq!(one.reasons, other.reasons);
    eprintln!("{WRITES} reports, each seen by the other instance within {slowest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_writer_sees_its_own_reports_while_others_write() {
    let pair = Pair::start().await;
    let (one, other) = (pair.one.channel(), pair.other.channel());
    let write = async |channel: &Channel, number: usize| {
        for count in 1..=WRITES {
            submit_about(channel, number, count).await;
            assert_eq!(look_up(channel, number).await.report_count, count);
        }
    };
    tokio::join!(write(&one, 1), write(&one, 2), write(&other, 3), write(&other, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_and_cases_travel() {
    let pair = Pair::start().await;
    let (one, other) = (pair.one.channel(), pair.other.channel());

    block(&one).await;
    assert_eq!(look_up(&one, 0).await.basis(), Basis::Analyst);
    let is_blocked = |answer: &LookupResponse| (answer.action(), answer.basis()) == (Action::Block, Basis::Analyst);
    travelled(&other, 0, is_blocked).await;
    unblock(&other).await;
    assert_eq!(look_up(&other, 0).await.basis(), Basis::NoEvidence);
    travelled(&one, 0, |answer| answer.basis() == Basis::NoEvidence).await;

    let case_id = create_case(&one).await;
    travelled_case(&other, &case_id).await;
    link(&other, &case_id, 5).await;
    let status_is =
        |status| move |answer: &LookupResponse| answer.cases.len() == 1 && answer.cases[0].status() == status;
    assert!(status_is(CaseStatus::Open)(&look_up(&other, 5).await));
    travelled(&one, 5, status_is(CaseStatus::Open)).await;
    let open = look_up(&one, 5).await.risk_score;
    transition(&one, &case_id, CaseStatus::UnderInvestigation).await;
    transition(&one, &case_id, CaseStatus::Corroborated).await;
    assert!(status_is(CaseStatus::Corroborated)(&look_up(&one, 5).await));
    travelled(&other, 5, status_is(CaseStatus::Corroborated)).await;
    let corroborated = look_up(&other, 5).await.risk_score;
    assert!(corroborated > open, "{corroborated:?} after {open:?}");
}

async fn look_up(channel: &Channel, index: usize) -> LookupResponse {
    let request = LookupRequest {
        number: number(index),
        ..LookupRequest::default()
    };
    LookupServiceClient::new(channel.clone())
        .lookup(request)
        .await
        .unwrap()
        .into_inner()
}

/// Waits until an instance answers so, and says how long that took.
async fn travelled(channel: &Channel, index: usize, is_there: impl Fn(&LookupResponse) -> bool) -> Duration {
    let began = Instant::now();
    loop {
        let answer = look_up(channel, index).await;
        if is_there(&answer) {
            return began.elapsed();
        }
        assert!(began.elapsed() < TRAVELLED_WITHIN, "{answer:?}");
        sleep(Duration::from_millis(1)).await;
    }
}

async fn submit(channel: &Channel, count: u32) {
    submit_about(channel, 0, count).await;
}

async fn submit_about(channel: &Channel, number: usize, count: u32) {
    let id = format!("{count}");
    let report = Some(Name { number, id }.report());
    let mut client = ReportServiceClient::new(channel.clone());
    client.submit_report(SubmitReportRequest { report }).await.unwrap();
}

async fn block(channel: &Channel) {
    let request = SetNumberStatusRequest {
        number: number(0),
        kind: StatusKind::Blocked.into(),
        reason: "a test".to_owned(),
        actor: "ana".to_owned(),
        request_id: "block".to_owned(),
        ..SetNumberStatusRequest::default()
    };
    let mut client = NumberServiceClient::new(channel.clone());
    client.set_number_status(request).await.unwrap();
}

async fn unblock(channel: &Channel) {
    let request = ClearNumberStatusRequest {
        number: number(0),
        target: Some(Target::Kind(StatusKind::Blocked.into())),
        reason: "a test".to_owned(),
        actor: "bo".to_owned(),
        request_id: "unblock".to_owned(),
        ..ClearNumberStatusRequest::default()
    };
    let mut client = NumberServiceClient::new(channel.clone());
    client.clear_number_status(request).await.unwrap();
}

async fn create_case(channel: &Channel) -> String {
    let request = CreateCaseRequest {
        title: "A pop-up with a number".to_owned(),
        category: Category::TechSupportScam.into(),
        status: CaseStatus::Open.into(),
        agency: "Federal Trade Commission".to_owned(),
        source: Source::Analyst.into(),
        actor: "ana".to_owned(),
        request_id: "create".to_owned(),
        ..CreateCaseRequest::default()
    };
    let answer = CaseServiceClient::new(channel.clone()).create_case(request).await;
    answer.unwrap().into_inner().case_id
}

async fn travelled_case(channel: &Channel, case_id: &str) {
    let mut client = CaseServiceClient::new(channel.clone());
    let began = Instant::now();
    loop {
        let request = GetCaseRequest {
            case_id: case_id.to_owned(),
            ..GetCaseRequest::default()
        };
        if client.get_case(request).await.is_ok() {
            return;
        }
        assert!(began.elapsed() < TRAVELLED_WITHIN, "the case does not travel");
        sleep(Duration::from_millis(1)).await;
    }
}

async fn link(channel: &Channel, case_id: &str, index: usize) {
    let request = LinkNumbersRequest {
        case_id: case_id.to_owned(),
        links: vec![NumberLink {
            number: number(index),
            role: CaseRole::CallerId.into(),
            confidence: Some(0.9),
            source: Source::Analyst.into(),
            ..NumberLink::default()
        }],
        actor: "ana".to_owned(),
        request_id: "link".to_owned(),
    };
    CaseServiceClient::new(channel.clone())
        .link_numbers(request)
        .await
        .unwrap();
}

async fn transition(channel: &Channel, case_id: &str, to: CaseStatus) {
    let request = TransitionCaseRequest {
        case_id: case_id.to_owned(),
        to: to.into(),
        note: "a test".to_owned(),
        actor: "ana".to_owned(),
        request_id: format!("to-{}", to as i32),
        ..TransitionCaseRequest::default()
    };
    CaseServiceClient::new(channel.clone())
        .transition_case(request)
        .await
        .unwrap();
}
