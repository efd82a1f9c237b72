//! Certificates are replaced while connections go on.

use rustls::pki_types::CertificateDer;
use tokio_rustls::TlsConnector;

use crate::support::tls::{Files, TlsProgram, get, open, set_mode};

/// The certificate that a new connection gets.
async fn served(connector: &TlsConnector, server: &TlsProgram) -> CertificateDer<'static> {
    let stream = open(connector, server.program.http()).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].clone()
}

const NOT_AFTER: &str = "ringwarden_tls_not_after_seconds";
const APPLIED: &str = "ringwarden_tls_reloads_total{outcome=\"applied\"}";
const REFUSED: &str = "ringwarden_tls_reloads_total{outcome=\"refused\"}";
/// The first of January of 2040 and of 2041.
const IN_2040: f64 = 2_208_988_800.0;
const IN_2041: f64 = 2_240_611_200.0;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_served_and_open_connections_stay() {
    let files = Files::new();
    let server = files.program().await;
    let connector = files.client(None, &[b"http/1.1"], None);
    let mut kept = open(&connector, server.program.http()).await.unwrap();
    get(&mut kept, "/healthz").await.unwrap();
    let first = served(&connector, &server).await;
    assert!((server.metric(NOT_AFTER).await - IN_2040).abs() < 1.0);

    // The server looks at the files by itself.
    files.serve(&files.authority.sign_until("localhost", 2_041, 1));
    server
        .program
        .wait_for("the new certificate", async || {
            served(&connector, &server).await != first
        })
        .await;
    assert!((server.metric(NOT_AFTER).await - IN_2041).abs() < 1.0);
    let second = served(&connector, &server).await;

    // A signal has it look at once.
    files.serve(&files.authority.sign("localhost"));
    server.program.reload();
    server
        .program
        .wait_for("the third certificate", async || {
            served(&connector, &server).await != second
        })
        .await;
    assert!(get(&mut kept, "/healthz").await.unwrap().starts_with("HTTP/1.1 200"));
    assert!(server.metric(APPLIED).await >= 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_pair_keeps_the_old_certificate() {
    let files = Files::new();
    let server = files.program().await;
    let connector = files.client(None, &[b"http/1.1"], None);
    let first = served(&connector, &server).await;
    let refused = async |times: f64| {
        let is_so = async || server.metric(REFUSED).await >= times;
        server.program.wait_for("a refusal", is_so).await;
        assert_eq!(served(&connector, &server).await, first);
    };
    files.write("server.pem", &files.authority.sign("localhost").certificate);
    server.program.reload();
    refused(1.0).await;
    server
        .program
        .line(&["the old certificate stays", "not the key of the first certificate"])
        .await;

    files.serve(&files.authority.sign("localhost"));
    set_mode(&files.path("server.key"), 0o644);
    server.program.reload();
    refused(2.0).await;
    server.program.line(&["the old certificate stays", "chmod 600"]).await;

    files.serve(&files.authority.sign_until("localhost", 2_001, 1));
    server.program.reload();
    refused(3.0).await;
    server.program.line(&["the old certificate stays", "has expired"]).await;

    files.serve(&files.authority.sign("localhost"));
    server.program.reload();
    server
        .program
        .wait_for("the new certificate", async || {
            served(&connector, &server).await != first
        })
        .await;
}

/// A client whose authority is no longer trusted is refused from its next connection on.
#[tokio::test(flavor = "multi_thread")]
async fn the_authorities_of_clients_are_replaced_too() {
    let files = Files::new();
    let server = files.program().await;
    let client = files.clients.sign("app");
    let connector = files.client(Some(&client), &[b"http/1.1"], None);
    let ask = async || {
        let mut stream = open(&connector, server.program.http()).await?;
        get(&mut stream, "/healthz").await
    };
    ask().await.unwrap();
    files.write("clients.pem", &files.authority.pem());
    server.program.reload();
    server
        .program
        .wait_for("the end of the old authority", async || ask().await.is_err())
        .await;
}
