//! The server: how its parts are put together, and how they run and end. The only file that names concrete stores.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use crate::api::{self, Api};
use crate::clock::Clock;
use crate::config::{self, Config, StoreUrl};
use crate::domain::model::{ModelError, ScoreModel};
use crate::domain::policy::{Policy, Refusal, SipSettings};
use crate::domain::quota::Quotas;
use crate::domain::traffic::Thresholds;
use crate::follow::Follower;
use crate::grpc;
use crate::http;
use crate::index::Index;
use crate::metrics::{Metrics, UPKEEP_INTERVAL};
use crate::service::{KeyRing, KeyRingError, Service, ServiceError};
use crate::store::embedded::EmbeddedStore;
use crate::store::memory::MemoryStore;
use crate::store::redis::{RedisConfig, RedisStore, RedisUrlError};
use crate::store::{Store, StoreError};
use crate::tasks::Tasks;
use crate::traffic;

/// The longest pause between attempts to reach a store, or to load it.
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// The first pause.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Why the server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The store could not be opened.
    #[error("the store {place} cannot be opened")]
    Store {
        /// Which store; holds no secret.
        place: String,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// The file of the model cannot be read.
    #[error("the model {} cannot be read", path.display())]
    ModelFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file of the model makes no sense.
    #[error("the model {} cannot be used", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ModelError,
    },
    /// The file of the keys of decisions cannot be read.
    #[error("the keys of decisions in {} cannot be read", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file of the keys of decisions holds something else.
    #[error("the keys of decisions in {} cannot be used", path.display())]
    Keys {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: KeyRingError,
    },
    /// The URL of a Redis is wrong.
    #[error("the URL of the store is wrong")]
    Url(#[from] RedisUrlError),
    /// The store is not the one that the configuration names.
    #[error("the store is {found}, not {expected} as configured: is it empty, or another one?")]
    OtherStore {
        /// The id configured.
        expected: String,
        /// The id found.
        found: String,
    },
    /// An address could not be listened on.
    #[error("cannot listen on {address}: is another server running there?")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The evidence could not be folded again.
    #[error("the evidence cannot be folded again")]
    Migrate(#[source] ServiceError),
    /// The server was asked to end before it had started.
    #[error("ended before it had started")]
    Interrupted,
}

/// The sockets that the server answers on.
#[derive(Debug)]
pub struct Listeners {
    /// For gRPC.
    pub grpc: TcpListener,
    /// For JSON, metrics and health.
    pub http: TcpListener,
}

impl Listeners {
    /// Listens on the configured addresses.
    ///
    /// # Errors
    /// If one of them is taken, or not of this machine.
    pub async fn bind(config: &Config) -> Result<Self, AppError> {
        let bind = async |address| {
            TcpListener::bind(address)
                .await
                .map_err(|source| AppError::Listen { address, source })
        };
        Ok(Self {
            grpc: bind(config.listen.grpc_addr).await?,
            http: bind(config.listen.http_addr).await?,
        })
    }
}

/// A server that is put together and not running yet.
pub struct App {
    service: Arc<Service>,
    follower: Arc<Follower>,
    metrics: Metrics,
    grpc_limits: grpc::Limits,
    http_limits: http::Limits,
    migrate: bool,
}

/// Opens the store and puts the server together. A Redis that does not answer is waited for until shutdown is asked.
///
/// # Errors
/// If the store cannot be opened, or is not the one configured.
pub async fn build(config: &Config, clock: Clock, metrics: Metrics, tasks: &Tasks) -> Result<App, AppError> {
    let model = load_model(&config.policy)?;
    let store = open_store(config, model.fold.evidence_version(), tasks).await?;
    let found = store.meta().store_id;
    if let Some(expected) = config.store.expected_id.filter(|expected| *expected != found) {
        return Err(AppError::OtherStore {
            expected: format!("{expected:032x}"),
            found: store.meta().name(),
        });
    }
    tracing::info!(store = %store.describe(), store_id = %store.meta().name(), "the store is open");
    let index = Arc::new(Index::new(Arc::new(model)));
    let follower = Arc::new(Follower::new(
        Arc::clone(&store),
        Arc::clone(&index),
        clock.clone(),
        metrics.clone(),
    ));
    let policy = Policy {
        label_from: config.policy.label_from,
        block_from: config.policy.block_from,
        ..Policy::DEFAULT
    };
    let quotas = Quotas {
        reporter_daily: config.limits.reporter_daily_quota,
        tenant_daily: config.limits.tenant_daily_quota,
        ..Quotas::DEFAULT
    };
    let service = Service::new(store, index, Arc::clone(&follower), clock, policy, metrics.clone())
        .with_write_timeout(config.limits.write_timeout)
        .with_quotas(quotas)
        .with_lookup_budget(config.answers.lookup_budget)
        .with_sip(sip_settings(&config.answers))
        .with_traffic(thresholds(&config.traffic), traffic_limits(&config.traffic));
    let service = match &config.answers.decision_keys {
        None => service,
        Some(path) => service.with_decision_keys(load_keys(path)?),
    };
    Ok(App {
        service: Arc::new(service),
        follower,
        metrics,
        grpc_limits: grpc::Limits::from(&config.limits),
        http_limits: http::Limits::from(&config.limits),
        migrate: config.store.migrate,
    })
}

impl App {
    /// Runs until shutdown is asked for, then lets calls under way end, for `drain` at most. Says whether all did.
    pub async fn run(self, listeners: Listeners, tasks: &Tasks, drain: Duration) -> bool {
        let api = Api::new(Arc::clone(&self.service));
        let metrics = self.metrics.clone();
        let service = Arc::clone(&self.service);
        spawn_endless(tasks, "metrics", async move {
            loop {
                tokio::time::sleep(UPKEEP_INTERVAL).await;
                metrics.upkeep();
                metrics.traffic_callers(service.callers());
            }
        });
        let grpc = grpc::serve(listeners.grpc, api.clone(), self.grpc_limits, tasks.clone());
        tasks.spawn("grpc", grpc);
        let http = http::serve(listeners.http, api, self.http_limits, tasks.clone());
        tasks.spawn("http", http);
        spawn_endless(tasks, "follower", follow(self.follower, self.service, self.migrate));
        tasks.shutdown_requested().await;
        tracing::info!("draining");
        tasks.drain(drain).await
    }
}

/// Loads everything, folds it again if that is asked for, and follows for ever.
async fn follow(follower: Arc<Follower>, service: Arc<Service>, migrate: bool) {
    let mut pause = FIRST_PAUSE;
    while let Err(error) = follower.bootstrap().await {
        tracing::error!(%error, "the store cannot be loaded, trying again");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
    tracing::info!("ready");
    tokio::join!(follower.run(), fold_again(&follower, &service, migrate));
}

/// Folds all evidence again where another model folded it, if that is asked for.
async fn fold_again(follower: &Follower, service: &Service, migrate: bool) {
    if follower.freshness().folds_alike() {
        return;
    }
    if !migrate {
        tracing::error!("another model folded the evidence: writes are refused until `serve --migrate`");
        return;
    }
    match service.migrate().await {
        Ok(numbers) => tracing::info!(numbers, "all evidence is folded by this model now"),
        Err(error) => tracing::error!(%error, "not all evidence could be folded: restart to go on"),
    }
}

/// The keys of decisions in a file.
fn load_keys(path: &Path) -> Result<KeyRing, AppError> {
    let text = std::fs::read_to_string(path).map_err(|source| AppError::KeyFile {
        path: path.to_owned(),
        source,
    })?;
    KeyRing::parse(&text).map_err(|source| AppError::Keys {
        path: path.to_owned(),
        source,
    })
}

fn sip_settings(answers: &config::Answers) -> SipSettings {
    let refusal = match answers.sip_block {
        config::SipBlock::NetworkBlocked => Refusal::NetworkBlocked,
        config::SipBlock::Rejected => Refusal::Rejected,
    };
    SipSettings {
        refusal,
        redress_url: answers.redress_url.as_deref().map(Into::into),
        contact_card_url: answers.contact_card_url.as_deref().map(Into::into),
    }
}

fn thresholds(traffic: &config::Traffic) -> Thresholds {
    Thresholds {
        distinct_per_minute: traffic.distinct_per_minute.get(),
        distinct_per_hour: traffic.distinct_per_hour.get(),
        sequential_steps: traffic.sequential_steps.get(),
        callback_strangers: traffic.callback_strangers.get(),
        outcome_calls: traffic.outcome_calls.get(),
        short_call: traffic.short_call,
        short_share: traffic.short_share,
        answered_share: traffic.answered_share,
        rejected_share: traffic.rejected_share,
        emergency_callback: traffic.emergency_callback,
        ..Thresholds::DEFAULT
    }
}

fn traffic_limits(traffic: &config::Traffic) -> traffic::Limits {
    let limits = traffic::Limits::DEFAULT;
    traffic::Limits {
        callers: usize::try_from(traffic.callers.get()).unwrap_or(limits.callers),
        heavy_callers: usize::try_from(traffic.busy_callers.get()).unwrap_or(limits.heavy_callers),
        ..limits
    }
}

/// The model to score by: that of the file, or the built-in one.
fn load_model(policy: &config::Policy) -> Result<ScoreModel, AppError> {
    let model = match &policy.model {
        None => ScoreModel::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|source| AppError::ModelFile {
                path: path.clone(),
                source,
            })?;
            ScoreModel::from_json(&text).map_err(|source| AppError::Model {
                path: path.clone(),
                source,
            })?
        }
    };
    tracing::info!(model = %model.version, "scoring");
    let prior = policy.prior.unwrap_or(model.prior);
    Ok(ScoreModel { prior, ..model })
}

/// Runs the warm-up on a service of its own with a store in memory, which is dropped afterwards: no metric, log line or
/// record remains. After it the first lookup takes no longer than the next ones.
///
/// # Errors
/// If a store in memory cannot be made or loaded.
pub async fn warm_up(clock: Clock) -> Result<(), AppError> {
    warm_up_with_log(clock).with_subscriber(NoSubscriber::default()).await
}

async fn warm_up_with_log(clock: Clock) -> Result<(), AppError> {
    let failed = |source| AppError::Store {
        place: StoreUrl::Memory.to_string(),
        source,
    };
    let model = ScoreModel::default();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(model.fold.evidence_version()).map_err(failed)?);
    let index = Arc::new(Index::new(Arc::new(model)));
    let metrics = Metrics::new();
    let follower = Follower::new(Arc::clone(&store), Arc::clone(&index), clock.clone(), metrics.clone());
    let follower = Arc::new(follower);
    follower.bootstrap().await.map_err(failed)?;
    let service = Service::new(store, index, follower, clock, Policy::DEFAULT, metrics);
    api::warm_up(&Api::new(Arc::new(service)));
    Ok(())
}

async fn open_store(config: &Config, evidence_version: u32, tasks: &Tasks) -> Result<Arc<dyn Store>, AppError> {
    let failed = |source| AppError::Store {
        place: config.store.url.to_string(),
        source,
    };
    match &config.store.url {
        StoreUrl::Memory => Ok(Arc::new(MemoryStore::new(evidence_version).map_err(failed)?)),
        StoreUrl::Embedded(path) => Ok(Arc::new(
            EmbeddedStore::open(path, evidence_version).await.map_err(failed)?,
        )),
        StoreUrl::Redis(url) => {
            let mut redis = RedisConfig::parse(url.with_password())?;
            redis.connect_timeout = config.store.connect_timeout;
            redis.read_timeout = config.store.response_timeout;
            redis.commit_timeout = config.limits.write_timeout * 3 / 4; // what is left is for reading
            let store = Arc::new(
                reach(redis, evidence_version, tasks)
                    .await
                    .map_err(|error| match error {
                        Some(source) => failed(source),
                        None => AppError::Interrupted,
                    })?,
            );
            let rings = Arc::clone(&store);
            spawn_endless(tasks, "rings", async move { rings.run_rings().await });
            Ok(store)
        }
    }
}

/// Opens a Redis, waiting for one that does not answer; no error means that shutdown was asked for.
async fn reach(redis: RedisConfig, evidence_version: u32, tasks: &Tasks) -> Result<RedisStore, Option<StoreError>> {
    let mut pause = FIRST_PAUSE;
    loop {
        match RedisStore::open(redis.clone(), evidence_version).await {
            Err(error @ (StoreError::Unavailable { .. } | StoreError::OutcomeUnknown { .. })) => {
                tracing::error!(%error, "the store does not answer, trying again");
            }
            opened => return opened.map_err(Some),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(MAX_PAUSE),
            () = tasks.shutdown_requested() => return Err(None),
        }
    }
}

/// Spawns a task without an end of its own: it is dropped when shutdown is asked for.
fn spawn_endless(tasks: &Tasks, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
    let shutdown = tasks.clone();
    tasks.spawn(name, async move {
        tokio::select! {
            () = task => {}
            () = shutdown.shutdown_requested() => {}
        }
    });
}
