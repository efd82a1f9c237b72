//! The file with the password of Redis: read at the start, at SIGHUP, and for each connection to Redis that is made.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::AppError;
use super::files::{NamedFile, PrivateFile};
use crate::store::redis::PasswordSource;

/// The most bytes of the file: the password, and an end of line.
const MAX_BYTES: usize = 1024;

/// The password of Redis, which may change while the server runs.
pub struct StorePassword {
    path: PathBuf,
    last: Mutex<Last>,
}

/// The results of the latest readings.
struct Last {
    /// The password that could be read last.
    password: String,
    /// Why the file could not be used after that; none if it could.
    problem: Option<String>,
}

impl StorePassword {
    /// Reads the file.
    ///
    /// # Errors
    /// If it cannot be read or used, or if others than the user of the server can read it.
    pub(super) fn open(path: &Path) -> Result<Arc<Self>, AppError> {
        let last = Last {
            password: read(path)?,
            problem: None,
        };
        Ok(Arc::new(Self {
            path: path.to_owned(),
            last: Mutex::new(last),
        }))
    }

    /// The password for each connection that is made.
    pub(super) fn source(self: &Arc<Self>) -> PasswordSource {
        let password = Arc::clone(self);
        Arc::new(move || {
            // A problem is told.
            password.read_again().ok();
            password.last.lock().password.clone()
        })
    }

    /// Reads the file again, for the connections that are made from now on; says whether it can be used.
    pub fn reload(&self) -> bool {
        let path = self.path.display();
        match self.read_again() {
            Ok(()) => {
                tracing::info!(%path, "the file with the password of the store is read, for new connections");
                true
            }
            Err(Told) => {
                tracing::warn!(%path, "new connections to the store use the password that was read before");
                false
            }
        }
    }

    /// Takes what the file holds now. If it cannot be used, the password that was read before stays, and the log says why, once
    /// for each problem: Redis may be away, and a connection is tried many times a second.
    fn read_again(&self) -> Result<(), Told> {
        let read = read(&self.path);
        let mut last = self.last.lock();
        match read {
            Ok(password) => {
                *last = Last {
                    password,
                    problem: None,
                };
                Ok(())
            }
            Err(error) => {
                let problem = match std::error::Error::source(&error) {
                    Some(cause) => format!("{error}: {cause}"),
                    None => error.to_string(),
                };
                if last.problem.as_ref() != Some(&problem) {
                    tracing::error!(problem, "the password of the store cannot be read, the old one stays");
                    last.problem = Some(problem);
                }
                Err(Told)
            }
        }
    }
}

/// The file cannot be used, which the log says.
struct Told;

impl std::fmt::Debug for StorePassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StorePassword")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The password in the file, without the end of its line.
fn read(path: &Path) -> Result<String, AppError> {
    let file = NamedFile {
        kind: "file with the password of the store",
        path,
    };
    let text = PrivateFile(file).read_text(MAX_BYTES)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let password = line.strip_suffix('\r').unwrap_or(line);
    if password.is_empty() || password.contains('\n') {
        return Err(file.invalid("it must hold the password in one line, and nothing else"));
    }
    Ok(password.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn write(path: &Path, text: &[u8], mode: u32) {
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_used_leaves_the_password() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("password");
        write(&path, b"first one\r\n", 0o600);
        let password = StorePassword::open(&path).unwrap();
        let source = password.source();
        assert_eq!(source(), "first one");
        write(&path, b"second", 0o600);
        assert_eq!(source(), "second");
        for (text, mode) in [
            (&b""[..], 0o600),
            (b"\n", 0o600),
            (b"two\nlines\n", 0o600),
            (b"\xff", 0o600),
            (&[b'x'; MAX_BYTES + 1], 0o600),
            (b"third", 0o604),
        ] {
            write(&path, text, mode);
            assert!(!password.reload() && source() == "second", "{mode:o}");
            assert!(StorePassword::open(&path).is_err());
        }
        write(&path, b"third\n", 0o400);
        assert!(password.reload() && source() == "third");
        assert!(!format!("{password:?}").contains("third"));
    }
}
