//! Invalid reports and withdrawals.

use ringwarden::clock::Clock;
use ringwarden::wire::{Timestamp, v1};
use tonic::Code;

use super::{Call, NUMBER, OTHER, Refusal, Row, done};

/// The report that is there.
pub(super) fn known() -> v1::Report {
    v1::Report {
        report_id: "known".into(),
        number: NUMBER.into(),
        category: v1::Category::TaxScam.into(),
        occurred_at: Some(Timestamp::from_millis(1_700_000_000_000)),
        ..v1::Report::default()
    }
}

fn one(change: impl FnOnce(&mut v1::Report)) -> Call {
    let mut report = v1::Report {
        report_id: "hostile".into(),
        ..known()
    };
    change(&mut report);
    submit(Some(report))
}

fn submit(report: Option<v1::Report>) -> Call {
    Box::new(move |server| {
        let request = v1::SubmitReportRequest { report: report.clone() };
        Box::pin(async move { done(server.reports().submit_report(request).await).map(drop) })
    })
}

fn batch(reports: Vec<v1::Report>) -> Call {
    Box::new(move |server| {
        let request = v1::BatchSubmitReportsRequest {
            reports: reports.clone(),
        };
        Box::pin(async move {
            for result in done(server.reports().batch_submit_reports(request).await)?.results {
                if let Some(v1::batch_submit_result::Result::Error(error)) = result.result {
                    return Err(Refusal::from(error));
                }
            }
            Ok(())
        })
    })
}

fn withdraw(change: impl FnOnce(&mut v1::WithdrawReportRequest)) -> Call {
    let mut request = v1::WithdrawReportRequest {
        number: OTHER.into(),
        report_id: "x".into(),
        ..v1::WithdrawReportRequest::default()
    };
    change(&mut request);
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move { done(server.reports().withdraw_report(request).await).map(drop) })
    })
}

fn withdraw_all(selector: Option<v1::withdraw_reports_request::Selector>, request_id: &str) -> Call {
    let request = v1::WithdrawReportsRequest {
        selector,
        request_id: request_id.into(),
        ..v1::WithdrawReportsRequest::default()
    };
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move { done(server.reports().withdraw_reports(request).await).map(drop) })
    })
}

fn list(change: impl FnOnce(&mut v1::ListReportsRequest)) -> Call {
    let mut request = v1::ListReportsRequest {
        number: NUMBER.into(),
        ..v1::ListReportsRequest::default()
    };
    change(&mut request);
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move { done(server.reports().list_reports(request).await).map(drop) })
    })
}

fn at(seconds: i64, nanos: i32) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos })
}

fn ahead(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp::from_millis(Clock::system().now().millis() + 1_000 * seconds))
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = texts_and_kinds();
    rows.extend(times());
    rows.extend(many());
    rows
}

fn texts_and_kinds() -> Vec<Row> {
    let row = |name, field: &str, call| Row::new(name, Code::InvalidArgument, &[&format!("report.{field}")], call);
    vec![
        row(
            "no language of a comment",
            "comment_language",
            one(|report| report.comment_language = "not a language".into()),
        ),
        row(
            "long report id",
            "report_id",
            one(|report| report.report_id = "x".repeat(65)),
        ),
        row(
            "null in report id",
            "report_id",
            one(|report| report.report_id = "a\0b".into()),
        ),
        row("no number", "number", one(|report| report.number.clear())),
        row("no such number", "number", one(|report| report.number = "hello".into())),
        row(
            "impossible number",
            "number",
            one(|report| report.number = "+1315232825799123".into()),
        ),
        row("anonymous", "number", one(|report| report.number = "anonymous".into())),
        row(
            "emergency number",
            "number",
            one(|report| {
                report.number = "911".into();
                report.default_region = "US".into();
            }),
        ),
        row(
            "unknown region",
            "default_region",
            one(|report| report.default_region = "ZZ".into()),
        ),
        row("unknown category", "category", one(|report| report.category = 99)),
        row("huge category", "category", one(|report| report.category = i32::MAX)),
        row("category modulo 256", "category", one(|report| report.category = 257)),
        row("negative source", "source", one(|report| report.source = -1)),
        row("blank in feed", "feed", one(|report| report.feed = "ftc 8col".into())),
        row("long feed", "feed", one(|report| report.feed = "f".repeat(33))),
        row(
            "long import",
            "import_id",
            one(|report| report.import_id = "i".repeat(65)),
        ),
        row(
            "long reporter",
            "reporter_id",
            one(|report| report.reporter_id = "r".repeat(129)),
        ),
        row(
            "blank reporter",
            "reporter_id",
            one(|report| report.reporter_id = "  ".into()),
        ),
        row(
            "control in reporter",
            "reporter_id",
            one(|report| report.reporter_id = "a\u{7}".into()),
        ),
        row(
            "long area",
            "reporter_area",
            one(|report| report.reporter_area = "a".repeat(17)),
        ),
        row(
            "long country",
            "reporter_country",
            one(|report| report.reporter_country = "USA".into()),
        ),
        row(
            "country of digits",
            "reporter_country",
            one(|report| report.reporter_country = "11".into()),
        ),
        row(
            "country of one letter of two bytes",
            "reporter_country",
            one(|report| report.reporter_country = "é".into()),
        ),
        row("unknown channel", "channel", one(|report| report.channel = 6)),
        row("unknown role", "role", one(|report| report.role = 4)),
        row(
            "unknown attestation",
            "attestation",
            one(|report| report.attestation = 5),
        ),
        row("unknown verstat", "verstat", one(|report| report.verstat = -7)),
        row(
            "long brand",
            "impersonated_brand",
            one(|report| report.impersonated_brand = "b".repeat(65)),
        ),
        row(
            "line break in brand",
            "impersonated_brand",
            one(|report| report.impersonated_brand = "a\nb".into()),
        ),
        row(
            "long comment",
            "comment",
            one(|report| report.comment = "é".repeat(2_001)),
        ),
        row(
            "null in comment",
            "comment",
            one(|report| report.comment = "a\0".into()),
        ),
        row(
            "11 callbacks",
            "callback_numbers",
            one(|report| report.callback_numbers = vec![OTHER.into(); 11]),
        ),
        row(
            "bad callback",
            "callback_numbers[1]",
            one(|report| report.callback_numbers = vec![OTHER.into(), "x".into()]),
        ),
        row(
            "blank callback",
            "callback_numbers[0]",
            one(|report| report.callback_numbers = vec![" ".into()]),
        ),
    ]
}

fn times() -> Vec<Row> {
    let row = |name, field: &str, call| Row::new(name, Code::InvalidArgument, &[&format!("report.{field}")], call);
    vec![
        row(
            "the year 10000",
            "occurred_at",
            one(|report| report.occurred_at = at(Timestamp::MAX_SECONDS + 1, 0)),
        ),
        row(
            "before the year 1",
            "occurred_at",
            one(|report| report.occurred_at = at(i64::MIN, 0)),
        ),
        row(
            "negative nanos",
            "occurred_at",
            one(|report| report.occurred_at = at(1_700_000_000, -1)),
        ),
        row(
            "too many nanos",
            "occurred_at",
            one(|report| report.occurred_at = at(1_700_000_000, 1_000_000_000)),
        ),
        row(
            "the year 1999",
            "occurred_at",
            one(|report| report.occurred_at = at(946_684_799, 0)),
        ),
        row(
            "6 minutes ahead",
            "occurred_at",
            one(|report| report.occurred_at = ahead(360)),
        ),
        row(
            "the year 9999",
            "occurred_at",
            one(|report| report.occurred_at = at(Timestamp::MAX_SECONDS, 0)),
        ),
        row(
            "impossible arrival",
            "received_at",
            one(|report| report.received_at = at(i64::MAX, i32::MAX)),
        ),
        row(
            "a feed's arrival ahead",
            "received_at",
            one(|report| {
                report.source = v1::Source::RegulatorFeed.into();
                report.received_at = ahead(360);
            }),
        ),
    ]
}

fn many() -> Vec<Row> {
    use v1::withdraw_reports_request::Selector;
    let row = |name, fields: &[&str], call| Row::new(name, Code::InvalidArgument, fields, call);
    let other_content = v1::Report {
        category: v1::Category::Survey.into(),
        ..known()
    };
    let other_comment = v1::Report {
        comment: "something else".into(),
        ..known()
    };
    vec![
        row("no report", &["report"], submit(None)),
        row(
            "an empty report",
            &["report.number"],
            submit(Some(v1::Report::default())),
        ),
        Row::new(
            "same id, other content",
            Code::AlreadyExists,
            &[],
            submit(Some(other_content.clone())),
        ),
        Row::new(
            "same id, other comment",
            Code::AlreadyExists,
            &[],
            submit(Some(other_comment)),
        ),
        Row::new(
            "same id in a batch",
            Code::AlreadyExists,
            &[],
            batch(vec![known(), other_content]),
        ),
        row("empty batch", &["reports"], batch(Vec::new())),
        row("5,001 reports", &["reports"], batch(vec![known(); 5_001])),
        row(
            "a bad item",
            &["reports[2].number"],
            batch(vec![
                known(),
                known(),
                v1::Report {
                    number: "x".into(),
                    ..known()
                },
            ]),
        ),
        row(
            "an item with an unknown category",
            &["reports[0].category"],
            batch(vec![v1::Report {
                category: 50,
                ..known()
            }]),
        ),
        row(
            "withdrawal without number",
            &["number"],
            withdraw(|request| request.number.clear()),
        ),
        row(
            "withdrawal without id",
            &["report_id"],
            withdraw(|request| request.report_id.clear()),
        ),
        row(
            "withdrawal for a long reason",
            &["reason"],
            withdraw(|request| request.reason = "r".repeat(1_001)),
        ),
        row("withdrawal of nothing", &["selector"], withdraw_all(None, "w1")),
        row(
            "withdrawal of no import",
            &["import_id"],
            withdraw_all(Some(Selector::ImportId(String::new())), "w2"),
        ),
        row(
            "withdrawal of no reporter",
            &["reporter_id"],
            withdraw_all(Some(Selector::ReporterId(" ".into())), "w3"),
        ),
        row(
            "withdrawal without request id",
            &["request_id"],
            withdraw_all(Some(Selector::ImportId("i".into())), ""),
        ),
        row(
            "list of a huge page",
            &["page_size"],
            list(|request| request.page_size = 1_001),
        ),
        row(
            "list of the largest page",
            &["page_size"],
            list(|request| request.page_size = u32::MAX),
        ),
        row(
            "forged token",
            &["page_token"],
            list(|request| request.page_token = "00".repeat(24)),
        ),
        row(
            "token of letters",
            &["page_token"],
            list(|request| request.page_token = "é\0".into()),
        ),
        row(
            "huge token",
            &["page_token"],
            list(|request| request.page_token = "0".repeat(50_000)),
        ),
        row(
            "list of no number",
            &["number"],
            list(|request| request.number = "\u{202e}".into()),
        ),
    ]
}
