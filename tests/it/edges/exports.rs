//! Exports of reports over gRPC: what they hold, in which order, and how they end.

use futures_util::StreamExt as _;
use ringwarden::api::{Api, ApiError, Code, RequestContext};
use ringwarden::clock::monotonic;
use ringwarden::metrics::EdgeLabel;
use ringwarden::wire::{Timestamp, v1};

use super::{NUMBER, OTHER};
use crate::support::server::Server;

/// A call on this day of March 2025.
fn called(day: u32) -> Option<Timestamp> {
    let date = chrono::NaiveDate::from_ymd_opt(2025, 3, day).unwrap();
    let millis = date
        .and_hms_milli_opt(9, 0, 0, 250)
        .unwrap()
        .and_utc()
        .timestamp_millis();
    Some(Timestamp::from_millis(millis))
}

fn consumer(report_id: &str, number: &str, day: u32) -> v1::Report {
    v1::Report {
        report_id: report_id.into(),
        number: number.into(),
        reporter_id: "ann".into(),
        reporter_country: "GB".into(),
        comment: "They wanted my PIN.".into(),
        occurred_at: called(day),
        ..v1::Report::default()
    }
}

async fn submit(server: &Server, reports: Vec<v1::Report>) {
    let count = reports.len();
    let request = v1::BatchSubmitReportsRequest { reports };
    let answer = server
        .reports()
        .batch_submit_reports(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.accepted as usize, count, "{answer:?}");
}

/// All messages of an export.
async fn messages(server: &Server, request: v1::ExportReportsRequest) -> Vec<v1::ExportReportsResponse> {
    let parts = server.reports().export_reports(request).await.unwrap().into_inner();
    let parts: Vec<_> = parts.collect().await;
    parts.into_iter().map(Result::unwrap).collect()
}

async fn exported(server: &Server, request: v1::ExportReportsRequest) -> Vec<v1::ExportedReport> {
    let messages = messages(server, request).await;
    let (last, others) = messages.split_last().unwrap();
    assert!(others.iter().all(|message| message.total.is_none()));
    assert_eq!(last.numbers_read, last.numbers);
    let reports: Vec<_> = messages.iter().flat_map(|message| message.reports.clone()).collect();
    assert_eq!(last.total, Some(reports.len() as u64));
    reports
}

fn ids(reports: &[v1::ExportedReport]) -> Vec<&str> {
    reports
        .iter()
        .map(|report| report.report.as_ref().unwrap().report_id.as_str())
        .collect()
}

#[tokio::test]
async fn an_export_has_every_report_that_was_not_withdrawn() {
    let server = Server::start().await;
    let mut told = consumer("told", NUMBER, 5);
    told.callback_numbers = vec![OTHER.into()];
    let signed = v1::Report {
        reporter_id: "bob".into(),
        not_spam: true,
        attestation: v1::Attestation::A.into(),
        ..consumer("signed", NUMBER, 3)
    };
    submit(
        &server,
        vec![consumer("first", NUMBER, 1), told, signed, consumer("gone", NUMBER, 4)],
    )
    .await;
    let withdrawal = v1::WithdrawReportRequest {
        number: NUMBER.into(),
        report_id: "gone".into(),
        ..v1::WithdrawReportRequest::default()
    };
    server.reports().withdraw_report(withdrawal).await.unwrap();

    let all = exported(&server, v1::ExportReportsRequest::default()).await;
    let of_number: Vec<v1::ExportedReport> = all
        .iter()
        .filter(|report| report.report.as_ref().unwrap().e164 == NUMBER)
        .cloned()
        .collect();
    assert_eq!(ids(&of_number), ["first", "signed", "told"], "oldest call first");
    assert_eq!(all.len(), 4, "the number to call back has a report of its own");
    let [first, signed, told] = of_number.as_slice() else {
        panic!("{of_number:?}")
    };
    let stored = |report: &v1::ExportedReport| report.report.clone().unwrap();
    assert_eq!(stored(first).state(), v1::ReportState::Superseded);
    assert_eq!(stored(told).state(), v1::ReportState::Live);
    assert_eq!(first.reporter, told.reporter);
    assert_ne!(first.reporter, signed.reporter);
    assert_eq!((first.reporter.len(), first.reporter_country.as_str()), (16, "GB"));
    assert_eq!(told.callback_numbers, [OTHER]);
    assert!(stored(signed).not_spam);
    assert_eq!(stored(signed).ledger(), v1::Ledger::Authenticated);
    assert_eq!(stored(first).comment, "", "comments must be asked for");

    let one = v1::ExportReportsRequest {
        number: NUMBER.into(),
        from: called(3),
        before: called(5),
        include_comments: true,
        ..v1::ExportReportsRequest::default()
    };
    let one = exported(&server, one).await;
    assert_eq!(ids(&one), ["signed"], "the end of the time is not part of it");
    assert_eq!(stored(&one[0]).comment, "They wanted my PIN.");
    let none = v1::ExportReportsRequest {
        source: v1::Source::Honeypot.into(),
        ..v1::ExportReportsRequest::default()
    };
    assert!(exported(&server, none).await.is_empty());
    let wrong = v1::ExportReportsRequest {
        number: "12".into(),
        ..v1::ExportReportsRequest::default()
    };
    let refused = server.reports().export_reports(wrong).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
}

#[tokio::test]
async fn a_number_with_many_reports_comes_in_parts() {
    let server = Server::start().await;
    let report = |n: usize| v1::Report {
        report_id: format!("r{n:04}"),
        number: NUMBER.into(),
        source: v1::Source::RegulatorFeed.into(),
        occurred_at: called(1 + u32::try_from(n % 20).unwrap()),
        ..v1::Report::default()
    };
    for first in (0..2_300).step_by(100) {
        submit(&server, (first..first + 100).map(report).collect()).await;
    }
    let messages = messages(&server, v1::ExportReportsRequest::default()).await;
    assert!(messages.iter().all(|message| message.reports.len() <= 1_000));
    assert_eq!(messages.last().unwrap().total, Some(2_300));
    assert!(messages.len() > 256, "a message for each shard tells the progress");
}

#[tokio::test]
async fn a_few_exports_run_at_a_time_and_a_shutdown_ends_them() {
    let server = Server::start().await;
    let api = Api::new(server.instance.services.clone());
    let context = RequestContext::open(EdgeLabel::Grpc, monotonic());
    let begin = async || {
        let request = v1::ExportReportsRequest::default();
        let parts = api.export_reports::<ApiError>(request, &context).await;
        parts.map(futures_util::StreamExt::boxed)
    };
    let (first, other) = (begin().await.unwrap(), begin().await.unwrap());
    let (mut second, another) = (begin().await.unwrap(), begin().await.unwrap());
    let refused = begin().await.err().unwrap();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    drop((first, other, another));
    drop(begin().await.unwrap());
    assert!(second.next().await.unwrap().is_ok());
    api.drain();
    let end = second.next().await.unwrap().unwrap_err();
    assert_eq!(end.code(), Code::Unavailable, "{end:?}");
    assert!(second.next().await.is_none());
}
