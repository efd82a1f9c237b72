//! How a client command reaches a server under TLS, and by which credential it is known there.

use std::path::PathBuf;

use clap::Args;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};
use tonic::{Request, Status};

use super::certificate;
use super::error::CliError;
use crate::app::read_private_file;
use crate::domain::identity::{ApiKey, KeyTextError};
use crate::tokens::MAX_TOKEN_BYTES;

/// What a file or a variable holds, for errors.
const API_KEY: &str = "API key";
/// The variable that holds the API key itself. It is no argument, since the arguments of a process are no secret.
const KEY_VARIABLE: &str = "RINGWARDEN_KEY";
/// The most bytes of a file with an API key, with blanks around it.
const MAX_KEY_BYTES: usize = 1024;
/// The variable that holds a token itself.
const TOKEN_VARIABLE: &str = "RINGWARDEN_TOKEN";
/// The most bytes of a file with a token, with blanks around it.
const MAX_TOKEN_FILE_BYTES: usize = MAX_TOKEN_BYTES + 1024;
/// The most bytes of a file of certificates.
const MAX_PEM_BYTES: usize = 1024 * 1024;

/// The files of TLS, and the API key.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Access {
    /// File with the certificates (PEM) of the authorities that may sign the certificate of an https:// server [default:
    /// the public authorities]
    #[arg(long, value_name = "FILE", env = "RINGWARDEN_CA", help_heading = "Access")]
    pub(super) ca: Option<PathBuf>,
    /// File with the certificate (PEM) that this client shows to the server
    #[arg(long, value_name = "FILE", env = "RINGWARDEN_CLIENT_CERT", help_heading = "Access")]
    pub(super) client_cert: Option<PathBuf>,
    /// File with the private key (PEM) of --client-cert
    #[arg(long, value_name = "FILE", env = "RINGWARDEN_CLIENT_KEY", help_heading = "Access")]
    pub(super) client_key: Option<PathBuf>,
    /// File with the API key of this client; the variable RINGWARDEN_KEY may hold the key instead
    #[arg(long, value_name = "FILE", help_heading = "Access")]
    pub(super) key_file: Option<PathBuf>,
    /// File with a token (JWT) of an OpenID provider, instead of an API key; the variable RINGWARDEN_TOKEN may hold the token
    /// instead
    #[arg(long, value_name = "FILE", conflicts_with = "key_file", help_heading = "Access")]
    pub(super) token_file: Option<PathBuf>,
}

impl Access {
    /// TLS to a server at `https://`.
    ///
    /// # Errors
    /// If a file cannot be read or used, or if others can read the private key.
    pub(super) fn tls(&self) -> Result<ClientTlsConfig, CliError> {
        let tls = match &self.ca {
            None => ClientTlsConfig::new().with_webpki_roots(),
            Some(path) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(certificate::read(path)?)),
        };
        match (&self.client_cert, &self.client_key) {
            (None, None) => Ok(tls),
            (Some(path), Some(key)) => {
                let key = read_private_file("client key", key, MAX_PEM_BYTES)?;
                Ok(tls.identity(Identity::from_pem(certificate::read_shown("--client-cert", path)?, key)))
            }
            (Some(_), None) | (None, Some(_)) => Err(CliError::Credential(
                "--client-cert and --client-key must be given together".to_owned(),
            )),
        }
    }

    /// The API key or the token of this client; none if none is given. A flag comes before the variables.
    ///
    /// # Errors
    /// If the file cannot be read, if others can read it, or if what is given cannot be a credential.
    pub(super) fn credential(&self) -> Result<Credential, CliError> {
        let found = match (&self.key_file, &self.token_file) {
            (Some(path), _) => Some(Found::in_file(API_KEY, "file of the API key", path, MAX_KEY_BYTES)?),
            (None, Some(path)) => Some(Found::in_file(
                "token",
                "file of the token",
                path,
                MAX_TOKEN_FILE_BYTES,
            )?),
            (None, None) => match (
                Found::in_variable(API_KEY, KEY_VARIABLE),
                Found::in_variable("token", TOKEN_VARIABLE),
            ) {
                (Some(_), Some(_)) => {
                    let both = format!("{KEY_VARIABLE} and {TOKEN_VARIABLE} are both set: unset one of them");
                    return Err(CliError::Credential(both));
                }
                (key, token) => key.or(token),
            },
        };
        let Some(Found { kind, place, text }) = found else {
            return Ok(Credential(None));
        };
        let credential = Credential::of(&text);
        let credential = credential.ok_or_else(|| CliError::Credential(format!("{place} holds no {kind}")))?;
        if kind == API_KEY {
            check_key(&place, text.trim())?;
        }
        Ok(credential)
    }
}

/// Checks the form and the checksum of a key before it is sent. The server says the same of every key that it does not accept,
/// so it does not say that a key was cut off.
fn check_key(place: &str, text: &str) -> Result<(), CliError> {
    let problem = match ApiKey::parse(text) {
        Ok(_) => return Ok(()),
        Err(KeyTextError::Checksum) => format!("the API key in {place} is damaged: its checksum is wrong"),
        Err(error) if text.starts_with("rw_") => format!("the API key in {place} is cut off or damaged: it {error}"),
        Err(error) => format!("{place} holds no API key: it {error}"),
    };
    Err(CliError::Credential(problem))
}

/// A text that should be a credential.
struct Found {
    kind: &'static str,
    place: String,
    text: String,
}

impl Found {
    fn in_file(kind: &'static str, file: &'static str, path: &std::path::Path, limit: usize) -> Result<Self, CliError> {
        let bytes = read_private_file(file, path, limit)?;
        Ok(Self {
            kind,
            place: path.display().to_string(),
            text: String::from_utf8(bytes).unwrap_or_default(),
        })
    }

    /// None if the variable is not set, or empty.
    fn in_variable(kind: &'static str, name: &str) -> Option<Self> {
        let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
        Some(Self {
            kind,
            place: name.to_owned(),
            text: value.into_string().unwrap_or_default(),
        })
    }
}

/// The credential that every request of a client carries. Its text is never shown.
#[derive(Clone, Debug)]
pub(super) struct Credential(Option<MetadataValue<Ascii>>);

impl Credential {
    fn of(key: &str) -> Option<Self> {
        let key = key.trim();
        let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        let mut value: MetadataValue<Ascii> = format!("Bearer {key}").parse().ok().filter(|_| is_key)?;
        value.set_sensitive(true);
        Some(Self(Some(value)))
    }

    /// Whether there is a key.
    pub(super) const fn is_some(&self) -> bool {
        self.0.is_some()
    }
}

impl Interceptor for Credential {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_sent_and_never_shown() {
        let mut credential = Credential::of(" rw_test_1_secret\n").unwrap();
        assert!(!format!("{credential:?}").contains("secret"), "{credential:?}");
        let request = credential.call(Request::new(())).unwrap();
        assert_eq!(
            request.metadata().get("authorization").unwrap(),
            "Bearer rw_test_1_secret"
        );
        assert!(!format!("{request:?}").contains("secret"), "{request:?}");
        for text in ["", " \n", "two words", "k\u{f6}y", "a\nb"] {
            assert!(Credential::of(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_key_is_checked_before_it_is_sent() {
        let key = ApiKey::new("test", crate::domain::identity::KeyId::from_raw(1), [7; 32]).unwrap();
        let whole = key.text();
        assert!(check_key("ana.key", &whole).is_ok());
        for (text, expected) in [
            (
                whole.replacen("07", "08", 1),
                "the API key in ana.key is damaged: its checksum is wrong",
            ),
            (
                whole.chars().take(40).collect(),
                "the API key in ana.key is cut off or damaged: it must have the form rw_",
            ),
            (
                "hello".to_owned(),
                "ana.key holds no API key: it must have the form rw_",
            ),
        ] {
            let error = check_key("ana.key", &text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.contains("0707"), "{error}");
        }
    }

    #[test]
    fn a_certificate_comes_with_its_key() {
        let access = Access {
            client_cert: Some("c.pem".into()),
            ..Access::default()
        };
        let error = access.tls().unwrap_err().to_string();
        assert!(error.contains("together"), "{error}");
    }
}
