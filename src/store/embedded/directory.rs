//! The store's directory: its lock, and the complete creation of the engine in it.
//!
//! The one process that has the store open holds `PATH/lock`; `PATH/engine` belongs to the engine. The engine does not
//! create a database atomically, and takes an empty directory for a new database. So a new database is made complete
//! under another name, made durable, and then renamed: `engine` is either complete or absent. The remains of a crash
//! during creation are never used and never deleted.
//!
//! The store holds data of people, so no other user may read it: what is created here is for its owner alone, and rights that
//! others have on an older store are withdrawn.

use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::store::error::StoreError;

const LOCK: &str = "lock";
/// The permissions of others than the owner.
const OTHERS: u32 = 0o077;
const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;
/// Attempts to take the lock, and the pause between them: half a second in all. A server that is restarted at once may
/// find the process before it still ending, or a child process that holds a copy of the lock between fork and exec.
const LOCK_ATTEMPTS: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(10);
const ENGINE: &str = "engine";
/// The directories of unfinished engines: `engine.new-` and a number.
const UNFINISHED: &str = "engine.new-";
/// The most unfinished engines in a directory; each remains from a crash during the very first start.
const MAX_UNFINISHED: u32 = 100;
/// The engine writes this file last when it creates a database, and takes a directory without it for a new one.
const ENGINE_MARK: &str = "version";

/// A directory that this process alone has open. Unlocked when dropped.
#[derive(Debug)]
pub(super) struct StoreDirectory {
    path: PathBuf,
    /// Excludes other processes, and shows whether the directory is still the one that was opened.
    lock: File,
}

impl StoreDirectory {
    /// Creates the directory if it is missing, and locks it.
    pub(super) fn take(path: &Path) -> Result<Self, StoreError> {
        let failed = |error: io::Error| unavailable(path, &error);
        let path = std::path::absolute(path).map_err(failed)?;
        create_dirs(&path).map_err(failed)?;
        withdraw_from_directory(&path).map_err(failed)?;
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let lock = options.mode(FILE_MODE).open(path.join(LOCK)).map_err(failed)?;
        lock_soon(&lock).map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::Unavailable {
                cause: format!("{} is open in another process, which must end first", path.display()),
            },
            TryLockError::Error(error) => failed(error),
        })?;
        withdraw(&path.join(LOCK)).map_err(failed)?;
        Ok(Self { path, lock })
    }

    /// Locks the directory if a complete engine is in it, and creates nothing.
    pub(super) fn take_existing(path: &Path) -> Result<Self, StoreError> {
        if !path.join(ENGINE).join(ENGINE_MARK).exists() {
            let found = format!("{} holds no complete store", path.display());
            return Err(StoreError::Foreign { found });
        }
        Self::take(path)
    }

    /// The directory.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The directory of the engine.
    pub(super) fn engine(&self) -> PathBuf {
        self.path.join(ENGINE)
    }

    /// Makes sure that there is an engine. `create` makes a new one in the directory that it is given, and closes it.
    pub(super) fn complete<F>(&self, create: F) -> Result<(), StoreError>
    where
        F: FnOnce(&Path) -> Result<(), StoreError>,
    {
        let failed = |error: io::Error| unavailable(&self.path, &error);
        if !self.engine().try_exists().map_err(failed)? {
            let unfinished = self.unfinished().map_err(failed)?;
            create(&unfinished)?;
            withdraw_from_tree(&unfinished).map_err(failed)?;
            sync_tree(&unfinished).map_err(failed)?;
            fs::rename(&unfinished, self.engine()).map_err(failed)?;
        }
        // Older releases created it for everybody to read.
        withdraw_from_tree(&self.engine()).map_err(failed)?;
        // Even if it existed: the process that renamed it may have been killed before this step.
        sync_dir(&self.path).map_err(failed)?;
        if !self.engine().join(ENGINE_MARK).try_exists().map_err(failed)? {
            let found = format!(
                "{} is there, but not complete; restore it from a backup",
                self.engine().display()
            );
            return Err(StoreError::Foreign { found });
        }
        Ok(())
    }

    /// Checks that the directory is still the one that was locked, with the engine in it. Otherwise acknowledged writes are
    /// lost when the process ends.
    pub(super) fn verify(&self) -> Result<(), StoreError> {
        let foreign = |what: &str| StoreError::Foreign {
            found: format!("{} {what}", self.path.display()),
        };
        let identity = |meta: fs::Metadata| (meta.dev(), meta.ino());
        let taken = self.lock.metadata().map(identity);
        let taken = taken.map_err(|error| unavailable(&self.path, &error))?;
        match fs::metadata(self.path.join(LOCK)).map(identity) {
            Ok(found) if found == taken => {}
            Ok(_) => return Err(foreign("was replaced by another directory")),
            Err(_) => return Err(foreign("is gone")),
        }
        if !self.engine().join(ENGINE_MARK).exists() {
            return Err(foreign("has lost its engine"));
        }
        Ok(())
    }

    fn unfinished(&self) -> io::Result<PathBuf> {
        for n in 0..MAX_UNFINISHED {
            let path = self.path.join(format!("{UNFINISHED}{n}"));
            if !path.try_exists()? {
                return Ok(path);
            }
            tracing::warn!(path = %path.display(), "a start was interrupted here; the directory may be deleted");
        }
        Err(io::Error::other("too many unfinished engines: delete engine.new-*"))
    }
}

/// Takes the lock, and waits a little if its holder is about to release it.
fn lock_soon(lock: &File) -> Result<(), TryLockError> {
    for _ in 1..LOCK_ATTEMPTS {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            taken => return taken,
        }
    }
    lock.try_lock()
}

/// Creates a directory and its parents, each durable before the next, and each for its owner alone.
fn create_dirs(path: &Path) -> io::Result<()> {
    let Some(parent) = path.parent() else {
        return Ok(());
    };
    if !path.try_exists()? {
        create_dirs(parent)?;
        match DirBuilder::new().mode(DIRECTORY_MODE).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) | Ok(()) => {}
        }
    }
    sync_dir(parent)
}

/// Withdraws the rights of others on a directory that is empty or holds a store. The rights on another one, such as `/tmp`, are
/// not this program's to change, and those on one of another user, such as a mounted volume, it cannot change. What is created
/// in it is for its owner alone in any case.
fn withdraw_from_directory(path: &Path) -> io::Result<()> {
    if !path.join(LOCK).try_exists()? && fs::read_dir(path)?.next().is_some() {
        return Ok(());
    }
    match withdraw(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            tracing::warn!(path = %path.display(), "other users may enter the directory of the store, and its permissions cannot be corrected");
            Ok(())
        }
        withdrawn => withdrawn,
    }
}

/// Withdraws the rights of others on a directory and all that is in it.
fn withdraw_from_tree(path: &Path) -> io::Result<()> {
    withdraw(path)?;
    for found in fs::read_dir(path)? {
        let found = found?;
        let kind = found.file_type()?;
        if kind.is_dir() {
            withdraw_from_tree(&found.path())?;
        } else if kind.is_file() {
            withdraw(&found.path())?;
        }
    }
    Ok(())
}

/// Withdraws the rights of others on a file or directory, if they have any.
fn withdraw(path: &Path) -> io::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & OTHERS == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS))
}

fn sync_tree(path: &Path) -> io::Result<()> {
    for found in fs::read_dir(path)? {
        let found = found?;
        if found.file_type()?.is_dir() {
            sync_tree(&found.path())?;
        } else {
            File::open(found.path())?.sync_all()?;
        }
    }
    sync_dir(path)
}

fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn unavailable(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Unavailable {
        cause: format!("{}: {error}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(path: &Path) -> Result<(), StoreError> {
        fs::create_dir(path).unwrap();
        fs::write(path.join(ENGINE_MARK), b"").unwrap();
        Ok(())
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn no_other_user_may_read_a_store_also_an_older_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/store");
        let directory = StoreDirectory::take(&path).unwrap();
        directory.complete(mark).unwrap();
        let places = [
            path.clone(),
            directory.engine(),
            path.join(LOCK),
            directory.engine().join(ENGINE_MARK),
        ];
        let wanted = [DIRECTORY_MODE, DIRECTORY_MODE, FILE_MODE, FILE_MODE];
        assert_eq!(places.clone().map(|place| mode(&place)), wanted);
        assert_eq!(mode(&dir.path().join("a")), DIRECTORY_MODE);
        drop(directory);
        for place in &places {
            let lax = mode(place) | 0o077;
            fs::set_permissions(place, Permissions::from_mode(lax)).unwrap();
        }
        StoreDirectory::take(&path).unwrap().complete(mark).unwrap();
        assert_eq!(places.map(|place| mode(&place)), wanted);
    }

    #[test]
    fn a_directory_with_other_things_keeps_its_rights() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("other"), "").unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        let directory = StoreDirectory::take(dir.path()).unwrap();
        directory.complete(mark).unwrap();
        assert_eq!((mode(dir.path()), mode(&directory.engine())), (0o755, DIRECTORY_MODE));
    }

    #[test]
    fn one_holds_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        let directory = StoreDirectory::take(&path).unwrap();
        let error = StoreDirectory::take(&path).unwrap_err().to_string();
        assert!(error.contains("another process"), "{error}");
        drop(directory);
        StoreDirectory::take(&path).unwrap();
    }

    #[test]
    fn an_engine_is_created_once_and_whole() {
        let dir = tempfile::tempdir().unwrap();
        let directory = StoreDirectory::take(dir.path()).unwrap();
        let cut_short = |path: &Path| {
            fs::create_dir(path).unwrap();
            Err(StoreError::Unavailable { cause: String::new() })
        };
        assert!(directory.complete(cut_short).is_err());
        assert!(!directory.engine().exists());
        directory.complete(mark).unwrap();
        directory.complete(|_| panic!("created twice")).unwrap();
    }

    #[test]
    fn an_incomplete_engine_is_neither_used_nor_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let directory = StoreDirectory::take(dir.path()).unwrap();
        fs::create_dir(directory.engine()).unwrap();
        fs::write(directory.engine().join("0.jnl"), b"").unwrap();
        assert!(matches!(directory.complete(mark), Err(StoreError::Foreign { .. })));
        assert!(directory.engine().join("0.jnl").exists());
    }

    #[test]
    fn a_directory_that_goes_away_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store");
        let directory = StoreDirectory::take(&path).unwrap();
        directory.complete(mark).unwrap();
        directory.verify().unwrap();
        fs::rename(&path, dir.path().join("moved")).unwrap();
        assert!(matches!(directory.verify(), Err(StoreError::Foreign { .. })));
        let other = StoreDirectory::take(&path).unwrap();
        other.complete(mark).unwrap();
        other.verify().unwrap();
        assert!(matches!(directory.verify(), Err(StoreError::Foreign { .. })));
    }
}
