//! What a server would label and block: thresholds of flags, or of a configuration file as `serve` reads it.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::app;
use crate::cli::error::CliError;
use crate::cli::shared;
use crate::config::{self, PolicySettings, ServeArgs};
use crate::domain::model::ScoreModel;
use crate::domain::policy::Policy;
use crate::domain::tenant::TenantId;

/// The thresholds of the figures of actions.
#[derive(Args, Debug)]
pub(super) struct ServedArgs {
    /// Configuration file of a server: take thresholds, prior and model from it and from the RINGWARDEN_ variables, as
    /// `serve` does; flags override them
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Lowest score of a labelled call, in the figures of actions [default: 60]
    #[arg(long, value_name = "SCORE", value_parser = shared::score)]
    label_from: Option<f64>,
    /// Lowest score of a blocked call, in the figures of actions; not below `--label-from` [default: 80]
    #[arg(long, value_name = "SCORE", value_parser = shared::score)]
    block_from: Option<f64>,
    /// Whether a score that rests on the neighbouring numbers alone labels a call [default: on]
    #[arg(long, value_name = "on|off", value_parser = on_or_off)]
    range_label: Option<bool>,
}

/// The settings of a server that decide what is labelled and blocked.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) policy: Policy,
    /// Whether a single report may block a call.
    pub(super) single_report_blocks: bool,
    /// The file of the model; none for the built-in one.
    pub(super) model: Option<PathBuf>,
    /// The prior; none for that of the model.
    prior: Option<f64>,
}

impl Served {
    /// Reads the settings. Uses the numbering plan of the configuration unless `has_plan` says that a flag names one.
    ///
    /// # Errors
    /// If the configuration is not valid, or if `--block-from` is below `--label-from`.
    pub(super) fn read(args: &ServedArgs, has_plan: bool) -> Result<Self, CliError> {
        let configured = args.config.as_deref().map(configured).transpose()?;
        let plan = configured
            .as_ref()
            .and_then(|settings| settings.numbering_plan.as_deref());
        if let Some(plan) = plan.filter(|_| !has_plan) {
            app::extend_numbering_plan(plan)?;
        }
        let mut served = configured.map_or_else(Self::default, Self::of);
        let policy = &mut served.policy;
        policy.label_from = args.label_from.unwrap_or(policy.label_from);
        policy.block_from = args.block_from.unwrap_or(policy.block_from);
        policy.range_label = args.range_label.unwrap_or(policy.range_label);
        let (label_from, block_from) = (policy.label_from, policy.block_from);
        if block_from < label_from {
            return Err(CliError::Thresholds { label_from, block_from });
        }
        Ok(served)
    }

    /// The model with the configured prior.
    pub(super) fn with_prior(&self, model: ScoreModel) -> ScoreModel {
        let prior = self.prior.unwrap_or(model.prior);
        ScoreModel { prior, ..model }
    }

    fn of(settings: PolicySettings) -> Self {
        Self {
            policy: Policy {
                label_from: settings.label_from,
                block_from: settings.block_from,
                range_label: settings.range_label,
                ..Policy::DEFAULT
            },
            single_report_blocks: settings.single_report_blocks_for.contains(&TenantId::DEFAULT),
            model: settings.model,
            prior: settings.prior,
        }
    }
}

impl Default for Served {
    fn default() -> Self {
        Self {
            policy: Policy::DEFAULT,
            single_report_blocks: false,
            model: None,
            prior: None,
        }
    }
}

fn configured(path: &Path) -> Result<PolicySettings, CliError> {
    let mut args = ServeArgs::default();
    args.config = Some(path.to_owned());
    let config = config::load(&args, shared::variables(), crate::app::read_config_file)?;
    Ok(config.policy)
}

fn on_or_off(text: &str) -> Result<bool, &'static str> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("expected on or off"),
    }
}
