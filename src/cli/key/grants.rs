//! Arguments on credentials of other parties: certificates and subjects of OpenID providers.

use std::path::{Path, PathBuf};

use clap::Args;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};

use crate::cli::error::CliError;
use crate::domain::identity::SecretHash;
use crate::wire::v1::OidcSubject;

/// The credentials of other parties that are bound to a principal.
#[derive(Args, Debug)]
pub(super) struct BoundArgs {
    /// File with a client certificate (PEM) by which the server recognises the principal; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(super) certificate: Vec<PathBuf>,
    /// SHA-256 of a client certificate in DER, 64 hexadecimal digits; may be repeated
    #[arg(long, value_name = "HEX")]
    pub(super) certificate_sha256: Vec<String>,
    /// Issuer of the principal's tokens: the claim iss
    #[arg(long, value_name = "URL", requires = "oidc_subject")]
    oidc_issuer: Option<String>,
    /// Subject of the principal's tokens: the claim sub
    #[arg(long, value_name = "SUB", requires = "oidc_issuer")]
    oidc_subject: Option<String>,
}

impl BoundArgs {
    /// The hashes of the given certificates.
    ///
    /// # Errors
    /// If a file holds no certificate.
    pub(super) fn certificates(&self) -> Result<Vec<String>, CliError> {
        let of_files = self.certificate.iter().map(|path| hash(path));
        let of_texts = self.certificate_sha256.iter().map(|text| Ok(text.to_ascii_lowercase()));
        of_files.chain(of_texts).collect()
    }

    /// The given subject; none if none is given.
    pub(super) fn subjects(&self) -> Vec<OidcSubject> {
        let pair = self.oidc_issuer.clone().zip(self.oidc_subject.clone());
        pair.map(|(issuer, subject)| OidcSubject { issuer, subject })
            .into_iter()
            .collect()
    }
}

/// The hash of the first certificate of a file: the others are of the authorities that signed it.
fn hash(path: &Path) -> Result<String, CliError> {
    let failed = |source| CliError::File {
        path: path.to_owned(),
        source,
    };
    let pem = std::fs::read(path).map_err(failed)?;
    let certificate = CertificateDer::from_pem_slice(&pem).map_err(|_| {
        failed(std::io::Error::other(
            "it holds no certificate in PEM (`-----BEGIN CERTIFICATE-----`)",
        ))
    })?;
    Ok(SecretHash::from_bytes(Sha256::digest(&certificate).into()).text())
}
