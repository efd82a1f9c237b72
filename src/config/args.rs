//! The flags of `serve`. They are made from the list of settings, so there is no second list to maintain.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::settings::{BRANDS, SETTINGS, STORE_CA, STORE_PASSWORD_FILE, STORE_URL, Setting, TENANTS};

const CONFIG_FLAG: &str = "config";

/// The format, unit and range of each type of value, at the end of `serve --help`.
const VALUES: &str = "Values:
  ADDR   IP address and port, such as 127.0.0.1:8080
  TIME   number with the unit ms, s or m, such as 500ms or 10s: 1ms to 60m
  AGE    number with the unit m, h or d, such as 12h or 7d
  SIZE   number with the unit KiB or MiB, such as 64KiB: 1KiB to 64MiB
  COUNT  whole number from 1 to 100000, unless the setting names another range
  SCORE  number from 0 to 100
  SHARE  number from 0.001 to 0.999, unless the setting names another range";

/// The flags of `serve` as text. [`load`](super::load) parses them, so that one error reports every fault in flags,
/// variables and file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServeArgs {
    /// The configuration file to read.
    pub config: Option<PathBuf>,
    /// Value of each given flag.
    values: BTreeMap<&'static str, String>,
}

impl ServeArgs {
    /// The flags that name a store, of a command that opens one itself.
    #[must_use]
    pub fn of_store(url: String, password_file: Option<String>, ca: Option<String>) -> Self {
        let values = [
            (STORE_URL.flag, Some(url)),
            (STORE_PASSWORD_FILE.flag, password_file),
            (STORE_CA.flag, ca),
        ];
        let values = values.into_iter().filter_map(|(flag, value)| Some((flag, value?)));
        Self {
            config: None,
            values: values.collect(),
        }
    }

    /// The value given for a setting.
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
            .help("TOML file with settings; flags and environment variables override it [env: RINGWARDEN_CONFIG]");
        command.arg(config).args(SETTINGS.iter().map(flag)).after_help(VALUES)
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
            if let Some(values) = matches.get_many::<String>(setting.flag) {
                let values: Vec<&str> = values.map(String::as_str).collect();
                let separator = if setting.value_name == Some(BRANDS) { ";" } else { "," };
                self.values.insert(setting.flag, values.join(separator));
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
        Some(name @ (TENANTS | BRANDS)) => arg.value_name(name).action(ArgAction::Append),
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
