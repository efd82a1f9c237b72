//! The settings of the server: flags override `RINGWARDEN_*` environment variables, these override a TOML file, and the
//! file overrides defaults.
//!
//! [`load`] is a pure function of flags, variables and file. It returns a configuration in which every value has its
//! type and is in its range, or an error that lists every fault: where the value was set, what is wrong with it, and
//! which values are accepted. An unknown key in the file is an error. An unknown variable is only a warning, because
//! programs share their environment.

mod answers;
mod args;
mod auth;
mod decision_log;
mod fault;
mod layers;
mod oidc;
mod parse;
mod quotas;
mod settings;
mod snapshot;
mod store_password;
mod store_url;
#[cfg(test)]
mod tests;
mod tls;
mod trust;

use std::io;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing_subscriber::filter::Targets;

use self::layers::Layers;
use crate::domain::brand_feeds::BrandFeeds;
use crate::domain::policy::Enforcement;
use crate::domain::quota::RequestQuotas;
use crate::domain::tenant::TenantId;

pub use self::answers::{AnswerSettings, SipBlock, TrafficSettings};
pub use self::args::ServeArgs;
pub use self::auth::{AuthMode, AuthSettings};
pub use self::decision_log::{DecisionLogSettings, LogTarget, NumberForm};
pub use self::fault::{ConfigFault, ConfigFaults, SettingOrigin, ValueProblem};
pub use self::oidc::{KeySource, OidcSettings, TokenAlgorithm};
pub use self::settings::{SETTINGS, Setting};
pub use self::snapshot::SnapshotSettings;
pub use self::store_url::{RedisUrl, StoreUrl};
pub use self::tls::TlsSettings;
pub use self::trust::Trust;

/// Reads the configuration of a server.
///
/// # Errors
/// If any value is not valid. The error lists all faults, not only the first.
pub fn load(
    args: &ServeArgs,
    env: impl Iterator<Item = (String, String)>,
    read_file: impl Fn(&Path) -> io::Result<String>,
) -> Result<Config, ConfigFaults> {
    let mut layers = Layers::new(args, env, read_file);
    let config = Config::read(&mut layers);
    let log_format = layers.peek(&settings::LOG_FORMAT, LogFormat::parse);
    let faults = layers.into_faults();
    match config {
        Some(config) if faults.is_empty() => Ok(config),
        Some(_) | None => Err(ConfigFaults::new(faults, log_format.unwrap_or(LogFormat::Text))),
    }
}

/// Reads the settings of a store, for a command that opens one itself: as for a server whose other settings are not read.
///
/// # Errors
/// If a setting of the store is not valid.
pub fn load_store(
    args: &ServeArgs,
    env: impl Iterator<Item = (String, String)>,
    read_file: impl Fn(&Path) -> io::Result<String>,
) -> Result<StoreSettings, ConfigFaults> {
    let mut layers = Layers::new(args, env, read_file);
    let store = StoreSettings::read(&mut layers);
    let faults = layers.into_faults();
    match store {
        Some(store) if faults.is_empty() => Ok(store),
        Some(_) | None => Err(ConfigFaults::new(faults, LogFormat::Text)),
    }
}

/// The configuration of a server.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Addresses on which the server listens.
    pub listen: ListenSettings,
    /// Who may use the server.
    pub auth: AuthSettings,
    /// Where data is stored.
    pub store: StoreSettings,
    /// What the server logs.
    pub log: LogSettings,
    /// Limits on connections, sizes, times and reports.
    pub limits: LimitSettings,
    /// How the server shuts down.
    pub shutdown: ShutdownSettings,
    /// From which scores the server advises to label or block.
    pub policy: PolicySettings,
    /// How lookups are answered.
    pub answers: AnswerSettings,
    /// Where and how decisions are logged.
    pub decision_log: DecisionLogSettings,
    /// Which traffic of a caller is a sign of abuse.
    pub traffic: TrafficSettings,
    /// Variables with our prefix that name no setting, most likely misspelt. The server logs a warning for each.
    pub unknown_variables: Vec<String>,
}

impl Config {
    fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let listen = ListenSettings::read(layers);
        let auth = AuthSettings::read(layers);
        let store = StoreSettings::read(layers);
        let log = LogSettings::read(layers);
        let limits = LimitSettings::read(layers);
        let shutdown = ShutdownSettings::read(layers);
        let policy = PolicySettings::read(layers);
        let answers = AnswerSettings::read(layers);
        let decision_log = DecisionLogSettings::read(layers);
        let traffic = TrafficSettings::read(layers);
        Some(Self {
            listen: listen?,
            auth: auth?,
            store: store?,
            log: log?,
            limits: limits?,
            shutdown: shutdown?,
            policy: policy?,
            answers: answers?,
            decision_log: decision_log?,
            traffic: traffic?,
            unknown_variables: layers.unknown_variables(),
        })
    }

    /// Whether the server knows its callers, as far as the settings say it.
    #[must_use]
    pub fn credentials_configured(&self) -> bool {
        self.auth.mode == AuthMode::Required || self.auth.bootstrap_admin.is_some()
    }

    /// The sections of the file in which a setting differs that a running server cannot change. A reload changes
    /// `log.filter`, `policy.enforce`, `answers.decision_keys` and `store.reporter_keys` only.
    #[must_use]
    pub fn changed_sections(&self, newer: &Self) -> Vec<&'static str> {
        let answers = AnswerSettings {
            decision_keys: self.answers.decision_keys.clone(),
            ..newer.answers.clone()
        };
        let store = StoreSettings {
            reporter_keys: self.store.reporter_keys.clone(),
            ..newer.store.clone()
        };
        let policy = PolicySettings {
            enforce: self.policy.enforce,
            ..newer.policy.clone()
        };
        let sections = [
            ("listen", self.listen != newer.listen),
            ("auth", self.auth != newer.auth),
            ("store", self.store != store),
            ("log", self.log.format != newer.log.format),
            ("limits", self.limits != newer.limits),
            ("shutdown", self.shutdown != newer.shutdown),
            ("policy", self.policy != policy),
            ("answers", self.answers != answers),
            ("decision_log", self.decision_log != newer.decision_log),
            ("traffic", self.traffic != newer.traffic),
        ];
        let changed = sections.into_iter().filter(|(_, changed)| *changed);
        changed.map(|(section, _)| section).collect()
    }
}

/// Addresses on which a server listens. By default, both accept connections from this machine only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenSettings {
    /// Address for gRPC. Default: 127.0.0.1:50051.
    pub grpc_addr: SocketAddr,
    /// Address for JSON, metrics and health checks. Default: 127.0.0.1:8080.
    pub http_addr: SocketAddr,
    /// Hosts that HTTP clients may name beside those of loopback; `*` stands for all. Default: none if the HTTP address is
    /// one of loopback, else all.
    pub http_hosts: Vec<String>,
    /// Address for metrics and health checks, with connections of its own. Default: none; they are on `http_addr`.
    pub admin_addr: Option<SocketAddr>,
    /// The files of TLS. Default: none; the addresses speak plain text.
    pub tls: Option<TlsSettings>,
    /// Whether something in front of the server terminates TLS, so that plain text is allowed on any address. Default: no.
    pub tls_terminated_in_front: bool,
}

impl ListenSettings {
    fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let grpc_addr = layers.read(&settings::GRPC_ADDR, parse::address);
        let http_addr = layers.read(&settings::HTTP_ADDR, parse::address);
        let http_hosts = layers.read_if_set(&settings::HTTP_HOSTS, parse::hosts);
        let admin_addr = layers.read_if_set(&settings::ADMIN_ADDR, parse::address);
        let tls = TlsSettings::read(layers);
        let tls_terminated_in_front = layers.read(&settings::TLS_IN_FRONT, parse::switch);
        Some(Self {
            grpc_addr: grpc_addr?,
            http_addr: http_addr?,
            http_hosts: http_hosts?.unwrap_or_default(),
            admin_addr: admin_addr?,
            tls: tls?,
            tls_terminated_in_front: tls_terminated_in_front?,
        })
    }
}

/// Where data is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// URL of the store. Default: embedded:./ringwarden-data.
    pub url: StoreUrl,
    /// Id of the only store on which the server may start. Default: none; any store.
    pub expected_id: Option<u128>,
    /// Maximum time to open a connection to Redis. Default: 400 ms, so that changes are answered in time.
    pub connect_timeout: Duration,
    /// Maximum time that Redis may take to answer. Default: 1 s.
    pub response_timeout: Duration,
    /// Whose signature a Redis with TLS must have on its certificate. Default: a public authority's.
    pub trust: Trust,
    /// The file with the password of Redis. Default: none; the password of the URL, if it has one.
    pub password_file: Option<PathBuf>,
    /// The file with the keys of reporter hashes. Default: none; the key of the store.
    pub reporter_keys: Option<PathBuf>,
    /// Whether to refold evidence that was folded with another evidence version. Default: no.
    pub migrate: bool,
    /// The code of the damage with which an embedded store is opened. Default: none.
    pub accept_damage: Option<String>,
    /// How long audit events are kept. Default: 400 days.
    pub audit_retention: Duration,
    /// How long reports are kept; none for ever. Default: three years.
    pub report_retention: Option<Duration>,
    /// How long comments of reports are kept; none as long as the reports. Default: a year.
    pub text_retention: Option<Duration>,
    /// Where the server keeps a snapshot of its index. Default: nowhere.
    pub snapshot: Option<SnapshotSettings>,
    /// The least time between two comparisons of a shard of the index with the store; none for no comparisons. Default: 5 s.
    pub compare_every: Option<Duration>,
}

impl StoreSettings {
    fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let url = layers.read(&settings::STORE_URL, StoreUrl::parse);
        let expected_id = layers.read_if_set(&settings::STORE_ID, parse::store_id);
        let connect_timeout = layers.read(&settings::CONNECT_TIMEOUT, parse::time);
        let response_timeout = layers.read(&settings::RESPONSE_TIMEOUT, parse::time);
        let trust = Trust::read(layers);
        let password_file = store_password::read(layers);
        let reporter_keys = layers.read_if_set(&settings::REPORTER_KEYS, parse::path);
        let migrate = layers.read(&settings::MIGRATE, parse::switch);
        let accept_damage = layers.read_if_set(&settings::ACCEPT_DAMAGE, parse::damage);
        let audit_retention = layers.read(&settings::AUDIT_RETENTION, parse::retention);
        let report_retention = layers.read(&settings::REPORT_RETENTION, parse::optional_retention);
        let text_retention = layers.read(&settings::TEXT_RETENTION, parse::optional_retention);
        let snapshot = SnapshotSettings::read(layers);
        let compare_every = layers.read(&settings::COMPARE_EVERY, parse::time_or_never);
        Some(Self {
            url: url?,
            expected_id: expected_id?,
            connect_timeout: connect_timeout?,
            response_timeout: response_timeout?,
            trust: trust?,
            password_file: password_file?,
            reporter_keys: reporter_keys?,
            migrate: migrate?,
            accept_damage: accept_damage?,
            audit_retention: audit_retention?,
            report_retention: report_retention?,
            text_retention: text_retention?,
            snapshot: snapshot?,
            compare_every: compare_every?,
        })
    }
}

/// What a server logs to standard error.
#[derive(Clone, Debug, PartialEq)]
pub struct LogSettings {
    /// Format of the log. Default: text.
    pub format: LogFormat,
    /// Lowest level that is logged, by module. Default: info for all modules.
    pub filter: Targets,
}

impl LogSettings {
    fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let format = layers.read(&settings::LOG_FORMAT, LogFormat::parse);
        let filter = layers.read(&settings::LOG_FILTER, parse::log_filter);
        Some(Self {
            format: format?,
            filter: filter?,
        })
    }
}

/// The format of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people, in colour on a terminal.
    Text,
    /// One JSON object per line.
    Json,
}

impl LogFormat {
    fn parse(text: &str) -> Result<Self, ValueProblem> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(ValueProblem::with(text, "is not a log format", "text, json")),
        }
    }
}

/// Limits on connections, sizes, times and reports.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitSettings {
    /// Maximum number of open connections on each address. For a further one, the longest idle one is closed. Default:
    /// 400, so that both addresses together stay below the usual limit of 1,024 file descriptors.
    pub max_connections: NonZeroUsize,
    /// Maximum number of open connections from one client address; 0 for no limit. Default: 100.
    pub connections_per_address: usize,
    /// Time after which a gRPC connection without a request is closed. Default: 15 minutes.
    pub idle_timeout: Duration,
    /// Memory that requests and answers in flight may hold together, in bytes. Default: 256 MiB.
    pub request_memory: NonZeroUsize,
    /// Maximum number of requests in progress on one HTTP/2 connection. Default: 256.
    pub max_concurrent_streams: NonZeroU32,
    /// Maximum size of a request that holds a single item, in bytes. Default: 64 KiB.
    pub message_bytes: NonZeroUsize,
    /// Maximum size of a request that holds a batch, in bytes. Default: 8 MiB.
    pub batch_message_bytes: NonZeroUsize,
    /// Maximum number of reports from one reporter in a day (UTC); `None` for no limit. Default: 20.
    pub reporter_daily_quota: Option<u32>,
    /// Maximum number of reports from all reporters in a day (UTC); `None` for no limit. Default: 100,000.
    pub tenant_daily_quota: Option<u64>,
    /// The largest share of `tenant_daily_quota` that one principal may use. Default: 0.25.
    pub principal_daily_share: f64,
    /// How much one client may ask for in a second.
    pub request_quotas: RequestQuotas,
    /// Maximum time for a change; a batch gets this time again for every 1,000 items. Default: 2 s.
    pub write_timeout: Duration,
    /// Number of threads for everything but lookups and probes. Default: one for each processor.
    pub heavy_workers: NonZeroUsize,
    /// Maximum number of requests in progress that are not lookups. Default: 1,024.
    pub heavy_requests: NonZeroUsize,
    /// Time without traffic after which the server pings a client. Default: 30 s.
    pub keepalive_interval: Duration,
    /// Maximum time that the client may take to answer the ping. Default: 10 s.
    pub keepalive_timeout: Duration,
}

impl LimitSettings {
    fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let max_connections = layers.read(&settings::MAX_CONNECTIONS, parse::count);
        let connections_per_address = layers.read(&settings::PER_ADDRESS, parse::count_or_none);
        let idle_timeout = layers.read(&settings::IDLE_TIMEOUT, parse::time);
        let request_memory = layers.read(&settings::REQUEST_MEMORY, parse::request_memory);
        let max_concurrent_streams = layers.read(&settings::MAX_STREAMS, parse::count);
        let message_bytes = layers.read(&settings::MESSAGE_SIZE, parse::size);
        let batch_message_bytes = layers.read(&settings::BATCH_SIZE, parse::size);
        let reporter_daily_quota = layers.read(&settings::REPORTER_QUOTA, parse::reporter_quota);
        let tenant_daily_quota = layers.read(&settings::TENANT_QUOTA, parse::tenant_quota);
        let principal_daily_share = layers.read(&settings::PRINCIPAL_SHARE, quotas::share);
        let request_quotas = quotas::read(layers);
        let write_timeout = layers.read(&settings::WRITE_TIMEOUT, parse::time);
        let heavy_workers = layers.read_if_set(&settings::HEAVY_WORKERS, parse::count);
        let heavy_requests = layers.read(&settings::HEAVY_REQUESTS, parse::count);
        let keepalive_interval = layers.read(&settings::KEEPALIVE_INTERVAL, parse::time);
        let keepalive_timeout = layers.read(&settings::KEEPALIVE_TIMEOUT, parse::time);
        Some(Self {
            max_connections: max_connections?.try_into().ok()?,
            connections_per_address: connections_per_address?,
            idle_timeout: idle_timeout?,
            request_memory: request_memory?,
            max_concurrent_streams: max_concurrent_streams?,
            message_bytes: message_bytes?,
            batch_message_bytes: batch_message_bytes?,
            reporter_daily_quota: reporter_daily_quota?,
            tenant_daily_quota: tenant_daily_quota?,
            principal_daily_share: principal_daily_share?,
            request_quotas: request_quotas?,
            write_timeout: write_timeout?,
            heavy_workers: match heavy_workers? {
                Some(count) => count.try_into().ok()?,
                None => std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            },
            heavy_requests: heavy_requests?.try_into().ok()?,
            keepalive_interval: keepalive_interval?,
            keepalive_timeout: keepalive_timeout?,
        })
    }
}

/// How a server shuts down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShutdownSettings {
    /// How long the server still answers after it has said that it is not ready any more. Default: none.
    pub grace: Duration,
    /// Maximum time to finish requests in progress. Default: 10 s.
    pub drain_deadline: Duration,
}

impl ShutdownSettings {
    fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let grace = layers.read(&settings::SHUTDOWN_GRACE, parse::grace);
        let drain_deadline = layers.read(&settings::DRAIN_DEADLINE, parse::time);
        Some(Self {
            grace: grace?,
            drain_deadline: drain_deadline?,
        })
    }
}

/// From which scores a server advises to label or block. Scores are from 0 to 100; higher is worse.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicySettings {
    /// Lowest score at which the advice is to label the call. Default: 60.
    pub label_from: f64,
    /// Lowest score at which the advice is to block the call; never below `label_from`. Default: 80.
    pub block_from: f64,
    /// The strongest action that answers carry out. Default: block, which is all.
    pub enforce: Enforcement,
    /// Whether a score that rests on the neighbouring numbers alone labels a call. Default: yes.
    pub range_label: bool,
    /// Whether the advice is to block a call that shows the number of a known owner and probably comes from somebody
    /// else. Default: no; it is labelled.
    pub block_spoofed_owners: bool,
    /// The tenants for which a single report may block a call. Default: none.
    pub single_report_blocks_for: Vec<TenantId>,
    /// The feeds of brands' own teams. Default: none.
    pub brand_feeds: BrandFeeds,
    /// Share of calls that are unwanted, before anything is known about the number, from 0.001 to 0.999. Default: the
    /// prior of the model.
    pub prior: Option<f64>,
    /// File of the scoring model. Default: none; the built-in model.
    pub model: Option<PathBuf>,
    /// File of ranges that are newer than the numbering plans. Default: none; the built-in ranges.
    pub numbering_plan: Option<PathBuf>,
}

impl PolicySettings {
    fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let label_from = layers.read(&settings::LABEL_FROM, parse::score);
        let block_from = layers.read(&settings::BLOCK_FROM, parse::score);
        let enforce = layers.read(&settings::ENFORCE, parse::enforcement);
        let range_label = layers.read(&settings::RANGE_LABEL, parse::on_or_off);
        let block_spoofed_owners = layers.read(&settings::BLOCK_SPOOFED_OWNERS, parse::switch);
        let single_report_blocks_for = layers.read_if_set(&settings::SINGLE_REPORT_BLOCKS_FOR, parse::tenants);
        let brand_feeds = layers.read_if_set(&settings::BRAND_FEED, parse::brand_feeds);
        let prior = layers.read_if_set(&settings::PRIOR, parse::share);
        let model = layers.read_if_set(&settings::MODEL, parse::path);
        let numbering_plan = layers.read_if_set(&settings::NUMBERING_PLAN, parse::path);
        let (label_from, block_from) = (label_from?, block_from?);
        if block_from < label_from {
            let wrong = format!("{block_from} is below policy.label_from");
            let accepted = format!("a number from {label_from} to 100");
            layers.refuse(&settings::BLOCK_FROM, ValueProblem { wrong, accepted });
            return None;
        }
        Some(Self {
            label_from,
            block_from,
            enforce: enforce?,
            range_label: range_label?,
            block_spoofed_owners: block_spoofed_owners?,
            single_report_blocks_for: single_report_blocks_for?.unwrap_or_default(),
            brand_feeds: brand_feeds?.unwrap_or_default(),
            prior: prior?,
            model: model?,
            numbering_plan: numbering_plan?,
        })
    }
}
