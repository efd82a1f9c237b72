//! The bytes of notes.

use bytes::Bytes;

use super::number::actor;
use super::parts::{name, write_name};
use super::{ByteReader, ByteWriter, DecodeError, RecordKind, StoredRecord, UnreadableValue, read_as, rest, written};
use crate::domain::ids::CaseId;
use crate::domain::note::{Note, NoteId, NoteSubject};
use crate::number::E164;
use crate::shard::Shard;

/// The subject is a number.
const NUMBER: u8 = 1;
/// The subject is a case.
const CASE: u8 = 2;

/// The key of a note: the shard of its subject, and its id. So all notes on one subject are in one shard, with the
/// number or case itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoteKey {
    /// The shard of the subject.
    pub shard: Shard,
    /// The id of the note.
    pub id: NoteId,
}

impl NoteKey {
    /// The key of the note with this subject and this id.
    #[must_use]
    pub fn of(subject: &NoteSubject, id: NoteId) -> Self {
        Self {
            shard: shard_of(subject),
            id,
        }
    }
}

/// The shard of a number or case.
#[must_use]
pub fn shard_of(subject: &NoteSubject) -> Shard {
    match subject {
        NoteSubject::Number(number) => Shard::of_number(*number),
        NoteSubject::Case(id) => Shard::of_case(id),
    }
}

/// The bytes of a note.
#[must_use]
pub fn encode(note: &Note) -> Bytes {
    written(&note.unknown_fields, |writer| {
        writer.fixed128(note.id.raw());
        write_subject(writer, &note.subject);
        writer.text(note.author.as_str());
        writer.time(note.created_at);
        writer.text(&note.text);
    })
}

/// A note from its bytes.
///
/// # Errors
/// If they are not a note, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<Note, UnreadableValue> {
    read_as("note", bytes, |reader| record(reader))
}

fn record(reader: &mut ByteReader<'_>) -> Result<Note, DecodeError> {
    Ok(Note {
        id: NoteId::from_raw(reader.fixed128()?),
        subject: subject(reader)?,
        author: actor(reader)?,
        created_at: reader.time()?,
        text: reader.text()?.into(),
        unknown_fields: rest(reader),
    })
}

fn write_subject(writer: &mut ByteWriter, subject: &NoteSubject) {
    match subject {
        NoteSubject::Number(number) => {
            writer.byte(NUMBER);
            writer.uint(number.digits());
        }
        NoteSubject::Case(id) => {
            writer.byte(CASE);
            write_name(writer, id.as_str());
        }
    }
}

fn subject(reader: &mut ByteReader<'_>) -> Result<NoteSubject, DecodeError> {
    match reader.byte()? {
        NUMBER => E164::from_digits(reader.uint()?)
            .map(NoteSubject::Number)
            .ok_or(DecodeError::Range("number")),
        CASE => name(reader, CaseId::parse, "case id").map(NoteSubject::Case),
        _ => Err(DecodeError::Range("subject of a note")),
    }
}

/// An id is the shard (one byte) and the note's id (sixteen bytes, big-endian).
impl StoredRecord for Note {
    type Id = NoteKey;
    const KIND: RecordKind = RecordKind::Note;
    const NAME: &'static str = "note";

    fn shard(key: &NoteKey) -> Shard {
        key.shard
    }

    fn id_bytes(key: &NoteKey) -> Bytes {
        let mut bytes = vec![key.shard.byte()];
        bytes.extend_from_slice(&key.id.raw().to_be_bytes());
        Bytes::from(bytes)
    }

    fn id_from_bytes(bytes: &[u8]) -> Option<NoteKey> {
        let (shard, id) = bytes.split_first()?;
        Some(NoteKey {
            shard: Shard::new(*shard),
            id: NoteId::from_raw(u128::from_be_bytes(id.try_into().ok()?)),
        })
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
    use super::super::samples::hex;
    use super::super::{MAX_ID_BYTES, MAX_VALUE_BYTES};
    use super::*;
    use crate::domain::actor::Actor;
    use crate::domain::note::MAX_NOTE_CHARS;
    use crate::domain::time::Timestamp;
    use crate::domain::unknown_fields::UnknownFields;
    use proptest::prelude::*;

    fn number() -> NoteSubject {
        NoteSubject::Number(E164::from_digits(14_155_550_199).unwrap())
    }

    fn case() -> NoteSubject {
        NoteSubject::Case(CaseId::parse("popups-2026").unwrap())
    }

    fn note(subject: NoteSubject) -> Note {
        Note {
            id: NoteId::from_raw(0x0123_4567_89ab_cdef),
            subject,
            author: Actor::parse("ana").unwrap(),
            created_at: Timestamp::from_millis(1_700_000_000_123),
            text: "asked the carrier\nno answer".into(),
            unknown_fields: UnknownFields::new(&[0xee]),
        }
    }

    fn notes() -> impl Strategy<Value = Note> {
        let subject = prop_oneof![
            (12_000_000_000..12_999_999_999u64)
                .prop_map(|digits| NoteSubject::Number(E164::from_digits(digits).unwrap())),
            "[0-9a-f]{32}|[a-zA-Z0-9_-]{1,64}".prop_map(|id| NoteSubject::Case(CaseId::parse(&id).unwrap())),
        ];
        let fields = ("[a-z@.]{1,12}", any::<i64>(), "\\PC{0,40}", any::<Vec<u8>>());
        (any::<u128>(), subject, fields).prop_map(|(id, subject, (author, millis, text, unknown_fields))| Note {
            id: NoteId::from_raw(id),
            subject,
            author: Actor::parse(&author).unwrap(),
            created_at: Timestamp::from_millis(millis),
            text: text.into(),
            unknown_fields: UnknownFields::new(&unknown_fields),
        })
    }

    const CODEC: Codec<Note> = Codec { encode, decode };

    proptest! {
        #[test]
        fn round_trips(note in notes()) {
            prop_assert_eq!(decode(&encode(&note)).unwrap(), note.clone());
            let key = NoteKey::of(&note.subject, note.id);
            let bytes = Note::id_bytes(&key);
            prop_assert!(bytes.len() <= MAX_ID_BYTES);
            prop_assert_eq!(Note::id_from_bytes(&bytes), Some(key));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, is_ours: bool) {
            CODEC.takes_any_bytes(bytes.clone(), is_ours);
            if let Some(key) = Note::id_from_bytes(&bytes) {
                prop_assert_eq!(&Note::id_bytes(&key)[..], &bytes[..]);
            }
        }

        #[test]
        fn a_damaged_note_is_read_without_a_panic(note in notes(), place: prop::sample::Index, value: u8) {
            CODEC.takes_a_damaged(&note, &place, value);
        }
    }

    #[test]
    fn a_newer_release_is_refused_or_carried_through() {
        CODEC.respects_a_newer_release(&note(case()), |note| &note.unknown_fields);
    }

    #[test]
    fn the_longest_note_can_be_stored() {
        let longest = Note {
            text: "\u{1F4DE}".repeat(MAX_NOTE_CHARS).into(),
            ..note(number())
        };
        assert!(encode(&longest).len() <= MAX_VALUE_BYTES);
    }

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen() {
        assert_eq!(hex(&encode(&note(number()))), FROZEN_ON_NUMBER);
        assert_eq!(hex(&encode(&note(case()))), FROZEN_ON_CASE);
        let key = |subject| hex(&Note::id_bytes(&NoteKey::of(&subject, NoteId::from_raw(7))));
        assert_eq!([key(number()), key(case())], FROZEN_KEYS);
    }

    const FROZEN_ON_NUMBER: &str = "\
        01efcdab8967452301000000000000000001f79bf2dd3403616e61f6a1abfef9621b61736b6564207468652063617272\
        6965720a6e6f20616e73776572ee";
    const FROZEN_ON_CASE: &str = "\
        01efcdab896745230100000000000000000216706f707570732d3230323603616e61f6a1abfef9621b61736b65642074\
        686520636172726965720a6e6f20616e73776572ee";
    const FROZEN_KEYS: [&str; 2] = [
        "0000000000000000000000000000000007",
        "bc00000000000000000000000000000007",
    ];
}
