//! TLS of the addresses: the certificate that is served, and what is asked of clients. It can be replaced while the server
//! runs; connections that are open keep what they began with.

pub(crate) mod certificate;
mod clients;

use std::sync::Arc;

use parking_lot::RwLock;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};

use super::protocol::Protocol;
use crate::clock::Pace;
use crate::metrics::Metrics;
use certificate::not_after;
use clients::{ClientVerifier, RefusedClients};

/// The contents of the files of TLS, all of them PEM.
pub(crate) struct TlsPem<'a> {
    /// The certificate of the server, then those of the authorities between it and the root.
    pub(crate) chain: &'a [u8],
    /// The private key of the certificate.
    pub(crate) key: &'a [u8],
    /// The authorities that sign the certificates of clients; none if clients are not asked.
    pub(crate) client_ca: Option<&'a [u8]>,
}

/// The file that has a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsFile {
    /// The certificate of the server.
    Certificate,
    /// Its private key.
    Key,
    /// The authorities of clients.
    ClientCa,
}

/// Why the files of TLS cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub(crate) struct TlsFault {
    /// The file with the fault.
    pub(crate) file: TlsFile,
    problem: String,
}

impl TlsFault {
    fn new(file: TlsFile, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self { file, problem }
    }
}

/// What the addresses serve now.
struct Served {
    grpc: Arc<ServerConfig>,
    http: Arc<ServerConfig>,
    not_after: u64,
}

impl Served {
    fn read(pem: &TlsPem<'_>, refused: &Arc<RefusedClients>) -> Result<Self, TlsFault> {
        let chain = certificates(TlsFile::Certificate, pem.chain)?;
        let leaf = chain.first().map(|leaf| leaf.as_ref()).unwrap_or_default();
        let not_after = not_after(leaf).ok_or_else(|| {
            TlsFault::new(
                TlsFile::Certificate,
                "its first certificate does not say until when it is valid",
            )
        })?;
        let key = PrivateKeyDer::from_pem_slice(pem.key).map_err(|_| {
            TlsFault::new(
                TlsFile::Key,
                "it holds no private key in PEM (`-----BEGIN PRIVATE KEY-----`)",
            )
        })?;
        let clients = clients(pem.client_ca, refused)?;
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsFault::new(TlsFile::Certificate, error.to_string()))?
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)
            .map_err(|error| {
                if matches!(error, rustls::Error::InconsistentKeys(_)) {
                    TlsFault::new(TlsFile::Key, "it is not the key of the first certificate")
                } else {
                    TlsFault::new(TlsFile::Certificate, error.to_string())
                }
            })?;
        if pem.client_ca.is_some() {
            // A connection that resumes a session shows no certificate: that of the session would count, also when it has
            // expired since, or when its authority is not trusted any more.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        config.alpn_protocols = vec![Protocol::Grpc.alpn().to_vec()];
        let mut http = config.clone();
        http.alpn_protocols = vec![Protocol::Http.alpn().to_vec()];
        Ok(Self {
            grpc: Arc::new(config),
            http: Arc::new(http),
            not_after,
        })
    }

    /// Checks that the certificate has not expired.
    fn check_expiry(&self, now: u64) -> Result<(), TlsFault> {
        if now <= self.not_after {
            return Ok(());
        }
        let problem = "its first certificate has expired";
        Err(TlsFault::new(TlsFile::Certificate, problem))
    }
}

fn certificates(file: TlsFile, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let read = read.map_err(|error| TlsFault::new(file, error.to_string()))?;
    if read.is_empty() {
        let problem = "it holds no certificate in PEM (`-----BEGIN CERTIFICATE-----`)";
        return Err(TlsFault::new(file, problem));
    }
    Ok(read)
}

/// Who checks the certificates of clients. A client may show none.
fn clients(authorities: Option<&[u8]>, refused: &Arc<RefusedClients>) -> Result<Arc<dyn ClientCertVerifier>, TlsFault> {
    let Some(authorities) = authorities else {
        return Ok(WebPkiClientVerifier::no_client_auth());
    };
    let failed = |error: &dyn std::error::Error| TlsFault::new(TlsFile::ClientCa, error.to_string());
    let mut roots = RootCertStore::empty();
    for authority in certificates(TlsFile::ClientCa, authorities)? {
        roots.add(authority).map_err(|error| failed(&error))?;
    }
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let rules = verifier
        .allow_unauthenticated()
        .build()
        .map_err(|error| failed(&error))?;
    let refused = Arc::clone(refused);
    Ok(Arc::new(ClientVerifier { rules, refused }))
}

/// TLS of all addresses of a server.
pub(crate) struct Tls {
    served: RwLock<Served>,
    /// The clients whose certificate was refused, whatever is served since.
    refused: Arc<RefusedClients>,
    /// The lines of the log about clients that speak plain text.
    plain_text: Pace,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// TLS with these files. A certificate that has expired is better than none, since some clients accept it.
    pub(crate) fn new(pem: &TlsPem<'_>) -> Result<Self, TlsFault> {
        let refused = Arc::default();
        Ok(Self {
            served: RwLock::new(Served::read(pem, &refused)?),
            refused,
            plain_text: Pace::default(),
        })
    }

    /// Counts there the certificates of clients that are refused from now on.
    pub(crate) fn count_in(&self, metrics: &Metrics) {
        self.refused.count_in(metrics);
    }

    /// Checks that the served certificate has not expired.
    pub(crate) fn check_expiry(&self) -> Result<(), TlsFault> {
        self.served.read().check_expiry(certificate::now())
    }

    /// Serves these files from now on. If they have a fault, or if the certificate has expired, the old ones stay.
    pub(crate) fn replace(&self, pem: &TlsPem<'_>) -> Result<(), TlsFault> {
        let served = Served::read(pem, &self.refused)?;
        served.check_expiry(certificate::now())?;
        *self.served.write() = served;
        Ok(())
    }

    /// The end of the served certificate's validity, in seconds since 1970.
    pub(crate) fn not_after(&self) -> u64 {
        self.served.read().not_after
    }

    /// What a new connection to an address of this protocol begins with.
    pub(super) fn config(&self, protocol: Protocol) -> Arc<ServerConfig> {
        let served = self.served.read();
        match protocol {
            Protocol::Grpc => Arc::clone(&served.grpc),
            Protocol::Http => Arc::clone(&served.http),
        }
    }

    /// Tells the log that a client speaks plain text; at most once a second.
    pub(super) fn warn_of_plain_text(&self, protocol: Protocol) {
        if let Some(left_out) = self.plain_text.line() {
            tracing::warn!(
                port = protocol.name(),
                left_out,
                "a client speaks plain text on a port that speaks TLS, and was refused"
            );
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};

    use super::*;

    /// A self-signed certificate for `localhost`, and its key.
    pub(in crate::net) fn pair() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn fault(chain: &str, key: &str, client_ca: Option<&str>) -> (TlsFile, String) {
        let pem = TlsPem {
            chain: chain.as_bytes(),
            key: key.as_bytes(),
            client_ca: client_ca.map(str::as_bytes),
        };
        let fault = Tls::new(&pem).unwrap_err();
        (fault.file, fault.to_string())
    }

    #[test]
    fn a_fault_names_its_file() {
        let (chain, key) = pair();
        let (_, other) = pair();
        let (file, problem) = fault(&chain, &other, None);
        assert!(file == TlsFile::Key && problem.contains("not the key"), "{problem}");
        let (file, problem) = fault("", &key, None);
        assert!(
            file == TlsFile::Certificate && problem.contains("no certificate"),
            "{problem}"
        );
        let (file, problem) = fault(&chain, &chain, None);
        assert!(file == TlsFile::Key && problem.contains("no private key"), "{problem}");
        assert_eq!(fault(&chain, &key, Some("")).0, TlsFile::ClientCa);
        assert_eq!(
            fault("-----BEGIN CERTIFICATE-----\n!", &key, None).0,
            TlsFile::Certificate
        );
    }

    #[test]
    fn a_broken_pair_keeps_the_old_one() {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(2031, 2, 3);
        let first = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let (chain, key) = (first.pem(), first.key().serialize_pem());
        let pem = |chain, key| TlsPem {
            chain,
            key,
            client_ca: None,
        };
        let tls = Tls::new(&pem(chain.as_bytes(), key.as_bytes())).unwrap();
        assert_eq!(tls.not_after(), 1_927_843_200);
        let served = tls.config(Protocol::Grpc);
        let (other, other_key) = pair();
        assert!(tls.replace(&pem(other.as_bytes(), key.as_bytes())).is_err());
        assert!(Arc::ptr_eq(&served, &tls.config(Protocol::Grpc)));
        tls.replace(&pem(other.as_bytes(), other_key.as_bytes())).unwrap();
        assert!(!Arc::ptr_eq(&served, &tls.config(Protocol::Grpc)));
        assert_ne!(tls.not_after(), 1_927_843_200);
    }

    #[test]
    fn a_certificate_that_has_expired_does_not_replace_another_one() {
        let pair = |until| {
            let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
            params.not_after = rcgen::date_time_ymd(until, 1, 1);
            let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
            (issuer.pem(), issuer.key().serialize_pem())
        };
        let (valid, expired) = (pair(2_100), pair(2_001));
        let [valid, expired] = [&valid, &expired].map(|(chain, key)| TlsPem {
            chain: chain.as_bytes(),
            key: key.as_bytes(),
            client_ca: None,
        });
        let tls = Tls::new(&valid).unwrap();
        tls.check_expiry().unwrap();
        let until = tls.not_after();
        let fault = tls.replace(&expired).unwrap_err();
        assert!(fault.to_string().contains("has expired"), "{fault}");
        assert_eq!((fault.file, tls.not_after()), (TlsFile::Certificate, until));
        // At the start there is no other one.
        assert!(Tls::new(&expired).unwrap().check_expiry().is_err());
    }
}
