//! The server: builds its parts, runs them, and stops them. This file and those of `app/` are the only ones that name
//! concrete stores.

mod certificates;
mod descriptors;
mod directories;
#[cfg(test)]
mod edge_tests;
mod ending;
mod erasures;
mod existing;
mod exposure;
mod files;
mod first_admin;
mod key_uses;
mod limits;
mod listeners;
mod opening;
mod retention;
mod store_password;
mod token_keys;
mod waiting;
mod warm_up;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::api::{Admission, Api, ApiSettings};
use crate::clock::Clock;
use crate::config::{self, Config, LogTarget};
use crate::decision_log::{DecisionLog, DecisionLogOptions, Guard};
use crate::domain::policy::Policy;
use crate::domain::quota::RequestQuotas;
use crate::follow::{Follower, SWEEP_EVERY};
use crate::grpc;
use crate::http;
use crate::index::Index;
use crate::metrics::{Metrics, UPKEEP_INTERVAL};
use crate::service::{Foundations, ServiceError, ServiceSettings, Services};
use crate::snapshot::{SnapshotError, SnapshotKeeper};
use crate::store::StoreError;
use crate::store::redis::{RedisUrlError, TrustError};
use crate::tasks::Tasks;

pub use certificates::Certificates;
pub use descriptors::fit_descriptors;
pub use existing::open_existing;
pub use exposure::{ExposureError, OPEN_ON_LOOPBACK};
pub use files::{
    FileIdentity, create_for_own_user_only, decision_keys, emergency_numbers, extend_numbering_plan, read_config_file,
    read_private_file, reporter_keys, rewrite_private_file,
};
pub use listeners::Listeners;
pub use store_password::StorePassword;
pub use token_keys::TokenKeys;
pub use warm_up::warm_up;

use files::{decision_log_key, load_model};
use limits::{quotas, sip_settings, thresholds, traffic_limits};

/// Longest pause between two attempts to reach or load a store. Pauses double up to this value.
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// First pause between two attempts.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Reasons why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The store cannot be opened.
    #[error("cannot open the store {place}")]
    Store {
        /// URL of the store, without its password.
        place: String,
        /// Cause of the error.
        #[source]
        source: StoreError,
    },
    /// A file that the configuration names cannot be read.
    #[error("cannot read the {kind} {}", path.display())]
    UnreadableFile {
        /// What the file holds.
        kind: &'static str,
        /// Path of the file.
        path: PathBuf,
        /// Cause of the error.
        #[source]
        source: std::io::Error,
    },
    /// A file that the configuration names is not valid.
    #[error("the {kind} {} is not valid", path.display())]
    InvalidFile {
        /// What the file holds.
        kind: &'static str,
        /// Path of the file.
        path: PathBuf,
        /// Cause of the error, with the place in the file if it has one.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The decision log cannot be opened.
    #[error("cannot open the decision log {place}")]
    DecisionLog {
        /// Path of the file, or `-`.
        place: String,
        /// Cause of the error.
        #[source]
        source: std::io::Error,
    },
    /// The certificates of the authorities that a store is trusted by cannot be used.
    #[error("the certificates of {setting} cannot be used")]
    Trust {
        /// Name of the setting.
        setting: &'static str,
        /// Cause of the error.
        #[source]
        source: TrustError,
    },
    /// The URL of the Redis store is not valid.
    #[error("the URL of the store is not valid")]
    Url(#[from] RedisUrlError),
    /// The id of the store is not the id in the configuration.
    #[error(
        "the store has the id {found}, but the configuration expects {expected}: is it another store, or was it emptied?"
    )]
    OtherStore {
        /// Store id in the configuration, 32 hexadecimal digits.
        expected: String,
        /// Id of the store that was opened.
        found: String,
    },
    /// The directory of snapshots cannot be used.
    #[error("cannot keep a snapshot in {}", path.display())]
    SnapshotDirectory {
        /// Path of the directory.
        path: PathBuf,
        /// Cause of the error.
        #[source]
        source: std::io::Error,
    },
    /// The snapshot could be read before, and cannot be read any more.
    #[error("cannot start from the snapshot")]
    Snapshot(#[from] SnapshotError),
    /// The sockets cannot be used.
    #[error("cannot answer probes while the store is away")]
    Sockets(#[source] std::io::Error),
    /// An address would be open to other machines without TLS or without credentials.
    #[error(transparent)]
    Exposed(#[from] ExposureError),
    /// The server cannot listen on an address.
    #[error("cannot listen on {address}: does another process use it?")]
    Listen {
        /// The configured address.
        address: std::net::SocketAddr,
        /// Cause of the error.
        #[source]
        source: std::io::Error,
    },
    /// The process may not open enough files.
    #[error(
        "the process may not open enough files: it needs {needed} for the store and a few connections, so raise the hard limit (`ulimit -Hn`, or LimitNOFILE of systemd)"
    )]
    Descriptors {
        /// The number of file descriptors that the server needs.
        needed: u64,
    },
    /// The first administrator cannot be made, so nobody could ever be let in.
    #[error(
        "nobody could be let in: the store has no principal, and --bootstrap-admin cannot make the first administrator"
    )]
    FirstAdmin(#[source] Box<Self>),
    /// The evidence cannot be refolded.
    #[error("cannot refold the evidence")]
    Migrate(#[source] ServiceError),
}

/// A server that is built but does not run yet.
pub struct App {
    services: Arc<Services>,
    follower: Arc<Follower>,
    metrics: Metrics,
    /// The decision log, and the guard that has its last lines written.
    decision_log: Option<(Arc<DecisionLog>, Guard)>,
    grpc_limits: grpc::GrpcLimits,
    http: http::HttpSettings,
    certificates: Option<Arc<Certificates>>,
    /// The keys of the OpenID provider, so that they are read again.
    pub(crate) token_keys: Option<Arc<TokenKeys>>,
    /// The password of Redis, so that it is read again.
    pub(crate) store_password: Option<Arc<StorePassword>>,
    heavy_requests: usize,
    request_quotas: RequestQuotas,
    admission: Admission,
    bootstrap_admin: Option<PathBuf>,
    migrate: bool,
    /// How long what is kept.
    retention: retention::Ages,
    snapshots: Option<SnapshotKeeper>,
    compare_every: Option<Duration>,
    fallback: Option<opening::Fallback>,
}

/// Opens the store and builds the server. If Redis does not answer, starts from the snapshot if there is one that can be
/// used; else tries again until Redis answers or this is dropped, and answers probes on `listeners` meanwhile.
///
/// # Errors
/// If a file of the configuration cannot be used, or if the store cannot be opened or has another id than configured.
pub async fn build(
    config: &Config,
    clock: Clock,
    metrics: Metrics,
    (listeners, tasks): (&Listeners, &Tasks),
) -> Result<App, AppError> {
    listeners.tell(&metrics);
    let model = Arc::new(load_model(&config.policy)?);
    let emergency_numbers = emergency_numbers(config.answers.emergency_numbers.as_deref())?;
    let decision_keys = decision_keys(&config.answers)?;
    let reporter_keys = reporter_keys(&config.store)?;
    let token_keys = config.auth.oidc.as_ref();
    let token_keys = token_keys.map(|oidc| TokenKeys::open(oidc, &clock)).transpose()?;
    let store_password = config.store.password_file.as_deref();
    let store_password = store_password.map(StorePassword::open).transpose()?;
    let place = opening::Place {
        config,
        password: store_password.as_ref(),
        listeners,
        clock: &clock,
        metrics: &metrics,
        tasks,
    };
    let opening::Opened { store, start } = place.open(&model).await?;
    let index = Arc::new(Index::new(Arc::clone(&model)));
    let follower = Arc::new(Follower::new(Arc::clone(&store), index, clock.clone(), metrics.clone()));
    start.load(&follower, Arc::clone(&model)).await?;
    let fallback = place.fallback(&store, &model)?;
    let snapshots = place.keeper(&store, &follower)?;
    let settings = ServiceSettings {
        policy: policy(config),
        enforcement: config.policy.enforce,
        single_report_blocks_for: config.policy.single_report_blocks_for.clone(),
        brand_feeds: config.policy.brand_feeds.clone(),
        sip: sip_settings(&config.answers),
        quotas: quotas(&config.limits),
        lookup_budget: config.answers.lookup_budget,
        write_timeout: config.limits.write_timeout,
        thresholds: thresholds(&config.traffic),
        traffic_limits: traffic_limits(&config.traffic),
        decision_keys,
        reporter_keys,
        working_credentials: first_admin::working_credentials(config),
        emergency_numbers,
    };
    let own_key = store.meta().derived_key("ringwarden 2026 decision log");
    let decision_log = open_decision_log(&config.decision_log, own_key, &metrics)?;
    let foundations = Foundations {
        store,
        follower: Arc::clone(&follower),
        clock,
        metrics: metrics.clone(),
    };
    let (grpc_limits, http) = edges(config);
    Ok(App {
        services: Arc::new(Services::new(foundations, settings)),
        follower,
        metrics,
        decision_log,
        grpc_limits,
        http,
        certificates: listeners.certificates.clone(),
        token_keys: token_keys.map(Arc::new),
        store_password,
        heavy_requests: config.limits.heavy_requests.get(),
        request_quotas: config.limits.request_quotas,
        admission: first_admin::admission(config),
        bootstrap_admin: config.auth.bootstrap_admin.clone(),
        migrate: config.store.migrate,
        retention: retention::Ages::of(&config.store),
        snapshots,
        compare_every: config.store.compare_every,
        fallback,
    })
}

/// The policy of the configuration.
fn policy(config: &Config) -> Policy {
    Policy {
        label_from: config.policy.label_from,
        block_from: config.policy.block_from,
        range_label: config.policy.range_label,
        block_spoofed_owners: config.policy.block_spoofed_owners,
        ..Policy::DEFAULT
    }
}

impl App {
    /// The services of the server, for a reload.
    #[must_use]
    pub fn services(&self) -> Arc<Services> {
        Arc::clone(&self.services)
    }

    /// The decision log, so that its file is opened again.
    #[must_use]
    pub fn decision_log(&self) -> Option<Arc<DecisionLog>> {
        self.decision_log.as_ref().map(|(log, _)| Arc::clone(log))
    }

    /// The certificates that the server serves, so that they are read again.
    #[must_use]
    pub fn certificates(&self) -> Option<Arc<Certificates>> {
        self.certificates.clone()
    }

    /// Runs until shutdown is announced or requested. If it is announced, the server is no longer ready and still answers
    /// for the time of grace. Then waits for requests in progress. Returns whether all of them ended in time.
    ///
    /// # Errors
    /// If the first administrator cannot be made: the server has ended.
    pub async fn run(
        self,
        listeners: Listeners,
        tasks: &Tasks,
        shutdown: config::ShutdownSettings,
    ) -> Result<bool, AppError> {
        let (decision_log, _guard) = self.decision_log.unzip();
        let settings = ApiSettings {
            admission: self.admission,
            heavy_requests: self.heavy_requests,
            quotas: self.request_quotas,
            tokens: self.token_keys.as_ref().map(|keys| keys.tokens()),
        };
        let api = Api::with_settings(Arc::clone(&self.services), decision_log, settings);
        let metrics = self.metrics.clone();
        let services = Arc::clone(&self.services);
        let memory = self.grpc_limits.memory.clone();
        spawn_endless(tasks, "metrics", async move {
            loop {
                tokio::time::sleep(UPKEEP_INTERVAL).await;
                metrics.upkeep();
                metrics.request_memory(memory.held(), memory.total());
                metrics.traffic_callers(services.lookups.callers());
                metrics.emergency_evictions(services.lookups.emergency_evictions());
            }
        });
        spawn_endless(
            tasks,
            "retention",
            retention::run(Arc::clone(&self.services), self.retention),
        );
        spawn_endless(tasks, "key uses", key_uses::run(Arc::clone(&self.services)));
        spawn_endless(tasks, "directories", directories::run(Arc::clone(&self.services)));
        spawn_endless(tasks, "erasures", erasures::run(Arc::clone(&self.services)));
        let grpc = grpc::serve(listeners.grpc, api.clone(), self.grpc_limits, tasks.clone());
        tasks.spawn("grpc", grpc);
        let http = http::serve(listeners.http, api.clone(), self.http, tasks.clone());
        tasks.spawn("http", http);
        if let Some(admin) = listeners.admin {
            let admin = http::serve(admin, api.clone(), http::HttpSettings::admin(), tasks.clone());
            tasks.spawn("admin", admin);
        }
        if let Some(certificates) = self.certificates {
            spawn_endless(tasks, "certificates", certificates.watch(self.metrics.clone()));
        }
        if let Some(token_keys) = self.token_keys {
            spawn_endless(tasks, "token keys", token_keys.follow(self.metrics.clone()));
        }
        if let Some(snapshots) = self.snapshots {
            tasks.spawn_heavy("snapshots", snapshots.run(tasks.clone()));
        }
        let comparing = Arc::clone(&self.follower);
        spawn_endless(tasks, "comparisons", comparing.compare_without_end(self.compare_every));
        let (refuse, refusal) = oneshot::channel();
        let follower = follow(
            self.follower,
            self.services,
            (self.migrate, self.fallback),
            (self.bootstrap_admin, self.admission, refuse),
        );
        spawn_endless(tasks, "follower", follower);
        let refused = tokio::select! {
            () = tasks.shutdown_announced() => None,
            Ok(error) = refusal => Some(error),
        };
        api.announce_shutdown();
        let Some(error) = refused else {
            return Ok(ending::end(tasks, shutdown).await);
        };
        tasks.drain(shutdown.drain_deadline).await;
        Err(error)
    }
}

/// Loads the index from the store, refolds the evidence if `migrate` is set, and follows the change log until shutdown. An
/// index that a snapshot gave is not loaded again: it catches up by the log. The snapshot is also taken if the store goes away
/// before the index is loaded.
async fn follow(
    follower: Arc<Follower>,
    services: Arc<Services>,
    (migrate, mut fallback): (bool, Option<opening::Fallback>),
    (bootstrap_admin, admission, refuse): (Option<PathBuf>, Admission, oneshot::Sender<AppError>),
) {
    let mut pause = FIRST_PAUSE;
    while !follower.freshness().is_ready() {
        let Err(error) = follower.bootstrap().await else {
            tracing::info!("ready");
            break;
        };
        tracing::error!(%error, "cannot load the store; trying again");
        if error.may_be_retried()
            && let Some(fallback) = fallback.take()
            && fallback.load(&follower).await
        {
            break;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
    if follower.freshness().is_from_snapshot() {
        follower.sweep().await;
        while follower.freshness().is_from_snapshot() {
            tokio::time::sleep(SWEEP_EVERY).await;
            follower.sweep().await;
        }
        tracing::info!("the index from the snapshot has caught up with the store");
    }
    // Whether the store has a principal is known only now.
    let first_admin = async {
        if let Err(error) = first_admin::settle(&services, bootstrap_admin.as_deref(), admission).await {
            refuse.send(error).ok();
        }
    };
    tokio::join!(follower.run(), fold_again(&follower, &services, migrate), first_admin);
}

/// Refolds all evidence if it was folded with another evidence version and `migrate` is set.
async fn fold_again(follower: &Follower, services: &Services, migrate: bool) {
    if follower.freshness().folds_alike() {
        return;
    }
    if !migrate {
        tracing::error!(
            "the evidence was folded with another evidence version: the server refuses writes until it runs with `serve --migrate`"
        );
        return;
    }
    match services.migrate().await {
        Ok(numbers) => tracing::info!(numbers, "all evidence is refolded with this evidence version"),
        Err(error) => tracing::error!(%error, "cannot refold all evidence: restart the server to continue"),
    }
}

/// The settings of both edges, which share the memory of requests.
fn edges(config: &Config) -> (grpc::GrpcLimits, http::HttpSettings) {
    let grpc = grpc::GrpcLimits::from(&config.limits);
    let http = http::HttpSettings {
        memory: grpc.memory.clone(),
        ..http::HttpSettings::from(config)
    };
    (grpc, http)
}

/// Opens the decision log if the settings name one; `own_key` is its key if they name none.
fn open_decision_log(
    settings: &config::DecisionLogSettings,
    own_key: [u8; 32],
    metrics: &Metrics,
) -> Result<Option<(Arc<DecisionLog>, Guard)>, AppError> {
    let key = decision_log_key(settings.key.as_deref())?.unwrap_or(own_key);
    let Some(target) = &settings.target else {
        return Ok(None);
    };
    let options = DecisionLogOptions {
        target: target.clone(),
        sample: settings.sample,
        numbers: settings.numbers,
        key,
    };
    let (log, guard) = DecisionLog::open(&options, metrics.clone()).map_err(|source| AppError::DecisionLog {
        place: match target {
            LogTarget::StandardOutput => "-".to_owned(),
            LogTarget::File(path) => path.display().to_string(),
        },
        source,
    })?;
    Ok(Some((Arc::new(log), guard)))
}

/// Spawns a task that never ends by itself, beside the lookups. The task is dropped when shutdown is requested.
fn spawn_endless(tasks: &Tasks, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
    let shutdown = tasks.clone();
    tasks.spawn_heavy(name, async move {
        tokio::select! {
            () = task => {}
            () = shutdown.shutdown_requested() => {}
        }
    });
}
