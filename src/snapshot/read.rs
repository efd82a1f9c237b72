//! Reads a snapshot. It is read twice: first everything is checked, and only then it goes into the index. So a damaged
//! file never leaves a part of itself there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::time::Duration;

use bytes::Bytes;

use super::error::SnapshotError;
use super::file::SnapshotDirectory;
use crate::clock::monotonic;
use crate::codec::snapshot::{
    CHECKSUM_BYTES, Chain, FORMAT, Head, MAGIC, RecordsReader, SECTION_HEAD_BYTES, Section, ShardEnd, read_section,
    section_begin,
};
use crate::domain::model::ScoreModel;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::follow::{Follower, Position, RestoredShard};
use crate::index::LoadedKind;
use crate::metrics::SkipReason;
use crate::store::{LogHead, Meta, RecordKind, SHARDS, STORE_FORMAT, Shard, Version};

/// Bytes that are read at a time.
const BUFFER: usize = 256 * 1024;

/// The snapshot that an instance can use.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The evidence version of this instance.
    pub evidence_version: u32,
    /// The id of the only store that the configuration accepts.
    pub expected_id: Option<u128>,
    /// The oldest data that is served. None for any age.
    pub max_age: Option<Duration>,
    /// The time.
    pub now: Timestamp,
}

/// A snapshot that was checked from the first byte to the last.
#[derive(Debug)]
pub struct Snapshot {
    file: File,
    head: Head,
}

impl Snapshot {
    /// Opens the snapshot of a directory and checks all of it. Blocks for as long as the file takes to be read.
    ///
    /// # Errors
    /// If there is none, if it is not as `wanted`, or if a byte of it is wrong.
    pub fn open(directory: &SnapshotDirectory, wanted: Wanted, model: &ScoreModel) -> Result<Self, SnapshotError> {
        let file = directory.open()?;
        let head = read_head(&file)?;
        check(&head, wanted)?;
        read_shards(&file, model, &mut |_, _| {})?;
        Ok(Self { file, head })
    }

    /// The identity of the store that the snapshot is of.
    #[must_use]
    pub fn meta(&self) -> Meta {
        Meta {
            store_id: self.head.store_id,
            secret: self.head.secret,
            evidence_version: self.head.evidence_version,
            ready: true,
        }
    }

    /// The time of its data.
    #[must_use]
    pub const fn data_as_of(&self) -> Timestamp {
        self.head.data_as_of
    }

    /// Puts everything into the index of a follower, which is ready then. Blocks.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub fn restore(&self, follower: &Follower, model: &ScoreModel) -> Result<(), SnapshotError> {
        let began = monotonic();
        read_shards(&self.file, model, &mut |shard, restored| {
            follower.restore(shard, restored)
        })?;
        follower.restored(self.head.data_as_of, began);
        Ok(())
    }
}

/// The store that the snapshot of a directory is of; none if there is no snapshot that can be read.
pub(super) fn store_of(directory: &SnapshotDirectory) -> Option<u128> {
    let file = directory.open().ok()?;
    Some(read_head(&file).ok()?.store_id)
}

fn check(head: &Head, wanted: Wanted) -> Result<(), SnapshotError> {
    if head.store_format != STORE_FORMAT {
        let (found, known) = (head.store_format, STORE_FORMAT);
        return Err(SnapshotError::OtherStoreFormat { found, known });
    }
    if let Some(expected) = wanted.expected_id.filter(|expected| *expected != head.store_id) {
        let found = head.store_id;
        return Err(SnapshotError::OtherStore { found, expected });
    }
    if head.tenant != TenantId::DEFAULT {
        return Err(SnapshotError::OtherTenant);
    }
    if head.evidence_version != wanted.evidence_version {
        return Err(SnapshotError::OtherEvidence {
            found: head.evidence_version,
            own: wanted.evidence_version,
        });
    }
    let age = head.data_as_of.until(wanted.now);
    match wanted.max_age.filter(|max_age| age > *max_age) {
        Some(max_age) => Err(SnapshotError::TooOld {
            data_as_of: head.data_as_of,
            max_age,
        }),
        None => Ok(()),
    }
}

fn read_head(file: &File) -> Result<Head, SnapshotError> {
    let mut sections = Sections::begin(file)?;
    let (tag, content) = sections.next()?;
    match read_section(tag, &content)? {
        Section::Head(head) => Ok(head),
        Section::Records(_) | Section::Shard(_) | Section::End(_) | Section::Unknown => {
            Err(SnapshotError::Damaged("it does not begin with its head"))
        }
    }
}

/// Reads the whole file and passes each shard to `put`.
fn read_shards(
    file: &File,
    model: &ScoreModel,
    put: &mut dyn FnMut(Shard, RestoredShard),
) -> Result<(), SnapshotError> {
    let mut sections = Sections::begin(file)?;
    sections.next()?; // the head, which was read before
    let mut shards = Shard::all();
    let mut loading = LoadingShard::default();
    let mut records = 0u64;
    loop {
        let (tag, content) = sections.next()?;
        match read_section(tag, &content)? {
            Section::Records(section) => {
                let is_counted = section.tenant == TenantId::DEFAULT;
                let added = loading.add(section, model)?;
                records = records.saturating_add(if is_counted { added } else { 0 });
            }
            Section::Shard(end) if shards.next() == Some(end.shard) => {
                put(end.shard, std::mem::take(&mut loading).finish(end));
            }
            Section::End(end) => {
                let complete = shards.len() == 0 && loading.is_empty() && end.records == records;
                return sections.end(complete);
            }
            Section::Shard(_) | Section::Head(_) => {
                return Err(SnapshotError::Damaged("its parts are not in their order"));
            }
            Section::Unknown => {}
        }
    }
}

/// The records of a shard while they are read.
#[derive(Default)]
struct LoadingShard {
    kinds: Vec<(TenantId, RecordKind, LoadedKind)>,
    left_out: Vec<(Version, SkipReason)>,
}

impl LoadingShard {
    /// Reads a section; returns the count of its records.
    fn add(&mut self, mut section: RecordsReader<'_>, model: &ScoreModel) -> Result<u64, SnapshotError> {
        let kind = RecordKind::from_code(section.kind);
        let mut count = 0;
        while let Some((id, version, bytes)) = section.next_record()? {
            count += 1;
            let Some(kind) = kind else {
                self.left_out.push((version, SkipReason::UnknownKind));
                continue;
            };
            if !self.loaded(section.tenant, kind).add(id, version, bytes, model)? {
                self.left_out.push((version, SkipReason::UnknownId));
            }
        }
        Ok(count)
    }

    fn loaded(&mut self, tenant: TenantId, kind: RecordKind) -> &mut LoadedKind {
        let is_wanted = |(of, known, _): &(TenantId, RecordKind, LoadedKind)| (*of, *known) == (tenant, kind);
        let place = self.kinds.iter().position(is_wanted);
        let place = place.unwrap_or_else(|| {
            self.kinds.push((tenant, kind, LoadedKind::new(kind)));
            self.kinds.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "it was found or added above")]
        &mut self.kinds[place].2
    }

    fn is_empty(&self) -> bool {
        self.kinds.is_empty() && self.left_out.is_empty()
    }

    fn finish(mut self, end: ShardEnd) -> RestoredShard {
        let tenants: BTreeSet<TenantId> = self.kinds.iter().map(|(tenant, ..)| *tenant).collect();
        for tenant in tenants.into_iter().chain([TenantId::DEFAULT]) {
            for kind in RecordKind::ALL {
                self.loaded(tenant, *kind); // a kind without records is empty in the index too
            }
        }
        let mut loaded: BTreeMap<TenantId, Vec<LoadedKind>> = BTreeMap::new();
        for (tenant, _, kind) in self.kinds {
            loaded.entry(tenant).or_default().push(kind);
        }
        RestoredShard {
            tenants: loaded.into_iter().collect(),
            position: Position {
                cursor: LogHead {
                    seq: end.seq,
                    nonce: end.nonce,
                },
                seen: end.seen,
            },
            left_out: self.left_out,
        }
    }
}

/// The sections of a file, each with its checksum checked.
struct Sections<'a> {
    reader: BufReader<&'a File>,
    chain: Chain,
}

impl<'a> Sections<'a> {
    /// From the first byte of the file on.
    fn begin(mut file: &'a File) -> Result<Self, SnapshotError> {
        file.rewind()?;
        let mut reader = BufReader::with_capacity(BUFFER, file);
        let (mut magic, mut format) = ([0; MAGIC.len()], [0]);
        let begun = reader
            .read_exact(&mut magic)
            .and_then(|()| reader.read_exact(&mut format));
        match begun {
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error.into()),
            Ok(()) if magic == MAGIC => {}
            Ok(()) | Err(_) => return Err(SnapshotError::NotASnapshot),
        }
        let [found] = format;
        if found != FORMAT {
            return Err(SnapshotError::OtherFormat { found, known: FORMAT });
        }
        Ok(Self {
            reader,
            chain: Chain::default(),
        })
    }

    /// The tag and the content of the next section.
    fn next(&mut self) -> Result<(u8, Bytes), SnapshotError> {
        let mut begin = [0; SECTION_HEAD_BYTES];
        self.fill(&mut begin)?;
        let (tag, length) = section_begin(begin)?;
        let mut content = vec![0; length];
        self.fill(&mut content)?;
        let mut checksum = [0; CHECKSUM_BYTES];
        self.fill(&mut checksum)?;
        self.chain = self.chain.next(begin, &content);
        if self.chain.bytes() != checksum {
            return Err(SnapshotError::Damaged("a checksum is wrong"));
        }
        Ok((tag, Bytes::from(content)))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), SnapshotError> {
        self.reader.read_exact(bytes).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                SnapshotError::Damaged("its end is missing")
            } else {
                SnapshotError::Io(error)
            }
        })
    }

    /// Checks that nothing follows the last section, which says that everything before is `complete`.
    fn end(mut self, complete: bool) -> Result<(), SnapshotError> {
        if !complete {
            return Err(SnapshotError::Damaged("a part of it is missing"));
        }
        match self.reader.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(SnapshotError::Damaged("something follows its end")),
        }
    }
}

/// Every shard has one section of its own.
const _: () = assert!(SHARDS == 256);
