//! Which authorities may sign the certificate of a Redis that is reached over TLS.

use std::path::PathBuf;

use super::layers::Layers;
use super::store_url::StoreUrl;
use super::{ValueProblem, parse, settings};

/// The variable of a file with certificates, as OpenSSL and most programs read it.
pub(super) const CERTIFICATE_FILE: &str = "SSL_CERT_FILE";
/// The variable of directories with certificates, separated by colons.
pub(super) const CERTIFICATE_DIRECTORIES: &str = "SSL_CERT_DIR";

/// The authorities that may sign the certificate of a Redis. Each variant replaces the ones before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The public authorities that are compiled in, which are those of Mozilla.
    BuiltIn,
    /// Those of the variables `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    Environment {
        /// A file with certificates (PEM).
        file: Option<PathBuf>,
        /// Directories of such files.
        directories: Vec<PathBuf>,
    },
    /// Those of the file (PEM) of `store.ca`.
    File(PathBuf),
}

impl Trust {
    /// Reads the settings. Refuses `store.ca` for a store without TLS, since its operator expects TLS.
    pub(super) fn read(layers: &mut Layers<'_>) -> Option<Self> {
        if let Some(file) = layers.read_if_set(&settings::STORE_CA, parse::path)? {
            let url = layers.peek(&settings::STORE_URL, StoreUrl::parse)?;
            if url.is_encrypted() {
                return Some(Self::File(file));
            }
            layers.refuse(
                &settings::STORE_CA,
                ValueProblem {
                    wrong: "has no meaning for a store without TLS".to_owned(),
                    accepted: "a file of certificates, for a store at rediss://".to_owned(),
                },
            );
            return None;
        }
        let file = layers.variable(CERTIFICATE_FILE).map(PathBuf::from);
        let directories = layers.variable(CERTIFICATE_DIRECTORIES).unwrap_or_default();
        let directories: Vec<_> = directories.split(':').filter(|path| !path.is_empty()).collect();
        if file.is_none() && directories.is_empty() {
            return Some(Self::BuiltIn);
        }
        let directories = directories.into_iter().map(PathBuf::from).collect();
        Some(Self::Environment { file, directories })
    }
}
