//! What an operator can set: flags, then `RINGWARDEN_*` variables, then a TOML file, then defaults.
//!
//! [`load`] is a pure function of the three. It either gives a configuration in which every value is of its type and in
//! its range, or says everything that is wrong, where it was said, and what is accepted instead. A key of the file that
//! means nothing is refused; a variable that means nothing is only warned about, since an environment is shared.

mod args;
mod calls;
mod fault;
mod layers;
mod parse;
mod settings;
mod store_url;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing_subscriber::filter::Targets;

use self::layers::Layers;

pub use self::args::ServeArgs;
pub use self::calls::{Answers, SipBlock, Traffic};
pub use self::fault::{ConfigFaults, Fault, Origin, Problem};
pub use self::settings::{SETTINGS, Setting};
pub use self::store_url::{RedisUrl, StoreUrl};

/// Reads the configuration of a server.
///
/// # Errors
/// If anything is not accepted: all of it, not only the first.
pub fn load(
    args: &ServeArgs,
    env: impl Iterator<Item = (String, String)>,
    read_file: impl Fn(&Path) -> io::Result<String>,
) -> Result<Config, ConfigFaults> {
    let mut layers = Layers::new(args, env, read_file);
    let config = Config::read(&mut layers);
    let faults = layers.into_faults();
    match config {
        Some(config) if faults.is_empty() => Ok(config),
        Some(_) | None => Err(ConfigFaults::new(faults)),
    }
}

/// The configuration of a server.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where it listens.
    pub listen: Listen,
    /// Where reports last.
    pub store: Store,
    /// What it logs.
    pub log: Log,
    /// How much it takes on.
    pub limits: Limits,
    /// How it ends.
    pub shutdown: Shutdown,
    /// What it advises.
    pub policy: Policy,
    /// How it answers.
    pub answers: Answers,
    /// What it makes of callers' calls.
    pub traffic: Traffic,
    /// Variables that look like ours and mean nothing: misspelt, most likely. To be warned about once there is a log.
    pub unknown_variables: Vec<String>,
}

impl Config {
    fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let listen = Listen::read(layers);
        let store = Store::read(layers);
        let log = Log::read(layers);
        let limits = Limits::read(layers);
        let shutdown = Shutdown::read(layers);
        let policy = Policy::read(layers);
        let answers = Answers::read(layers);
        let traffic = Traffic::read(layers);
        Some(Self {
            listen: listen?,
            store: store?,
            log: log?,
            limits: limits?,
            shutdown: shutdown?,
            policy: policy?,
            answers: answers?,
            traffic: traffic?,
            unknown_variables: layers.unknown_variables(),
        })
    }
}

/// Where a server listens. Both addresses are of this machine alone unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// gRPC. Default: 127.0.0.1:50051.
    pub grpc_addr: SocketAddr,
    /// JSON, metrics and health. Default: 127.0.0.1:8080.
    pub http_addr: SocketAddr,
}

impl Listen {
    fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let grpc_addr = layers.read(&settings::GRPC_ADDR, parse::address);
        let http_addr = layers.read(&settings::HTTP_ADDR, parse::address);
        Some(Self {
            grpc_addr: grpc_addr?,
            http_addr: http_addr?,
        })
    }
}

/// Where reports last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// The store. Default: embedded:./ringwarden-data.
    pub url: StoreUrl,
    /// The only store to start on. Default: any.
    pub expected_id: Option<u128>,
    /// How long a connection to Redis may take to be made. Default: 400 ms, so that changes are answered in time.
    pub connect_timeout: Duration,
    /// How long Redis may take to answer. Default: 1 s.
    pub response_timeout: Duration,
    /// Whether to fold evidence anew that another release folded otherwise. Default: no.
    pub migrate: bool,
}

impl Store {
    fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let url = layers.read(&settings::STORE_URL, StoreUrl::parse);
        let expected_id = layers.read_if_set(&settings::STORE_ID, parse::store_id);
        let connect_timeout = layers.read(&settings::CONNECT_TIMEOUT, parse::time);
        let response_timeout = layers.read(&settings::RESPONSE_TIMEOUT, parse::time);
        let migrate = layers.read(&settings::MIGRATE, parse::switch);
        Some(Self {
            url: url?,
            expected_id: expected_id?,
            connect_timeout: connect_timeout?,
            response_timeout: response_timeout?,
            migrate: migrate?,
        })
    }
}

/// What a server logs, to standard error.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    /// In which form. Default: text.
    pub format: LogFormat,
    /// From which level on, by module. Default: info everywhere.
    pub filter: Targets,
}

impl Log {
    fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let format = layers.read(&settings::LOG_FORMAT, LogFormat::parse);
        let filter = layers.read(&settings::LOG_FILTER, parse::log_filter);
        Some(Self {
            format: format?,
            filter: filter?,
        })
    }
}

/// The form of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// A line for people, in colour on a terminal.
    Text,
    /// A JSON object a line.
    Json,
}

impl LogFormat {
    fn parse(text: &str) -> Result<Self, Problem> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(Problem::with(text, "is not a form of log", "text, json")),
        }
    }
}

/// How much a server takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections of each address. Default: 400, so that both fit into the usual 1,024 file descriptors.
    pub max_connections: NonZeroUsize,
    /// Calls in progress on one HTTP/2 connection. Default: 256.
    pub max_concurrent_streams: NonZeroU32,
    /// The largest request that holds a single item, in bytes. Default: 64 KiB.
    pub message_bytes: NonZeroUsize,
    /// The largest request that holds a batch, in bytes. Default: 8 MiB.
    pub batch_message_bytes: NonZeroUsize,
    /// Reports taken of one reporter in a day; none for any number. Default: 20.
    pub reporter_daily_quota: Option<u32>,
    /// Reports taken in a day in all; none for any number. Default: 100,000.
    pub tenant_daily_quota: Option<u64>,
    /// How long a change may take; a batch, as long again for every 1,000 items. Default: 2 s.
    pub write_timeout: Duration,
    /// How often a silent client is asked whether it is still there. Default: 30 s.
    pub keepalive_interval: Duration,
    /// How long it may take to answer that. Default: 10 s.
    pub keepalive_timeout: Duration,
}

impl Limits {
    fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let max_connections = layers.read(&settings::MAX_CONNECTIONS, parse::count);
        let max_concurrent_streams = layers.read(&settings::MAX_STREAMS, parse::count);
        let message_bytes = layers.read(&settings::MESSAGE_SIZE, parse::size);
        let batch_message_bytes = layers.read(&settings::BATCH_SIZE, parse::size);
        let reporter_daily_quota = layers.read(&settings::REPORTER_QUOTA, parse::reporter_quota);
        let tenant_daily_quota = layers.read(&settings::TENANT_QUOTA, parse::tenant_quota);
        let write_timeout = layers.read(&settings::WRITE_TIMEOUT, parse::time);
        let keepalive_interval = layers.read(&settings::KEEPALIVE_INTERVAL, parse::time);
        let keepalive_timeout = layers.read(&settings::KEEPALIVE_TIMEOUT, parse::time);
        Some(Self {
            max_connections: max_connections?.try_into().ok()?,
            max_concurrent_streams: max_concurrent_streams?,
            message_bytes: message_bytes?,
            batch_message_bytes: batch_message_bytes?,
            reporter_daily_quota: reporter_daily_quota?,
            tenant_daily_quota: tenant_daily_quota?,
            write_timeout: write_timeout?,
            keepalive_interval: keepalive_interval?,
            keepalive_timeout: keepalive_timeout?,
        })
    }
}

/// How a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shutdown {
    /// How long calls in progress may go on. Default: 10 s.
    pub drain_deadline: Duration,
}

impl Shutdown {
    fn read(layers: &mut Layers<'_>) -> Option<Self> {
        Some(Self {
            drain_deadline: layers.read(&settings::DRAIN_DEADLINE, parse::time)?,
        })
    }
}

/// What a server advises. Scores are from 0 to 100, higher is worse.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// From this score on the advice is to label. Default: 60.
    pub label_from: f64,
    /// From this score on the advice is to block; never below `label_from`. Default: 80.
    pub block_from: f64,
    /// Share of calls that are unwanted, before anything is known, from 0 to 1, both excluded. Default: the model's.
    pub prior: Option<f64>,
    /// The file of the model to score by. Default: the built-in one.
    pub model: Option<PathBuf>,
}

impl Policy {
    fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let label_from = layers.read(&settings::LABEL_FROM, parse::score);
        let block_from = layers.read(&settings::BLOCK_FROM, parse::score);
        let prior = layers.read_if_set(&settings::PRIOR, parse::share);
        let model = layers.read_if_set(&settings::MODEL, parse::path);
        let (label_from, block_from) = (label_from?, block_from?);
        if block_from < label_from {
            let wrong = format!("{block_from} is below policy.label_from");
            let accepted = format!("a number from {label_from} to 100");
            layers.refuse(&settings::BLOCK_FROM, Problem { wrong, accepted });
            return None;
        }
        Some(Self {
            label_from,
            block_from,
            prior: prior?,
            model: model?,
        })
    }
}
