//! `serve`: runs the server, from reading its configuration to its shutdown.
//!
//! Everything that the server says goes through its log, in the format of the log: also the addresses at its start, and
//! the error that ends it.

mod reload;

use std::io::Write as _;
use std::time::Duration;

use tokio::sync::Notify;
use tracing::Level;

use self::reload::Reloader;
use super::{CliError, shared};
use crate::app::{self, Listeners};
use crate::clock::Clock;
use crate::config::{self, Config, ConfigFaults, LogFormat, ServeArgs};
use crate::domain::{advice, words};
use crate::metrics::Metrics;
use crate::net::Listener;
use crate::number;
use crate::signals::Signals;
use crate::tasks::{Heavy, Tasks};
use crate::telemetry::{self, Log, Notice};

/// How long work that cannot be cancelled, such as a commit whose client has left, may go on at the end.
const LAST_WORK_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) async fn run(args: ServeArgs) -> Result<(), CliError> {
    // From here on, no signal kills the process before it has a log.
    let signals = Signals::catch();
    app::create_for_own_user_only();
    let config = read_config(&args).map_err(|faults| told(faults.log_format(), &faults.into()))?;
    let metrics = Metrics::new();
    let log = telemetry::install(&config.log, &metrics).map_err(|error| told(config.log.format, &error.into()))?;
    for variable in &config.unknown_variables {
        tracing::warn!(variable, "unknown environment variable: no setting has this name");
    }
    let heavy =
        Heavy::start(config.limits.heavy_workers.get()).map_err(|error| told(config.log.format, &error.into()))?;
    let tasks = Tasks::with_heavy(heavy);
    let reload = Notify::new();
    let follow_signals = async {
        match signals {
            Ok(signals) => signals.follow(&tasks, &reload).await,
            Err(cause) => {
                // The signals keep their default effect: the process ends at once. Acknowledged writes are not lost.
                tracing::warn!(%cause, "cannot catch signals: the server will not drain");
                std::future::pending().await
            }
        }
    };
    let ended = tokio::select! {
        ended = Box::pin(serve(args, config, metrics, &log, &tasks, &reload)) => ended,
        () = follow_signals => Err(CliError::CutOff),
    };
    ended.map_err(|error| {
        log.notice(&error.notice());
        CliError::Logged
    })
}

/// Starts the server and runs it until its shutdown. A shutdown that is announced before it has started ends it at once.
async fn serve(
    args: ServeArgs,
    config: Config,
    metrics: Metrics,
    log: &Log,
    tasks: &Tasks,
    reload: &Notify,
) -> Result<(), CliError> {
    let shutdown = config.shutdown;
    let started = tokio::select! {
        started = Box::pin(start(&config, &metrics, tasks)) => started?,
        () = tasks.shutdown_announced() => {
            tracing::info!("the server was stopped before it had started");
            return Ok(());
        }
    };
    let (listeners, server) = started;
    if !config.credentials_configured() {
        let text = app::OPEN_ON_LOOPBACK.to_owned();
        log.notice(&Notice::new(Level::WARN, text.clone(), text));
    }
    log.notice(&banner(&listeners)?);
    let reloader = Reloader::new(args, config, &server, log);
    let drained = tokio::select! {
        drained = server.run(listeners, tasks, shutdown) => drained,
        never = reloader.run(reload) => match never {},
    };
    tasks.heavy().end(LAST_WORK_TIMEOUT).await;
    match (tasks.have_failed(), drained?) {
        (true, _) => Err(CliError::TaskFailed),
        (false, true) => Ok(()),
        (false, false) => Err(CliError::CutOff),
    }
}

async fn start(config: &Config, metrics: &Metrics, tasks: &Tasks) -> Result<(Listeners, app::App), CliError> {
    if let Some(path) = &config.policy.numbering_plan {
        let ranges = app::extend_numbering_plan(path)?;
        tracing::info!(ranges, "the numbering plan is extended");
    }
    // Runs while the store is being opened, and ends before the server answers its first request.
    let warm_up = tokio::task::spawn_blocking(|| {
        number::warm_up();
        advice::warm_up();
        words::warm_up();
    });
    let config = &Config {
        limits: app::fit_descriptors(config)?,
        ..config.clone()
    };
    let listeners = Listeners::bind(config).await?;
    let server = app::build(config, Clock::system(), metrics.clone(), (&listeners, tasks)).await?;
    warm_up.await.map_err(std::io::Error::from)?;
    app::warm_up(Clock::system()).await?;
    Ok((listeners, server))
}

/// The addresses of a server that has started.
fn banner(listeners: &Listeners) -> Result<Notice, CliError> {
    let (grpc, http) = (listeners.grpc.local_addr()?, listeners.http.local_addr()?);
    let version = env!("CARGO_PKG_VERSION");
    let admin = listeners.admin.as_ref().map(Listener::local_addr).transpose()?;
    let mut text = format!("ringwarden {version}: gRPC on {grpc}, HTTP on {http}");
    if let Some(admin) = admin {
        text += &format!(", probes and metrics on {admin}");
    }
    if listeners.certificates.is_some() {
        text += ", with TLS";
    }
    let notice = Notice::new(Level::INFO, text.clone(), text);
    let notice = notice.with("grpc", grpc.to_string()).with("http", http.to_string());
    Ok(match admin {
        Some(admin) => notice.with("admin", admin.to_string()),
        None => notice,
    })
}

/// The configuration of flags, variables and file, as they are now.
fn read_config(args: &ServeArgs) -> Result<Config, ConfigFaults> {
    config::load(args, shared::variables(), app::read_config_file)
}

/// Writes an error to standard error when there is no log yet.
fn told(format: LogFormat, error: &CliError) -> CliError {
    // If standard error is closed, the exit code is the only message.
    let _written = std::io::stderr().write_all(error.notice().render(format).as_bytes());
    CliError::Logged
}
