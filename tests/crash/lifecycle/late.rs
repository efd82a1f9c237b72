//! Lookups whose requests wait while the program stands still, as under a busy hypervisor or without its share of a processor:
//! the budget counts from their arrival, so the call is let through, over both edges.

use std::time::Duration;

use prost::Message as _;
use ringwarden::wire::v1;
use ringwarden::wire::v1::number_service_client::NumberServiceClient;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::support::frames::{
    ACK, DATA, END_HEADERS, END_STREAM, Frame, HEADERS, PING, block, block_with_timeout, body, frame, preface,
    read_frame,
};
use crate::support::program::Program;

const NUMBER: &str = "+14155550199";
const LOOKUP: &str = "/ringwarden.v1.LookupService/Lookup";
/// How long the program stands still: more than the short budget, and far less than the long one.
const STANDS_STILL: Duration = Duration::from_millis(300);
const SHORT_MS: u32 = 50;
const LONG_MS: u32 = 10_000;

/// What the server says of a call.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    action: v1::Action,
    basis: v1::Basis,
}

const LET_THROUGH: Said = Said {
    action: v1::Action::Allow,
    basis: v1::Basis::FailOpen,
};
const BLOCKED: Said = Said {
    action: v1::Action::Block,
    basis: v1::Basis::Analyst,
};

/// A server that blocks a number.
async fn blocking() -> Program {
    let program = Program::serve("memory:").await;
    let request = v1::SetNumberStatusRequest {
        number: NUMBER.into(),
        kind: v1::StatusKind::Blocked.into(),
        reason: "a test".into(),
        actor: "ana".into(),
        request_id: "block".into(),
        ..v1::SetNumberStatusRequest::default()
    };
    let mut numbers = NumberServiceClient::new(program.connect().await);
    numbers.set_number_status(request).await.unwrap();
    program
}

/// Sends bytes while the program stands still.
async fn send_while_it_stands_still(program: &Program, stream: &mut TcpStream, bytes: &[u8]) {
    program.pause().await;
    stream.write_all(bytes).await.unwrap();
    sleep(STANDS_STILL).await;
    program.resume();
}

/// A connection on which the server has read these frames.
async fn begun(program: &Program, frames: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(program.grpc()).await.unwrap();
    let bytes = [&preface(65_535)[..], frames, &frame(PING, 0, 0, b"rw-begun")].concat();
    stream.write_all(&bytes).await.unwrap();
    // The server takes frames in their order.
    while !matches!(
        read_frame(&mut stream).await.unwrap(),
        Frame {
            kind: PING,
            flags: ACK,
            ..
        }
    ) {}
    stream
}

fn question(budget_ms: u32) -> Vec<u8> {
    let question = v1::LookupRequest {
        number: NUMBER.into(),
        budget_ms,
        ..v1::LookupRequest::default()
    };
    frame(DATA, END_STREAM, 1, &body(&question.encode_to_vec()))
}

/// What the server says of the call; none if it ends the call without an answer.
async fn heard(stream: &mut TcpStream) -> Option<Said> {
    let mut answer = Vec::new();
    loop {
        let received = read_frame(stream).await.unwrap();
        if received.stream == 1 && received.kind == DATA {
            answer.extend(&received.payload);
        }
        if received.stream == 1 && received.flags & END_STREAM != 0 {
            break;
        }
    }
    let message = answer.get(5..)?;
    let answer = v1::LookupResponse::decode(message).unwrap();
    Some(Said {
        action: answer.action(),
        basis: answer.basis(),
    })
}

/// What of a request the server has read before it stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// The head. The rest comes meanwhile.
    Head,
    /// Nothing: the kernel takes in the whole request meanwhile.
    Nothing,
}

const BEFORE: [Before; 2] = [Before::Head, Before::Nothing];

/// The budgets, and what is said after them.
const BUDGETS: [(u32, Said); 2] = [(SHORT_MS, LET_THROUGH), (LONG_MS, BLOCKED)];

#[tokio::test(flavor = "multi_thread")]
async fn a_grpc_lookup_that_waited_for_longer_than_its_budget_is_let_through() {
    let program = blocking().await;
    let head = frame(HEADERS, END_HEADERS, 1, &block(LOOKUP));
    for before in BEFORE {
        for (budget_ms, expected) in BUDGETS {
            let (first, rest) = match before {
                Before::Head => (head.clone(), question(budget_ms)),
                Before::Nothing => (Vec::new(), [head.clone(), question(budget_ms)].concat()),
            };
            let mut stream = begun(&program, &first).await;
            send_while_it_stands_still(&program, &mut stream, &rest).await;
            assert_eq!(heard(&mut stream).await, Some(expected), "{before:?} {budget_ms} ms");
        }
    }
    // The client has stopped to wait: an answer does no harm if it lets the call through.
    let head = frame(HEADERS, END_HEADERS, 1, &block_with_timeout(LOOKUP, "100m"));
    let mut stream = begun(&program, &head).await;
    send_while_it_stands_still(&program, &mut stream, &question(LONG_MS)).await;
    let late = heard(&mut stream).await;
    assert!(late.is_none() || late == Some(LET_THROUGH), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http_lookup_that_waited_for_longer_than_its_budget_is_let_through() {
    let program = blocking().await;
    for before in BEFORE {
        for (budget_ms, expected) in BUDGETS {
            let body = json!({"number": NUMBER, "budgetMs": budget_ms}).to_string();
            let head = |more: &str| {
                let length = body.len();
                format!(
                    "POST /v1/lookup HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{more}\
                     content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
                )
            };
            let mut stream = TcpStream::connect(program.http()).await.unwrap();
            let rest = match before {
                Before::Head => {
                    stream
                        .write_all(head("expect: 100-continue\r\n").as_bytes())
                        .await
                        .unwrap();
                    // The server asks for the body when it has read the head.
                    let mut interim = [0; 25];
                    stream.read_exact(&mut interim).await.unwrap();
                    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
                    body.clone()
                }
                Before::Nothing => {
                    // The connection is older than the standstill: a new one would be accepted after it only.
                    stream
                        .write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
                        .await
                        .unwrap();
                    let mut answer = [0; 1 << 10];
                    let count = stream.read(&mut answer).await.unwrap();
                    assert!(answer[..count].starts_with(b"HTTP/1.1 200 OK"));
                    head("") + &body
                }
            };
            send_while_it_stands_still(&program, &mut stream, rest.as_bytes()).await;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            let (_, body) = answer.rsplit_once("\r\n\r\n").unwrap();
            let answer: Value = serde_json::from_str(body).unwrap();
            let said = Said {
                action: v1::Action::from_str_name(answer["action"].as_str().unwrap()).unwrap(),
                basis: v1::Basis::from_str_name(answer["basis"].as_str().unwrap()).unwrap(),
            };
            assert_eq!(said, expected, "{before:?} {budget_ms} ms");
        }
    }
}
