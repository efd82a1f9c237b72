//! The layers of a configuration (flags, environment variables, file, defaults), and the faults found in them so far.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::args::ServeArgs;
use super::fault::{ConfigFault, SettingOrigin, ValueProblem};
use super::settings::{SETTINGS, Setting};
use super::trust::{CERTIFICATE_DIRECTORIES, CERTIFICATE_FILE};

const PREFIX: &str = "RINGWARDEN_";
/// The variable that names the configuration file if the flag is not given.
const CONFIG_VARIABLE: &str = "RINGWARDEN_CONFIG";
/// Variables that the program reads beside the settings.
const OTHER_VARIABLES: [&str; 10] = [
    CONFIG_VARIABLE,
    "RINGWARDEN_SERVER",
    "RINGWARDEN_ACTOR",
    "RINGWARDEN_CA",
    "RINGWARDEN_CLIENT_CERT",
    "RINGWARDEN_CLIENT_KEY",
    "RINGWARDEN_KEY",
    "RINGWARDEN_TOKEN",
    CERTIFICATE_FILE,
    CERTIFICATE_DIRECTORIES,
];

/// The values of all settings, layer by layer.
pub(super) struct Layers<'a> {
    args: &'a ServeArgs,
    /// The environment variables that begin with the prefix, and [`OTHER_VARIABLES`]. An empty variable counts as unset.
    variables: BTreeMap<String, String>,
    /// The path of the file and its values by key.
    file: Option<(PathBuf, BTreeMap<String, String>)>,
    faults: Vec<ConfigFault>,
}

impl<'a> Layers<'a> {
    pub(super) fn new(
        args: &'a ServeArgs,
        env: impl Iterator<Item = (String, String)>,
        read_file: impl Fn(&Path) -> io::Result<String>,
    ) -> Self {
        let is_ours = |name: &str| name.starts_with(PREFIX) || OTHER_VARIABLES.contains(&name);
        let variables: BTreeMap<_, _> = env.filter(|(name, value)| is_ours(name) && !value.is_empty()).collect();
        let path = args.config.clone();
        let path = path.or_else(|| variables.get(CONFIG_VARIABLE).map(PathBuf::from));
        let mut layers = Self {
            args,
            variables,
            file: None,
            faults: Vec::new(),
        };
        if let Some(path) = path {
            layers.read_file(path, read_file);
        }
        layers
    }

    /// The value of a setting that has a default. If the value is not valid, records the fault and returns `None`.
    pub(super) fn read<T>(
        &mut self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Result<T, ValueProblem>,
    ) -> Option<T> {
        self.read_if_set(setting, parse)?
    }

    /// The value of a setting without a default: `Some(None)` if it is not set. If the value is not valid, records the
    /// fault and returns `None`.
    pub(super) fn read_if_set<T>(
        &mut self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Result<T, ValueProblem>,
    ) -> Option<Option<T>> {
        let Some((origin, text)) = self.find(setting) else {
            return Some(None);
        };
        match parse(text) {
            Ok(value) => Some(Some(value)),
            Err(problem) => {
                self.faults.push(ConfigFault { origin, problem });
                None
            }
        }
    }

    /// The value of a setting, if it is valid. Records no fault.
    pub(super) fn peek<T>(&self, setting: &Setting, parse: impl FnOnce(&str) -> Result<T, ValueProblem>) -> Option<T> {
        let (_, text) = self.find(setting)?;
        parse(text).ok()
    }

    /// The value of a variable that is not a setting.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Records that the valid value of a setting contradicts another setting.
    pub(super) fn refuse(&mut self, setting: &Setting, problem: ValueProblem) {
        if let Some((origin, _)) = self.find(setting) {
            self.faults.push(ConfigFault { origin, problem });
        }
    }

    /// Variables with our prefix that name no setting.
    pub(super) fn unknown_variables(&self) -> Vec<String> {
        let mut known: BTreeSet<String> = SETTINGS.iter().map(Setting::variable).collect();
        known.extend(OTHER_VARIABLES.map(str::to_owned));
        let unknown = self.variables.keys().filter(|name| !known.contains(*name));
        unknown.cloned().collect()
    }

    pub(super) fn into_faults(self) -> Vec<ConfigFault> {
        self.faults
    }

    /// The value of the highest layer that sets this setting.
    fn find(&self, setting: &Setting) -> Option<(SettingOrigin, &str)> {
        if let Some(text) = self.args.value(setting) {
            return Some((SettingOrigin::Flag(setting.flag), text));
        }
        let variable = setting.variable();
        if let Some(text) = self.variables.get(&variable) {
            return Some((SettingOrigin::Variable(variable), text));
        }
        if let Some((path, values)) = &self.file
            && let Some(text) = values.get(setting.key)
        {
            return Some((key_origin(path, setting.key), text));
        }
        setting.default.map(|text| (SettingOrigin::Default(setting.key), text))
    }

    fn read_file(&mut self, path: PathBuf, read: impl Fn(&Path) -> io::Result<String>) {
        let fault = |wrong: String, accepted: &str| ConfigFault {
            origin: SettingOrigin::File(path.clone()),
            problem: ValueProblem {
                wrong,
                accepted: accepted.to_owned(),
            },
        };
        let text = match read(&path) {
            Ok(text) => text,
            Err(error) => {
                let fault = fault(format!("cannot be read: {error}"), "a file of UTF-8 text");
                return self.faults.push(fault);
            }
        };
        let table = match text.parse::<toml::Table>() {
            Ok(table) => table,
            Err(error) => {
                // The Display text of the error quotes the line, which may hold a password.
                let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
                let line = before.matches('\n').count() + 1;
                let fault = fault(format!("line {line}: {}", error.message()), "TOML");
                return self.faults.push(fault);
            }
        };
        let mut values = BTreeMap::new();
        for (section, value) in table {
            self.read_section(&path, &section, value, &mut values);
        }
        self.file = Some((path, values));
    }

    fn read_section(&mut self, path: &Path, section: &str, value: toml::Value, values: &mut BTreeMap<String, String>) {
        let toml::Value::Table(table) = value else {
            return self.refuse_key(path, section, "is not inside a section");
        };
        for (name, value) in table {
            let key = format!("{section}.{name}");
            if !SETTINGS.iter().any(|setting| setting.key == key) {
                self.refuse_key(path, &key, "is not a setting");
                continue;
            }
            match scalar(value) {
                Some(text) => {
                    values.insert(key, text);
                }
                None => self.refuse_key(path, &key, "is not a single value"),
            }
        }
    }

    fn refuse_key(&mut self, path: &Path, key: &str, wrong: &str) {
        let section = key.split('.').next().unwrap_or(key);
        let in_section = |setting: &&Setting| setting.key.split('.').next() == Some(section);
        let mut keys: Vec<_> = SETTINGS.iter().filter(in_section).map(|setting| setting.key).collect();
        if keys.is_empty() {
            keys = SETTINGS.iter().map(|setting| setting.key).collect();
        }
        let problem = ValueProblem {
            wrong: wrong.to_owned(),
            accepted: keys.join(", "),
        };
        let origin = key_origin(path, key);
        self.faults.push(ConfigFault { origin, problem });
    }
}

fn key_origin(path: &Path, key: &str) -> SettingOrigin {
    SettingOrigin::Key {
        file: path.to_owned(),
        key: key.to_owned(),
    }
}

/// A TOML value as text, as it would be written on the command line; `None` if it is not a single value.
fn scalar(value: toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(value) => Some(value.to_string()),
        toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => None,
    }
}
