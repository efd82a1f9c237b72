//! The witness: a small file beside the engine that says how many commits were acknowledged.
//!
//! The engine removes the end of its journal if it cannot read it. It cannot tell whether that end was acknowledged. So
//! each commit writes its number into the engine ([`COMMITS`](super::keys::COMMITS)) and, once it is on the disk, into
//! this file. A store that is opened with fewer commits than its witness says is damaged.
//!
//! A commit does not sync the file. The file outlives the process; after a power cut it may have an older number, and
//! then proves less. It is never ahead of the engine.
//!
//! It has two slots, which are written by turns. Integers are little-endian:
//!
//! | bytes | content |
//! |-------|---------|
//! | 0-3   | `RWW` and 1 |
//! | 4-19  | the id of the store |
//! | 20-27 | the number of commits |
//! | 28-35 | after an orderly end, the number of the oldest journal; otherwise all ones |
//! | 36-43 | XXH3 of the bytes before |

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

const NAME: &str = "witness";
/// The name of the file until it is whole.
const NEW: &str = "witness.new";
const FILE_MODE: u32 = 0o600;
const MAGIC: [u8; 4] = *b"RWW\x01";
const SLOTS: u64 = 2;
/// The distance of the slots: no disk loses both with one sector.
const SLOT_DISTANCE: u64 = 4_096;
const SUMMED_BYTES: usize = 36;
const SLOT_BYTES: usize = SUMMED_BYTES + size_of::<u64>();
const UNKNOWN: u64 = u64::MAX;

/// What a witness says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Testimony {
    /// The id of the store.
    pub(super) store_id: u128,
    /// The number of commits; all of them were on the disk.
    pub(super) commits: u64,
    /// The number of the oldest journal, if the store was closed in order and has not been opened since.
    pub(super) oldest_journal: Option<u64>,
}

impl Testimony {
    fn to_bytes(self) -> [u8; SLOT_BYTES] {
        let mut bytes = [0; SLOT_BYTES];
        let oldest_journal = self.oldest_journal.unwrap_or(UNKNOWN);
        let summed = MAGIC
            .into_iter()
            .chain(self.store_id.to_le_bytes())
            .chain(self.commits.to_le_bytes())
            .chain(oldest_journal.to_le_bytes());
        put(&mut bytes, summed);
        let sum = xxh3_64(&bytes[..SUMMED_BYTES]);
        put(&mut bytes[SUMMED_BYTES..], sum.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; SLOT_BYTES]) -> Option<Self> {
        let (summed, sum) = bytes.split_first_chunk::<SUMMED_BYTES>()?;
        if xxh3_64(summed).to_le_bytes() != sum {
            return None;
        }
        let (store_id, rest) = summed.strip_prefix(&MAGIC)?.split_first_chunk()?;
        let (commits, rest) = rest.split_first_chunk()?;
        let oldest_journal = u64::from_le_bytes(*rest.first_chunk()?);
        Some(Self {
            store_id: u128::from_le_bytes(*store_id),
            commits: u64::from_le_bytes(*commits),
            oldest_journal: (oldest_journal != UNKNOWN).then_some(oldest_journal),
        })
    }
}

fn put(places: &mut [u8], bytes: impl IntoIterator<Item = u8>) {
    for (place, byte) in places.iter_mut().zip(bytes) {
        *place = byte;
    }
}

/// What is found in the place of a witness.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No file: an earlier release wrote the store, or the file is lost.
    Nothing,
    /// A file without a slot that can be read.
    Unreadable,
    /// A witness.
    Witness(Testimony),
}

/// Reads the witness in the directory of a store.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn read(directory: &Path) -> io::Result<Found> {
    let file = match File::open(directory.join(NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        opened => opened?,
    };
    let mut newest: Option<Testimony> = None;
    for slot in 0..SLOTS {
        let mut bytes = [0; SLOT_BYTES];
        match file.read_exact_at(&mut bytes, slot * SLOT_DISTANCE) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            read => read?,
        }
        let said = Testimony::from_bytes(&bytes);
        newest = [newest, said].into_iter().flatten().max_by_key(|said| said.commits);
    }
    Ok(newest.map_or(Found::Unreadable, Found::Witness))
}

/// The witness of an open store, and the number of its commits.
#[derive(Debug)]
pub(super) struct Witness {
    file: File,
    store_id: u128,
    commits: u64,
    /// Whether it could not be written. Then it proves less.
    is_behind: bool,
}

impl Witness {
    /// Opens the witness of a store that has so many commits, and makes it if there is none. It says from now on that the
    /// store is open, and this is on the disk.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(super) fn open(directory: &Path, store_id: u128, commits: u64) -> io::Result<Self> {
        let path = directory.join(NAME);
        if !path.try_exists()? {
            let new = directory.join(NEW);
            let mut options = File::options();
            options.write(true).create(true).truncate(true).mode(FILE_MODE);
            let file = options.open(&new)?;
            file.set_len(SLOTS * SLOT_DISTANCE)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            File::open(directory)?.sync_all()?;
        }
        let file = File::options().write(true).open(&path)?;
        let witness = Self {
            file,
            store_id,
            commits,
            is_behind: false,
        };
        // Both slots: a later one of a store that was damaged must not speak again.
        for slot in 0..SLOTS {
            witness.write_slot(slot, None)?;
        }
        witness.file.sync_all()?;
        Ok(witness)
    }

    /// The number of commits so far.
    pub(super) const fn commits(&self) -> u64 {
        self.commits
    }

    /// Notes that one more commit is on the disk.
    pub(super) fn note(&mut self) {
        self.commits += 1;
        let written = self.write_slot(self.commits % SLOTS, None);
        if let Err(error) = &written
            && !self.is_behind
        {
            tracing::error!(%error, "the witness of the store cannot be written; damage to the store may not be found");
        }
        self.is_behind = written.is_err();
    }

    /// Notes that the store was closed in order, with this oldest journal.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(super) fn close(&self, oldest_journal: Option<u64>) -> io::Result<()> {
        self.write_slot(self.commits % SLOTS, oldest_journal)?;
        self.file.sync_all()
    }

    fn write_slot(&self, slot: u64, oldest_journal: Option<u64>) -> io::Result<()> {
        let said = Testimony {
            store_id: self.store_id,
            commits: self.commits,
            oldest_journal,
        };
        self.file.write_all_at(&said.to_bytes(), slot * SLOT_DISTANCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: Testimony = Testimony {
        store_id: 7,
        commits: 258,
        oldest_journal: Some(3),
    };

    #[test]
    fn its_bytes_are_frozen() {
        let bytes = SAID.to_bytes();
        let id = [&[7][..], &[0; 15]].concat();
        let rest = [2, 1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(bytes[..SUMMED_BYTES], [&b"RWW\x01"[..], &id, &rest].concat());
        assert_eq!(bytes[SUMMED_BYTES..], [67, 226, 171, 244, 139, 247, 176, 147]);
        assert_eq!(Testimony::from_bytes(&bytes), Some(SAID));
        let open = Testimony {
            oldest_journal: None,
            ..SAID
        };
        assert_eq!(open.to_bytes()[28..SUMMED_BYTES], [u8::MAX; 8]);
        assert_eq!(Testimony::from_bytes(&open.to_bytes()), Some(open));
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        for at in 0..SLOT_BYTES * 8 {
            let mut bytes = SAID.to_bytes();
            bytes[at / 8] ^= 1 << (at % 8);
            assert_eq!(Testimony::from_bytes(&bytes), None, "bit {at}");
        }
    }

    #[test]
    fn one_of_its_two_sectors_may_be_lost() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()).unwrap(), Found::Nothing);
        let mut witness = Witness::open(dir.path(), 7, 5).unwrap();
        witness.note();
        witness.close(Some(1)).unwrap();
        let said = |commits, oldest_journal| {
            Found::Witness(Testimony {
                store_id: 7,
                commits,
                oldest_journal,
            })
        };
        let path = dir.path().join(NAME);
        let bytes = fs::read(&path).unwrap();
        assert_eq!(read(dir.path()).unwrap(), said(6, Some(1)));
        for (slot, expected) in [(0, said(5, None)), (1, said(6, Some(1)))] {
            let mut lost = bytes.clone();
            lost[slot * 4_096..][..512].fill(0);
            fs::write(&path, lost).unwrap();
            assert_eq!(read(dir.path()).unwrap(), expected);
        }
        for lost in [vec![0; bytes.len()], Vec::new()] {
            fs::write(&path, lost).unwrap();
            assert_eq!(read(dir.path()).unwrap(), Found::Unreadable);
        }
    }

    #[test]
    fn it_says_that_the_store_is_open() {
        let dir = tempfile::tempdir().unwrap();
        Witness::open(dir.path(), 7, 5).unwrap().close(Some(1)).unwrap();
        let witness = Witness::open(dir.path(), 7, 5).unwrap();
        let Found::Witness(said) = read(dir.path()).unwrap() else {
            panic!("no witness");
        };
        assert_eq!((said.oldest_journal, witness.commits()), (None, 5));
    }
}
