//! Who is at the other end of a connection, as far as the network and TLS tell it.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use http::Extensions;
use sha2::{Digest as _, Sha256};

use super::usage::ConnectionUsage;

/// The address of the client, or of the proxy in front of the server. In the extensions of every request that came over a
/// socket of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PeerAddress(pub(crate) IpAddr);

/// The certificate that the client has shown and whose key it has, signed by an authority of `--tls-client-ca`. In the
/// extensions of the requests of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PeerCertificate {
    /// SHA-256 of the certificate (DER), the fingerprint that `openssl x509 -fingerprint -sha256` prints.
    pub(crate) sha256: [u8; 32],
}

impl PeerCertificate {
    pub(super) fn of(certificate: &[u8]) -> Self {
        Self {
            sha256: Sha256::digest(certificate).into(),
        }
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
        if let Some(certificate) = self.certificate.get() {
            extensions.insert(*certificate);
        }
    }
}
