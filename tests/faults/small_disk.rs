//! A disk that can be full: a file system in memory, mounted for one row.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// It is unmounted when it is dropped.
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// A disk of so many mebibytes.
    ///
    /// # Errors
    /// Why there can be none here.
    pub fn new(mebibytes: usize) -> Result<Self, String> {
        let directory = TempDir::new().unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"]);
        let output = command.arg(directory.path()).output();
        let output = output.map_err(|error| format!("mount: {error}"))?;
        if output.status.success() {
            Ok(Self(directory))
        } else {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("no disk can be mounted: {}", said.trim().replace('\n', " ")))
        }
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the room that is left.
    pub fn fill(&self) {
        let mut file = File::create(self.path().join("filler")).unwrap();
        let zeros = [0; 4_096];
        while file.write_all(&zeros).is_ok() {}
    }

    /// Gives the room back.
    pub fn clear(&self) {
        fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.path()).status().ok();
    }
}
