//! Reads the certificates of the authorities that may sign the certificate of a Redis.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// The errors of files with certificates.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file or directory cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// Its path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A certificate in a file is damaged, or is no certificate of an authority.
    #[error("{}: certificate {number} cannot be used: {cause}", path.display())]
    Damaged {
        /// Path of the file.
        path: PathBuf,
        /// The place of the certificate in the file, from 1.
        number: usize,
        /// What is wrong.
        cause: String,
    },
    /// No file has a certificate.
    #[error("{places} has no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----")]
    None {
        /// The paths of files and directories.
        places: String,
    },
}

/// The certificates, in PEM, of a file and of the files in directories. Every certificate of the file must be sound. In
/// directories, which often hold other things too, only sound certificates are taken.
///
/// # Errors
/// If a place cannot be read, if a certificate of the file is damaged, or if there is no certificate at all.
pub fn root_certificates(file: Option<&Path>, directories: &[PathBuf]) -> Result<Vec<u8>, TrustError> {
    let mut pem = String::new();
    if let Some(file) = file {
        for certificate in certificates(file)? {
            push(&mut pem, &certificate?);
        }
    }
    for directory in directories {
        for file in files(directory)? {
            let sound = certificates(&file).into_iter().flatten().filter_map(Result::ok);
            sound.for_each(|certificate| push(&mut pem, &certificate));
        }
    }
    if pem.is_empty() {
        let places = file.into_iter().chain(directories.iter().map(PathBuf::as_path));
        let places: Vec<_> = places.map(|place| place.display().to_string()).collect();
        let places = places.join(", ");
        return Err(TrustError::None { places });
    }
    Ok(pem.into_bytes())
}

type Certificate = Result<CertificateDer<'static>, TrustError>;

/// The certificates of a file, each with its faults.
fn certificates(path: &Path) -> Result<Vec<Certificate>, TrustError> {
    let bytes = std::fs::read(path).map_err(|source| unreadable(path, source))?;
    let check = |(place, parsed): (usize, Result<CertificateDer<'static>, _>)| {
        let damaged = |cause| TrustError::Damaged {
            path: path.to_owned(),
            number: place + 1,
            cause,
        };
        let certificate = parsed.map_err(|cause: rustls::pki_types::pem::Error| damaged(cause.to_string()))?;
        let accepted = RootCertStore::empty().add(certificate.clone());
        accepted.map_err(|cause| damaged(cause.to_string()))?;
        Ok(certificate)
    };
    Ok(CertificateDer::pem_slice_iter(&bytes).enumerate().map(check).collect())
}

fn files(directory: &Path) -> Result<Vec<PathBuf>, TrustError> {
    let entries = std::fs::read_dir(directory).map_err(|source| unreadable(directory, source))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<_> = paths.filter(|path| path.is_file()).collect();
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path, source: io::Error) -> TrustError {
    TrustError::Read {
        path: path.to_owned(),
        source,
    }
}

fn push(pem: &mut String, certificate: &CertificateDer<'_>) {
    let text = STANDARD.encode(certificate);
    pem.push_str(&format!(
        "-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(file: &Path, directories: &[PathBuf]) -> String {
        root_certificates(Some(file), directories).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_certificate_is_refused_with_its_path() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ca.pem");
        assert!(refusal(&file, &[]).ends_with("ca.pem cannot be read"));
        assert!(refusal(directory.path(), &[]).ends_with(" cannot be read"));
        for (text, wrong) in [
            ("", "ca.pem has no certificate in PEM"),
            ("0\u{82}not PEM", "ca.pem has no certificate in PEM"),
            (
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                "ca.pem has no certificate",
            ),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "ca.pem: certificate 1 cannot be used",
            ),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA",
                "ca.pem: certificate 1 cannot be used",
            ),
        ] {
            std::fs::write(&file, text).unwrap();
            assert!(refusal(&file, &[]).contains(wrong), "{text}: {}", refusal(&file, &[]));
        }
        let empty = root_certificates(None, &[directory.path().to_owned()]).unwrap_err();
        assert!(matches!(empty, TrustError::None { .. }), "{empty}");
        assert!(refusal(&file, &["/no/such/place".into()]).contains("certificate 1"));
    }
}
