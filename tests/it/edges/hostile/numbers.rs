//! Invalid requests about numbers and statuses.

use ringwarden::wire::{Timestamp, v1};
use tonic::Code;

use super::{Call, NUMBER, Row, done};

/// The status that is there.
pub(super) fn known() -> v1::SetNumberStatusRequest {
    v1::SetNumberStatusRequest {
        number: NUMBER.into(),
        kind: v1::StatusKind::UnderDispute.into(),
        reason: "the owner objects".into(),
        actor: "ana".into(),
        request_id: "known-status".into(),
        ..v1::SetNumberStatusRequest::default()
    }
}

fn get(number: &str) -> Call {
    let request = v1::GetNumberRequest {
        number: number.into(),
        ..v1::GetNumberRequest::default()
    };
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move { done(server.numbers().get_number(request).await).map(drop) })
    })
}

fn set(change: impl FnOnce(&mut v1::SetNumberStatusRequest)) -> Call {
    let mut request = v1::SetNumberStatusRequest {
        request_id: "hostile".into(),
        ..known()
    };
    change(&mut request);
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move { done(server.numbers().set_number_status(request).await).map(drop) })
    })
}

fn clear(target: Option<v1::clear_number_status_request::Target>) -> Call {
    let request = v1::ClearNumberStatusRequest {
        number: NUMBER.into(),
        target,
        actor: "ana".into(),
        request_id: "hostile".into(),
        ..v1::ClearNumberStatusRequest::default()
    };
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move { done(server.numbers().clear_number_status(request).await).map(drop) })
    })
}

fn reset(change: impl FnOnce(&mut v1::ResetNumberRequest)) -> Call {
    let mut request = v1::ResetNumberRequest {
        number: NUMBER.into(),
        actor: "ana".into(),
        request_id: "hostile".into(),
        ..v1::ResetNumberRequest::default()
    };
    change(&mut request);
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move { done(server.numbers().reset_number(request).await).map(drop) })
    })
}

fn list(change: impl FnOnce(&mut v1::ListNumbersRequest)) -> Call {
    let mut request = v1::ListNumbersRequest::default();
    change(&mut request);
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move { done(server.numbers().list_numbers(request).await).map(drop) })
    })
}

fn search(text: &'static str, region: &'static str, page_size: u32) -> Call {
    Box::new(move |server| {
        let request = v1::SearchRequest {
            text: text.into(),
            default_region: region.into(),
            page_size,
        };
        Box::pin(async move { done(server.numbers().search(request).await).map(drop) })
    })
}

fn similar(number: &'static str, page_token: &'static str) -> Call {
    Box::new(move |server| {
        let request = v1::ListSimilarNumbersRequest {
            number: number.into(),
            page_token: page_token.into(),
            ..v1::ListSimilarNumbersRequest::default()
        };
        Box::pin(async move { done(server.numbers().list_similar_numbers(request).await).map(drop) })
    })
}

/// Requests that find numbers.
pub(super) fn finding_rows() -> Vec<Row> {
    let row = |name, fields: &[&str], call| Row::new(name, Code::InvalidArgument, fields, call);
    vec![
        row("few digits", &["digits"], list(|request| request.digits = "123".into())),
        row(
            "many digits",
            &["digits"],
            list(|request| request.digits = "1".repeat(16)),
        ),
        row(
            "short comment",
            &["comment"],
            list(|request| request.comment = " x ".into()),
        ),
        row(
            "escape in comment",
            &["comment"],
            list(|request| request.comment = "\u{1b}[31m".into()),
        ),
        row(
            "long comment",
            &["comment"],
            list(|request| request.comment = "x".repeat(201)),
        ),
        row(
            "no score",
            &["max_score"],
            list(|request| request.max_score = Some(f64::NAN)),
        ),
        row(
            "unknown category",
            &["category"],
            list(|request| request.category = 1_000),
        ),
        row("unknown source", &["source"], list(|request| request.source = -1)),
        row("unknown order", &["sort"], list(|request| request.sort = 9)),
        row(
            "a direction alone",
            &["ascending"],
            list(|request| request.ascending = true),
        ),
        row("no region", &["region"], list(|request| request.region = "UK".into())),
        row(
            "long brand",
            &["impersonated_brand"],
            list(|request| request.impersonated_brand = "b".repeat(65)),
        ),
        row("search for nothing", &["text"], search(" ", "", 0)),
        row("search in no region", &["default_region"], search("0199", "??", 0)),
        row("search for too much", &["page_size"], search("0199", "", 1_001)),
        row("similar to garbage", &["number"], similar("garbage", "")),
        row("a foreign token", &["page_token"], similar(NUMBER, "00ff")),
    ]
}

pub(super) fn rows() -> Vec<Row> {
    use v1::clear_number_status_request::Target;
    let row = |name, fields: &[&str], call| Row::new(name, Code::InvalidArgument, fields, call);
    let allowed = v1::StatusKind::Allowed.into();
    let in_two_centuries = Some(Timestamp::from_millis(8_000_000_000_000));
    vec![
        row("dossier of garbage", &["number"], get("garbage")),
        row("dossier of nobody", &["number"], get("")),
        row(
            "dossier of the anonymous",
            &["number"],
            get("sip:anonymous@anonymous.invalid"),
        ),
        row("no kind", &["kind"], set(|request| request.kind = 0)),
        row("unknown kind", &["kind"], set(|request| request.kind = 9)),
        row("no reason", &["reason"], set(|request| request.reason = " ".into())),
        row(
            "long reason",
            &["reason"],
            set(|request| request.reason = "r".repeat(1_001)),
        ),
        row(
            "escape in reason",
            &["reason"],
            set(|request| request.reason = "\u{1b}[31m".into()),
        ),
        row("no actor", &["actor"], set(|request| request.actor.clear())),
        row(
            "blank actor",
            &["actor"],
            set(|request| request.actor = "\u{a0} ".into()),
        ),
        row("long actor", &["actor"], set(|request| request.actor = "a".repeat(129))),
        row(
            "no request id",
            &["request_id"],
            set(|request| request.request_id.clear()),
        ),
        row(
            "long request id",
            &["request_id"],
            set(|request| request.request_id = "x".repeat(129)),
        ),
        row(
            "ALLOWED without an end",
            &["expires_at"],
            set(|request| request.kind = allowed),
        ),
        row(
            "expired before it is set",
            &["expires_at"],
            set(|request| request.expires_at = Some(Timestamp::default())),
        ),
        row(
            "ALLOWED for too long",
            &["expires_at"],
            set(|request| {
                request.kind = allowed;
                request.expires_at = in_two_centuries;
            }),
        ),
        row(
            "expires at no time",
            &["expires_at"],
            set(|request| request.expires_at = Some(Timestamp { seconds: 0, nanos: -5 })),
        ),
        Row::new(
            "stale",
            Code::Aborted,
            &[],
            set(|request| request.expected_version = Some(u64::MAX)),
        ),
        Row::new(
            "as if there were no record",
            Code::Aborted,
            &[],
            set(|request| request.expected_version = Some(0)),
        ),
        Row::new(
            "request id of another request",
            Code::AlreadyExists,
            &[],
            set(|request| {
                request.request_id = known().request_id;
                request.reason = "another".into();
            }),
        ),
        row("no target", &["target"], clear(None)),
        row("not all", &["all"], clear(Some(Target::All(false)))),
        row("target of no kind", &["kind"], clear(Some(Target::Kind(0)))),
        row("target of an unknown kind", &["kind"], clear(Some(Target::Kind(-1)))),
        row(
            "reset from the future",
            &["before"],
            reset(|request| request.before = in_two_centuries),
        ),
        row(
            "reset of no number",
            &["number"],
            reset(|request| request.number = "?".into()),
        ),
        row(
            "reset by nobody",
            &["actor", "request_id"],
            reset(|request| {
                request.actor.clear();
                request.request_id.clear();
            }),
        ),
        row(
            "prefix with a plus",
            &["prefix"],
            list(|request| request.prefix = "+1315".into()),
        ),
        row(
            "prefix of 16 digits",
            &["prefix"],
            list(|request| request.prefix = "1".repeat(16)),
        ),
        row(
            "prefix of Arabic digits",
            &["prefix"],
            list(|request| request.prefix = "١٢٣".into()),
        ),
        row(
            "NaN",
            &["min_score"],
            list(|request| request.min_score = Some(f64::NAN)),
        ),
        row(
            "infinity",
            &["min_score"],
            list(|request| request.min_score = Some(f64::INFINITY)),
        ),
        row(
            "below zero",
            &["min_score"],
            list(|request| request.min_score = Some(-0.001)),
        ),
        row(
            "above a hundred",
            &["min_score"],
            list(|request| request.min_score = Some(100.001)),
        ),
        row("unknown status", &["status"], list(|request| request.status = 1_000)),
        row(
            "no such case id",
            &["case_id"],
            list(|request| request.case_id = "../a".into()),
        ),
        row("huge page", &["page_size"], list(|request| request.page_size = 1_001)),
        row(
            "forged token",
            &["page_token"],
            list(|request| request.page_token = "ff".repeat(25)),
        ),
    ]
}
