//! The directory of a snapshot: the file is complete or absent, and only its owner can read it.
//!
//! A snapshot is written under another name, made durable, and renamed. A process that is killed meanwhile leaves the
//! snapshot before it as it was, and a rest that the next write replaces.

use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::error::SnapshotError;

/// The snapshot.
const NAME: &str = "index.snapshot";
/// The snapshot while it is written.
const UNFINISHED: &str = "index.snapshot.new";
/// Locked by the one process that writes here.
const LOCK: &str = "lock";
/// The owner reads and writes, nobody else does anything.
const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;
/// The permissions of others than the owner.
const OTHERS: u32 = 0o077;
/// Bytes that wait in memory before they are written.
const BUFFER: usize = 256 * 1024;

/// The directory in which one instance keeps its snapshot.
#[derive(Clone, Debug)]
pub struct SnapshotDirectory(PathBuf);

impl SnapshotDirectory {
    /// Makes the directory if it is missing, for its owner alone. One that is there keeps its permissions: the file in it
    /// is for its owner alone in any case.
    ///
    /// # Errors
    /// If it cannot be made, or is not a directory.
    pub fn create(path: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(path)?;
        Ok(Self(path.to_owned()))
    }

    /// The path of the snapshot.
    #[must_use]
    pub fn snapshot(&self) -> PathBuf {
        self.0.join(NAME)
    }

    /// Opens the snapshot. A file that others may read is closed to them first.
    ///
    /// # Errors
    /// [`SnapshotError::Missing`] if there is none; otherwise if it cannot be opened or stays open to others.
    pub(super) fn open(&self) -> Result<File, SnapshotError> {
        let path = self.snapshot();
        let file = File::open(&path).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                SnapshotError::Missing
            } else {
                SnapshotError::Io(error)
            }
        })?;
        if file.metadata()?.permissions().mode() & OTHERS != 0 {
            file.set_permissions(Permissions::from_mode(FILE_MODE))
                .map_err(SnapshotError::Exposed)?;
            tracing::warn!(path = %path.display(), "other users could read the snapshot: its permissions are corrected");
        }
        Ok(file)
    }

    /// Excludes other writers until the answer is dropped.
    ///
    /// # Errors
    /// If another process writes here, or the lock cannot be made.
    pub(super) fn lock(&self) -> io::Result<File> {
        let mut options = File::options();
        options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE);
        let lock = options.open(self.0.join(LOCK))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::other("another process keeps its snapshot in this directory"),
            TryLockError::Error(error) => error,
        })?;
        Ok(lock)
    }

    /// Replaces the snapshot by what `write` writes, durably; returns its bytes. If `write` fails, the snapshot stays as it
    /// was.
    pub(super) fn replace<E: From<io::Error>>(
        &self,
        write: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
    ) -> Result<u64, E> {
        let unfinished = self.0.join(UNFINISHED);
        let replaced = self.write_to(&unfinished, write);
        if replaced.is_err() {
            // If it stays, the next write replaces it.
            fs::remove_file(&unfinished).ok();
        }
        replaced
    }

    fn write_to<E: From<io::Error>>(
        &self,
        unfinished: &Path,
        write: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
    ) -> Result<u64, E> {
        let mut options = File::options();
        options.write(true).create(true).truncate(true).mode(FILE_MODE);
        let file = options.open(unfinished)?;
        // The rest of an interrupted write may have other permissions.
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
        let mut writer = BufWriter::with_capacity(BUFFER, file);
        write(&mut writer)?;
        writer.flush()?;
        let file = writer.get_ref();
        file.sync_all()?;
        let bytes = file.metadata()?.len();
        fs::rename(unfinished, self.snapshot())?;
        File::open(&self.0)?.sync_all()?;
        Ok(bytes)
    }

    /// Keeps the snapshot of another store under another name, which is returned.
    pub(super) fn set_aside(&self, store_id: u128) -> io::Result<PathBuf> {
        let aside = self.0.join(format!("index-{store_id:032x}.snapshot"));
        fs::rename(self.snapshot(), &aside)?;
        Ok(aside)
    }
}
