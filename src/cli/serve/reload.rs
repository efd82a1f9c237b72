//! Reads the settings of a running server again.

use std::convert::Infallible;
use std::sync::Arc;

use tokio::sync::Notify;

use super::read_config;
use crate::app::{self, App, AppError, Certificates, StorePassword, TokenKeys};
use crate::config::{Config, ServeArgs};
use crate::decision_log::DecisionLog;
use crate::metrics::ConfigReloadLabel;
use crate::service::Services;
use crate::telemetry::Log;

/// Replaces what a running server can replace: the log filter, the keys of decision ids and of reporter hashes, and what is
/// carried out of decisions. Opens the file of the decision log again, since SIGHUP also says that it was moved away. Reads the
/// files of TLS, the keys of the OpenID provider and the password of the store again, whether or not the rest of the
/// configuration has a fault.
pub(super) struct Reloader<'a> {
    args: ServeArgs,
    /// The configuration with which the server was started.
    started: Config,
    services: Arc<Services>,
    decision_log: Option<Arc<DecisionLog>>,
    certificates: Option<Arc<Certificates>>,
    token_keys: Option<Arc<TokenKeys>>,
    store_password: Option<Arc<StorePassword>>,
    log: &'a Log,
}

impl<'a> Reloader<'a> {
    pub(super) fn new(args: ServeArgs, started: Config, server: &App, log: &'a Log) -> Self {
        Self {
            args,
            started,
            services: server.services(),
            decision_log: server.decision_log(),
            certificates: server.certificates(),
            token_keys: server.token_keys.clone(),
            store_password: server.store_password.clone(),
            log,
        }
    }

    /// Reloads whenever it is notified.
    pub(super) async fn run(self, asked: &Notify) -> Infallible {
        loop {
            asked.notified().await;
            if let Some(log) = &self.decision_log {
                log.reopen();
            }
            if let Some(certificates) = &self.certificates {
                certificates.reload(self.services.metrics()).await;
            }
            if let Some(token_keys) = &self.token_keys {
                token_keys.reload();
            }
            let has_password = self.store_password.as_ref().is_none_or(|password| password.reload());
            let outcome = match self.reload() {
                Ok(()) if has_password => ConfigReloadLabel::Applied,
                Ok(()) | Err(Refused) => ConfigReloadLabel::Refused,
            };
            self.services.metrics().config_reload(outcome);
        }
    }

    /// Replaces everything, or nothing if the new configuration has a fault.
    fn reload(&self) -> Result<(), Refused> {
        let config = read_config(&self.args).map_err(|faults| {
            tracing::error!(%faults, "the configuration is not reloaded, the old one stays in force");
            Refused
        })?;
        let refused = |error: AppError| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, cause, "the configuration is not reloaded, the old one stays in force");
            Refused
        };
        let keys = app::decision_keys(&config.answers).map_err(refused)?;
        let reporter_keys = app::reporter_keys(&config.store).map_err(refused)?;
        let sections = self.started.changed_sections(&config);
        if !sections.is_empty() {
            let sections = sections.join(", ");
            tracing::warn!(
                sections,
                "settings of these sections have changed: restart the server to use them"
            );
        }
        let keys_file = keys.is_some();
        self.services.replace_decision_keys(keys);
        self.services.replace_reporter_keys(reporter_keys);
        self.services.enforce(config.policy.enforce);
        let enforce = config.policy.enforce.name();
        tracing::info!(filter = %config.log.filter, keys_file, enforce, "log filter, keys and enforcement are reloaded");
        self.log.set_filter(&config.log.filter);
        Ok(())
    }
}

/// The configuration has a fault, which is logged.
struct Refused;
