//! Invalid lookups.

use ringwarden::wire::{self, v1};
use tonic::Code;

use super::{Call, NUMBER, Refusal, Row, done};

fn good() -> v1::LookupRequest {
    v1::LookupRequest {
        number: NUMBER.into(),
        ..v1::LookupRequest::default()
    }
}

fn one(change: impl FnOnce(&mut v1::LookupRequest)) -> Call {
    let mut request = good();
    change(&mut request);
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move { done(server.lookups().lookup(request).await).map(drop) })
    })
}

fn batch(requests: Vec<v1::LookupRequest>) -> Call {
    Box::new(move |server| {
        let requests = requests.clone();
        Box::pin(async move {
            let batch = v1::BatchLookupRequest { requests };
            for result in done(server.lookups().batch_lookup(batch).await)?.results {
                if let Some(v1::batch_lookup_result::Result::Error(error)) = result.result {
                    return Err(Refusal::from(error));
                }
            }
            Ok(())
        })
    })
}

fn streamed(request: v1::LookupRequest) -> Call {
    Box::new(move |server| {
        let questions = tokio_stream::iter([request.clone(), good()]);
        Box::pin(async move {
            let mut answers = done(server.lookups().stream_lookup(questions).await)?;
            let first = answers.message().await?.expect("an answer");
            let second = answers.message().await?.expect("another");
            assert!(matches!(
                second.result,
                Some(v1::stream_lookup_response::Result::Response(_))
            ));
            match first.result {
                Some(v1::stream_lookup_response::Result::Error(error)) => Err(Refusal::from(error)),
                _ => Ok(()),
            }
        })
    })
}

pub(super) fn rows() -> Vec<Row> {
    let invalid = |name, fields: &[&str], call| Row::new(name, Code::InvalidArgument, fields, call);
    let numbers = [
        ("no number", String::new()),
        ("blank number", " \t ".into()),
        ("words", "garbage".into()),
        ("emoji", "📞☎️🔥".into()),
        ("null bytes", "\0\0\0".into()),
        ("invisible characters", "\u{200b}\u{200d}\u{2060}".into()),
        ("punctuation", "+-()./".into()),
        ("a plus sign", "+".into()),
        ("251 digits", "1".repeat(251)),
        ("20 digits", "+99999999999999999999".into()),
        ("100,000 letters", "x".repeat(100_000)),
        ("a script", "<script>alert(1)</script>".into()),
        ("another scheme", "mailto:ann@example.com".into()),
        ("a local number", "tel:5550199".into()),
    ];
    let mut rows: Vec<Row> = numbers
        .into_iter()
        .map(|(name, number)| invalid(name, &["number"], one(|request| request.number = number)))
        .collect();
    rows.extend([
        invalid(
            "unknown region",
            &["default_region"],
            one(|request| request.default_region = "QQ".into()),
        ),
        invalid(
            "long region",
            &["default_region"],
            one(|request| request.default_region = "USA".into()),
        ),
        invalid(
            "null in region",
            &["default_region"],
            one(|request| request.default_region = "U\0".into()),
        ),
        invalid("unknown role", &["role"], one(|request| request.role = 99)),
        invalid("negative role", &["role"], one(|request| request.role = -1)),
        invalid("unknown view", &["view"], one(|request| request.view = i32::MAX)),
        invalid(
            "long request id",
            &["request_id"],
            one(|request| request.request_id = "x".repeat(129)),
        ),
        invalid(
            "line break in request id",
            &["request_id"],
            one(|request| request.request_id = "a\nb".into()),
        ),
        invalid(
            "all at once",
            &[
                "number",
                "default_region",
                "attestation",
                "verstat",
                "orig_id",
                "ingress",
                "event_time",
                "language",
                "budget_ms",
                "role",
                "view",
                "request_id",
            ],
            one(|request| {
                *request = v1::LookupRequest {
                    number: String::new(),
                    default_region: "??".into(),
                    called_number: "1".repeat(251),
                    role: 77,
                    verstat: 5,
                    attestation: -1,
                    orig_id: "\u{20ac}".repeat(22),
                    ingress: "a\nb".into(),
                    call_id: "x".repeat(257),
                    event_time: Some(wire::Timestamp::from_millis(946_684_799_999)),
                    language: "x".repeat(65),
                    view: -5,
                    request_id: "\0".into(),
                    record_event: None,
                    budget_ms: 10_001,
                };
            }),
        ),
        invalid("empty batch", &["requests"], batch(Vec::new())),
        invalid("1,001 questions", &["requests"], batch(vec![good(); 1_001])),
        invalid(
            "a bad item",
            &["requests[1].number"],
            batch(vec![good(), v1::LookupRequest::default()]),
        ),
        invalid(
            "a bad item in a stream",
            &["role"],
            streamed(v1::LookupRequest { role: 9, ..good() }),
        ),
    ]);
    rows
}
