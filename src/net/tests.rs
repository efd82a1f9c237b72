//! Tests of accepting connections, in plain text and under TLS.

use std::io;

use http::Extensions;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

use super::ConnectionLimits;
use super::peer::PeerCertificate;
use super::tls::tests::pair;
use super::*;

async fn acceptor(max_connections: usize) -> (Acceptor, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (
        Acceptor::new(listener.into(), ConnectionLimits::of(max_connections), Protocol::Grpc),
        address,
    )
}

#[tokio::test]
async fn a_further_connection_waits_for_a_place() {
    let (acceptor, address) = acceptor(1).await;
    let _one = TcpStream::connect(address).await.unwrap();
    let _other = TcpStream::connect(address).await.unwrap();
    let first = acceptor.accept().await;
    let call = first.usage().begin_call();
    let mut second = std::pin::pin!(acceptor.accept());
    let soon = Duration::from_millis(600);
    assert!(tokio::time::timeout(soon, &mut second).await.is_err());
    drop((call, first));
    second.await;
}

/// More than a handshake may take.
const LONG: Duration = Duration::from_secs(60);

/// An acceptor that trusts the certificate which it serves, and the certificate and its key.
async fn tls_acceptor() -> (Acceptor, SocketAddr, (String, String)) {
    let (chain, key) = pair();
    let pem = TlsPem {
        chain: chain.as_bytes(),
        key: key.as_bytes(),
        client_ca: Some(chain.as_bytes()),
    };
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let tls = Some(Arc::new(Tls::new(&pem).unwrap()));
    let acceptor = Acceptor::new(Listener { socket, tls }, ConnectionLimits::of(2), Protocol::Http);
    (acceptor, address, (chain, key))
}

/// A client that shows the certificate which it trusts.
fn client(pair: &(String, String)) -> TlsConnector {
    client_of(pair, rustls::ALL_VERSIONS)
}

/// The same, which speaks these versions only.
fn client_of((chain, key): &(String, String), versions: &[&'static SupportedProtocolVersion]) -> TlsConnector {
    let certificate = CertificateDer::from_pem_slice(chain.as_bytes()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![certificate],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_given_up() {
    for beginning in [&b""[..], b"\x16\x03\x01"] {
        let (acceptor, address, _) = tls_acceptor().await;
        let mut silent = TcpStream::connect(address).await.unwrap();
        silent.write_all(beginning).await.unwrap();
        let mut connection = acceptor.accept().await;
        tokio::time::pause(); // from here on, time advances as soon as all tasks are idle
        let read = tokio::time::timeout(LONG, connection.read(&mut [0; 8])).await.unwrap();
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::TimedOut);
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_handshake_in_progress_makes_room_for_others() {
    let (acceptor, address, _) = tls_acceptor().await;
    let _silent = TcpStream::connect(address).await.unwrap();
    let _other = TcpStream::connect(address).await.unwrap();
    let _third = TcpStream::connect(address).await.unwrap();
    let mut first = acceptor.accept().await;
    let second = acceptor.accept().await;
    let call = second.usage().begin_call();
    let ended = async move {
        let error = first.read_u8().await.unwrap_err();
        drop(first);
        error
    };
    let (error, _third) = tokio::join!(ended, acceptor.accept());
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    drop(call);
}

/// A connection that resumes a session would bring the certificate of the session along, whether or not it is still valid.
#[tokio::test]
async fn a_client_with_a_certificate_shows_it_on_every_connection() {
    let (acceptor, address, pair) = tls_acceptor().await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let client = client_of(&pair, &[version]);
        for _ in 0..2 {
            let asking = async {
                let stream = TcpStream::connect(address).await.unwrap();
                let name = ServerName::try_from("localhost").unwrap();
                let mut stream = client.connect(name, stream).await.unwrap();
                stream.write_all(b"GET").await.unwrap();
                stream.read_u8().await.unwrap();
                stream.get_ref().1.handshake_kind()
            };
            let answering = async {
                let mut connection = acceptor.accept().await;
                connection.read_exact(&mut [0; 3]).await.unwrap();
                connection.write_all(b"!").await.unwrap();
                connection.flush().await.unwrap();
                connection
            };
            let (kind, _connection) = tokio::join!(asking, answering);
            assert_eq!(kind, Some(rustls::HandshakeKind::Full), "{version:?}");
        }
    }
}

#[tokio::test]
async fn a_request_knows_the_address_and_the_certificate_of_its_client() {
    let (acceptor, address, pair) = tls_acceptor().await;
    let asking = async {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = client(&pair).connect(name, stream).await.unwrap();
        stream.write_all(b"GET").await.unwrap();
        stream.read_u8().await.unwrap()
    };
    let answering = async {
        let mut connection = acceptor.accept().await;
        let info = connection.info();
        let mut before = Extensions::new();
        info.describe(&mut before);
        assert!(before.get::<PeerCertificate>().is_none());
        connection.read_exact(&mut [0; 3]).await.unwrap();
        connection.write_all(b"!").await.unwrap();
        connection.flush().await.unwrap();
        let mut extensions = Extensions::new();
        info.describe(&mut extensions);
        extensions
    };
    let (answer, extensions) = tokio::join!(asking, answering);
    assert_eq!(answer, b'!');
    assert_eq!(extensions.get(), Some(&PeerAddress(IpAddr::from([127, 0, 0, 1]))));
    let certificate = CertificateDer::from_pem_slice(pair.0.as_bytes()).unwrap();
    assert_eq!(extensions.get(), Some(&PeerCertificate::of(&certificate)));
}

/// A socket for both families sees an IPv4 client at an IPv6 address.
#[tokio::test]
async fn an_ipv4_client_of_a_socket_for_both_families_has_the_limit_of_its_own_address() {
    let Ok(socket) = TcpListener::bind("[::]:0").await else {
        return; // this machine has no IPv6
    };
    let port = socket.local_addr().unwrap().port();
    let limits = ConnectionLimits {
        per_address: 2,
        ..ConnectionLimits::of(8)
    };
    let acceptor = Acceptor::new(socket.into(), limits, Protocol::Grpc);
    let mut calling = Vec::new();
    let mut clients = Vec::new();
    for address in ["127.0.0.1", "127.0.0.1", "::1"] {
        clients.push(TcpStream::connect((address, port)).await.unwrap());
        let connection = acceptor.accept().await;
        let mut extensions = Extensions::new();
        connection.info().describe(&mut extensions);
        assert_eq!(extensions.get(), Some(&PeerAddress(address.parse().unwrap())));
        let call = connection.usage().begin_call();
        calling.push((connection, call));
    }
    let mut beyond = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let _other = TcpStream::connect(("::1", port)).await.unwrap();
    let accepted = acceptor.accept().await;
    let mut extensions = Extensions::new();
    accepted.info().describe(&mut extensions);
    assert_eq!(extensions.get(), Some(&PeerAddress("::1".parse().unwrap())));
    // The server has hung up on the third connection from one address.
    assert!(matches!(beyond.read(&mut [0; 8]).await, Ok(0) | Err(_)));
}
