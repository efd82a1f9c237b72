//! Who gets a connection, and how it ends for others.

use std::io;

use ringwarden::wire::v1;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, Error};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use crate::support::program::Program;
use crate::support::tls::{Authority, Files, Pair, get, open};

fn endpoint(files: &Files, program: &Program, shown: Option<&Pair>) -> Endpoint {
    let mut tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(files.authority.pem()))
        .domain_name("localhost");
    if let Some(pair) = shown {
        tls = tls.identity(Identity::from_pem(&pair.certificate, &pair.key));
    }
    Endpoint::from_shared(format!("https://{}", program.grpc()))
        .unwrap()
        .tls_config(tls)
        .unwrap()
}

async fn look_up(channel: Channel) -> Result<v1::LookupResponse, tonic::Status> {
    let question = super::super::ask(super::super::NUMBER, "r-1");
    let answer = LookupServiceClient::new(channel).lookup(question).await?;
    Ok(answer.into_inner())
}

/// The alert that the server answered with.
fn alert(error: &io::Error) -> Option<AlertDescription> {
    let Error::AlertReceived(alert) = error.get_ref()?.downcast_ref()? else {
        return None;
    };
    Some(*alert)
}

#[tokio::test(flavor = "multi_thread")]
async fn both_edges_answer_over_tls_1_2_and_1_3() {
    let files = Files::new();
    let server = files.program().await;
    let client = files.clients.sign("app");
    for shown in [None, Some(&client)] {
        for version in [&TLS12, &TLS13] {
            let connector = files.client(shown, &[b"http/1.1"], Some(version));
            let mut stream = open(&connector, server.program.http()).await.unwrap();
            assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            for path in ["/healthz", "/v1/cid/+14155550100"] {
                let answer = get(&mut stream, path).await.unwrap();
                assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
            }
            let connector = files.client(shown, &[b"h2", b"http/1.1"], Some(version));
            let stream = open(&connector, server.program.grpc()).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        }
        let channel = endpoint(&files, &server.program, shown).connect().await.unwrap();
        look_up(channel).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_the_other_protocol_or_of_an_old_version_gets_an_alert() {
    let files = Files::new();
    let server = files.program().await;
    for (address, alpn) in [
        (server.program.grpc(), &b"http/1.1"[..]),
        (server.program.http(), b"h2"),
    ] {
        let connector = files.client(None, &[alpn], None);
        let error = open(&connector, address).await.unwrap_err();
        assert_eq!(alert(&error), Some(AlertDescription::NoApplicationProtocol), "{error}");
    }
    // A client that negotiates nothing may speak the right protocol; the wrong one is answered as in plain text.
    let connector = files.client(None, &[], None);
    let mut stream = open(&connector, server.program.grpc()).await.unwrap();
    let answer = get(&mut stream, "/healthz").await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 400") && answer.contains("this port speaks gRPC"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_authority_ends_the_handshake() {
    let files = Files::new();
    let server = files.program().await;
    let stranger = Authority::new("strangers").sign("app");
    let expired = files.clients.sign_until("app", 2_001, 1);
    for (shown, expected) in [
        (&stranger, AlertDescription::UnknownCA),
        (&expired, AlertDescription::CertificateExpired),
    ] {
        for version in [&TLS12, &TLS13] {
            let connector = files.client(Some(shown), &[b"http/1.1"], Some(version));
            // In version 1.3 the client has ended its handshake before the server checks.
            let ended = async {
                let mut stream = open(&connector, server.program.http()).await?;
                get(&mut stream, "/healthz").await
            };
            let error = ended.await.unwrap_err();
            assert_eq!(alert(&error), Some(expected), "{version:?}: {error}");
        }
    }
    let channel = endpoint(&files, &server.program, Some(&stranger)).connect_lazy();
    look_up(channel).await.unwrap_err();
    look_up(endpoint(&files, &server.program, None).connect_lazy())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_text_is_answered_in_its_own_protocol() {
    let files = Files::new();
    let server = files.program().await;
    let program = &server.program;
    for address in [program.http(), program.grpc()] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(answer.contains("this port speaks TLS: use https://"), "{answer}");
    }
    program.line(&["plain text on a port that speaks TLS"]).await;
    let endpoint = Endpoint::from_shared(format!("http://{}", program.grpc())).unwrap();
    let status = look_up(endpoint.connect_lazy()).await.unwrap_err();
    assert!(format!("{status:?}").contains("this port speaks TLS"), "{status:?}");
    // Noise ends the connection, and others go on.
    let mut stream = TcpStream::connect(program.grpc()).await.unwrap();
    stream.write_all(b"\0\x01\x02").await.unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0);
    let connector = files.client(None, &[b"http/1.1"], None);
    let mut stream = open(&connector, program.http()).await.unwrap();
    assert!(get(&mut stream, "/healthz").await.unwrap().starts_with("HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_to_a_plain_port_fails_and_the_port_goes_on() {
    let files = Files::new();
    let program = Program::serve("memory:").await;
    for (address, alpn) in [(program.http(), &b"http/1.1"[..]), (program.grpc(), b"h2")] {
        let connector = files.client(None, &[alpn], None);
        open(&connector, address).await.unwrap_err();
    }
    assert_eq!(program.get("/healthz").await.0, 200);
    look_up(program.connect().await).await.unwrap();
}

/// Clients that never end their handshake take places, and are the first that must leave.
#[tokio::test(flavor = "multi_thread")]
async fn handshakes_that_never_end_keep_nobody_out() {
    let files = Files::new();
    let server = files.program_with(&["--max-connections", "4"]).await;
    let connector = files.client(None, &[b"http/1.1"], None);
    let mut silent = Vec::new();
    for address in [server.program.http(), server.program.grpc()] {
        for beginning in [&b""[..], b"\x16\x03\x01\x02"] {
            for _ in 0..6 {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.write_all(beginning).await.unwrap();
                silent.push(stream);
            }
        }
    }
    let mut stream = open(&connector, server.program.http()).await.unwrap();
    assert!(get(&mut stream, "/healthz").await.unwrap().starts_with("HTTP/1.1 200"));
    look_up(endpoint(&files, &server.program, None).connect_lazy())
        .await
        .unwrap();
    drop(silent);
}

/// A connection under TLS that is idle ends with the server, and the client is told that it was not cut.
#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_end_with_the_server() {
    let files = Files::new();
    let mut server = files.program().await;
    let connector = files.client(None, &[b"http/1.1"], None);
    let mut idle = open(&connector, server.program.http()).await.unwrap();
    get(&mut idle, "/healthz").await.unwrap();
    let channel = endpoint(&files, &server.program, None).connect().await.unwrap();
    look_up(channel.clone()).await.unwrap();
    server.program.terminate();
    assert!(server.program.ended().await.success(), "{}", server.program.log());
    assert_eq!(idle.read(&mut [0; 8]).await.unwrap(), 0);
    drop(channel);
}
