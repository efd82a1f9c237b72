//! Requests that are refused for their credential: what the answer holds besides its text, and how it ends on the wire.

use std::time::Duration;

use ringwarden::domain::identity::{Grants, Role};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{ask, bearer, key, principal};
use crate::support::program::Program;
use crate::support::server::Server;

/// More than any answer should take.
const LONG: Duration = Duration::from_secs(30);
/// Kinds of frames, and the flag of the last one of a stream (RFC 9113, section 6).
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// RFC 9110, section 15.5.2: an answer 401 says which credentials are accepted.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_401_names_the_scheme() {
    let server = Server::start().await;
    principal(&server, "ana", Role::App, Grants::default(), &key(1)).await;
    for path in ["/v1/caller", "/v1/cid/+14155550199"] {
        for lines in [String::new(), bearer("nonsense"), bearer(&key(2).text())] {
            let answer = ask(&server, "GET", path, &lines, "").await;
            assert_eq!(answer.status, 401, "{path} {lines}");
            let challenge = "www-authenticate: bearer realm=\"ringwarden\"";
            assert!(answer.head.contains(challenge), "{path} {lines}: {}", answer.head);
        }
        let answer = ask(&server, "GET", path, &bearer(&key(1).text()), "").await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.head.contains("www-authenticate"), "{path}");
    }
    // What holds nothing of anybody needs no credential.
    for path in ["/", "/v1/openapi.json", "/healthz", "/readyz"] {
        assert_eq!(ask(&server, "GET", path, "", "").await.status, 200, "{path}");
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The header block of a call: indexed fields and literals (RFC 7541, section 6).
fn head(path: &str) -> Vec<u8> {
    let mut block = vec![0x83, 0x86, 4, u8::try_from(path.len()).unwrap()];
    block.extend(path.as_bytes());
    block.extend(b"\x01\x09localhost\x0f\x10\x10application/grpc\x00\x02te\x08trailers");
    block
}

/// A call that is refused before its message is read gets a whole answer, and then RST_STREAM with NO_ERROR (RFC 9113, section
/// 8.1): the client may stop to send, and must not drop the answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_refused_before_its_message_gets_a_whole_answer() {
    let server = Server::start().await;
    principal(&server, "ana", Role::App, Grants::default(), &key(1)).await;
    let mut stream = TcpStream::connect(server.grpc).await.unwrap();
    let call = head("/ringwarden.v1.LookupService/Lookup");
    let sent = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(SETTINGS, 0, 0, &[]),
        frame(HEADERS, END_HEADERS, 1, &call),
    ];
    stream.write_all(&sent.concat()).await.unwrap();
    let mut of_call = Vec::new();
    while of_call.len() < 2 {
        let mut prefix = [0; 9];
        timeout(LONG, stream.read_exact(&mut prefix)).await.unwrap().unwrap();
        let [a, b, c, kind, flags, id @ ..] = prefix;
        let mut payload = vec![0; usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap()];
        timeout(LONG, stream.read_exact(&mut payload)).await.unwrap().unwrap();
        if id[3] == 1 {
            of_call.push((kind, flags, payload));
        }
    }
    let (kind, flags, _) = &of_call[0];
    assert_eq!((*kind, *flags), (HEADERS, END_HEADERS | END_STREAM), "{of_call:?}");
    assert_eq!(of_call[1], (RST_STREAM, 0, vec![0; 4]), "{of_call:?}");
}

/// A server that lets nobody in says why, and one that makes no key says so.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_when_nobody_is_let_in() {
    let folder = TempDir::new().unwrap();
    let store = format!("embedded:{}", folder.path().join("data").display());
    let admin = folder.path().join("admin.key");
    let admin = admin.to_str().unwrap();

    let mut closed = Program::serve_with(&store, &["--auth", "required"]).await;
    let warning = closed.line(&["WARN", "nobody is let in"]).await;
    assert!(warning.contains("--bootstrap-admin FILE"), "{warning}");
    closed.terminate();
    closed.ended().await;

    let mut first = Program::serve_with(&store, &["--bootstrap-admin", admin]).await;
    first.line(&["the principal `admin` was made"]).await;
    first.terminate();
    first.ended().await;

    std::fs::remove_file(admin).unwrap();
    let mut again = Program::serve_with(&store, &["--bootstrap-admin", admin]).await;
    again.line(&["no administrator is made", "admin.key"]).await;
    again.terminate();
    again.ended().await;

    let closed = Program::serve_with(&store, &["--auth", "required"]).await;
    closed.line(&["ready"]).await;
    assert!(!closed.log().contains("nobody is let in"), "{}", closed.log());
    assert!(!std::path::Path::new(admin).exists());
}
