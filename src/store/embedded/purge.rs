//! Removes erased bytes from the files of the engine.
//!
//! A deleted value stays in two places: in the journal, until the engine begins a new journal and has written all spaces
//! to tables; and in the tables, until they are merged. The engine begins a new journal only when the present one is long
//! ([`JOURNAL_BYTES`]). So it is made long with bytes that mean nothing, all spaces are written to tables, and all tables
//! are merged.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::chunks::MAX_PART_BYTES;
use super::engine::{Engine, unavailable};
use crate::store::error::StoreError;

/// The length of a journal after which the engine begins a new one, when it next writes a space to a table.
const JOURNAL_BYTES: usize = 64_000_000;
/// The keys that fill the journal: the same ones again and again.
const FILLERS: u16 = 1_024;
/// The first byte of their keys, which is no space.
const FILLER: u8 = u8::MAX;
/// The directory of a space in which the engine has its tables.
const TABLES: &str = "tables";
/// How often it is looked whether the old files are gone, and the pause between.
const LOOKS: u32 = 500;
const PAUSE: Duration = Duration::from_millis(10);

/// Removes erased bytes, if there are any; says whether there were.
pub(super) fn purge(engine: &Engine) -> Result<bool, StoreError> {
    let notes = engine.purge_notes()?;
    if notes.is_empty() {
        return Ok(false);
    }
    rewrite(engine)?;
    engine.purged(&notes)?;
    Ok(true)
}

/// Removes what was erased before from all files.
fn rewrite(engine: &Engine) -> Result<(), StoreError> {
    let directory = engine.directory().engine();
    let journals = files(&directory, |path| path.extension() == Some(OsStr::new("jnl")))?;
    fill_journal(engine)?;
    flush_until_gone(engine, &journals)?;
    let mut tables = Vec::new();
    for space in engine.keyspaces() {
        tables.extend(files(&space.path().join(TABLES), |_| true)?);
    }
    for space in engine.keyspaces() {
        space.major_compact().map_err(unavailable)?;
    }
    flush_until_gone(engine, &tables)
}

/// Makes the journal so long that the engine begins a new one.
fn fill_journal(engine: &Engine) -> Result<(), StoreError> {
    let bytes = [0; MAX_PART_BYTES];
    let rounds = JOURNAL_BYTES / MAX_PART_BYTES / usize::from(FILLERS) + 1;
    for _ in 0..rounds {
        let mut batch = engine.batch();
        for n in 0..FILLERS {
            batch.insert(engine.parts(), filler(n), bytes);
        }
        engine.commit(batch)?;
    }
    let mut batch = engine.batch();
    for n in 0..FILLERS {
        batch.remove(engine.parts(), filler(n));
    }
    engine.commit(batch)
}

/// Writes all spaces to tables until the engine has deleted these files. It deletes files when a space with new values is
/// written to a table, and a read that is in progress holds it up.
fn flush_until_gone(engine: &Engine, old: &[PathBuf]) -> Result<(), StoreError> {
    for _ in 0..LOOKS {
        engine.write_new_value()?;
        for space in engine.keyspaces() {
            space.rotate_memtable_and_wait().map_err(unavailable)?;
        }
        if !old.iter().any(|file| file.exists()) {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
    Err(StoreError::Unavailable {
        cause: "the engine keeps old files".to_owned(),
    })
}

fn files(directory: &Path, is_wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |error: std::io::Error| StoreError::Unavailable {
        cause: error.to_string(),
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if is_wanted(&path) {
            found.push(path);
        }
    }
    Ok(found)
}

fn filler(n: u16) -> [u8; 3] {
    let [high, low] = n.to_be_bytes();
    [FILLER, high, low]
}
