//! Who is at the other end of a connection, as far as the network and TLS tell it.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use http::Extensions;
use sha2::{Digest as _, Sha256};

use super::tls::certificate;
use super::usage::ConnectionUsage;

/// The address of the client, or of the proxy in front of the server. In the extensions of every request that came over a
/// socket of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PeerAddress(pub(crate) IpAddr);

/// When the bytes of a request arrived. In the extensions of each request over gRPC.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived(pub(crate) Instant);

/// The certificate that the client has shown and whose key it has, signed by an authority of `--tls-client-ca`. In the
/// extensions of the requests of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PeerCertificate {
    /// SHA-256 of the certificate (DER), the fingerprint that `openssl x509 -fingerprint -sha256` prints.
    pub(crate) sha256: [u8; 32],
    /// The end of its validity, in seconds since 1970.
    not_after: u64,
}

impl PeerCertificate {
    pub(super) fn of(certificate: &[u8]) -> Self {
        Self {
            sha256: Sha256::digest(certificate).into(),
            // The handshake has read it too. A certificate without it would never be valid.
            not_after: certificate::not_after(certificate).unwrap_or(0),
        }
    }

    fn is_valid_at(&self, now: u64) -> bool {
        now <= self.not_after
    }
}

/// A connection, for the requests that arrive on it. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionInfo {
    pub(super) usage: ConnectionUsage,
    pub(super) address: PeerAddress,
    /// Set at the end of the handshake, thus before the first request.
    pub(super) certificate: Arc<OnceLock<PeerCertificate>>,
}

impl ConnectionInfo {
    /// How the connection is used.
    pub(crate) fn usage(&self) -> &ConnectionUsage {
        &self.usage
    }

    /// Puts what is known of the client into the extensions of a request.
    pub(crate) fn describe(&self, extensions: &mut Extensions) {
        extensions.insert(self.usage.clone());
        extensions.insert(self.address);
        // The handshake has checked it, but the connection may be older than that.
        let certificate = self.certificate.get();
        if let Some(certificate) = certificate.filter(|certificate| certificate.is_valid_at(certificate::now())) {
            extensions.insert(*certificate);
        }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn a_certificate_counts_until_its_end() {
        let mut params = CertificateParams::new(["app".to_owned()]).unwrap();
        params.not_after = date_time_ymd(2026, 12, 31);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let shown = PeerCertificate::of(certificate.der());
        assert!(shown.is_valid_at(1_798_675_200));
        assert!(!shown.is_valid_at(1_798_675_201));
        assert!(!PeerCertificate::of(b"no certificate").is_valid_at(1));
    }
}
