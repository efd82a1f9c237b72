//! Reads the journals of the engine before the engine does.
//!
//! The engine ends a journal at the first bytes that are no batch, and removes what follows. After a crash that is right:
//! the last batch was being written, and nobody has its acknowledgement. But if a disk has lost a sector in the middle,
//! all batches after it are lost without a word. So [`check`] tells these two apart first:
//!
//! - An unfinished batch is the last one. Whole batches after it mean damage.
//! - Only the newest journal ends with an unfinished batch: the engine syncs a journal before it begins the next.
//! - Journals are numbered without gaps.
//! - The number of commits, which every commit writes ([`COMMITS`]), never falls behind the number that the
//!   [`witness`](super::witness) has.
//!
//! The format is that of fjall 3 (`fjall/src/journal/entry.rs`), which a test below freezes. Integers are little-endian:
//!
//! | item  | bytes |
//! |-------|-------|
//! | start | tag 1, number of items (4), sequence number (8) |
//! | value | tag 2, type (1), compression (1), space (8), lengths of key (2), value (4), and value on the disk (4), key, value |
//! | clear | tag 4, space (8) |
//! | end   | tag 3, XXH3 of the values and clears (8), `FJL` and 3 |

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use xxhash_rust::xxh3::Xxh3;

use super::keys::COMMITS;

const START: u8 = 1;
const VALUE: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const TRAILER: [u8; 4] = *b"FJL\x03";
const START_BYTES: usize = 12;
const VALUE_BYTES: usize = 20;
const CLEAR_BYTES: usize = 8;
/// The place of the lengths in the head of a value.
const LENGTHS: usize = 10;
/// The longest value that this store writes is far shorter. A longer one is no value.
const MAX_VALUE_BYTES: usize = 64 << 10;
/// The bytes that are read at once.
const BUFFER_BYTES: usize = 256 << 10;

/// The journals of an engine.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Journals {
    /// The number of the oldest one; none if there is no journal.
    pub(super) oldest: Option<u64>,
    /// The number of commits in the last whole batch that has it.
    pub(super) commits: Option<u64>,
    /// Whether the newest journal ends with an unfinished batch.
    pub(super) is_unfinished: bool,
    /// The journals that do not end with a whole batch, and where they must end.
    pub(super) cuts: Vec<(PathBuf, u64)>,
    /// What is damaged, oldest first.
    pub(super) damage: Vec<JournalDamage>,
}

/// A damaged place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum JournalDamage {
    /// Bytes that are no batch, where a batch must be.
    Broken {
        /// The number of the journal.
        journal: u64,
        /// Where they begin.
        at: u64,
        /// The number of whole batches after them, which the engine would remove.
        later: u64,
    },
    /// A journal is missing.
    Missing {
        /// Its number.
        journal: u64,
    },
}

/// Reads all journals in the directory of an engine, and changes nothing.
///
/// # Errors
/// If a file cannot be read.
pub(super) fn check(directory: &Path) -> io::Result<Journals> {
    let files = numbered(directory)?;
    let mut found = Journals {
        oldest: files.first().map(|(number, _)| *number),
        ..Journals::default()
    };
    let mut seqno = None;
    for (place, (number, path)) in files.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|before| files.get(before));
        if let Some((before, _)) = before {
            let missing = before + 1..*number;
            found.damage.extend(
                missing
                    .take(MAX_MISSING)
                    .map(|journal| JournalDamage::Missing { journal }),
            );
        }
        let is_newest = place + 1 == files.len();
        let mut journal = Journal::open(path, seqno)?;
        let end = journal.read_batches()?;
        (seqno, found.commits) = (journal.seqno, journal.commits.or(found.commits));
        let Some(last) = journal.end_of_bytes_from(end)? else {
            continue;
        };
        let later = journal.batches_between(end, last)?;
        found.commits = journal.commits.or(found.commits);
        seqno = journal.seqno;
        found.cuts.push((path.clone(), end));
        if is_newest && later == 0 {
            found.is_unfinished = true;
        } else {
            found.damage.push(JournalDamage::Broken {
                journal: *number,
                at: end,
                later,
            });
        }
    }
    Ok(found)
}

/// The most missing journals that are named after one gap.
const MAX_MISSING: usize = 16;

/// The journals and their numbers, oldest first. The engine refuses files with other names itself.
pub(super) fn numbered(directory: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_suffix(".jnl")).map(str::parse);
        if let Some(Ok(number)) = number {
            files.push((number, path));
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// A journal that is being read.
struct Journal {
    file: BufReader<File>,
    /// Where the next byte is read.
    at: u64,
    /// The sequence number of the last whole batch, and of those in the journals before.
    seqno: Option<u64>,
    /// The number of commits in the last whole batch that has it.
    commits: Option<u64>,
}

/// The end of the bytes that can be read as a batch.
enum Broken {
    /// These bytes are no batch.
    NoBatch,
    Failed(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return Self::NoBatch;
        }
        Self::Failed(error)
    }
}

/// A whole batch.
struct Batch {
    seqno: u64,
    commits: Option<u64>,
}

impl Journal {
    fn open(path: &Path, seqno: Option<u64>) -> io::Result<Self> {
        Ok(Self {
            file: BufReader::with_capacity(BUFFER_BYTES, File::open(path)?),
            at: 0,
            seqno,
            commits: None,
        })
    }

    /// Reads whole batches, and returns where the last one ends.
    fn read_batches(&mut self) -> io::Result<u64> {
        loop {
            let end = self.at;
            match self.batch() {
                Ok(batch) => self.take(&batch),
                Err(Broken::NoBatch) => return Ok(end),
                Err(Broken::Failed(error)) => return Err(error),
            }
        }
    }

    fn take(&mut self, batch: &Batch) {
        self.seqno = Some(batch.seqno);
        self.commits = batch.commits.or(self.commits);
    }

    /// The end of what follows and is not zero, if there is any: the engine makes its journals long in advance.
    fn end_of_bytes_from(&mut self, at: u64) -> io::Result<Option<u64>> {
        static ZEROS: [u8; BUFFER_BYTES] = [0; BUFFER_BYTES];
        let mut part = vec![0; BUFFER_BYTES];
        let (mut next, mut end) = (Some(at), None);
        while let Some(begin) = next {
            self.go_to(begin)?;
            let read = self.file.read(&mut part)?;
            let (Some(part @ [_, ..]), Some(zeros)) = (part.get(..read), ZEROS.get(..read)) else {
                break;
            };
            let after = begin + read as u64;
            // Whole parts are compared first, which is many times faster.
            next = if part == zeros {
                self.after_hole(after)?
            } else {
                let last = part.iter().rposition(|byte| *byte != 0);
                end = last.map(|last| begin + last as u64 + 1).or(end);
                Some(after)
            };
        }
        Ok(end)
    }

    /// The first place from here on for which the file system has stored anything; none if there is none. What it has not
    /// stored is zero.
    fn after_hole(&self, at: u64) -> io::Result<Option<u64>> {
        match rustix::fs::seek(self.file.get_ref(), rustix::fs::SeekFrom::Data(at)) {
            Ok(at) => Ok(Some(at)),
            Err(Errno::NXIO) => Ok(None),
            // It cannot tell.
            Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(Some(at)),
            Err(error) => Err(error.into()),
        }
    }

    /// The number of whole batches that begin after a place and before an end, wherever they do.
    fn batches_between(&mut self, at: u64, end: u64) -> io::Result<u64> {
        let mut count = 0;
        let mut from = at + 1;
        while let Some(candidate) = self.next_start(from, end)? {
            self.go_to(candidate)?;
            match self.batch() {
                Ok(batch) => {
                    self.take(&batch);
                    count += 1;
                    from = self.at;
                }
                Err(Broken::NoBatch) => from = candidate + 1,
                Err(Broken::Failed(error)) => return Err(error),
            }
        }
        Ok(count)
    }

    /// The next byte between two places that can begin a batch: the tag of a start, and after it the tag of an item.
    fn next_start(&mut self, from: u64, end: u64) -> io::Result<Option<u64>> {
        self.go_to(from)?;
        let mut window = [0; START_BYTES + 2];
        let mut filled = 0_u64;
        let mut byte = [0];
        while from + filled < end {
            match self.file.read_exact(&mut byte) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                read => read?,
            }
            window.rotate_left(1);
            let [first, .., last] = &mut window;
            *last = byte[0];
            filled += 1;
            if *first == START && matches!(*last, VALUE | CLEAR) && filled >= window.len() as u64 {
                return Ok(Some(from + filled - window.len() as u64));
            }
        }
        Ok(None)
    }

    fn go_to(&mut self, at: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(at))?;
        self.at = at;
        Ok(())
    }

    fn batch(&mut self) -> Result<Batch, Broken> {
        let [tag] = self.fixed()?;
        let start: [u8; START_BYTES] = self.fixed()?;
        let items = u32_at(&start, 0)?;
        let seqno = u64_at(&start, 4)?;
        // The numbers only grow.
        if tag != START || items == 0 || self.seqno.is_some_and(|last| seqno <= last) {
            return Err(Broken::NoBatch);
        }
        let mut sum = Xxh3::new();
        let mut commits = None;
        for _ in 0..items {
            commits = self.item(&mut sum)?.or(commits);
        }
        let [tag] = self.fixed()?;
        let checksum = u64::from_le_bytes(self.fixed()?);
        let trailer: [u8; 4] = self.fixed()?;
        if tag != END || checksum != sum.digest() || trailer != TRAILER {
            return Err(Broken::NoBatch);
        }
        Ok(Batch { seqno, commits })
    }

    /// Reads a value or a clear, and returns the number of commits if it is that.
    fn item(&mut self, sum: &mut Xxh3) -> Result<Option<u64>, Broken> {
        let [tag] = self.fixed()?;
        sum.update(&[tag]);
        match tag {
            CLEAR => {
                sum.update(&self.fixed::<CLEAR_BYTES>()?);
                Ok(None)
            }
            VALUE => {
                let head: [u8; VALUE_BYTES] = self.fixed()?;
                sum.update(&head);
                let key_bytes = usize::from(u16_at(&head, LENGTHS)?);
                let value_bytes = usize::try_from(u32_at(&head, LENGTHS + 6)?).map_err(|_| Broken::NoBatch)?;
                if value_bytes > MAX_VALUE_BYTES {
                    return Err(Broken::NoBatch);
                }
                let mut bytes = vec![0; key_bytes + value_bytes];
                self.fill(&mut bytes)?;
                sum.update(&bytes);
                let number = bytes.strip_prefix(COMMITS).and_then(|number| number.try_into().ok());
                Ok(number.filter(|_| key_bytes == COMMITS.len()).map(u64::from_be_bytes))
            }
            _ => Err(Broken::NoBatch),
        }
    }

    fn fixed<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.file.read_exact(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, Broken> {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .map(|bytes| u16::from_le_bytes(*bytes))
        .ok_or(Broken::NoBatch)
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, Broken> {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .map(|bytes| u32::from_le_bytes(*bytes))
        .ok_or(Broken::NoBatch)
}

fn u64_at(bytes: &[u8], at: usize) -> Result<u64, Broken> {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .map(|bytes| u64::from_le_bytes(*bytes))
        .ok_or(Broken::NoBatch)
}
