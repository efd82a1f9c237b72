//! The bytes of a part of the memory of requests, a side record.

use bytes::Bytes;

use super::{ByteReader, DecodeError, SideKind, SideRecord, UnreadableValue, read_as, rest, written};
use crate::domain::request_memory::{MemoryPart, RememberedRequest, RequestMemory};
use crate::domain::requests::Fingerprint;
use crate::shard::Shard;

/// The bytes of a part.
#[must_use]
pub fn encode(memory: &RequestMemory) -> Bytes {
    written(&memory.unknown_fields, |writer| {
        writer.list(memory.all(), |writer, known| {
            let (id, content) = known.request.pair();
            writer.fixed128(id);
            writer.fixed64(content);
            writer.time(known.noted_at);
            writer.byte(u8::from(known.is_done));
            writer.list(known.figures.iter(), |writer, figure| writer.uint((*figure).into()));
        });
    })
}

/// A part from its bytes.
///
/// # Errors
/// If they are not a part of the memory of requests, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<RequestMemory, UnreadableValue> {
    read_as("memory of requests", bytes, |reader| {
        let requests = reader.list(|reader| {
            let request = Fingerprint::from_pair((reader.fixed128()?, reader.fixed64()?));
            let noted_at = reader.time()?;
            let is_done = match reader.byte()? {
                0 => false,
                1 => true,
                _ => return Err(DecodeError::Range("flag")),
            };
            let figures = reader.list(ByteReader::uint32)?;
            Ok(RememberedRequest {
                request,
                noted_at,
                is_done,
                figures,
            })
        })?;
        Ok(RequestMemory::of(requests, rest(reader)))
    })
}

impl SideRecord for RequestMemory {
    type Id = MemoryPart;
    const KIND: SideKind = SideKind::Requests;
    const NAME: &'static str = "requests";

    fn shard(id: &MemoryPart) -> Shard {
        Shard::of_memory_part(*id)
    }

    fn id_bytes(id: &MemoryPart) -> Bytes {
        Bytes::copy_from_slice(&id.number().to_be_bytes())
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
    use super::*;
    use crate::domain::time::Timestamp;
    use crate::domain::unknown_fields::UnknownFields;
    use proptest::prelude::*;

    const CODEC: Codec<RequestMemory> = Codec { encode, decode };

    /// The hashes of a request, when it was noted, whether it is done, and its figures.
    type Remembered = ((u128, u64), i64, bool, Vec<u32>);

    fn memory_of(requests: Vec<Remembered>, newer: &[u8]) -> RequestMemory {
        let requests = requests
            .into_iter()
            .map(|(pair, noted_at, is_done, figures)| RememberedRequest {
                request: Fingerprint::from_pair(pair),
                noted_at: Timestamp::from_millis(noted_at),
                is_done,
                figures,
            });
        RequestMemory::of(requests.collect(), UnknownFields::new(newer))
    }

    fn full() -> RequestMemory {
        let requests = vec![
            ((7, 9), 1_700_000_000_123, true, vec![1, 300, u32::MAX]),
            ((8, 10), -1, false, Vec::new()),
        ];
        memory_of(requests, &[0xee])
    }

    proptest! {
        #[test]
        fn round_trips(requests: Vec<Remembered>, newer: Vec<u8>) {
            let memory = memory_of(requests, &newer);
            prop_assert_eq!(decode(&encode(&memory)).unwrap(), memory);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, is_ours: bool) {
            CODEC.takes_any_bytes(bytes, is_ours);
        }
    }

    #[test]
    fn a_newer_release_is_refused_or_carried_through() {
        CODEC.respects_a_newer_release(&full(), |memory| &memory.unknown_fields);
    }

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen() {
        assert_eq!(hex(&encode(&full())), FROZEN);
    }

    const FROZEN: &str = "\
        0102\
        070000000000000000000000000000000900000000000000f6a1abfef962010301ac02ffffffff0f\
        080000000000000000000000000000000a00000000000000010000ee";
}
