//! What a pull remembers between two runs: a small file of JSON, replaced as a whole.
//!
//! Several sources may share the file. So a change takes a lock, reads the file again, and changes the part of its own
//! source only. The locks are files beside it, which stay there: a lock file that is removed could be locked twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::PullError;
use crate::domain::day::{Day, NotADay};

/// Number of addresses whose versions are remembered. It is more than the days that are asked for again.
const FILES_MAX: usize = 128;

/// The file of the state, and the source whose part is read and written.
#[derive(Debug)]
pub(super) struct StateFile {
    path: PathBuf,
    source: String,
}

/// The whole file. The parts of other sources are kept as they are.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    sources: BTreeMap<String, Value>,
}

/// The state of one source.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SourceState {
    /// Time of the first run, in seconds since 1970.
    pub(super) first_asked_at: Option<i64>,
    /// The first day that was asked for, or the one after a hole that the user has left with `--from`.
    pub(super) first_day: Option<StoredDay>,
    /// The newest day that was asked for, with or without a file.
    pub(super) asked_to: Option<StoredDay>,
    /// The newest day that had a file.
    pub(super) last_day: Option<StoredDay>,
    /// Days without a file that are asked for again, weekends included.
    pub(super) missing: BTreeSet<StoredDay>,
    /// Number of days that were given up, weekends not counted.
    pub(super) given_up_days: u64,
    /// Time of the last change of a file, in seconds since 1970.
    pub(super) changed_at: Option<i64>,
    /// Time of the last run without an alarm, in seconds since 1970.
    pub(super) succeeded_at: Option<i64>,
    /// The version of each file that was imported, by its address.
    pub(super) validators: BTreeMap<String, Version>,
}

/// A version of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Version {
    /// Validators that the server names (RFC 9110, section 8.8).
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    /// Hash of the unpacked content: 128-bit XXH3 in hex.
    pub(super) hash: Option<String>,
    /// The day of the file, for a source with days.
    pub(super) day: Option<StoredDay>,
}

impl Version {
    /// Whether a server can be asked for a newer version.
    pub(super) fn has_validators(&self) -> bool {
        self.etag.is_some() || self.last_modified.is_some()
    }
}

/// A day, stored as a text such as `2026-01-31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct StoredDay(pub(super) Day);

impl TryFrom<String> for StoredDay {
    type Error = NotADay;

    fn try_from(text: String) -> Result<Self, NotADay> {
        text.parse().map(Self)
    }
}

impl From<StoredDay> for String {
    fn from(StoredDay(day): StoredDay) -> Self {
        day.to_string()
    }
}

impl StateFile {
    pub(super) fn new(path: &Path, source: &str) -> Self {
        Self {
            path: path.to_owned(),
            source: source.to_owned(),
        }
    }

    /// Locks the source until the file is dropped, so that no other run takes the same days.
    ///
    /// # Errors
    /// [`PullError::Running`] if another run has the lock; an error if it cannot be taken.
    pub(super) fn lock_source(&self) -> Result<File, PullError> {
        let (path, file) = self.lock_file(&format!(".{}.lock", self.source))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(PullError::Running {
                name: self.source.clone(),
                lock: path,
            }),
            Err(TryLockError::Error(error)) => Err(unwritable(&path, &error)),
        }
    }

    /// Reads the state of the source; none if it was never pulled.
    ///
    /// # Errors
    /// If the file cannot be read, or is not such a state.
    pub(super) fn load(&self) -> Result<Option<SourceState>, PullError> {
        let Some(part) = self.read()?.sources.remove(&self.source) else {
            return Ok(None);
        };
        let source = serde_json::from_value(part);
        source.map(Some).map_err(|error| self.unreadable(&error))
    }

    /// Replaces the state of the source, and leaves the others as they are.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub(super) fn save(&self, source: &SourceState) -> Result<(), PullError> {
        let (path, lock) = self.lock_file(".lock")?;
        lock.lock().map_err(|error| unwritable(&path, &error))?;
        let mut state = self.read()?;
        let mut source = source.clone();
        while source.validators.len() > FILES_MAX {
            // Not the first by name: an address that has moved may sort before the older ones.
            let oldest = source.validators.iter().min_by_key(|(_, version)| version.day);
            let Some(oldest) = oldest.map(|(address, _)| address.clone()) else {
                break;
            };
            source.validators.remove(&oldest);
        }
        let text = serde_json::to_value(source).and_then(|part| {
            state.sources.insert(self.source.clone(), part);
            serde_json::to_string_pretty(&state)
        });
        let text = text.map_err(|error| unwritable(&self.path, &error))?;
        replace(&self.path, &text, false).map_err(|error| unwritable(&self.path, &error))
    }

    /// Reads the file; a file that does not exist has no sources.
    fn read(&self) -> Result<State, PullError> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| self.unreadable(&error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::default()),
            Err(error) => Err(self.unreadable(&error)),
        }
    }

    /// A lock file beside the state, with this ending.
    fn lock_file(&self, ending: &str) -> Result<(PathBuf, File), PullError> {
        let mut path = self.path.as_os_str().to_owned();
        path.push(ending);
        let path = PathBuf::from(path);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(file) => Ok((path, file)),
            Err(error) => Err(unwritable(&path, &error)),
        }
    }

    fn unreadable(&self, problem: &dyn std::error::Error) -> PullError {
        PullError::StateUnreadable {
            path: self.path.clone(),
            problem: problem.to_string(),
        }
    }
}

fn unwritable(path: &Path, problem: &dyn std::error::Error) -> PullError {
    PullError::StateUnwritable {
        path: path.to_owned(),
        problem: problem.to_string(),
    }
}

/// Replaces a file in one step. Other users can read it if `is_public`.
pub(super) fn replace(path: &Path, text: &str, is_public: bool) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    #[cfg(unix)]
    if is_public {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        file.as_file().set_permissions(mode)?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The new name is on the disk when the folder is. A folder that may be written, but not read, cannot be synced.
    File::open(folder).map_or(Ok(()), |folder| folder.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_change_their_own_part_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let names: Vec<String> = (0..8).map(|source| format!("s{source}")).collect();
        std::thread::scope(|scope| {
            for name in &names {
                let file = StateFile::new(&path, name);
                scope.spawn(move || {
                    let mut source = SourceState::default();
                    for _ in 0..20 {
                        source.given_up_days += 1;
                        file.save(&source).unwrap();
                    }
                });
            }
        });
        for name in &names {
            let source = StateFile::new(&path, name).load().unwrap().unwrap();
            assert_eq!(source.given_up_days, 20, "{name}");
        }
    }

    #[test]
    fn a_source_is_locked_by_one_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let lock = StateFile::new(&path, "a").lock_source().unwrap();
        assert!(matches!(
            StateFile::new(&path, "a").lock_source(),
            Err(PullError::Running { .. })
        ));
        StateFile::new(&path, "b").lock_source().unwrap();
        drop(lock);
        StateFile::new(&path, "a").lock_source().unwrap();
    }

    #[test]
    fn a_state_of_an_earlier_release_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let text = r#"{"sources": {"ftc": {"lastDay": "2026-11-27", "changedAt": 1, "succeededAt": 2,
            "validators": {"u": {"etag": "e", "lastModified": null}}}}}"#;
        std::fs::write(&path, text).unwrap();
        let source = StateFile::new(&path, "ftc").load().unwrap().unwrap();
        assert_eq!(source.last_day, Some(StoredDay("2026-11-27".parse().unwrap())));
        assert_eq!(source.validators["u"].etag.as_deref(), Some("e"));
        assert!(source.missing.is_empty() && source.asked_to.is_none());
    }
}
