//! A new key: made from random bits, and written for its owner alone.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::cli::error::CliError;
use crate::domain::identity::{ApiKey, KeyId};
use crate::wire::Timestamp;
use crate::wire::v1::NewApiKey;

/// Makes a key.
///
/// # Errors
/// If the operating system provides no random numbers.
pub(super) fn make(environment: &str) -> Result<ApiKey, CliError> {
    let (mut id, mut secret) = ([0; 8], [0; 32]);
    getrandom::fill(&mut id).map_err(CliError::Random)?;
    getrandom::fill(&mut secret).map_err(CliError::Random)?;
    ApiKey::new(environment, KeyId::from_raw(u64::from_be_bytes(id)), secret)
        .map_err(|error| CliError::Credential(format!("--environment {error}")))
}

/// The part of a key that the server gets.
pub(super) fn for_server(key: &ApiKey, expires_at: Option<Timestamp>) -> NewApiKey {
    NewApiKey {
        key_id: key.id().to_string(),
        secret_sha256: key.secret_hash().text(),
        not_before: None,
        expires_at,
    }
}

/// A file with a key. Only its owner can read it.
#[derive(Debug)]
pub(super) struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// Writes a key to a new file, and waits until it is on the disk: the server must not know a key that is lost.
    ///
    /// # Errors
    /// If the file exists, or cannot be written.
    pub(super) fn create(path: &Path, key: &ApiKey) -> Result<Self, CliError> {
        let failed = |source| CliError::File {
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(|error| failed(explained(error)))?;
        let made = Self { path: path.to_owned() };
        write(&mut file, path, &key.text()).map_err(|error| {
            made.remove();
            failed(error)
        })?;
        Ok(made)
    }

    /// The path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file: its key is not valid. A file that cannot be removed holds a key that no server knows.
    pub(super) fn remove(&self) {
        let _removed = std::fs::remove_file(&self.path);
    }
}

/// The cause for which a new file cannot be made, with the way out.
fn explained(error: io::Error) -> io::Error {
    let kind = error.kind();
    if kind == io::ErrorKind::AlreadyExists {
        let text = "the file exists, and a key never replaces a file: name a new one with --out";
        io::Error::new(kind, text)
    } else if kind == io::ErrorKind::NotFound {
        io::Error::new(kind, "its folder does not exist: make it first")
    } else {
        error
    }
}

fn write(file: &mut File, path: &Path, text: &str) -> io::Result<()> {
    writeln!(file, "{text}")?;
    file.sync_all()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // A folder that may be written, but not read, cannot be synced.
    File::open(folder.unwrap_or(Path::new("."))).map_or(Ok(()), |folder| folder.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_gets_the_hash_of_the_key() {
        let key = make("test").unwrap();
        let other = make("test").unwrap();
        assert!(key.id() != other.id() && key.text() != other.text());
        let sent = for_server(&key, None);
        let read = ApiKey::parse(&key.text()).unwrap();
        assert_eq!(sent.secret_sha256, read.secret_hash().text());
        assert!(make("Two Words").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_is_for_its_owner_and_never_replaced() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("ana.key");
        let key = make("live").unwrap();
        let file = KeyFile::create(&path, &key).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", key.text()));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = KeyFile::create(&path, &make("live").unwrap()).unwrap_err().to_string();
        assert!(
            again.contains("never replaces a file") && again.contains("--out"),
            "{again}"
        );
        let nowhere = folder.path().join("none").join("ana.key");
        let nowhere = KeyFile::create(&nowhere, &key).unwrap_err().to_string();
        assert!(nowhere.contains("its folder does not exist"), "{nowhere}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", key.text()));
        file.remove();
        assert!(!path.exists());
    }
}
