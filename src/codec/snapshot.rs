//! The bytes of a snapshot of the index, as an instance keeps it in a file.
//!
//! | Part | Bytes |
//! |---|---|
//! | magic | 8, [`MAGIC`] |
//! | format | 1, [`FORMAT`] |
//! | sections | the head; for each of the 256 shards in order its records and one [`ShardEnd`]; the end |
//!
//! A section is its tag (1 byte), the length of its content (4 bytes, little-endian), the content, and a checksum (8
//! bytes, little-endian): XXH3-64 of the checksum of the section before it and of the section itself. So the checksum of
//! the last section depends on every byte of the file. Sections with another tag are of a newer release: a reader skips
//! them.

use bytes::Bytes;
use xxhash_rust::xxh3::Xxh3;

use super::{ByteReader, ByteWriter, DecodeError, MAX_VALUE_BYTES};
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::shard::{Shard, Version};

/// The first bytes of every snapshot. The line ends show a transfer that changed them.
pub const MAGIC: [u8; 8] = *b"rwsnap\r\n";
/// The format of the file. A reader refuses any other.
pub const FORMAT: u8 = 1;
/// The most bytes of the content of a section: the largest record, and much room for its neighbours.
pub const MAX_SECTION_BYTES: usize = 2 * MAX_VALUE_BYTES;
/// Bytes before the content of a section: tag and length.
pub const SECTION_HEAD_BYTES: usize = 5;
/// Bytes after the content of a section.
pub const CHECKSUM_BYTES: usize = 8;

const HEAD: u8 = 1;
const RECORDS: u8 = 2;
const SHARD: u8 = 3;
const END: u8 = 4;
/// Records of another tenant than that of the head. A release with one tenant skips them.
const TENANT_RECORDS: u8 = 5;

/// What a snapshot is of.
#[derive(Clone, PartialEq, Eq)]
pub struct Head {
    /// The format of the store whose records it holds.
    pub store_format: u8,
    /// The id of this store.
    pub store_id: u128,
    /// The secret of this store, from which the keys of decision ids and of reporters are derived.
    pub secret: [u8; 32],
    /// The evidence version of all its evidence.
    pub evidence_version: u32,
    /// The tenant whose records it holds.
    pub tenant: TenantId,
    /// It holds all changes up to this time.
    pub data_as_of: Timestamp,
}

/// The end of the records of a shard, and which entries of the change log they contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardEnd {
    /// Which shard.
    pub shard: Shard,
    /// The sequence number of the last log entry that is surely in the records.
    pub seq: Version,
    /// The nonce of this entry; 0 if there is none.
    pub nonce: u64,
    /// The latest version that may be in the records: of changes whose log entries were not read.
    pub seen: Version,
}

/// The end of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// How many records it holds.
    pub records: u64,
}

/// One record: the bytes of its id, its version, and its bytes as stores keep them.
pub type RawRecord<'a> = (&'a [u8], Version, &'a [u8]);

/// A section, read.
#[derive(Debug)]
pub enum Section<'a> {
    /// The first one.
    Head(Head),
    /// Records of the shard whose end comes next.
    Records(RecordsReader<'a>),
    /// The end of a shard.
    Shard(ShardEnd),
    /// The last one.
    End(End),
    /// One of a newer release.
    Unknown,
}

/// The secret stays out of logs.
impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Head")
            .field("store_id", &format!("{:032x}", self.store_id))
            .field("evidence_version", &self.evidence_version)
            .field("data_as_of", &self.data_as_of)
            .finish_non_exhaustive()
    }
}

/// The checksum of the sections so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chain(u64);

impl Chain {
    /// The checksum after one more section. `begin` and `content` are the bytes of the section.
    #[must_use]
    pub fn next(self, begin: [u8; SECTION_HEAD_BYTES], content: &[u8]) -> Self {
        let mut hasher = Xxh3::new();
        hasher.update(&self.0.to_le_bytes());
        hasher.update(&begin);
        hasher.update(content);
        Self(hasher.digest())
    }

    /// The bytes of the checksum.
    #[must_use]
    pub const fn bytes(self) -> [u8; CHECKSUM_BYTES] {
        self.0.to_le_bytes()
    }
}

/// The tag and the length of a section.
///
/// # Errors
/// If the section would be longer than [`MAX_SECTION_BYTES`].
pub fn section_begin(begin: [u8; SECTION_HEAD_BYTES]) -> Result<(u8, usize), DecodeError> {
    let [tag, length @ ..] = begin;
    let too_long = DecodeError::Range("the length of a section");
    let length = usize::try_from(u32::from_le_bytes(length)).map_err(|_| too_long)?;
    if length > MAX_SECTION_BYTES {
        return Err(too_long);
    }
    Ok((tag, length))
}

/// The bytes of a whole section, and the checksum after it.
fn sealed(chain: Chain, tag: u8, content: &[u8]) -> (Vec<u8>, Chain) {
    // A content is never longer than MAX_SECTION_BYTES: its writers see to that.
    let [a, b, c, d] = u32::try_from(content.len()).unwrap_or(u32::MAX).to_le_bytes();
    let begin = [tag, a, b, c, d];
    let chain = chain.next(begin, content);
    let bytes = [begin.as_slice(), content, chain.bytes().as_slice()].concat();
    (bytes, chain)
}

/// Makes the sections of a snapshot, one after the other.
#[derive(Debug, Default)]
pub struct SectionWriter {
    chain: Chain,
    records: u64,
}

impl SectionWriter {
    /// The first bytes of a snapshot, with the first section.
    pub fn head(&mut self, head: &Head) -> Vec<u8> {
        let mut writer = ByteWriter::default();
        writer.byte(head.store_format);
        writer.fixed128(head.store_id);
        writer.raw(&head.secret);
        writer.raw(&head.evidence_version.to_le_bytes());
        writer.text(head.tenant.as_str());
        writer.time(head.data_as_of);
        let section = self.seal(HEAD, &writer.finish());
        [MAGIC.as_slice(), &[FORMAT], &section].concat()
    }

    /// The end of the records of a shard.
    pub fn shard(&mut self, end: ShardEnd) -> Vec<u8> {
        let mut writer = ByteWriter::default();
        writer.byte(end.shard.byte());
        writer.uint(end.seq);
        writer.fixed64(end.nonce);
        writer.uint(end.seen);
        self.seal(SHARD, &writer.finish())
    }

    /// Records of one kind of the shard whose end comes next.
    pub fn records(&mut self, records: RecordsWriter) -> Vec<u8> {
        if records.is_of_other_tenant {
            return self.seal(TENANT_RECORDS, &records.bytes.finish());
        }
        self.records = self.records.saturating_add(records.count);
        self.seal(RECORDS, &records.bytes.finish())
    }

    /// The last section.
    pub fn end(&mut self) -> Vec<u8> {
        let mut writer = ByteWriter::default();
        writer.uint(self.records);
        self.seal(END, &writer.finish())
    }

    /// How many records of the head's tenant there are so far.
    #[must_use]
    pub const fn record_count(&self) -> u64 {
        self.records
    }

    fn seal(&mut self, tag: u8, content: &[u8]) -> Vec<u8> {
        let (bytes, chain) = sealed(self.chain, tag, content);
        self.chain = chain;
        bytes
    }
}

/// Collects the records of one section.
#[derive(Debug)]
pub struct RecordsWriter {
    bytes: ByteWriter,
    count: u64,
    is_of_other_tenant: bool,
}

impl RecordsWriter {
    /// A section is full from this size on. With one more record it is still below [`MAX_SECTION_BYTES`].
    const FULL: usize = 256 * 1024;

    /// No records yet. `kind` is the integer of their kind.
    #[must_use]
    pub fn new(tenant: TenantId, kind: u8) -> Self {
        let mut bytes = ByteWriter::default();
        let is_of_other_tenant = tenant != TenantId::DEFAULT;
        if is_of_other_tenant {
            bytes.text(tenant.as_str());
        }
        bytes.byte(kind);
        Self {
            bytes,
            count: 0,
            is_of_other_tenant,
        }
    }

    /// Adds a record.
    pub fn add(&mut self, (id, version, record): RawRecord<'_>) {
        self.bytes.bytes(id);
        self.bytes.uint(version);
        self.bytes.bytes(record);
        self.count = self.count.saturating_add(1);
    }

    /// Whether the section should be written now.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.bytes.written().len() >= Self::FULL
    }

    /// Whether it has no record.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// The records of one section.
#[derive(Debug)]
pub struct RecordsReader<'a> {
    /// The tenant that they belong to.
    pub tenant: TenantId,
    /// The integer of their kind.
    pub kind: u8,
    reader: ByteReader<'a>,
}

impl<'a> RecordsReader<'a> {
    /// The next record; none at the end.
    ///
    /// # Errors
    /// If the bytes end within a record.
    pub fn next_record(&mut self) -> Result<Option<RawRecord<'a>>, DecodeError> {
        if self.reader.remaining().is_empty() {
            return Ok(None);
        }
        let id = self.reader.bytes()?;
        let version = self.reader.uint()?;
        Ok(Some((id, version, self.reader.bytes()?)))
    }
}

/// Reads the content of a section. Further fields of a newer release are left out.
///
/// # Errors
/// If it cannot be read.
pub fn read_section(tag: u8, content: &Bytes) -> Result<Section<'_>, DecodeError> {
    let mut reader = ByteReader::new(content);
    Ok(match tag {
        HEAD => Section::Head(read_head(&mut reader)?),
        SHARD => Section::Shard(ShardEnd {
            shard: Shard::new(reader.byte()?),
            seq: reader.uint()?,
            nonce: reader.fixed64()?,
            seen: reader.uint()?,
        }),
        RECORDS => {
            let (tenant, kind) = (TenantId::DEFAULT, reader.byte()?);
            Section::Records(RecordsReader { tenant, kind, reader })
        }
        TENANT_RECORDS => {
            let tenant = TenantId::parse(reader.text()?).map_err(|_| DecodeError::Range("tenant"))?;
            let kind = reader.byte()?;
            Section::Records(RecordsReader { tenant, kind, reader })
        }
        END => Section::End(End {
            records: reader.uint()?,
        }),
        _ => Section::Unknown,
    })
}

fn read_head(reader: &mut ByteReader<'_>) -> Result<Head, DecodeError> {
    let store_format = reader.byte()?;
    let store_id = reader.fixed128()?;
    let mut secret = [0; 32];
    secret.copy_from_slice(reader.take(32)?);
    let mut evidence_version = [0; 4];
    evidence_version.copy_from_slice(reader.take(4)?);
    Ok(Head {
        store_format,
        store_id,
        secret,
        evidence_version: u32::from_le_bytes(evidence_version),
        tenant: TenantId::parse(reader.text()?).map_err(|_| DecodeError::Range("tenant"))?,
        data_as_of: reader.time()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head {
            store_format: 2,
            store_id: 7,
            secret: [9; 32],
            evidence_version: 0x0a0b_0c0d,
            tenant: TenantId::DEFAULT,
            data_as_of: Timestamp::from_millis(1_000),
        }
    }

    fn shard() -> ShardEnd {
        ShardEnd {
            shard: Shard::new(5),
            seq: 300,
            nonce: 0x0102_0304_0506_0708,
            seen: 301,
        }
    }

    fn sample() -> Vec<u8> {
        let mut writer = SectionWriter::default();
        let mut bytes = writer.head(&head());
        let mut records = RecordsWriter::new(TenantId::DEFAULT, 1);
        records.add((b"id", 300, b"record"));
        bytes.extend(writer.records(records));
        let mut records = RecordsWriter::new(TenantId::parse("north").unwrap(), 1);
        records.add((b"id", 300, b"record"));
        bytes.extend(writer.records(records));
        bytes.extend(writer.shard(shard()));
        bytes.extend(writer.end());
        bytes
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A change of these bytes makes every snapshot of an earlier release unreadable.
    #[test]
    fn the_bytes_are_frozen() {
        let secret = "09".repeat(32);
        let parts = [
            "7277736e61700d0a01".to_owned(),
            "013f0000000207000000000000000000000000000000".to_owned() + &secret,
            "0d0c0b0a0764656661756c74d00f".to_owned() + FROZEN[0],
            "020d00000001026964ac02067265636f7264".to_owned() + FROZEN[1],
            "0513000000056e6f72746801026964ac02067265636f7264".to_owned() + FROZEN[2],
            "030d00000005ac020807060504030201ad02".to_owned() + FROZEN[3],
            "040100000001".to_owned() + FROZEN[4],
        ];
        assert_eq!(hex(&sample()), parts.concat());
    }

    /// The checksums.
    const FROZEN: [&str; 5] = [
        "ddbe1d7f113b1deb",
        "1e85be95cf5aec70",
        "b1f61cf0efcfd708",
        "d8541d3d4d1abc1a",
        "b6e22a5c519734ae",
    ];

    #[test]
    fn sections_are_read_as_they_were_written() {
        let bytes = Bytes::from(sample());
        let mut rest = bytes.slice(MAGIC.len() + 1..);
        let mut chain = Chain::default();
        let mut read = Vec::new();
        while !rest.is_empty() {
            let begin = rest.split_to(SECTION_HEAD_BYTES);
            let begin: [u8; SECTION_HEAD_BYTES] = begin.as_ref().try_into().unwrap();
            let (tag, length) = section_begin(begin).unwrap();
            let content = rest.split_to(length);
            chain = chain.next(begin, &content);
            assert_eq!(rest.split_to(CHECKSUM_BYTES).as_ref(), chain.bytes());
            read.push((tag, content));
        }
        let [first, records, of_other, shard_end, last] = read.as_slice() else {
            panic!("{} sections", read.len());
        };
        assert!(matches!(read_section(first.0, &first.1).unwrap(), Section::Head(found) if found == head()));
        let end = read_section(shard_end.0, &shard_end.1).unwrap();
        assert!(matches!(end, Section::Shard(found) if found == shard()));
        for (section, tenant) in [
            (records, TenantId::DEFAULT),
            (of_other, TenantId::parse("north").unwrap()),
        ] {
            let Section::Records(mut records) = read_section(section.0, &section.1).unwrap() else {
                panic!("no records");
            };
            assert_eq!((records.kind, records.tenant), (1, tenant));
            let record: RawRecord<'_> = (b"id", 300, b"record");
            assert_eq!(records.next_record().unwrap(), Some(record));
            assert_eq!(records.next_record().unwrap(), None);
        }
        assert!(matches!(
            read_section(last.0, &last.1).unwrap(),
            Section::End(End { records: 1 })
        ));
        assert!(matches!(read_section(9, &last.1).unwrap(), Section::Unknown));
    }

    #[test]
    fn the_secret_is_not_shown() {
        assert!(!format!("{:?}", head()).contains("9, 9"));
    }

    #[test]
    fn a_section_that_would_be_too_long_is_refused() {
        assert!(section_begin([RECORDS, 0xff, 0xff, 0xff, 0xff]).is_err());
        assert_eq!(section_begin([RECORDS, 1, 0, 0, 0]), Ok((RECORDS, 1)));
    }
}
