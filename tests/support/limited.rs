//! The program with a hard limit of open files.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Makes a script in a directory that runs the program with this limit.
pub fn limited(directory: &Path, files: usize) -> PathBuf {
    let path = directory.join("limited");
    let program = env!("CARGO_BIN_EXE_ringwarden");
    std::fs::write(
        &path,
        format!("#!/bin/sh\nulimit -n {files}\nexec '{program}' \"$@\"\n"),
    )
    .unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path
}
