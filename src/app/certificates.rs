//! The files of TLS: read at the start, and again when they change, while the server runs.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::AppError;
use super::files::{NamedFile, PrivateFile};
use crate::config::TlsSettings;
use crate::metrics::{ConfigReloadLabel, Metrics};
use crate::net::{Tls, TlsFault, TlsFile, TlsPem};

/// The most bytes of a file of TLS: some hundred certificates.
const MAX_BYTES: usize = 1024 * 1024;
/// The time between two looks at the files.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// The time between two looks when a signal has asked for them, and how many there are at most.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
const MAX_LOOKS: usize = 20;

/// The contents of the files.
struct Contents {
    chain: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl Contents {
    fn read(settings: &TlsSettings) -> Result<Self, AppError> {
        let file = |file| NamedFile::of(settings, file);
        Ok(Self {
            chain: file(TlsFile::Certificate).read_bytes(MAX_BYTES)?,
            key: PrivateFile(file(TlsFile::Key)).read_bytes(MAX_BYTES)?,
            client_ca: match &settings.client_ca {
                Some(_) => Some(file(TlsFile::ClientCa).read_bytes(MAX_BYTES)?),
                None => None,
            },
        })
    }

    fn pem(&self) -> TlsPem<'_> {
        TlsPem {
            chain: &self.chain,
            key: &self.key,
            client_ca: self.client_ca.as_deref(),
        }
    }

    /// A hash that changes with any of the files.
    fn hash(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        for part in [Some(&self.chain), Some(&self.key), self.client_ca.as_ref()] {
            let part = part.map(Vec::as_slice).unwrap_or_default();
            hasher.update(blake3::hash(part).as_bytes());
        }
        hasher.finalize()
    }
}

impl<'a> NamedFile<'a> {
    fn of(settings: &'a TlsSettings, file: TlsFile) -> Self {
        let (kind, path) = match file {
            TlsFile::Certificate => ("certificate of --tls-cert", Some(&settings.certificate)),
            TlsFile::Key => ("private key of --tls-key", Some(&settings.key)),
            TlsFile::ClientCa => ("certificates of --tls-client-ca", settings.client_ca.as_ref()),
        };
        let path = path.map(std::path::PathBuf::as_path).unwrap_or_else(|| "".as_ref());
        Self { kind, path }
    }
}

/// The hashes of what the files held.
struct Seen {
    /// When they were last used, with or without a fault.
    used: blake3::Hash,
    /// At the last look.
    last: blake3::Hash,
}

/// The certificate of the server, its key, and the authorities of its clients, as they are served and as they are in files.
pub struct Certificates {
    settings: TlsSettings,
    tls: Arc<Tls>,
    seen: Mutex<Seen>,
}

impl Certificates {
    /// Reads the files.
    ///
    /// # Errors
    /// If one of them cannot be read or used, or if others than the user of the server can read the key.
    pub(super) fn read(settings: &TlsSettings) -> Result<Self, AppError> {
        let contents = Contents::read(settings)?;
        let tls = Tls::new(&contents.pem()).map_err(|fault| invalid(settings, fault))?;
        if let Err(fault) = tls.check_expiry() {
            let error = invalid(settings, fault);
            tracing::warn!(%error, cause = cause(&error), "most clients will refuse the certificate of this server");
        }
        let hash = contents.hash();
        Ok(Self {
            settings: settings.clone(),
            tls: Arc::new(tls),
            seen: Mutex::new(Seen { used: hash, last: hash }),
        })
    }

    pub(super) fn tls(&self) -> Arc<Tls> {
        Arc::clone(&self.tls)
    }

    /// Tells the metrics how long the served certificate is valid, and from now on which certificates of clients are refused.
    pub(super) fn tell(&self, metrics: &Metrics) {
        self.tls.count_in(metrics);
        metrics.tls_not_after(self.tls.not_after());
    }

    /// Reads the files again, until they are the same at two looks: a signal may come while they are being written.
    pub async fn reload(&self, metrics: &Metrics) {
        let (_, mut before) = self.look();
        for _ in 1..MAX_LOOKS {
            tokio::time::sleep(LOOK_AGAIN).await;
            let (contents, hash) = self.look();
            if hash == std::mem::replace(&mut before, hash) {
                *self.seen.lock() = Seen { used: hash, last: hash };
                self.replace(contents, metrics);
                return;
            }
        }
        tracing::warn!("the files of TLS keep changing, and will be read when they no longer do");
    }

    /// Looks at the files every few seconds, for ever, and serves what they hold once it has changed.
    pub(super) async fn watch(self: Arc<Self>, metrics: Metrics) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let (certificates, metrics) = (Arc::clone(&self), metrics.clone());
            let looked = tokio::task::spawn_blocking(move || certificates.reload_if_changed(&metrics)).await;
            if let Err(error) = looked {
                tracing::error!(%error, "cannot look at the files of TLS");
            }
        }
    }

    /// Serves what the files hold if it is new and was the same at the last look: a file may be half written, or the other
    /// file may follow.
    fn reload_if_changed(&self, metrics: &Metrics) {
        let (contents, hash) = self.look();
        {
            let mut seen = self.seen.lock();
            let is_settled = seen.last == hash;
            seen.last = hash;
            if seen.used == hash || !is_settled {
                return;
            }
            seen.used = hash;
        }
        self.replace(contents, metrics);
    }

    /// What the files hold, and its hash; that of the fault if they cannot be read.
    fn look(&self) -> (Result<Contents, AppError>, blake3::Hash) {
        let contents = Contents::read(&self.settings);
        let hash = match &contents {
            Ok(contents) => contents.hash(),
            Err(error) => blake3::hash(format!("{error}: {:?}", cause(error)).as_bytes()),
        };
        (contents, hash)
    }

    fn replace(&self, contents: Result<Contents, AppError>, metrics: &Metrics) {
        let replaced = contents.and_then(|contents| {
            let replaced = self.tls.replace(&contents.pem());
            replaced.map_err(|fault| invalid(&self.settings, fault))
        });
        let outcome = match replaced {
            Ok(()) => {
                let not_after = self.tls.not_after();
                tracing::info!(not_after, "new connections get the certificate that is in the file now");
                ConfigReloadLabel::Applied
            }
            Err(error) => {
                let cause = cause(&error);
                tracing::error!(%error, cause, "the files of TLS are not used, the old certificate stays");
                ConfigReloadLabel::Refused
            }
        };
        metrics.tls_reload(outcome);
        self.tell(metrics);
    }
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

fn cause(error: &AppError) -> Option<String> {
    std::error::Error::source(error).map(ToString::to_string)
}

fn invalid(settings: &TlsSettings, fault: TlsFault) -> AppError {
    NamedFile::of(settings, fault.file).invalid(fault)
}
