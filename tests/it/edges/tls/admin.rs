//! The address for probes and metrics.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::tls::{TlsProgram, plain_get};

#[tokio::test(flavor = "multi_thread")]
async fn probes_answer_while_clients_have_taken_all_places() {
    let server = TlsProgram::start(&["--admin-addr", "127.0.0.1:0", "--max-connections", "3"]).await;
    // Requests in progress, whose bodies keep arriving: they keep their places.
    let mut busy = Vec::new();
    let head = b"POST /v1/lookup HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n\r\n";
    for _ in 0..3 {
        let mut stream = TcpStream::connect(server.program.http()).await.unwrap();
        stream.write_all(head).await.unwrap();
        busy.push(stream);
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        for stream in &mut busy {
            stream.write_all(b" ").await.unwrap();
        }
        assert_eq!(server.probe(path).await.0, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_address_serves_its_own_pages() {
    let server = TlsProgram::start(&["--admin-addr", "127.0.0.1:0"]).await;
    for (path, on_http, on_admin) in [
        ("/healthz", 200, 200),
        ("/readyz", 200, 200),
        ("/metrics", 404, 200),
        ("/v1/cid/+14155550100", 200, 404),
        ("/v1/openapi.json", 200, 404),
        ("/", 200, 404),
    ] {
        assert_eq!(server.program.get(path).await.0, on_http, "{path}");
        assert_eq!(plain_get(server.admin, path).await.unwrap().0, on_admin, "{path}");
    }
    assert_eq!(server.program.post("/metrics", "{}").await.0, 404);
    // What the root names is there.
    let root: Value = serde_json::from_str(&server.program.get("/").await.1).unwrap();
    assert_eq!(root["probes"], json!(["/healthz", "/readyz"]));
}
