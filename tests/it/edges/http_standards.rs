//! HTTP as its standards say: the `Host` of a request, and compressed bodies.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use tonic::Code;

use crate::support::server::{Answer, Server};

const GOOD: &[u8] = br#"{"number": "+13152328257"}"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Sends a lookup with these lines in its head.
async fn lookup(server: &Server, lines: &str, body: &[u8]) -> Answer {
    let head = format!(
        "POST /v1/lookup HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n{lines}\r\n",
        body.len()
    );
    server.send(&[head.as_bytes(), body].concat()).await.unwrap()
}

fn assert_refused(answer: &Answer, status: u16, name: &str) {
    assert_eq!(answer.status, status, "{name}: {answer:?}");
    assert_eq!(
        answer.json()["code"],
        i32::from(Code::InvalidArgument),
        "{name}: {answer:?}"
    );
}

/// hyperium/hyper#3777 and hyperium/hyper#3857: the HTTP library accepts requests without a host and with two.
#[tokio::test]
async fn a_request_has_one_host() {
    let server = Server::start().await;
    for (version, hosts, status) in [
        ("1.1", "host: localhost\r\n", 200),
        ("1.1", "HOST: localhost:8080\r\n", 200),
        ("1.1", "host: [::1]:8080\r\n", 200),
        ("1.1", "host:\r\n", 200),
        ("1.1", "", 400),
        ("1.1", "host: a\r\nhost: a\r\n", 400),
        ("1.1", "host: a\r\nHost: b\r\n", 400),
        ("1.1", "host: a b\r\n", 400),
        ("1.1", "host: http://a/\r\n", 400),
        ("1.1", "host: a:b\r\n", 400),
        ("1.0", "", 200),
        ("1.0", "host: localhost\r\n", 200),
        ("1.0", "host: a\r\nhost: b\r\n", 400),
    ] {
        for path in ["/healthz", "/v1/lists"] {
            let request = format!("GET {path} HTTP/{version}\r\n{hosts}connection: close\r\n\r\n");
            let answer = server.send(request.as_bytes()).await.unwrap();
            assert_eq!(answer.status, status, "{request}: {answer:?}");
        }
    }
    let absolute = "GET http://localhost/healthz HTTP/1.1\r\nconnection: close\r\n\r\n";
    assert_refused(&server.send(absolute.as_bytes()).await.unwrap(), 400, absolute);
    let silent = "GET /v1/cid/+13152328257 HTTP/1.1\r\nconnection: close\r\n\r\n";
    let answer = server.send(silent.as_bytes()).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (400, ""));
    assert!(server.stop().await);
}

/// The HTTP library takes every list of codings that ends with `chunked` for chunks alone.
#[tokio::test]
async fn the_only_transfer_coding_is_chunked() {
    let server = Server::start().await;
    let chunks = [format!("{:x}\r\n", GOOD.len()).as_bytes(), GOOD, b"\r\n0\r\n\r\n"].concat();
    for (codings, status) in [
        ("transfer-encoding: chunked\r\n", 200),
        ("Transfer-Encoding: Chunked\r\n", 200),
        ("transfer-encoding: gzip, chunked\r\n", 501),
        ("transfer-encoding: identity, chunked\r\n", 501),
        ("transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n", 501),
    ] {
        let head = format!(
            "POST /v1/lookup HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/json\r\n{codings}\r\n"
        );
        let answer = server.send(&[head.as_bytes(), &chunks].concat()).await.unwrap();
        assert_eq!(answer.status, status, "{codings}: {answer:?}");
    }
    assert!(server.stop().await);
}

/// The client has sent more than the server reads, and sees the answer all the same.
#[tokio::test]
async fn a_head_that_is_too_large_is_told_so() {
    let server = Server::start().await;
    for head in [
        format!(
            "GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n",
            "a".repeat(300_000)
        ),
        format!(
            "GET /healthz HTTP/1.1\r\nhost: localhost\r\n{}\r\n",
            "a: b\r\n".repeat(70)
        ),
    ] {
        let answer = server.send(head.as_bytes()).await.unwrap();
        assert_eq!(answer.status, 431, "{answer:?}");
    }
    assert!(server.stop().await);
}

/// HarperFast/harper#1438: a compressed body that the server does not read is 415, and never a fault of the server.
#[tokio::test]
async fn gzip_is_read_and_other_codings_are_refused() {
    let server = Server::start().await;
    let json = "content-type: application/json\r\n";
    let zipped = gzip(GOOD);
    let two_members = [gzip(&GOOD[..9]), gzip(&GOOD[9..])].concat();
    for (codings, body) in [
        ("content-encoding: gzip\r\n", &zipped),
        ("Content-Encoding: GZip\r\n", &zipped),
        ("content-encoding: x-gzip\r\n", &zipped),
        ("content-encoding: identity, gzip\r\n", &zipped),
        ("content-encoding: gzip\r\ncontent-encoding: identity\r\n", &zipped),
        ("content-encoding: gzip\r\n", &two_members),
        ("content-encoding: identity\r\n", &GOOD.to_vec()),
        ("content-encoding:\r\n", &GOOD.to_vec()),
    ] {
        let answer = lookup(&server, &format!("{json}{codings}"), body).await;
        assert_eq!(answer.status, 200, "{codings}: {answer:?}");
    }
    for coding in [
        "br",
        "deflate",
        "zstd",
        "compress",
        "gzip, gzip",
        "br, gzip",
        "gzip, br",
        "aes128gcm",
        "*",
    ] {
        let answer = lookup(&server, &format!("{json}content-encoding: {coding}\r\n"), &zipped).await;
        assert_refused(&answer, 415, coding);
        assert!(answer.head.contains("accept-encoding: gzip"), "{answer:?}");
    }
    let mut damaged = zipped.clone();
    *damaged.last_mut().unwrap() ^= 1;
    for (name, body) in [
        ("plain", GOOD),
        ("empty", b""),
        ("cut", &zipped[..zipped.len() - 4]),
        ("half", &zipped[..15]),
        ("damaged", &damaged),
        ("followed", &[zipped.as_slice(), b"more"].concat()),
    ] {
        let answer = lookup(&server, &format!("{json}content-encoding: gzip\r\n"), body).await;
        assert_refused(&answer, 400, name);
        assert_eq!(
            answer.json()["details"][0]["fieldViolations"][0]["field"],
            "body",
            "{name}"
        );
    }
    // Each empty member costs the memory and time of a decoder.
    let member = gzip(b"");
    for (empty, status) in [(1_023, 200), (1_024, 400)] {
        let body = [member.repeat(empty), zipped.clone()].concat();
        let answer = lookup(&server, &format!("{json}content-encoding: gzip\r\n"), &body).await;
        assert_eq!(answer.status, status, "{empty}: {answer:?}");
    }
    // 1 GB in 1 MB, and a body that is over the limit only when it is decompressed.
    for bytes in [1 << 30, 65 << 10] {
        let answer = lookup(
            &server,
            &format!("{json}content-encoding: gzip\r\n"),
            &gzip(&vec![b' '; bytes]),
        )
        .await;
        assert_refused(&answer, 413, "a bomb");
    }
    assert!(server.stop().await);
}

#[tokio::test]
async fn the_content_type_must_be_json_whatever_its_parameters() {
    let server = Server::start().await;
    for kind in [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        "application/json ; charset=\"UTF-8\"",
        "application/json; charset=iso-8859-1",
    ] {
        let answer = lookup(&server, &format!("content-type: {kind}\r\n"), GOOD).await;
        assert_eq!(answer.status, 200, "{kind}: {answer:?}");
    }
    let json = "content-type: application/json\r\n";
    let answer = lookup(&server, &json.repeat(2), GOOD).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    for other in ["content-type: text/plain\r\n", "content-type:\r\n"] {
        for kinds in [format!("{json}{other}"), format!("{other}{json}")] {
            assert_refused(&lookup(&server, &kinds, GOOD).await, 400, &kinds);
        }
    }
    for kind in [
        "",
        "content-type:\r\n",
        "content-type: text/json\r\n",
        "content-type: application/json+x\r\n",
    ] {
        let answer = lookup(&server, kind, GOOD).await;
        assert_refused(&answer, 415, kind);
        assert!(answer.head.contains("accept: application/json"), "{answer:?}");
    }
    assert!(server.stop().await);
}
