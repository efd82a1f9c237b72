//! Files with certificates. That of a client is looked at before it is used: a server that refuses it in the handshake cannot
//! say why.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::error::CliError;
use crate::domain::time::Timestamp;
use crate::net::ClientFlaw;

/// The certificates of a file, as they are in it.
///
/// # Errors
/// If the file cannot be read, or holds something else than certificates.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    let pem = std::fs::read(path).map_err(|source| file_error(path, source))?;
    let mut found = CertificateDer::pem_slice_iter(&pem);
    match found.next() {
        Some(Ok(_)) if found.all(|certificate| certificate.is_ok()) => Ok(pem),
        _ => Err(none_in(path)),
    }
}

/// The certificate of a client (PEM): the first one of a file, since those after it are of the authorities that signed it.
/// `flag` named the file. A server with another clock may accept one that has ended by the clock of this machine, so its times
/// are not looked at.
///
/// # Errors
/// If the file cannot be read, or if no server accepts its certificate as that of a client.
pub(super) fn read_shown(flag: &str, path: &Path) -> Result<Vec<u8>, CliError> {
    let pem = read(path)?;
    let certificate = first(path, &pem)?;
    match ClientFlaw::of_form(&certificate) {
        None => Ok(pem),
        Some(flaw) => Err(flawed(flag, path, flaw)),
    }
}

/// The certificate of a client that is to be bound to a principal, in DER. It must not have ended by `now`.
///
/// # Errors
/// As of [`read_shown`].
pub(super) fn read_bound(flag: &str, path: &Path, now: Timestamp) -> Result<CertificateDer<'static>, CliError> {
    let pem = std::fs::read(path).map_err(|source| file_error(path, source))?;
    let certificate = first(path, &pem)?;
    let seconds = u64::try_from(now.millis() / 1_000).unwrap_or(0);
    match ClientFlaw::at(&certificate, seconds) {
        None => Ok(certificate),
        Some(flaw) => Err(flawed(flag, path, flaw)),
    }
}

fn first(path: &Path, pem: &[u8]) -> Result<CertificateDer<'static>, CliError> {
    CertificateDer::from_pem_slice(pem).map_err(|_| none_in(path))
}

fn none_in(path: &Path) -> CliError {
    let problem = "it holds no certificate in PEM (`-----BEGIN CERTIFICATE-----`)";
    file_error(path, std::io::Error::other(problem))
}

fn file_error(path: &Path, source: std::io::Error) -> CliError {
    let path = path.to_owned();
    CliError::File { path, source }
}

/// The error that names the cause, and how to mend it.
fn flawed(flag: &str, path: &Path, flaw: ClientFlaw) -> CliError {
    let (cause, mend) = match flaw {
        ClientFlaw::Unreadable => (
            "the bytes in its PEM are no certificate".to_owned(),
            "give the file with the certificate of the client",
        ),
        ClientFlaw::Version(version) => (
            format!("the certificate has version {version}, and TLS needs version 3"),
            "make it again with an extension: `basicConstraints=CA:FALSE` in the file of `openssl x509 -req -extfile FILE`",
        ),
        ClientFlaw::Authority => (
            "the certificate is that of an authority".to_owned(),
            "give one that the authority has signed for the client, with `basicConstraints=CA:FALSE`",
        ),
        ClientFlaw::Purpose => (
            "the certificate is for other purposes than those of a client".to_owned(),
            "make it again with `extendedKeyUsage=clientAuth`",
        ),
        ClientFlaw::Ended(second) => {
            let end = Timestamp::from_secs(i64::try_from(second).unwrap_or(i64::MAX / 1_000));
            (
                format!("the certificate ended at {end}"),
                "make a new one, and give its file",
            )
        }
    };
    CliError::Credential(format!("{flag} {}: {cause}; {mend}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd};
    use tempfile::TempDir;

    use super::*;

    const VERSION_1: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/certificate-version-1.pem");
    const FLAG: &str = "--certificate";

    fn file(folder: &TempDir, name: &str, change: impl FnOnce(&mut CertificateParams)) -> PathBuf {
        let mut params = CertificateParams::new(["a.example".to_owned()]).unwrap();
        params.not_after = date_time_ymd(2_026, 12, 31);
        change(&mut params);
        let path = folder.path().join(name);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        std::fs::write(&path, certificate.pem()).unwrap();
        path
    }

    #[test]
    fn the_sentence_names_the_flag_the_cause_and_the_mend() {
        let folder = TempDir::new().unwrap();
        let authority = file(&folder, "authority.pem", |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        });
        let server = file(&folder, "server.pem", |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        });
        let now = Timestamp::from_secs(1_790_000_000);
        for (path, cause, mend) in [
            (
                Path::new(VERSION_1),
                "has version 1, and TLS needs version 3",
                "-extfile",
            ),
            (
                authority.as_path(),
                "is that of an authority",
                "basicConstraints=CA:FALSE",
            ),
            (
                server.as_path(),
                "for other purposes than those of a client",
                "extendedKeyUsage=clientAuth",
            ),
        ] {
            for error in [
                read_bound(FLAG, path, now).unwrap_err(),
                read_shown(FLAG, path).unwrap_err(),
            ] {
                let text = error.to_string();
                assert!(
                    text.starts_with(&format!("--certificate {}: ", path.display())),
                    "{text}"
                );
                assert!(text.contains(cause) && text.contains(mend), "{text}");
                assert!(error.is_usage());
            }
        }
    }

    #[test]
    fn what_has_ended_is_not_bound() {
        let folder = TempDir::new().unwrap();
        let path = file(&folder, "client.pem", |_| ());
        let last = Timestamp::from_secs(1_798_675_200);
        read_bound(FLAG, &path, last).unwrap();
        let after = Timestamp::from_secs(1_798_675_201);
        let text = read_bound(FLAG, &path, after).unwrap_err().to_string();
        assert!(text.contains("the certificate ended at 2026-12-31T00:00:00"), "{text}");
        // The server decides by its own clock.
        read_shown(FLAG, &path).unwrap();
    }
}
