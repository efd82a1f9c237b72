//! A browser on the machine of the server runs the scripts of every page that a person opens: pages of other sites have no
//! access, and a GET never counts as a call.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::Code;
use tower::Service;

use crate::support::program::Program;
use crate::support::server::{Answer, Server};

const CALLER: &str = "+14155550199";
const HELPER: &str = "+14155550123";

async fn get_with(server: &Server, path: &str, lines: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nconnection: close\r\n{lines}\r\n");
    server.send(request.as_bytes()).await.unwrap()
}

#[tokio::test]
async fn pages_of_other_sites_have_no_access() {
    let server = Server::start().await;
    let host = format!("host: {}\r\n", server.http);
    for (lines, status) in [
        (host.clone(), 200),
        ("host: localhost\r\n".to_owned(), 200),
        // The name of a page that resolves to 127.0.0.1.
        ("host: rebound.example\r\n".to_owned(), 403),
        (format!("{host}sec-fetch-site: same-origin\r\n"), 200),
        (format!("{host}sec-fetch-site: none\r\n"), 200),
        (
            format!("{host}sec-fetch-site: cross-site\r\nsec-fetch-dest: image\r\n"),
            403,
        ),
        (format!("{host}origin: http://{}\r\n", server.http), 200),
        (format!("{host}origin: https://other.example\r\n"), 403),
        (format!("{host}origin: null\r\n"), 403),
    ] {
        for path in ["/v1/lists", "/readyz", "/metrics", "/"] {
            let answer = get_with(&server, path, &lines).await;
            // A probe or a scrape may name any address of the machine.
            if lines.contains("rebound") && ["/readyz", "/metrics"].contains(&path) {
                assert_eq!(answer.status, 200, "{path} {lines}: {answer:?}");
                continue;
            }
            assert_eq!(answer.status, status, "{path} {lines}: {answer:?}");
            if status == 403 {
                let code = i32::from(Code::PermissionDenied);
                assert_eq!(answer.json()["code"], json!(code), "{path} {lines}: {answer:?}");
                assert!(!answer.body.contains("example"), "{answer:?}");
            }
        }
    }
    // A form needs no permission of the browser to be sent: what it sends must not be stored.
    let body = r#"{"number": "+14155550199", "source": "SOURCE_REGULATOR_FEED"}"#;
    let head = format!(
        "POST /v1/reports HTTP/1.1\r\n{host}connection: close\r\norigin: https://other.example\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let refused = server.send(format!("{head}{body}").as_bytes()).await.unwrap();
    assert_eq!(refused.status, 403, "{refused:?}");
    assert_eq!(server.instance.count(CALLER), 0);
    assert!(server.stop().await);
}

/// A browser that speaks HTTP/2 reaches the port for gRPC too, and shows a certificate of its user by itself.
#[tokio::test]
async fn pages_have_no_access_to_grpc() {
    let server = Server::start().await;
    for (name, value) in [
        ("origin", "https://other.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-origin"),
    ] {
        let mut question = tonic::Request::new(super::ask(CALLER, "r-1"));
        question.metadata_mut().insert(name, value.parse().unwrap());
        let refused = server.lookups().lookup(question).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{name}: {refused:?}");
    }
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{}", server.grpc)).unwrap();
    let mut channel = endpoint.connect().await.unwrap();
    for path in [
        "/ringwarden.v1.ListService/ListLists",
        "/grpc.health.v1.Health/Check",
        "/nothing",
    ] {
        let request = http::Request::post(format!("http://{}{path}", server.grpc))
            .header("content-type", "text/plain")
            .body(tonic::body::Body::empty())
            .unwrap();
        std::future::poll_fn(|cx| Service::<http::Request<_>>::poll_ready(&mut channel, cx))
            .await
            .unwrap();
        let answer = channel.call(request).await.unwrap();
        assert_eq!(answer.status(), 415, "{path}");
    }
    server.lookups().lookup(super::ask(CALLER, "r-1")).await.unwrap();
    assert!(server.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_behind_a_proxy_is_told_its_names() {
    let server = Program::serve_with("memory:", &["--http-hosts", "api.example,192.0.2.7"]).await;
    for (host, status) in [
        ("api.example", 200),
        ("API.example:443", 200),
        ("192.0.2.7", 200),
        ("localhost", 200),
        ("other.example", 403),
    ] {
        let request = format!("GET /v1/lists HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let mut connection = TcpStream::connect(server.http()).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host}: {answer}");
    }
}

async fn lookup(server: &Server, question: Value) -> Value {
    let mut question = question;
    question["recordEvent"] = json!(false);
    let answer = server.post("/v1/lookup", &question.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn a_get_is_no_call_and_a_post_is_one() {
    let server = Server::start().await;
    let asked = async |method: &str| {
        for n in 0..60 {
            let path = format!("/v1/cid/{CALLER}?region=US&call_id={method}-{n}&called=%2B1212555{n:04}");
            assert_eq!(server.request(method, &path, "").await.status, 200);
        }
        lookup(&server, json!({ "number": CALLER })).await
    };
    for method in ["GET", "HEAD"] {
        let answer = asked(method).await;
        assert_eq!(answer["basis"], json!("BASIS_NO_EVIDENCE"), "{method}: {answer}");
        assert_eq!(answer.get("reasons"), None, "{method}: {answer}");
    }
    let answer = asked("POST").await;
    let codes: Vec<_> = answer["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| &reason["code"])
        .collect();
    assert!(codes.contains(&&json!("RATE_BURST")), "{answer}");
    assert!(server.stop().await);
}

#[tokio::test]
async fn a_get_opens_no_window_for_calls_of_an_emergency_centre() {
    let server = Server::start().await;
    let calling_back = json!({ "number": CALLER, "calledNumber": HELPER });
    for (method, basis) in [("GET", "BASIS_NO_EVIDENCE"), ("POST", "BASIS_PROTECTED")] {
        let path = format!("/v1/cid/{HELPER}?region=US&called=911");
        assert_eq!(server.request(method, &path, "").await.status, 200);
        let answer = lookup(&server, calling_back.clone()).await;
        assert_eq!(answer["basis"], json!(basis), "{method}: {answer}");
    }
    assert!(server.stop().await);
}
