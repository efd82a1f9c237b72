//! Requests that would make a server hold much, if it let them.

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use prost::Message as _;
use ringwarden::wire::v1;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::flow::{self, Calls};
use super::{CASES, HOLD};
use crate::support::frames::{WINDOW_UPDATE, body, call, frame, preface};
use crate::support::program::Program;

const BATCH: &str = "/ringwarden.v1.LookupService/BatchLookup";
const REPORTS: &str = "/ringwarden.v1.ReportService/BatchSubmitReports";
const LIST_CASES: &str = "/ringwarden.v1.CaseService/ListCases";
/// Calls on one connection: as many as it may have in progress.
const STREAMS: u32 = 256;
/// Connections of an attack: twice as many as fill the memory of requests, since one has a quarter of it.
const CONNECTIONS: usize = 8;

/// The connections of an attack, which are to stay open while it lasts, and the bytes that they have sent.
#[derive(Default)]
pub(super) struct Held {
    _open: Vec<TcpStream>,
    pub(super) sent: usize,
}

type Attack = fn(&Program) -> BoxFuture<'_, Held>;

/// The attacks. The first is none.
pub(super) const ATTACKS: &[(&str, Attack)] = &[
    ("nothing", |_| {
        tokio::time::sleep(HOLD).map(|()| Held::default()).boxed()
    }),
    ("`ListCases`, no window for the answers", |program| {
        in_windows(program, LIST_CASES, STREAMS, body(&pages_of_cases()), true).boxed()
    }),
    ("`ListCases`, answers that nobody reads", |program| {
        unread(program).boxed()
    }),
    ("`BatchLookup` of 1,000, no window for the answers", |program| {
        in_windows(program, BATCH, STREAMS, body(&questions(1_000)), true).boxed()
    }),
    ("`BatchLookup` with 8 MB of empty questions", |program| {
        in_windows(program, BATCH, 4, body(&questions(4_000_000)), true).boxed()
    }),
    ("7.5 MB of unknown fields in JSON", |program| {
        over_http(program, unknown_fields(), 0).boxed()
    }),
    ("gRPC messages that do not end", |program| {
        let half = body(&vec![0; 2 << 20])[..1 << 20].to_vec();
        in_windows(program, REPORTS, STREAMS, half, false).boxed()
    }),
    ("bodies over HTTP that do not end", |program| {
        over_http(program, vec![b' '; (8 << 20) - 1], 1).boxed()
    }),
];

fn pages_of_cases() -> Vec<u8> {
    let list = v1::ListCasesRequest {
        page_size: 1_000,
        ..v1::ListCasesRequest::default()
    };
    list.encode_to_vec()
}

fn questions(count: usize) -> Vec<u8> {
    let requests = vec![v1::LookupRequest::default(); count];
    v1::BatchLookupRequest { requests }.encode_to_vec()
}

/// A batch of lookups in JSON that is almost as long as it may be.
fn unknown_fields() -> Vec<u8> {
    let fields: Vec<String> = (0..500_000).map(|number| format!(r#""field{number}":1"#)).collect();
    let item = r#"{"unknownField": 1, "another": 2}"#;
    let requests = vec![item; 1_000].join(",");
    format!(r#"{{"requests":[{requests}],{}}}"#, fields.join(",")).into_bytes()
}

/// Calls over several connections that keep to the windows of the server.
async fn in_windows(program: &Program, path: &'static str, count: u32, body: Vec<u8>, is_complete: bool) -> Held {
    let calls = Calls {
        path,
        count,
        body: &body,
        is_complete,
    };
    let sent = join_all((0..CONNECTIONS).map(|_| flow::send(program.grpc(), calls))).await;
    let (open, sent): (_, Vec<usize>) = sent.into_iter().unzip();
    held(open, sent.iter().sum())
}

/// 17 kB of calls on each connection, whose answers have as much room as they like, and are not read.
async fn unread(program: &Program) -> Held {
    let message = pages_of_cases();
    let calls = (0..STREAMS).flat_map(|number| call(2 * number + 1, LIST_CASES, &message, true));
    let grow = frame(WINDOW_UPDATE, 0, 0, &0x7fff_0000_u32.to_be_bytes());
    let bytes: Vec<u8> = preface(i32::MAX as u32).into_iter().chain(grow).chain(calls).collect();
    let open = join_all((0..CONNECTIONS).map(async |_| {
        let mut stream = TcpStream::connect(program.grpc()).await.unwrap();
        stream.write_all(&bytes).await.ok();
        stream
    }));
    held(open.await, bytes.len() * CONNECTIONS)
}

/// A body over HTTP on each connection, of which so many bytes never come.
async fn over_http(program: &Program, body: Vec<u8>, missing: usize) -> Held {
    let head = format!(
        "POST /v1/lookup:batch HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len() + missing
    );
    let bytes = [head.as_bytes(), &body].concat();
    let open = join_all((0..4 * CONNECTIONS).map(async |_| {
        let mut stream = TcpStream::connect(program.http()).await.unwrap();
        let mut sent = 0;
        for part in bytes.chunks(64 << 10) {
            // A server that has no room for it takes no more.
            if !matches!(timeout(HOLD, stream.write_all(part)).await, Ok(Ok(()))) {
                break;
            }
            sent += part.len();
        }
        (stream, sent)
    }));
    let (open, sent): (_, Vec<usize>) = open.await.into_iter().unzip();
    held(open, sent.iter().sum())
}

const fn held(open: Vec<TcpStream>, sent: usize) -> Held {
    Held { _open: open, sent }
}

/// Cases whose texts are as long as they may be.
pub(super) async fn fill(program: &Program) {
    let mut client = v1::case_service_client::CaseServiceClient::new(program.connect().await);
    for number in 0..CASES {
        let request = v1::CreateCaseRequest {
            case_id: format!("case-{number}"),
            title: "t".repeat(200),
            summary: "s".repeat(4_000),
            category: v1::Category::BankImpersonation.into(),
            status: v1::CaseStatus::Draft.into(),
            source: v1::Source::Analyst.into(),
            actor: "ana".into(),
            request_id: format!("create-{number}"),
            ..v1::CreateCaseRequest::default()
        };
        client.create_case(request).await.unwrap();
    }
}
