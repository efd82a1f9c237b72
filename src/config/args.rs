//! The flags of `serve`, made from the list of settings, so that there is no second list to keep in step.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::builder::ValueParser;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::settings::{SETTINGS, Setting};

const CONFIG_FLAG: &str = "config";

/// The flags of `serve` as they were given: text, which [`load`](super::load) reads, so that all that is wrong with flags,
/// variables and file is said at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServeArgs {
    /// The file to read.
    pub config: Option<PathBuf>,
    /// Values by flag.
    values: BTreeMap<&'static str, String>,
}

impl ServeArgs {
    /// What was given for a setting.
    pub(super) fn value(&self, setting: &Setting) -> Option<&str> {
        self.values.get(setting.flag).map(String::as_str)
    }
}

impl Args for ServeArgs {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new(CONFIG_FLAG)
            .long(CONFIG_FLAG)
            .value_name("FILE")
            .value_parser(ValueParser::path_buf())
            .help("A TOML file with settings; flags and variables come before it [env: RINGWARDEN_CONFIG]");
        command.arg(config).args(SETTINGS.iter().map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ServeArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut args = Self::default();
        args.update_from_arg_matches(matches)?;
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        if let Some(file) = matches.get_one::<PathBuf>(CONFIG_FLAG) {
            self.config = Some(file.clone());
        }
        for setting in SETTINGS {
            if let Some(value) = matches.get_one::<String>(setting.flag) {
                self.values.insert(setting.flag, value.clone());
            }
        }
        Ok(())
    }
}

fn flag(setting: &Setting) -> Arg {
    let mut help = format!("{} [env: {}]", setting.meaning, setting.variable());
    if let Some(default) = setting.default {
        help.push_str(&format!(" [default: {default}]"));
    }
    let arg = Arg::new(setting.flag).long(setting.flag).help(help);
    match setting.value_name {
        Some(name) => arg.value_name(name),
        None => arg
            .value_name("true|false")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings;
    use super::*;

    fn parse(line: &str) -> ServeArgs {
        let command = ServeArgs::augment_args(Command::new("serve"));
        let matches = command.try_get_matches_from(line.split(' ')).unwrap();
        ServeArgs::from_arg_matches(&matches).unwrap()
    }

    #[test]
    fn flags_are_kept_as_text() {
        let args = parse("serve --store memory: --label-from high --config r.toml");
        assert_eq!(args.value(&settings::STORE_URL), Some("memory:"));
        assert_eq!(args.value(&settings::LABEL_FROM), Some("high"));
        assert_eq!(args.value(&settings::BLOCK_FROM), None);
        assert_eq!(args.config, Some("r.toml".into()));
    }

    #[test]
    fn a_switch_may_stand_alone() {
        assert_eq!(parse("serve").value(&settings::MIGRATE), None);
        assert_eq!(parse("serve --migrate").value(&settings::MIGRATE), Some("true"));
        assert_eq!(parse("serve --migrate=false").value(&settings::MIGRATE), Some("false"));
    }

    #[test]
    fn the_command_is_sound_and_help_names_all() {
        let mut command = ServeArgs::augment_args(Command::new("serve"));
        command.clone().debug_assert();
        let help = command.render_long_help().to_string();
        for setting in SETTINGS {
            assert!(help.contains(&setting.variable()), "{}", setting.flag);
        }
    }
}
