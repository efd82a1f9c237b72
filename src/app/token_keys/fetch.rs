//! Asks an address for a key set: over TLS only, bounded in size and time, without redirections.

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// The longest time that an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of a file of certificates.
const MAX_PEM_BYTES: usize = 1024 * 1024;

/// An address of a key set.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) url: String,
    /// The certificates of the authorities that are trusted; `None` for the public ones.
    pub(super) ca: Option<PathBuf>,
}

impl Address {
    /// The answer, of at most `limit` bytes.
    ///
    /// # Errors
    /// A text that says what is wrong.
    pub(super) async fn fetch(&self, limit: usize) -> Result<Vec<u8>, String> {
        let address = self.clone();
        let fetched = tokio::task::spawn_blocking(move || address.fetch_now(limit)).await;
        fetched.unwrap_or_else(|panicked| Err(panicked.to_string()))
    }

    fn fetch_now(&self, limit: usize) -> Result<Vec<u8>, String> {
        let config = Agent::config_builder()
            .https_only(true)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(TIMEOUT))
            .tls_config(TlsConfig::builder().root_certs(self.roots()?).build())
            .user_agent(concat!("ringwarden/", env!("CARGO_PKG_VERSION")))
            .build();
        let answer = Agent::from(config).get(&self.url).call();
        let answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(format!("the answer has the status {status}, not 200"));
        }
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        let mut body = Vec::new();
        let mut reader = answer
            .into_body()
            .into_with_config()
            .limit(u64::MAX)
            .reader()
            .take(most);
        reader.read_to_end(&mut body).map_err(|error| error.to_string())?;
        if body.len() > limit {
            return Err(format!("the answer is longer than {limit} bytes"));
        }
        Ok(body)
    }

    /// The authorities that are trusted. The file is read each time, so that it can be replaced.
    fn roots(&self) -> Result<RootCerts, String> {
        let Some(path) = &self.ca else {
            return Ok(RootCerts::WebPki);
        };
        let file = super::NamedFile {
            kind: "certificates of --oidc-ca",
            path,
        };
        let pem = file.read_bytes(MAX_PEM_BYTES).map_err(|error| super::problem(&error))?;
        let mut found: Vec<Certificate<'static>> = Vec::new();
        for item in parse_pem(&pem) {
            match item {
                Ok(PemItem::Certificate(certificate)) => found.push(certificate),
                Ok(_) => {}
                Err(error) => return Err(super::problem(&file.invalid(error))),
            }
        }
        if found.is_empty() {
            return Err(format!("{} holds no certificate", path.display()));
        }
        Ok(RootCerts::from(found))
    }
}
