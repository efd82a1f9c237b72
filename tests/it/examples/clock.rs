//! The clock of the documents. It begins at the same time in each document, so that dates and ages are always those that the
//! documents show, and it runs on. All programs of a document have it, by a small library in C (`clock.c`).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use ringwarden::clock::Clock;

/// The clock of a document begins here: 2026-11-23 12:00 UTC, in seconds since 1970.
const BEGIN: i64 = 1_795_435_200;

/// The variables that give a program the clock of a document that begins now.
pub(super) fn variables() -> [(&'static str, String); 2] {
    let offset = BEGIN - Clock::system().now().millis() / 1_000;
    [
        ("LD_PRELOAD", library().display().to_string()),
        ("EXAMPLES_CLOCK_OFFSET", offset.to_string()),
    ]
}

/// The library, compiled once in a run of the tests.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        // Another run may do the same at this moment.
        let new = folder.join(format!("clock-{}.so", std::process::id()));
        let library = folder.join("clock.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/examples/clock.c");
        let mut compiler = Command::new("cc");
        compiler
            .args(["-O1", "-Wall", "-shared", "-fPIC", "-o"])
            .arg(&new)
            .arg(source);
        assert!(compiler.status().unwrap().success(), "the library of the clock");
        std::fs::rename(new, &library).unwrap();
        library
    })
}
