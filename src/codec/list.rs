//! The bytes of lists.
//!
//! A list has up to 200,000 entries and is written whole, so an entry is written as its difference from the entry
//! before: the distance of the digits, and the other fields only where they differ. Each origin is written once, before
//! the entries. An entry of a registry's export takes four to eight bytes.
//!
//! Entries for callers without a number (short codes, withheld numbers) are few. They are a field of their own behind the
//! others, so that an older release reads the list without them. Owners come last, in lists of known owners only.

mod owners;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::number::actor;
use super::parts::{code, name, requests, write_name, write_requests};
use super::{ByteReader, ByteWriter, DecodeError, RecordKind, StoredRecord, UnreadableValue, read_as, rest, written};
use crate::domain::ids::{ListId, ListSource, Requester};
use crate::domain::kinds::{Action, ListKind};
use crate::domain::list::{DigitPattern, EntryOrigin, List, ListEntry, MAX_ENTRIES, Pattern};
use crate::domain::time::{DAY_MS, Timestamp};
use crate::shard::Shard;
use owners::{read_owners, write_owners};
use words::{words, write_words};

/// The entry is one number, no prefix.
const EXACT: u8 = 1;
/// Another origin than that of the entry before.
const OTHER_ORIGIN: u8 = 1 << 1;
/// Entered at another time.
const OTHER_ENTERED: u8 = 1 << 2;
/// Expires at another time, or only one of the two expires.
const OTHER_EXPIRY: u8 = 1 << 3;
/// Another action, or none.
const OTHER_ACTION: u8 = 1 << 4;
/// All of them.
const KNOWN: u8 = EXACT | OTHER_ORIGIN | OTHER_ENTERED | OTHER_EXPIRY | OTHER_ACTION;

/// The fields of the entry before, which the next entry is compared with.
struct Before<'a> {
    digits: u64,
    origin: Option<&'a Arc<EntryOrigin>>,
    entered_at: Timestamp,
    expires_at: Option<Timestamp>,
    action: Option<Action>,
}

/// The fields that the first entry is compared with.
const NOTHING: Before<'static> = Before {
    digits: 0,
    origin: None,
    entered_at: Timestamp::from_millis(0),
    expires_at: None,
    action: None,
};

/// The bytes of a list.
#[must_use]
pub fn encode(list: &List) -> Bytes {
    written(&list.unknown_fields, |writer| {
        write_name(writer, list.id.as_str());
        writer.byte(list.kind.code());
        writer.text(list.actor.as_str());
        writer.time(list.replaced_at);
        write_requests(writer, &list.requests);
        let numbers = list.entries.partition_point(|entry| entry.pattern.digits().is_some());
        let (numbers, words) = list.entries.split_at_checked(numbers).unwrap_or_default();
        let origins = Origins::of(&list.entries);
        write_entries(writer, numbers, &origins);
        write_words(writer, words, &origins);
        if list.kind == ListKind::KnownOwner {
            write_owners(writer, &list.entries);
        }
    })
}

/// A list from its bytes.
///
/// # Errors
/// If they are not a list, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<List, UnreadableValue> {
    read_as("list", bytes, |reader| record(reader))
}

fn record(reader: &mut ByteReader<'_>) -> Result<List, DecodeError> {
    let id = name(reader, ListId::parse, "list id")?;
    let kind = code(reader, ListKind::from_code, "kind of list")?;
    Ok(List {
        id,
        kind,
        actor: actor(reader)?,
        replaced_at: reader.time()?,
        requests: requests(reader)?,
        entries: entries(reader, kind)?,
        unknown_fields: rest(reader),
    })
}

/// The origins of all entries, each with its place.
struct Origins<'a> {
    places: HashMap<&'a EntryOrigin, u64>,
    all: Vec<&'a EntryOrigin>,
}

impl<'a> Origins<'a> {
    fn of(entries: &'a [ListEntry]) -> Self {
        let mut places: HashMap<&EntryOrigin, u64> = HashMap::new();
        let mut all: Vec<&EntryOrigin> = Vec::new();
        for entry in entries {
            let next = all.len() as u64;
            places.entry(&entry.origin).or_insert_with(|| {
                all.push(&entry.origin);
                next
            });
        }
        Self { places, all }
    }

    fn place(&self, origin: &EntryOrigin) -> u64 {
        self.places.get(origin).copied().unwrap_or_default()
    }
}

fn write_entries(writer: &mut ByteWriter, entries: &[ListEntry], origins: &Origins<'_>) {
    writer.list(origins.all.iter().copied(), write_origin);
    let mut before = NOTHING;
    writer.list(entries.iter(), |writer, entry| {
        write_entry(writer, &before, entry, origins.place(&entry.origin));
        before = Before {
            digits: digits_of(entry).0,
            origin: Some(&entry.origin),
            entered_at: entry.entered_at,
            expires_at: entry.expires_at,
            action: entry.action,
        };
    });
}

/// The digits of an entry, and whether it is one number. The entries of this field have digits.
fn digits_of(entry: &ListEntry) -> (u64, bool) {
    entry.pattern.digits().map(DigitPattern::key).unwrap_or_default()
}

fn write_entry(writer: &mut ByteWriter, before: &Before<'_>, entry: &ListEntry, place: u64) {
    let (digits, exact) = digits_of(entry);
    let flag = |is_set, flag| if is_set { flag } else { 0 };
    let flags = flag(exact, EXACT)
        | flag(before.origin != Some(&entry.origin), OTHER_ORIGIN)
        | flag(before.entered_at != entry.entered_at, OTHER_ENTERED)
        | flag(before.expires_at != entry.expires_at, OTHER_EXPIRY)
        | flag(before.action != entry.action, OTHER_ACTION);
    writer.byte(flags);
    writer.uint(digits.wrapping_sub(before.digits)); // entries are sorted
    if flags & OTHER_ORIGIN != 0 {
        writer.uint(place);
    }
    if flags & OTHER_ENTERED != 0 {
        write_moment(writer, entry.entered_at);
    }
    if flags & OTHER_EXPIRY != 0 {
        writer.option(entry.expires_at, write_moment);
    }
    if flags & OTHER_ACTION != 0 {
        writer.byte(entry.action.map_or(0, Action::code));
    }
}

fn entries(reader: &mut ByteReader<'_>, kind: ListKind) -> Result<Arc<[ListEntry]>, DecodeError> {
    let origins = reader.list(|reader| origin(reader).map(Arc::new))?;
    let mut before = NOTHING;
    let mut order = EntryOrder::default();
    let mut entries = reader.list(|reader| order.next(entry(reader, &mut before, &origins)?))?;
    entries.extend(words(reader, &origins, &mut order)?);
    if kind == ListKind::KnownOwner {
        read_owners(reader, &mut entries)?;
    }
    Ok(entries.into())
}

/// Checks that the entries are in their order, and not too many.
#[derive(Default)]
struct EntryOrder {
    count: usize,
    last: Option<Pattern>,
}

impl EntryOrder {
    fn next(&mut self, entry: ListEntry) -> Result<ListEntry, DecodeError> {
        self.count += 1;
        let is_next = self.last.is_none_or(|last| last < entry.pattern);
        if self.count > MAX_ENTRIES || !is_next {
            return Err(DecodeError::Range("entry of a list"));
        }
        self.last = Some(entry.pattern);
        Ok(entry)
    }
}

fn entry<'a>(
    reader: &mut ByteReader<'_>,
    before: &mut Before<'a>,
    origins: &'a [Arc<EntryOrigin>],
) -> Result<ListEntry, DecodeError> {
    let flags = reader.byte()?;
    if flags & !KNOWN != 0 {
        return Err(DecodeError::Range("flags of an entry"));
    }
    let has = |flag| flags & flag != 0;
    let digits = before.digits.checked_add(reader.uint()?);
    before.digits = digits.ok_or(DecodeError::Range("number of an entry"))?;
    if has(OTHER_ORIGIN) {
        let place = usize::try_from(reader.uint()?).ok();
        before.origin = place.and_then(|place| origins.get(place));
    }
    if has(OTHER_ENTERED) {
        before.entered_at = moment(reader)?;
    }
    if has(OTHER_EXPIRY) {
        before.expires_at = reader.option(moment)?;
    }
    if has(OTHER_ACTION) {
        before.action = action(reader)?;
    }
    let pattern = Pattern::from_key(before.digits, has(EXACT));
    Ok(ListEntry {
        pattern: pattern.ok_or(DecodeError::Range("number of an entry"))?,
        origin: Arc::clone(before.origin.ok_or(DecodeError::Range("origin of an entry"))?),
        entered_at: before.entered_at,
        expires_at: before.expires_at,
        action: before.action,
        owner: None, // owners come behind all entries
    })
}

fn action(reader: &mut ByteReader<'_>) -> Result<Option<Action>, DecodeError> {
    match reader.byte()? {
        0 => Ok(None),
        code => Action::from_code(code).map(Some).ok_or(DecodeError::Range("action")),
    }
}

fn write_origin(writer: &mut ByteWriter, origin: &EntryOrigin) {
    write_name(writer, origin.source.as_str());
    writer.option(origin.requester.as_ref(), |writer, requester| {
        write_name(writer, requester.as_str());
    });
}

fn origin(reader: &mut ByteReader<'_>) -> Result<EntryOrigin, DecodeError> {
    Ok(EntryOrigin {
        source: name(reader, ListSource::parse, "source")?,
        requester: reader.option(|reader| name(reader, Requester::parse, "requester"))?,
    })
}

/// A moment: most are dates, so a midnight is twice its day (zigzag), and any other is 1 and its milliseconds.
fn write_moment(writer: &mut ByteWriter, moment: Timestamp) {
    let millis = moment.millis();
    if millis % DAY_MS == 0 {
        let day = millis / DAY_MS;
        writer.uint(((day << 1) ^ (day >> 63)).cast_unsigned() << 1);
    } else {
        writer.uint(1);
        writer.int(millis);
    }
}

fn moment(reader: &mut ByteReader<'_>) -> Result<Timestamp, DecodeError> {
    let first = reader.uint()?;
    if first == 1 {
        return reader.time();
    }
    if first % 2 == 1 {
        return Err(DecodeError::Range("moment"));
    }
    let zigzag = first >> 1;
    let day = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
    let millis = day.checked_mul(DAY_MS).ok_or(DecodeError::Range("moment"))?;
    Ok(Timestamp::from_millis(millis))
}

impl StoredRecord for List {
    type Id = ListId;
    const KIND: RecordKind = RecordKind::List;
    const NAME: &'static str = "list";

    fn shard(id: &ListId) -> Shard {
        Shard::of_list(id)
    }

    fn id_bytes(id: &ListId) -> Bytes {
        Bytes::copy_from_slice(id.as_str().as_bytes())
    }

    fn id_from_bytes(bytes: &[u8]) -> Option<ListId> {
        ListId::parse(std::str::from_utf8(bytes).ok()?).ok()
    }

    fn encode(&self) -> Bytes {
        encode(self)
    }

    fn decode(bytes: &[u8]) -> Result<Self, UnreadableValue> {
        decode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws::Codec;
    use super::super::samples;
    use super::*;
    use proptest::prelude::*;

    const CODEC: Codec<List> = Codec { encode, decode };

    proptest! {
        #[test]
        fn round_trips(list in samples::list()) {
            prop_assert_eq!(decode(&encode(&list)).unwrap(), list);
        }

        #[test]
        fn moments_round_trip(millis: i64, day in -100_000_000_000i64..100_000_000_000) {
            for millis in [millis, day * DAY_MS] {
                let mut writer = ByteWriter::default();
                write_moment(&mut writer, Timestamp::from_millis(millis));
                let bytes = writer.finish();
                prop_assert_eq!(moment(&mut ByteReader::new(&bytes)).unwrap().millis(), millis);
            }
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, is_ours: bool) {
            CODEC.takes_any_bytes(bytes, is_ours);
        }

        /// A damaged list is refused, or read as a valid list: sorted, with known patterns.
        #[test]
        fn a_damaged_list_is_read_without_a_panic(list in samples::list(), place: prop::sample::Index, value: u8) {
            if let Some(read) = CODEC.takes_a_damaged(&list, &place, value) {
                prop_assert!(read.entries.is_sorted_by(|one, next| one.pattern < next.pattern));
                prop_assert_eq!(decode(&encode(&read)).unwrap(), read);
            }
        }
    }

    #[test]
    fn origins_are_shared_again() {
        let list = decode(&encode(&samples::full_list())).unwrap();
        assert!(Arc::ptr_eq(&list.entries[0].origin, &list.entries[2].origin));
    }

    #[test]
    fn owners_are_shared_again() {
        let list = decode(&encode(&samples::list_of_owners())).unwrap();
        assert_eq!(list, samples::list_of_owners());
        let owner = |place: usize| list.entries[place].owner.as_ref().unwrap();
        assert!(Arc::ptr_eq(owner(0), owner(2)) && owner(0) != owner(1));
    }

    /// An older release must not take a new value for one that it knows, such as "yes".
    #[test]
    fn an_unknown_value_of_calls_is_refused() {
        let bytes = encode(&samples::list_of_owners()).to_vec();
        let owner = b"First Bank\0\x03"; // no brand, "yes"
        let place = bytes.windows(owner.len()).position(|window| window == owner).unwrap();
        for calls in [0, 4, 255] {
            let mut changed = bytes.clone();
            changed[place + owner.len() - 1] = calls;
            assert!(decode(&changed).is_err(), "{calls}");
        }
    }

    #[test]
    fn a_newer_release_is_refused_or_carried_through() {
        for list in [samples::full_list(), samples::list_of_owners()] {
            CODEC.respects_a_newer_release(&list, |list| &list.unknown_fields);
        }
    }

    /// A registry's export: every fortieth number of some blocks, a few origins, a day of entry each.
    #[test]
    fn an_entry_takes_few_bytes() {
        let count = u32::try_from(MAX_ENTRIES).unwrap();
        let origins: Vec<_> = ["registry", "carrier", "bank"]
            .map(|source| {
                Arc::new(EntryOrigin {
                    source: ListSource::parse(source).unwrap(),
                    requester: Requester::parse("fraud desk").ok(),
                })
            })
            .into();
        let entries = (0..count).map(|n| ListEntry {
            pattern: Pattern::from_key(12_010_000_000 + u64::from(n) * 40_000, true).unwrap(),
            origin: Arc::clone(&origins[n as usize % 3]),
            entered_at: Timestamp::from_millis((18_000 + i64::from(n) * 7 % 900) * DAY_MS),
            expires_at: None,
            action: None,
            owner: None,
        });
        let list = List {
            entries: entries.collect(),
            ..samples::full_list()
        };
        let bytes = encode(&list).len();
        assert!(bytes <= MAX_ENTRIES * 9, "{bytes} bytes");
        assert!(bytes <= super::super::MAX_VALUE_BYTES);
    }

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen() {
        assert_eq!(samples::hex(&encode(&samples::full_list())), FROZEN);
        let with_words = samples::hex(&encode(&samples::list_with_words()));
        let before = FROZEN.strip_suffix("00ee").unwrap();
        assert_eq!(with_words, format!("{before}{FROZEN_WORDS}ee"));
        assert_eq!(samples::hex(&encode(&samples::list_of_owners())), FROZEN_OWNERS);
    }

    /// The bytes of an older release end behind the numbers.
    #[test]
    fn an_older_list_is_read() {
        let list = List {
            unknown_fields: Default::default(),
            ..samples::full_list()
        };
        let bytes = encode(&list);
        assert_eq!(decode(&bytes[..bytes.len() - 1]).unwrap(), list);
        let list = samples::list_with_words();
        assert_eq!(decode(&encode(&list)).unwrap(), list);
    }

    /// The entries for callers without a number, behind the numbers.
    const FROZEN_WORDS: &str = "\
        03020230380088f10400010304323030310255530188f1040101f6e1998dcc6e02010088f1040005";

    /// A list of known owners.
    const FROZEN_OWNERS: &str = "\
        012274656e616e745f70726566697865732d310703616e61f6a1abfef962010700000000000000000000000000000009\
        000000000000000114726567697374727920310126612062616e6b2c206279207469636b65742037\
        030683b3560080f1040191e89bdd340101010204323030310080f1040000\
        031446697273742042616e6b00031446697273742042616e6b011446697273742043617264020e4361726520c3a90001\
        01020103ee";

    const FROZEN: &str = "\
        012274656e616e745f70726566697865732d310603616e61f6a1abfef962010700000000000000000000000000000009\
        000000000000000214726567697374727920310126612062616e6b2c206279207469636b657420370e63617272696572\
        00041683b3560080f104020a91e89bdd34010101f6e1998dcc6e17000084f104051901000000ee";
}
