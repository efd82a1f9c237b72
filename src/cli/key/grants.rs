//! Arguments on credentials of other parties: certificates and subjects of OpenID providers.

use std::path::{Path, PathBuf};

use clap::Args;
use sha2::{Digest as _, Sha256};

use crate::cli::certificate;
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
    /// If a file holds no certificate, or one that no server accepts as that of a client.
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

/// The hash of the certificate of a client.
fn hash(path: &Path) -> Result<String, CliError> {
    let certificate = certificate::read_bound("--certificate", path, super::now())?;
    Ok(SecretHash::from_bytes(Sha256::digest(&certificate).into()).text())
}
