//! The files that an operator names: the model, the decision keys, emergency numbers, ranges of the numbering plan, keys and
//! certificates. Each is read whole, up to a limit.

use std::fs::{File, Metadata, Permissions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::AppError;
use crate::config;
use crate::domain::model::ScoreModel;
use crate::number::{self, EmergencyNumbers};
use crate::service::{KeyRing, ReporterKeyRing};

/// The most bytes of a model file.
const MAX_MODEL_BYTES: usize = 4 * 1024 * 1024;
/// The most bytes of a file of decision keys or reporter keys: some thousand keys.
const MAX_KEY_FILE_BYTES: usize = 256 * 1024;

/// The most bytes of the file with the key of the decision log: the key, and blanks around it.
const MAX_KEY_BYTES: usize = 1024;

/// The mode of a file for its owner alone.
const PRIVATE_MODE: u32 = 0o600;

/// One kind of file.
#[derive(Clone, Copy)]
pub(super) struct NamedFile<'a> {
    /// The name of its kind in error texts.
    pub(super) kind: &'static str,
    pub(super) path: &'a Path,
}

impl NamedFile<'_> {
    /// The text of the file; at most one byte more than `limit`, so that its reader sees a file that is too long.
    fn read(self, limit: usize) -> Result<String, AppError> {
        let mut text = String::new();
        File::open(self.path)
            .and_then(|file| file.take(one_more(limit)).read_to_string(&mut text))
            .map_err(|source| self.unreadable(source))?;
        Ok(text)
    }

    /// The bytes of the file.
    pub(super) fn read_bytes(self, limit: usize) -> Result<Vec<u8>, AppError> {
        let file = File::open(self.path).map_err(|source| self.unreadable(source))?;
        self.bytes_of(file, limit)
    }

    fn bytes_of(self, file: File, limit: usize) -> Result<Vec<u8>, AppError> {
        let mut bytes = Vec::new();
        let read = file.take(one_more(limit)).read_to_end(&mut bytes);
        read.map_err(|source| self.unreadable(source))?;
        if bytes.len() > limit {
            return Err(self.too_long(limit));
        }
        Ok(bytes)
    }

    /// The text of a file whose reader has no limit of its own.
    fn read_at_most(self, limit: usize) -> Result<String, AppError> {
        let text = self.read(limit)?;
        if text.len() > limit {
            return Err(self.too_long(limit));
        }
        Ok(text)
    }

    fn too_long(self, limit: usize) -> AppError {
        self.invalid(format!("it is longer than {limit} bytes"))
    }

    fn unreadable(self, source: std::io::Error) -> AppError {
        AppError::UnreadableFile {
            kind: self.kind,
            path: self.path.to_owned(),
            source,
        }
    }

    pub(super) fn invalid(self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> AppError {
        AppError::InvalidFile {
            kind: self.kind,
            path: self.path.to_owned(),
            source: source.into(),
        }
    }
}

/// A file with a secret: it is refused if others can read it.
#[derive(Clone, Copy)]
pub(super) struct PrivateFile<'a>(pub(super) NamedFile<'a>);

impl PrivateFile<'_> {
    /// The bytes of the file.
    pub(super) fn read_bytes(self, limit: usize) -> Result<Vec<u8>, AppError> {
        let file = File::open(self.0.path).map_err(|source| self.0.unreadable(source))?;
        // The opened file is checked, and not its name, which may have come to mean another one.
        let metadata = file.metadata().map_err(|source| self.0.unreadable(source))?;
        if is_loose(metadata.uid(), metadata.mode()) {
            let mode = metadata.mode() & 0o777;
            let path = self.0.path.display();
            let problem = format!("others can read it (mode {mode:03o}): run `chmod 600 {path}`");
            return Err(self.0.invalid(problem));
        }
        self.0.bytes_of(file, limit)
    }

    /// The text of the file.
    pub(super) fn read_text(self, limit: usize) -> Result<String, AppError> {
        let bytes = self.read_bytes(limit)?;
        String::from_utf8(bytes).map_err(|_| self.0.invalid("it is not UTF-8"))
    }
}

/// Lets this process create files and directories for its own user alone, with any umask. A file whose mode is set
/// apart is not concerned.
pub fn create_for_own_user_only() {
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// Opens a file that holds data of people, to be written anew: for its owner alone, also if it was there with other rights. It
/// is neither a symbolic link nor the file with this identity, from which the data come.
///
/// # Errors
/// If it is one of these, or cannot be opened or changed.
pub fn rewrite_private_file(path: &Path, source: Option<FileIdentity>) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false).mode(PRIVATE_MODE);
    options.custom_flags(i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default());
    let is_link = |error: &io::Error| error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    let file = options.open(path).map_err(|error| {
        if is_link(&error) {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is a symbolic link: name the file itself",
            )
        } else {
            error
        }
    })?;
    let metadata = file.metadata()?;
    if source == Some(FileIdentity::of(&metadata)) {
        let problem = "it is the file that is read: name another one";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    if metadata.is_file() {
        file.set_permissions(Permissions::from_mode(PRIVATE_MODE))?;
        file.set_len(0)?;
    }
    Ok(file)
}

/// The identity of a file: the same for all of its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    device: u64,
    inode: u64,
}

impl FileIdentity {
    /// That of the file with this metadata.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

/// Whether a file with this owner and these permissions tells its secret to others. A file of root may be read by its group:
/// Kubernetes mounts secrets so for a container without root.
const fn is_loose(owner: u32, mode: u32) -> bool {
    let forbidden = if owner == 0 { 0o037 } else { 0o077 };
    mode & forbidden != 0
}

/// One byte more than the limit, so that a file that is too long is told from one that ends there.
fn one_more(limit: usize) -> u64 {
    u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1)
}

/// Reads a file with a secret, such as a key: at most `limit` bytes. `kind` says in errors what the file holds.
///
/// # Errors
/// If the file cannot be read, is longer, or can be read by others than its owner.
pub fn read_private_file(kind: &'static str, path: &Path, limit: usize) -> Result<Vec<u8>, AppError> {
    PrivateFile(NamedFile { kind, path }).read_bytes(limit)
}

/// Reads a configuration file. One that holds the password of the store is refused if others can read it.
///
/// # Errors
/// If it cannot be read, or is refused.
pub fn read_config_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let metadata = file.metadata()?;
    if is_loose(metadata.uid(), metadata.mode()) && holds_password(&text) {
        let mode = metadata.mode() & 0o777;
        let problem = format!(
            "it holds the password of the store, and others can read it (mode {mode:03o}): run `chmod 600` on it"
        );
        return Err(io::Error::other(problem));
    }
    Ok(text)
}

/// Whether a configuration file names a store with user or password. A file with a fault is read, so that the fault is told.
fn holds_password(text: &str) -> bool {
    let table = text.parse::<toml::Table>().unwrap_or_default();
    let url = table
        .get("store")
        .and_then(|store| store.get("url"))
        .and_then(toml::Value::as_str);
    url.is_some_and(|url| url.starts_with("redis") && url.contains('@'))
}

/// The scoring model: of the configured file, or else the built-in one; with the configured prior.
pub(super) fn load_model(policy: &config::PolicySettings) -> Result<ScoreModel, AppError> {
    let model = match &policy.model {
        None => ScoreModel::default(),
        Some(path) => {
            let file = NamedFile {
                kind: "model file",
                path,
            };
            ScoreModel::from_json(&file.read_at_most(MAX_MODEL_BYTES)?).map_err(|source| file.invalid(source))?
        }
    };
    tracing::info!(model = %model.version, "scoring");
    let prior = policy.prior.unwrap_or(model.prior);
    Ok(ScoreModel { prior, ..model })
}

/// Reads the decision keys from the file of the configuration; `None` if it names none.
///
/// # Errors
/// If the file cannot be read or does not hold valid keys.
pub fn decision_keys(answers: &config::AnswerSettings) -> Result<Option<KeyRing>, AppError> {
    let load = |path: &Path| {
        let file = NamedFile {
            kind: "file of decision keys",
            path,
        };
        KeyRing::parse(&PrivateFile(file).read_text(MAX_KEY_FILE_BYTES)?).map_err(|source| file.invalid(source))
    };
    answers.decision_keys.as_deref().map(load).transpose()
}

/// Reads the keys of reporter hashes from the file of the configuration; `None` if it names none.
///
/// # Errors
/// If the file cannot be read or does not hold valid keys, or if others can read it.
pub fn reporter_keys(store: &config::StoreSettings) -> Result<Option<ReporterKeyRing>, AppError> {
    let load = |path: &Path| {
        let file = NamedFile {
            kind: "file of reporter keys",
            path,
        };
        let text = PrivateFile(file).read_text(MAX_KEY_FILE_BYTES)?;
        ReporterKeyRing::parse(&text).map_err(|source| file.invalid(source))
    };
    store.reporter_keys.as_deref().map(load).transpose()
}

/// The key of the decision log from the file of the configuration; `None` if it names none.
pub(super) fn decision_log_key(path: Option<&Path>) -> Result<Option<[u8; 32]>, AppError> {
    let Some(path) = path else { return Ok(None) };
    let file = NamedFile {
        kind: "key of the decision log",
        path,
    };
    let text = PrivateFile(file).read_text(MAX_KEY_BYTES)?;
    let key = blake3::Hash::from_hex(text.trim()).map_err(|_| file.invalid("it must be 64 hexadecimal digits"))?;
    Ok(Some(*key.as_bytes()))
}

/// The shipped emergency numbers, and those of the operator's file if there is one.
///
/// # Errors
/// If the file cannot be read, or has a line that cannot be used.
pub fn emergency_numbers(path: Option<&Path>) -> Result<EmergencyNumbers, AppError> {
    let Some(path) = path else {
        return Ok(EmergencyNumbers::default());
    };
    let file = NamedFile {
        kind: "file of emergency numbers",
        path,
    };
    let text = file.read(EmergencyNumbers::MAX_BYTES)?;
    EmergencyNumbers::with_additions(&text).map_err(|source| file.invalid(source))
}

/// Lays the ranges of a file over the numbering plans of this process, before any number is read. Returns how many there
/// are.
///
/// # Errors
/// If the file cannot be read or is not valid.
pub fn extend_numbering_plan(path: &Path) -> Result<usize, AppError> {
    let file = NamedFile {
        kind: "numbering plan",
        path,
    };
    let text = file.read(number::MAX_PLAN_FILE_BYTES)?;
    number::extend_plan(&text).map_err(|source| file.invalid(source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_others_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        std::fs::write(&path, "secret").unwrap();
        let read = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            read_private_file("key", &path, 6)
        };
        assert_eq!(read(0o600).unwrap(), b"secret");
        for mode in [0o604, 0o602, 0o620, 0o666] {
            let error = read(mode).unwrap_err();
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(
                cause.contains("run `chmod 600 ") && cause.contains(&format!("{mode:o}")),
                "{cause}"
            );
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
        read(0o600).unwrap();
        assert!(read_private_file("key", &path, 5).is_err(), "it is too long");
    }

    #[test]
    fn a_configuration_with_a_password_is_refused_if_others_can_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ringwarden.toml");
        for (url, mode, is_read) in [
            ("redis://:s3cret@h:1", 0o644, false),
            ("rediss://u:s3cret@h:1", 0o640, false),
            ("redis://:s3cret@h:1", 0o600, true),
            ("redis://h:1", 0o644, true),
            ("embedded:./a@b", 0o644, true),
        ] {
            std::fs::write(&path, format!("[store]\nurl = \"{url}\"\n")).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let read = read_config_file(&path);
            // Of root, a file may be read by its group.
            let is_root = std::fs::metadata(&path).unwrap().uid() == 0;
            assert_eq!(read.is_ok(), is_read || (is_root && mode == 0o640), "{url}");
            assert!(read.is_ok() || !format!("{read:?}").contains("s3cret"));
        }
    }

    #[test]
    fn keys_that_others_can_read_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys");
        std::fs::write(&path, "07".repeat(32)).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(decision_log_key(Some(&path)).is_err());
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(decision_log_key(Some(&path)).unwrap(), Some([7; 32]));
    }

    #[test]
    fn a_private_file_is_closed_to_others_and_is_no_link_and_not_its_source() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let mode = |name: &str| std::fs::metadata(at(name)).unwrap().mode() & 0o777;
        rewrite_private_file(&at("new"), None).unwrap();
        assert_eq!(mode("new"), 0o600);

        std::fs::write(at("lax"), "long text of before").unwrap();
        std::fs::set_permissions(at("lax"), Permissions::from_mode(0o666)).unwrap();
        rewrite_private_file(&at("lax"), None).unwrap();
        assert_eq!((mode("lax"), std::fs::read(at("lax")).unwrap()), (0o600, Vec::new()));

        std::fs::write(at("source"), "rows").unwrap();
        std::fs::set_permissions(at("source"), Permissions::from_mode(0o644)).unwrap();
        std::fs::hard_link(at("source"), at("hard")).unwrap();
        std::os::unix::fs::symlink(at("source"), at("soft")).unwrap();
        std::os::unix::fs::symlink(at("nowhere"), at("dangling")).unwrap();
        let source = FileIdentity::of(&std::fs::metadata(at("source")).unwrap());
        for name in ["source", "hard", "soft", "dangling"] {
            assert!(rewrite_private_file(&at(name), Some(source)).is_err(), "{name}");
        }
        assert_eq!(
            (mode("source"), std::fs::read(at("source")).unwrap()),
            (0o644, b"rows".to_vec())
        );
        assert!(!at("nowhere").exists());
        rewrite_private_file(Path::new("/dev/null"), Some(source)).unwrap();
    }

    #[test]
    fn only_a_file_of_root_may_be_read_by_its_group() {
        assert!(is_loose(1_000, 0o100_640) && !is_loose(0, 0o100_640) && !is_loose(0, 0o100_440));
        assert!(is_loose(0, 0o100_644) && is_loose(0, 0o100_660));
        assert!(!is_loose(1_000, 0o100_400));
    }
}
