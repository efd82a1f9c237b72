//! Exports of reports over HTTP: lines of JSON, plain or gzip, and a last line with the total.

use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{NUMBER, OTHER};
use crate::support::server::Server;

/// A response: its head in lower case, and the bytes of its body.
struct Export {
    head: String,
    body: Vec<u8>,
}

impl Export {
    /// The reports and the total.
    fn lines(text: &str) -> (Vec<Value>, Value) {
        assert!(text.ends_with('\n'), "{text}");
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let mut lines: Vec<Value> = lines.collect();
        let total = lines.pop().unwrap();
        (lines, total)
    }

    fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }
}

async fn export(server: &Server, query: &str, header: &str) -> Export {
    let mut stream = TcpStream::connect(server.http).await.unwrap();
    let request =
        format!("GET /v1/reports:export{query} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{header}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
    let body = bytes[end + 4..].to_vec();
    let body = if head.contains("transfer-encoding: chunked") {
        unchunked(&body)
    } else {
        body
    };
    Export { head, body }
}

/// The content of a chunked body (RFC 9112, section 7.1), which must be complete.
fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let end = body.windows(2).position(|two| two == b"\r\n").unwrap();
        let size = usize::from_str_radix(str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return content;
        }
        content.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 2 + size + 2..];
    }
}

async fn server() -> Server {
    let server = Server::start().await;
    let report = |id: String, number: &str, source: &str| {
        json!({ "reportId": id, "number": number, "source": source, "category": "CATEGORY_PHISHING",
                "comment": "He wanted my PIN.", "occurredAt": "2026-01-05T09:00:00Z", "importId": "i-1" })
    };
    let mut reports: Vec<Value> = (0..1_500)
        .map(|n| report(format!("r-{n}"), NUMBER, "SOURCE_REGULATOR_FEED"))
        .collect();
    reports.push(report("other".to_owned(), OTHER, "SOURCE_ANALYST"));
    let answer = server
        .post("/v1/reports:batch", &json!({ "reports": reports }).to_string())
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    server
}

#[tokio::test]
async fn an_export_is_lines_of_json_that_end_with_the_total() {
    let server = server().await;
    let all = export(&server, "", "").await;
    assert!(all.head.starts_with("http/1.1 200 "), "{}", all.head);
    assert!(all.head.contains("content-type: application/jsonl"), "{}", all.head);
    assert!(!all.head.contains("content-encoding"), "{}", all.head);
    let (reports, total) = Export::lines(all.text());
    assert_eq!((reports.len(), total), (1_501, json!({ "total": "1501" })));
    assert!(!all.text().contains("PIN"), "comments must be asked for");

    let query = "?source=SOURCE_ANALYST&includeComments=true&from=2026-01-05T00:00:00Z&before=2026-01-06T00:00:00Z";
    let one = export(&server, query, "").await;
    let (reports, total) = Export::lines(one.text());
    assert_eq!(total, json!({ "total": "1" }));
    let report = &reports[0]["report"];
    assert_eq!((&report["e164"], &report["reportId"]), (&json!(OTHER), &json!("other")));
    assert_eq!(report["comment"], "He wanted my PIN.");

    let none = export(&server, "?import_id=i-2", "").await;
    assert_eq!(none.text(), "{\"total\":\"0\"}\n");
    for query in ["?number=12", "?nonsense=1", "?from=yesterday"] {
        let refused = export(&server, query, "").await;
        assert!(refused.head.starts_with("http/1.1 400 "), "{query}: {}", refused.head);
        let error: Value = serde_json::from_slice(&refused.body).unwrap();
        assert_eq!(error["code"], 3, "{query}");
    }
}

#[tokio::test]
async fn an_export_is_compressed_for_clients_that_take_gzip() {
    let server = server().await;
    let plain = export(&server, "", "accept-encoding: br, gzip;q=0\r\n").await;
    let packed = export(&server, "", "accept-encoding: br, gzip\r\n").await;
    assert!(packed.head.contains("content-encoding: gzip"), "{}", packed.head);
    assert!(packed.head.contains("vary: accept-encoding"), "{}", packed.head);
    let mut text = String::new();
    GzDecoder::new(packed.body.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, plain.text());
    assert!(packed.body.len() * 4 < plain.body.len());
}
