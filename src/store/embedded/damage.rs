//! Damage to the files of a store: found before the engine opens them, named, and refused.
//!
//! The engine goes on with what it can read, and removes the rest of a journal. So everything that can be found without
//! it is found first. An operator who has no backup may accept the loss, with the code of just this damage: the journals
//! are copied aside then, and the engine removes what it cannot read.

use std::fmt;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::directory::StoreDirectory;
use super::journal::{self, JournalDamage, Journals};
use super::witness::{self, Found, Testimony};
use crate::store::error::StoreError;

const DIRECTORY_MODE: u32 = 0o700;
/// The directory of the engine's spaces.
const SPACES: &str = "keyspaces";
/// The engine deletes a space without this file.
const SPACE_MARK: &str = "current";
const TABLES: &str = "tables";
/// The directory of what is copied aside: this and the code of the damage.
const ASIDE: &str = "damaged-";
/// The same until the copy is whole.
const ASIDE_UNFINISHED: &str = "damaged.new";

/// What is known of the files of a store before the engine opens them.
#[derive(Debug)]
pub(super) struct Examination {
    witness: Found,
    journals: Journals,
    /// The code of the damage that the operator has accepted.
    accepted: Option<String>,
    /// Whether journals were damaged, and this was accepted: fewer commits are no surprise then.
    has_accepted: bool,
}

/// One thing that is wrong.
#[derive(Debug, PartialEq, Eq)]
enum Damage {
    Journal(JournalDamage),
    /// The engine always has a journal.
    NoJournal,
    /// After an orderly end, the oldest journal was this one.
    OldestJournal(u64),
    /// The store has fewer commits than were acknowledged.
    Commits {
        found: u64,
        acknowledged: u64,
    },
    /// The witness is lost.
    NoWitness,
    UnreadableWitness,
    /// The witness is one of another store.
    OtherWitness,
}

impl fmt::Display for Damage {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(JournalDamage::Broken { journal, at, later }) => write!(
                to,
                "journal {journal} cannot be read at byte {at}, and {later} changes after it can"
            ),
            Self::Journal(JournalDamage::Missing { journal }) => write!(to, "journal {journal} is missing"),
            Self::NoJournal => to.write_str("no journal is there"),
            Self::OldestJournal(journal) => {
                write!(to, "journal {journal}, with which the store was closed, is missing")
            }
            Self::Commits { found, acknowledged } => write!(
                to,
                "{} of {acknowledged} acknowledged commits are missing, the latest ones",
                acknowledged.saturating_sub(*found)
            ),
            Self::NoWitness => to.write_str("the file `witness` is missing, so nobody knows whether commits are too"),
            Self::UnreadableWitness => {
                to.write_str("the file `witness` cannot be read, so nobody knows whether commits are missing")
            }
            Self::OtherWitness => to.write_str("the file `witness` is one of another store"),
        }
    }
}

impl Examination {
    /// Reads the witness and the journals, and changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if something is damaged, and it was not accepted; [`StoreError::Unavailable`] if the files
    /// cannot be read now.
    pub(super) fn of(directory: &StoreDirectory, accepted: Option<&str>) -> Result<Self, StoreError> {
        let failed = |error: io::Error| unavailable(directory, &error);
        let engine = directory.engine();
        if let Some(lost) = lost_mark(&engine.join(SPACES)).map_err(failed)? {
            let found = format!("{} is missing. Restore a backup", lost.display());
            return Err(StoreError::Damaged { found });
        }
        let mut examination = Self {
            witness: witness::read(directory.path()).map_err(failed)?,
            journals: journal::check(&engine).map_err(failed)?,
            accepted: accepted.map(str::to_owned),
            has_accepted: false,
        };
        let damage = examination.damage();
        if !damage.is_empty() {
            examination.accept(directory, &damage)?;
            examination.has_accepted = true;
        }
        Ok(examination)
    }

    fn damage(&mut self) -> Vec<Damage> {
        let mut damage: Vec<_> = self.journals.damage.drain(..).map(Damage::Journal).collect();
        if self.journals.oldest.is_none() {
            damage.push(Damage::NoJournal);
        }
        if let Found::Witness(said) = self.witness {
            damage.extend(self.missing_oldest(said).map(Damage::OldestJournal));
            damage.extend(self.journals.commits.and_then(|found| missing(found, said)));
        }
        damage
    }

    /// The journal with which the store was closed, if it is not there.
    fn missing_oldest(&self, said: Testimony) -> Option<u64> {
        let oldest = said.oldest_journal?;
        let is_missing = self.journals.oldest.is_some_and(|found| found > oldest);
        is_missing.then_some(oldest)
    }

    /// Removes what is no commit from the ends of journals: a commit that was being written, whose acknowledgement nobody
    /// has, or accepted damage. The engine would do the same, but for some of them it does not open.
    ///
    /// # Errors
    /// If a journal cannot be written.
    pub(super) fn cut_journals(&self, directory: &StoreDirectory) -> Result<(), StoreError> {
        for (path, end) in &self.journals.cuts {
            tracing::info!(journal = %path.display(), end, "the end of a journal is no commit, and is removed");
            let cut = || -> io::Result<()> {
                let file = File::options().write(true).open(path)?;
                file.set_len(*end)?;
                file.sync_all()
            };
            cut().map_err(|error| unavailable(directory, &error))?;
        }
        Ok(())
    }

    /// Compares the open engine, which has so many commits, with the witness.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if commits are missing, or may be, and this was not accepted.
    pub(super) fn compare(&self, directory: &StoreDirectory, commits: u64) -> Result<(), StoreError> {
        let damage = match self.witness {
            // A release that had no witness did not count commits.
            Found::Nothing => (commits > 0).then_some(Damage::NoWitness),
            Found::Unreadable => Some(Damage::UnreadableWitness),
            Found::Witness(said) => missing(commits, said).filter(|_| !self.has_accepted),
        };
        damage.map_or(Ok(()), |damage| self.accept(directory, &[damage]))
    }

    /// Compares the id of the open engine with that in the witness.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if it is another one, and this was not accepted.
    pub(super) fn compare_id(&self, directory: &StoreDirectory, store_id: u128) -> Result<(), StoreError> {
        match self.witness {
            Found::Witness(said) if said.store_id != store_id => self.accept(directory, &[Damage::OtherWitness]),
            Found::Witness(_) | Found::Nothing | Found::Unreadable => Ok(()),
        }
    }

    /// Copies the journals aside if this damage was accepted, and refuses it otherwise.
    fn accept(&self, directory: &StoreDirectory, damage: &[Damage]) -> Result<(), StoreError> {
        let found = damage.iter().map(Damage::to_string).collect::<Vec<_>>().join("; ");
        let code = format!("{:08x}", xxh3_64(found.as_bytes()) >> 32);
        let aside = directory.path().join(format!("{ASIDE}{code}"));
        if self.accepted.as_deref() != Some(code.as_str()) {
            return Err(StoreError::Damaged {
                found: format!(
                    "{}: {found}. Restore a backup; or go on without what is missing with \
                     --accept-damage {code}, which copies the journals to {} first",
                    directory.path().display(),
                    aside.display()
                ),
            });
        }
        set_aside(directory, &aside).map_err(|error| unavailable(directory, &error))?;
        tracing::error!(%found, journals = %aside.display(), "the store is damaged, and this was accepted");
        Ok(())
    }
}

fn missing(found: u64, said: Testimony) -> Option<Damage> {
    let acknowledged = said.commits;
    (found < acknowledged).then_some(Damage::Commits { found, acknowledged })
}

/// The lost mark of a space that has tables. The engine would delete them.
fn lost_mark(spaces: &Path) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(spaces)? {
        let space = entry?.path();
        let (tables, mark) = (space.join(TABLES), space.join(SPACE_MARK));
        let has_tables = tables.try_exists()? && fs::read_dir(&tables)?.next().is_some();
        if has_tables && !mark.try_exists()? {
            return Ok(Some(mark));
        }
    }
    Ok(None)
}

/// Copies the journals into a directory, whole or not at all. An earlier copy stays.
fn set_aside(directory: &StoreDirectory, aside: &Path) -> io::Result<()> {
    if aside.try_exists()? {
        return Ok(());
    }
    let unfinished: PathBuf = directory.path().join(ASIDE_UNFINISHED);
    if unfinished.try_exists()? {
        fs::remove_dir_all(&unfinished)?;
    }
    DirBuilder::new().mode(DIRECTORY_MODE).create(&unfinished)?;
    for (_, journal) in journal::numbered(&directory.engine())? {
        let Some(name) = journal.file_name() else { continue };
        let copy = unfinished.join(name);
        fs::copy(&journal, &copy)?;
        File::open(&copy)?.sync_all()?;
    }
    File::open(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, aside)?;
    File::open(directory.path())?.sync_all()
}

fn unavailable(directory: &StoreDirectory, error: &io::Error) -> StoreError {
    StoreError::Unavailable {
        cause: format!("{}: {error}", directory.path().display()),
    }
}
