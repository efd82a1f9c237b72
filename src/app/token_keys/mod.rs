//! The key set of the OpenID provider: read at the start, and again while the server runs. A set that cannot be read or used
//! changes nothing: the old one stays.

mod fetch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use self::fetch::Address;
use super::files::NamedFile;
use super::{AppError, FIRST_PAUSE};
use crate::clock::Clock;
use crate::config::{KeySource, OidcSettings};
use crate::metrics::{ConfigReloadLabel, Metrics};
use crate::tokens::{TokenRules, Tokens};

/// The most bytes of a key set.
const MAX_BYTES: usize = 256 * 1024;
/// The time between two looks at a file.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// The time between two questions to an address.
const ASK_EVERY: Duration = Duration::from_secs(300);
/// The least time between two questions because of tokens with unknown keys: anybody can send these.
const UNKNOWN_KEY_EVERY: Duration = Duration::from_secs(60);
/// The longest pause after a question that failed.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// The keys of the OpenID provider, as they are used and where they come from.
#[derive(Debug)]
pub struct TokenKeys {
    tokens: Arc<Tokens>,
    source: Source,
    asked: Notify,
}

#[derive(Debug)]
enum Source {
    File {
        path: PathBuf,
        /// The hash of what the file held when it was last used, with or without a fault.
        used: Mutex<blake3::Hash>,
    },
    Address(Address),
}

impl TokenKeys {
    /// Reads the file of keys. An address is asked later: its server may be away, and lookups do not wait for it.
    ///
    /// # Errors
    /// If the file cannot be read or used.
    pub(super) fn open(settings: &OidcSettings, clock: &Clock) -> Result<Self, AppError> {
        let rules = TokenRules {
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
            algorithms: settings.algorithms.clone(),
        };
        let tokens = Tokens::new(rules, clock.clone());
        let source = match &settings.keys {
            KeySource::Url(url) => Source::Address(Address {
                url: url.clone(),
                ca: settings.ca.clone(),
            }),
            KeySource::File(path) => {
                let json = file(path).read_bytes(MAX_BYTES)?;
                use_keys(&tokens, &json).map_err(|fault| file(path).invalid(fault))?;
                Source::File {
                    path: path.clone(),
                    used: Mutex::new(blake3::hash(&json)),
                }
            }
        };
        Ok(Self {
            tokens: Arc::new(tokens),
            source,
            asked: Notify::new(),
        })
    }

    /// What reads tokens by these keys.
    pub(super) fn tokens(&self) -> Arc<Tokens> {
        Arc::clone(&self.tokens)
    }

    /// Reads the keys again, now.
    pub fn reload(&self) {
        self.asked.notify_one();
    }

    /// Keeps the keys as they are at their source, for ever.
    pub(super) async fn follow(self: Arc<Self>, metrics: Metrics) {
        match &self.source {
            Source::File { .. } => self.follow_file(&metrics).await,
            Source::Address(address) => self.follow_address(address, &metrics).await,
        }
    }

    async fn follow_file(self: &Arc<Self>, metrics: &Metrics) {
        metrics.token_keys(self.tokens.keys());
        let mut last = None;
        loop {
            let is_asked = tokio::select! {
                () = self.asked.notified() => true,
                () = sleep(LOOK_EVERY) => false,
            };
            let (keys, metrics) = (Arc::clone(self), metrics.clone());
            let looked = tokio::task::spawn_blocking(move || keys.look(is_asked, last, &metrics)).await;
            last = looked.unwrap_or_else(|error| {
                tracing::error!(%error, "cannot look at the file of --oidc-keys");
                None
            });
        }
    }

    /// Uses what the file holds if it was asked to, or if the content is new and was the same at the last look: a file may be
    /// half written. Returns the hash of the content.
    fn look(&self, is_asked: bool, last: Option<blake3::Hash>, metrics: &Metrics) -> Option<blake3::Hash> {
        let Source::File { path, used } = &self.source else {
            return None;
        };
        let content = file(path).read_bytes(MAX_BYTES);
        let hash = match &content {
            Ok(json) => blake3::hash(json),
            Err(error) => blake3::hash(error.to_string().as_bytes()),
        };
        let is_new = *used.lock() != hash;
        if is_asked || (is_new && last == Some(hash)) {
            *used.lock() = hash;
            let applied = content
                .map_err(|error| problem(&error))
                .and_then(|json| use_keys(&self.tokens, &json).map_err(|fault| fault.to_string()));
            // It is told. The file is looked at again in any case.
            self.tell(&path.display().to_string(), applied, metrics).ok();
        }
        Some(hash)
    }

    async fn follow_address(&self, address: &Address, metrics: &Metrics) {
        let mut pause = FIRST_PAUSE;
        let mut unknown_key_from = Instant::now();
        let mut used = None;
        loop {
            let told = match address.fetch(MAX_BYTES).await {
                Ok(json) if used == Some(blake3::hash(&json)) => {
                    metrics.token_keys_read(ConfigReloadLabel::Applied);
                    Ok(())
                }
                Ok(json) => {
                    let applied = use_keys(&self.tokens, &json).map_err(|fault| fault.to_string());
                    used = applied.is_ok().then(|| blake3::hash(&json)).or(used);
                    self.tell(&address.url, applied, metrics)
                }
                Err(problem) => self.tell(&address.url, Err(problem), metrics),
            };
            let wait = match told {
                Ok(()) => {
                    pause = FIRST_PAUSE;
                    ASK_EVERY
                }
                Err(Refused) => {
                    let this = pause;
                    pause = (pause * 2).min(MAX_PAUSE);
                    this
                }
            };
            let unknown_key = async {
                sleep_until(unknown_key_from).await;
                self.tokens.unknown_key().await;
            };
            tokio::select! {
                () = sleep(wait) => {}
                () = self.asked.notified() => {}
                () = unknown_key => unknown_key_from = Instant::now() + UNKNOWN_KEY_EVERY,
            }
        }
    }

    /// Says in the log and in the metrics how a reading ended.
    fn tell(&self, place: &str, applied: Result<(), String>, metrics: &Metrics) -> Result<(), Refused> {
        let keys = self.tokens.keys();
        metrics.token_keys(keys);
        match applied {
            Ok(()) => {
                tracing::info!(place, keys, "the keys of the OpenID provider are read");
                metrics.token_keys_read(ConfigReloadLabel::Applied);
                Ok(())
            }
            Err(problem) => {
                tracing::error!(
                    place,
                    keys,
                    problem,
                    "the keys of the OpenID provider are not read, the old ones stay"
                );
                metrics.token_keys_read(ConfigReloadLabel::Refused);
                Err(Refused)
            }
        }
    }
}

/// A reading failed, which is told.
struct Refused;

fn use_keys(tokens: &Tokens, json: &[u8]) -> Result<(), crate::tokens::KeySetFault> {
    tokens.replace_keys(tokens.parse_keys(json)?);
    Ok(())
}

const fn file(path: &Path) -> NamedFile<'_> {
    NamedFile {
        kind: "key set of --oidc-keys",
        path,
    }
}

/// An error with its cause.
fn problem(error: &AppError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
