//! The place to which an export is written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Maximum number of symbolic links that lead to a file, as in Linux.
const LINKS_MAX: usize = 40;

/// Folders whose links stand for open files and not for names: a file must not be replaced under such a name.
const OPEN_FILES: [&str; 2] = ["/proc", "/dev/fd"];

/// An open place.
pub(in crate::cli::report::export) enum Place {
    /// A regular file under a temporary name, which only its owner can read. It is removed when this is dropped.
    Regular {
        file: NamedTempFile,
        /// The name of the complete file, not a link to it.
        path: PathBuf,
    },
    /// A pipe, a device, or an open file. It stays what it is.
    Other(File),
}

impl Place {
    /// Opens a place. Symbolic links are followed, so that a link stays and its target gets the content.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let is_regular = match fs::metadata(path) {
            Ok(found) => found.is_file(),
            Err(error) if error.kind() == ErrorKind::NotFound => true,
            Err(error) => return Err(error),
        };
        let target = target_of(path)?.filter(|_| is_regular);
        let Some(path) = target else {
            return Ok(Self::Other(OpenOptions::new().append(true).open(path)?));
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = tempfile::Builder::new()
            .prefix(".ringwarden-export-")
            .suffix(".part")
            .tempfile_in(folder.unwrap_or_else(|| Path::new(".")))?;
        Ok(Self::Regular { file, path })
    }

    /// Gives a regular file its name, after its content is on the disk.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Regular { file, path } => {
                file.as_file().sync_all()?;
                file.persist(path)?;
                Ok(())
            }
            Self::Other(mut file) => file.flush(),
        }
    }
}

/// The file that a path leads to over symbolic links, whether it exists or not; none if it is an open file of a process.
fn target_of(path: &Path) -> io::Result<Option<PathBuf>> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        if OPEN_FILES.iter().any(|folder| path.starts_with(folder)) {
            return Ok(None);
        }
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {}
            Ok(_) => return Ok(Some(path)),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Some(path)),
            Err(error) => return Err(error),
        }
        let folder = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
        path = folder.join(fs::read_link(&path)?);
    }
    Err(io::Error::other("too many symbolic links"))
}

impl Write for Place {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Regular { file, .. } => file.write(bytes),
            Self::Other(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Regular { file, .. } => file.flush(),
            Self::Other(file) => file.flush(),
        }
    }
}
