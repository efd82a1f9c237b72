//! `serve`: runs the server, from reading its configuration to its shutdown.

use super::{CliError, output};
use crate::app::{self, Listeners};
use crate::clock::Clock;
use crate::config::{self, ServeArgs};
use crate::domain::advice;
use crate::metrics::Metrics;
use crate::number;
use crate::tasks::{Tasks, shutdown_signal};
use crate::telemetry;

pub(super) async fn run(args: ServeArgs) -> Result<(), CliError> {
    // No variable of the server has a name or value that is not Unicode.
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let config = config::load(&args, variables, |path| std::fs::read_to_string(path))?;
    let metrics = Metrics::new();
    let _log = telemetry::install(&config.log, &metrics)?;
    for variable in &config.unknown_variables {
        tracing::warn!(variable, "unknown environment variable: no setting has this name");
    }
    if let Some(path) = &config.policy.numbering_plan {
        let ranges = app::extend_numbering_plan(path)?;
        tracing::info!(ranges, "numbering plan extended");
    }
    let tasks = Tasks::new();
    let signalled = tasks.clone();
    tasks.spawn("signals", async move {
        tokio::select! {
            () = shutdown_signal() => signalled.request_shutdown(),
            () = signalled.shutdown_requested() => {}
        }
    });
    // Runs while the store is being opened, and ends before the server answers its first request.
    let warm_up = tokio::task::spawn_blocking(|| {
        number::warm_up();
        advice::warm_up();
    });
    let listeners = Listeners::bind(&config).await?;
    let server = app::build(&config, Clock::system(), metrics, &tasks).await?;
    warm_up.await.map_err(std::io::Error::from)?;
    app::warm_up(Clock::system()).await?;
    output::note(format!(
        "ringwarden {}: gRPC on {}, HTTP on {}",
        env!("CARGO_PKG_VERSION"),
        listeners.grpc.local_addr()?,
        listeners.http.local_addr()?
    ))?;
    let drained = server.run(listeners, &tasks, config.shutdown.drain_deadline).await;
    if drained { Ok(()) } else { Err(CliError::CutOff) }
}
