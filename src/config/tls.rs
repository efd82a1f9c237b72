//! TLS of the server's own addresses.

use std::path::PathBuf;

use super::fault::ValueProblem;
use super::layers::Layers;
use super::{parse, settings};

/// The files of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// Certificate of the server and those of the authorities between it and the root (PEM).
    pub certificate: PathBuf,
    /// Private key of the certificate (PEM).
    pub key: PathBuf,
    /// Certificates of the authorities that sign the certificates of clients (PEM). Default: none; clients are not asked
    /// for a certificate.
    pub client_ca: Option<PathBuf>,
}

impl TlsSettings {
    /// The settings, or `None` if TLS is not configured. The certificate and the key must be given together.
    pub(super) fn read(layers: &mut Layers<'_>) -> Option<Option<Self>> {
        let certificate = layers.read_if_set(&settings::TLS_CERT, parse::path);
        let key = layers.read_if_set(&settings::TLS_KEY, parse::path);
        let client_ca = layers.read_if_set(&settings::TLS_CLIENT_CA, parse::path);
        let (certificate, key, client_ca) = (certificate?, key?, client_ca?);
        let alone = match (certificate, key) {
            (Some(certificate), Some(key)) => {
                return Some(Some(Self {
                    certificate,
                    key,
                    client_ca,
                }));
            }
            (None, None) if client_ca.is_none() => return Some(None),
            (None, None) => &settings::TLS_CLIENT_CA,
            (Some(_), None) => &settings::TLS_CERT,
            (None, Some(_)) => &settings::TLS_KEY,
        };
        layers.refuse(
            alone,
            ValueProblem {
                wrong: "has no effect alone".to_owned(),
                accepted: "--tls-cert and --tls-key together".to_owned(),
            },
        );
        None
    }
}
