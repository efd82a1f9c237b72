//! Certificates made for a test, and a program that serves them.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::program::Program;

/// An authority that signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate of version 1, which TLS does not accept, signed by an authority that nobody knows.
pub const VERSION_1: &str = include_str!("../data/certificate-version-1.pem");

/// A certificate and its key, both PEM.
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

impl Pair {
    /// The SHA-256 of the certificate, in hexadecimal digits, as principals are bound to it.
    pub fn fingerprint(&self) -> String {
        let der = CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap();
        let hash = Sha256::digest(&der);
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Shows a certificate whatever is wrong with it: else the library would refuse some of them before the server does.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl Shown {
    fn of(pair: &Pair) -> Self {
        let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
        let key = ring::sign::any_supported_type(&key).unwrap();
        Self(Arc::new(CertifiedKey::new(chain, key)))
    }
}

impl ResolvesClientCert for Shown {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl Authority {
    /// An authority of this name. Authorities with the same name would be taken for each other.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for this name, valid until this day of January.
    pub fn sign_until(&self, name: &str, year: i32, day: u8) -> Pair {
        let mut params = params(name);
        params.not_after = date_time_ymd(year, 1, day);
        self.signed(&params)
    }

    /// A certificate for this name, valid until this time, in seconds since 1970.
    pub fn sign_until_second(&self, name: &str, second: u64) -> Pair {
        let mut params = params(name);
        params.not_after = date_time_ymd(1_970, 1, 1) + Duration::from_secs(second);
        self.signed(&params)
    }

    /// A certificate for this name that is valid from this year on.
    pub fn sign_from(&self, name: &str, year: i32) -> Pair {
        let mut params = params(name);
        params.not_before = date_time_ymd(year, 1, 1);
        params.not_after = date_time_ymd(year + 1, 1, 1);
        self.signed(&params)
    }

    /// A certificate that is for servers alone.
    pub fn sign_for_servers(&self, name: &str) -> Pair {
        let mut params = params(name);
        params.not_after = date_time_ymd(2_040, 1, 1);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.signed(&params)
    }

    /// The certificate of the authority itself, and its key.
    pub fn own_pair(&self) -> Pair {
        Pair {
            certificate: self.0.pem(),
            key: self.0.key().serialize_pem(),
        }
    }

    fn signed(&self, params: &CertificateParams) -> Pair {
        let key = KeyPair::generate().unwrap();
        Pair {
            certificate: params.signed_by(&key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    pub fn sign(&self, name: &str) -> Pair {
        self.sign_until(name, 2_040, 1)
    }
}

fn params(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned(), "127.0.0.1".to_owned()]).unwrap()
}

/// The files of a server under TLS.
pub struct Files {
    pub authority: Authority,
    pub clients: Authority,
    pub directory: TempDir,
}

impl Files {
    pub fn new() -> Self {
        let files = Self {
            authority: Authority::new("servers"),
            clients: Authority::new("clients"),
            directory: TempDir::new().unwrap(),
        };
        files.write("ca.pem", &files.authority.pem());
        files.write("clients.pem", &files.clients.pem());
        files.serve(&files.authority.sign("localhost"));
        files
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Replaces a file in one step, and lets only its owner read it.
    pub fn write(&self, name: &str, text: &str) {
        let new = self.path("new");
        std::fs::write(&new, text).unwrap();
        set_mode(&new, 0o600);
        std::fs::rename(new, self.path(name)).unwrap();
    }

    /// Writes the certificate and the key of the server.
    pub fn serve(&self, pair: &Pair) {
        self.write("server.pem", &pair.certificate);
        self.write("server.key", &pair.key);
    }

    /// The arguments that name the files.
    pub fn arguments(&self) -> Vec<String> {
        let file = |name| self.text(name);
        vec![
            "--tls-cert".to_owned(),
            file("server.pem"),
            "--tls-key".to_owned(),
            file("server.key"),
            "--tls-client-ca".to_owned(),
            file("clients.pem"),
        ]
    }

    /// A server with these files, and with probes in plain text on an address of their own.
    pub async fn program(&self) -> TlsProgram {
        self.program_with(&[]).await
    }

    pub async fn program_with(&self, further: &[&str]) -> TlsProgram {
        let mut arguments = self.arguments();
        arguments.extend(["--admin-addr", "127.0.0.1:0"].map(str::to_owned));
        arguments.extend(further.iter().map(|text| (*text).to_owned()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        TlsProgram::start(&arguments).await
    }

    /// What a client trusts and shows; `None` for all versions.
    pub fn client(
        &self,
        shown: Option<&Pair>,
        alpn: &[&[u8]],
        version: Option<&'static SupportedProtocolVersion>,
    ) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(self.authority.pem().as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = match version {
            Some(version) => builder.with_protocol_versions(&[version]).unwrap(),
            None => builder.with_safe_default_protocol_versions().unwrap(),
        };
        let builder = builder.with_root_certificates(roots);
        let mut config = match shown {
            None => builder.with_no_client_auth(),
            Some(pair) => builder.with_client_cert_resolver(Arc::new(Shown::of(pair))),
        };
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }
}

/// A program whose ports speak TLS.
pub struct TlsProgram {
    pub program: Program,
    /// The address for probes and metrics, in plain text.
    pub admin: SocketAddr,
}

impl TlsProgram {
    /// Starts a server with an address for probes, and waits until its index is loaded.
    pub async fn start(arguments: &[&str]) -> Self {
        let program = Program::serve_anyhow("memory:", arguments).await;
        let banner = program.line(&["probes and metrics on "]).await;
        let after = banner.split("probes and metrics on ").nth(1).unwrap();
        let admin = after.split([',', '"']).next().unwrap().parse().unwrap();
        let started = Self { program, admin };
        started
            .program
            .wait_for("the index", async || started.probe("/readyz").await.0 == 200)
            .await;
        started
    }

    /// The status and the answer of the address for probes.
    pub async fn probe(&self, path: &str) -> (u16, String) {
        plain_get(self.admin, path).await.unwrap_or_default()
    }

    /// The value of a metric, with its labels.
    pub async fn metric(&self, name: &str) -> f64 {
        let (_, figures) = self.probe("/metrics").await;
        let line = figures
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no metric {name}: {figures}"))
            .parse()
            .unwrap()
    }
}

pub fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Opens TLS to `localhost`.
pub async fn open(client: &TlsConnector, address: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    client.connect(ServerName::try_from("localhost").unwrap(), stream).await
}

/// A `GET` over an open connection, which stays open; the whole answer has this many bytes at most.
pub async fn get(stream: &mut TlsStream<TcpStream>, path: &str) -> io::Result<String> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = vec![0; 1 << 16];
    let read = stream.read(&mut answer).await?;
    if read == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(String::from_utf8_lossy(&answer[..read]).into_owned())
}

/// A `GET` in plain text: the status and the body.
pub async fn plain_get(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    Ok((status.unwrap_or(0), body.unwrap_or_default()))
}
