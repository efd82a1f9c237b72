//! What a pull remembers between two runs: a small file of JSON, replaced as a whole.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::PullError;

/// Number of addresses whose validators are remembered.
const VALIDATORS_MAX: usize = 64;

/// The state of all sources that share the file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    #[serde(default)]
    sources: BTreeMap<String, SourceState>,
}

/// The state of one source.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SourceState {
    /// The last day that had a file, such as `2026-01-31`.
    pub(super) last_day: Option<String>,
    /// Time of the last change of a file, in seconds since 1970.
    pub(super) changed_at: Option<i64>,
    /// Time of the last run without an alarm, in seconds since 1970.
    pub(super) succeeded_at: Option<i64>,
    /// The validators of each file (RFC 9110, section 8.8).
    pub(super) validators: BTreeMap<String, Validators>,
}

/// What a server says of a version of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Validators {
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
}

impl State {
    /// Reads the file; a file that does not exist is an empty state.
    ///
    /// # Errors
    /// If the file cannot be read, or is not such a state.
    pub(super) fn load(path: &Path) -> Result<Self, PullError> {
        let fault = |problem: String| PullError::State {
            path: path.to_owned(),
            problem,
        };
        match std::fs::read_to_string(path) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| fault(error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(fault(error.to_string())),
        }
    }

    /// The state of a source; empty if it was never pulled.
    pub(super) fn of(&self, name: &str) -> SourceState {
        self.sources.get(name).cloned().unwrap_or_default()
    }

    /// Replaces the state of a source, and writes the file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(super) fn save(&mut self, path: &Path, name: &str, source: &SourceState) -> Result<(), PullError> {
        let mut source = source.clone();
        while source.validators.len() > VALIDATORS_MAX {
            // Addresses differ by their date, so the first one is the oldest.
            source.validators.pop_first();
        }
        self.sources.insert(name.to_owned(), source);
        let fault = |problem: String| PullError::State {
            path: path.to_owned(),
            problem,
        };
        let text = serde_json::to_string_pretty(self).map_err(|error| fault(error.to_string()))?;
        replace(path, &text, false).map_err(|error| fault(error.to_string()))
    }
}

/// Replaces a file in one step. Other users can read it if `is_public`.
pub(super) fn replace(path: &Path, text: &str, is_public: bool) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    #[cfg(unix)]
    if is_public {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        file.as_file().set_permissions(mode)?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
