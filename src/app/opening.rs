//! Opens the store. If Redis does not answer, the server starts from the snapshot of its index; without one that can be
//! used, it waits for Redis, and answers probes meanwhile.

use std::sync::Arc;
use std::time::Duration;

use super::waiting::WaitingServer;
use super::{AppError, FIRST_PAUSE, Listeners, MAX_PAUSE, StorePassword, spawn_endless};
use crate::clock::Clock;
use crate::config::{self, Config, RedisUrl, StoreSettings, StoreUrl};
use crate::domain::model::ScoreModel;
use crate::follow::Follower;
use crate::metrics::Metrics;
use crate::snapshot::{Snapshot, SnapshotDirectory, SnapshotError, SnapshotKeeper, SnapshotSchedule, Wanted};
use crate::store::embedded::{EmbeddedStore, EngineSettings};
use crate::store::memory::MemoryStore;
use crate::store::redis::{RedisConfig, RedisStore, root_certificates};
use crate::store::{Store, StoreError};
use crate::tasks::Tasks;

/// Everything that opening the store needs.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub config: &'a Config,
    /// The password of Redis; none for that of the URL.
    pub password: Option<&'a Arc<StorePassword>>,
    pub listeners: &'a Listeners,
    pub clock: &'a Clock,
    pub metrics: &'a Metrics,
    pub tasks: &'a Tasks,
}

/// A store, and how the index starts.
pub(super) struct Opened {
    pub store: Arc<dyn Store>,
    pub start: Start,
}

/// How the index starts.
#[derive(Default)]
pub(super) struct Start {
    /// What the index is loaded from now, because the store does not answer. None if it answers: then it is loaded later.
    snapshot: Option<Snapshot>,
    /// What answers on the ports meanwhile.
    waiting: Option<WaitingServer>,
}

impl Start {
    /// Loads the index of a follower from the snapshot, if that is how it starts.
    pub(super) async fn load(self, follower: &Arc<Follower>, model: Arc<ScoreModel>) -> Result<(), AppError> {
        if let Some(snapshot) = self.snapshot {
            let follower = Arc::clone(follower);
            let restored = tokio::task::spawn_blocking(move || snapshot.restore(&follower, &model)).await;
            restored.map_err(|panicked| SnapshotError::Io(std::io::Error::other(panicked)))??;
        }
        if let Some(waiting) = self.waiting {
            waiting.end().await;
        }
        Ok(())
    }
}

/// The snapshot of an instance whose store answered at the start, and may go away before the index is loaded from it.
pub(super) struct Fallback {
    directory: SnapshotDirectory,
    /// None for any age.
    max_age: Option<Duration>,
    store_id: u128,
    clock: Clock,
    model: Arc<ScoreModel>,
}

impl Fallback {
    /// Loads the index of a follower from the snapshot, since the store went away; says whether it did. If not, the log says
    /// why, and the index must be loaded from the store.
    pub(super) async fn load(self, follower: &Arc<Follower>) -> bool {
        let wanted = Wanted {
            evidence_version: self.model.fold.evidence_version(),
            expected_id: Some(self.store_id),
            max_age: self.max_age,
            now: self.clock.now(),
        };
        let Some(snapshot) = open_snapshot(self.directory, wanted, &self.model).await else {
            return false;
        };
        let data_as_of = snapshot.data_as_of();
        let (follower, model) = (Arc::clone(follower), self.model);
        let problem = match tokio::task::spawn_blocking(move || snapshot.restore(&follower, &model)).await {
            Ok(Ok(())) => {
                tracing::warn!(
                    %data_as_of,
                    "the store went away while the index was loaded from it: the server starts from its snapshot, and its answers are stale"
                );
                return true;
            }
            Ok(Err(error)) => error.to_string(),
            Err(panicked) => panicked.to_string(),
        };
        tracing::error!(problem, "the snapshot cannot be used: the server waits for the store");
        false
    }
}

impl Place<'_> {
    /// Opens the configured store, and checks its id.
    pub(super) async fn open(self, model: &Arc<ScoreModel>) -> Result<Opened, AppError> {
        // What follows the store and reads from it runs beside the lookups.
        let opened = self.tasks.heavy().enter(self.open_kind(model)).await?;
        let store = &opened.store;
        let found = store.meta().store_id;
        if let Some(expected) = self.config.store.expected_id.filter(|expected| *expected != found) {
            return Err(AppError::OtherStore {
                expected: format!("{expected:032x}"),
                found: store.meta().name(),
            });
        }
        let store_id = store.meta().name();
        match opened.start.snapshot {
            None => tracing::info!(store = %store.describe(), %store_id, "the store is open"),
            Some(_) => tracing::info!(store = %store.describe(), %store_id, "the store is known, and away"),
        }
        Ok(opened)
    }

    /// What writes the snapshots of the index; none if they are not wanted, or have no use.
    ///
    /// # Errors
    /// If the directory cannot be made.
    pub(super) fn keeper(
        self,
        store: &Arc<dyn Store>,
        follower: &Arc<Follower>,
    ) -> Result<Option<SnapshotKeeper>, AppError> {
        let Some((directory, settings)) = self.snapshot_directory()?.zip(self.config.store.snapshot.as_ref()) else {
            return Ok(None);
        };
        let schedule = SnapshotSchedule {
            interval: settings.interval,
            at_end: self.config.shutdown.drain_deadline * 3 / 4, // the rest of the time is for the end of all tasks
        };
        let about = (self.metrics.clone(), self.clock.clone());
        let keeper = SnapshotKeeper::new(directory, Arc::clone(follower), store.meta().clone(), schedule, about);
        Ok(Some(keeper))
    }

    /// The snapshot to start from if the store goes away while the index is loaded from it; none without `--snapshot`.
    ///
    /// # Errors
    /// If the directory cannot be made.
    pub(super) fn fallback(
        self,
        store: &Arc<dyn Store>,
        model: &Arc<ScoreModel>,
    ) -> Result<Option<Fallback>, AppError> {
        let Some((directory, settings)) = self.snapshot_directory()?.zip(self.config.store.snapshot.as_ref()) else {
            return Ok(None);
        };
        Ok(Some(Fallback {
            directory,
            max_age: settings.max_age,
            store_id: store.meta().store_id,
            clock: self.clock.clone(),
            model: Arc::clone(model),
        }))
    }

    async fn open_kind(self, model: &Arc<ScoreModel>) -> Result<Opened, AppError> {
        let evidence_version = model.fold.evidence_version();
        let failed = |source| self.store_error(source);
        let store: Arc<dyn Store> = match &self.config.store.url {
            StoreUrl::Memory => Arc::new(MemoryStore::new(evidence_version).map_err(failed)?),
            StoreUrl::Embedded(path) => {
                let accepted = self.config.store.accept_damage.as_deref();
                let settings = EngineSettings::default();
                let store = EmbeddedStore::open_accepting(path, evidence_version, settings, accepted).await;
                Arc::new(store.map_err(failed)?)
            }
            StoreUrl::Redis(url) => {
                let mut redis = redis_config(url, &self.config.store, self.password)?;
                redis.commit_timeout = self.config.limits.write_timeout * 3 / 4; // the rest of the time is for reads
                return self.open_redis(redis, model).await;
            }
        };
        if self.config.store.snapshot.is_some() {
            tracing::warn!("--snapshot has no effect: only a server over Redis can start without its store");
        }
        Ok(Opened {
            store,
            start: Start::default(),
        })
    }

    async fn open_redis(self, redis: RedisConfig, model: &Arc<ScoreModel>) -> Result<Opened, AppError> {
        let directory = self.snapshot_directory()?;
        let evidence_version = model.fold.evidence_version();
        let first = RedisStore::open(redis.clone(), evidence_version).await;
        let (store, start) = match first {
            Err(error) if is_away(&error) => {
                tracing::error!(%error, "the store cannot be opened yet; trying again");
                let waiting = WaitingServer::start(self).await?;
                let (store, snapshot) = self.open_late(redis, directory.as_ref(), model).await?;
                let waiting = Some(waiting);
                (store, Start { snapshot, waiting })
            }
            opened => (opened.map_err(|error| self.store_error(error))?, Start::default()),
        };
        let store = Arc::new(store);
        let notifications = Arc::clone(&store);
        spawn_endless(self.tasks, "notifications", async move {
            notifications.run_notifications().await
        });
        Ok(Opened { store, start })
    }

    /// The store as the snapshot knows it; without a snapshot, the store once it answers.
    async fn open_late(
        self,
        redis: RedisConfig,
        directory: Option<&SnapshotDirectory>,
        model: &Arc<ScoreModel>,
    ) -> Result<(RedisStore, Option<Snapshot>), AppError> {
        if let Some(snapshot) = self.snapshot(directory, model).await {
            let meta = snapshot.meta();
            tracing::warn!(
                store_id = %meta.name(), data_as_of = %snapshot.data_as_of(),
                "the store is away: the server starts from its snapshot, and its answers are stale"
            );
            let store = RedisStore::known(redis, meta).map_err(|error| self.store_error(error))?;
            return Ok((store, Some(snapshot)));
        }
        let store = reach(redis, model.fold.evidence_version()).await;
        Ok((store.map_err(|error| self.store_error(error))?, None))
    }

    /// Where the instance keeps its snapshot. Stores of one process have no use for one.
    fn snapshot_directory(self) -> Result<Option<SnapshotDirectory>, AppError> {
        let (StoreUrl::Redis(_), Some(settings)) = (&self.config.store.url, &self.config.store.snapshot) else {
            return Ok(None);
        };
        let made = SnapshotDirectory::create(&settings.directory);
        made.map(Some).map_err(|source| AppError::SnapshotDirectory {
            path: settings.directory.clone(),
            source,
        })
    }

    /// The snapshot, if there is one that can be used. The log says why not.
    async fn snapshot(self, directory: Option<&SnapshotDirectory>, model: &Arc<ScoreModel>) -> Option<Snapshot> {
        let (settings, directory) = (self.config.store.snapshot.as_ref()?, directory?.clone());
        let wanted = Wanted {
            evidence_version: model.fold.evidence_version(),
            expected_id: self.config.store.expected_id,
            max_age: settings.max_age,
            now: self.clock.now(),
        };
        open_snapshot(directory, wanted, model).await
    }

    fn store_error(self, source: StoreError) -> AppError {
        AppError::Store {
            place: self.config.store.url.to_string(),
            source,
        }
    }
}

/// The snapshot of a directory, if it can be used. The log says why not.
async fn open_snapshot(directory: SnapshotDirectory, wanted: Wanted, model: &Arc<ScoreModel>) -> Option<Snapshot> {
    let (model, path) = (Arc::clone(model), directory.snapshot());
    let opened = tokio::task::spawn_blocking(move || Snapshot::open(&directory, wanted, &model)).await;
    let problem = match opened {
        Ok(Ok(snapshot)) => return Some(snapshot),
        Ok(Err(error)) => error.to_string(),
        Err(panicked) => panicked.to_string(),
    };
    tracing::error!(
        path = %path.display(), problem,
        "the snapshot cannot be used: the server waits for the store"
    );
    None
}

/// How a Redis is reached.
pub(super) fn redis_config(
    url: &RedisUrl,
    settings: &StoreSettings,
    password: Option<&Arc<StorePassword>>,
) -> Result<RedisConfig, AppError> {
    let mut redis = RedisConfig::parse(url.with_password())?;
    if redis.is_encrypted() {
        redis.root_certificates = trusted(&settings.trust)?;
    }
    redis.password = password.map(StorePassword::source);
    redis.connect_timeout = settings.connect_timeout;
    redis.read_timeout = settings.response_timeout;
    Ok(redis)
}

/// The certificates of the authorities that may sign the certificate of a Redis; `None` for the built-in ones.
fn trusted(trust: &config::Trust) -> Result<Option<Vec<u8>>, AppError> {
    let failed = |setting| move |source| AppError::Trust { setting, source };
    let certificates = match trust {
        config::Trust::BuiltIn => return Ok(None),
        config::Trust::File(file) => root_certificates(Some(file), &[]).map_err(failed("--store-ca"))?,
        config::Trust::Environment { file, directories } => {
            let variables = match (file, directories.as_slice()) {
                (Some(_), []) => "SSL_CERT_FILE",
                (None, _) => "SSL_CERT_DIR",
                (Some(_), _) => "SSL_CERT_FILE and SSL_CERT_DIR",
            };
            root_certificates(file.as_deref(), directories).map_err(failed(variables))?
        }
    };
    Ok(Some(certificates))
}

/// Tries to open a Redis store until Redis answers.
async fn reach(redis: RedisConfig, evidence_version: u32) -> Result<RedisStore, StoreError> {
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        match RedisStore::open(redis.clone(), evidence_version).await {
            Err(error) if is_away(&error) => {
                tracing::error!(%error, "the store cannot be opened yet; trying again");
            }
            opened => return opened,
        }
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

/// Whether the store may be opened later. Other errors need a change of the configuration or of the store.
const fn is_away(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Unavailable { .. } | StoreError::Replica { .. } | StoreError::OutcomeUnknown { .. }
    )
}
