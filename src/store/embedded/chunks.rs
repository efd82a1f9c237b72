//! Splits long values into parts that survive the engine's recovery.
//!
//! After a power cut, a disk may hold some of the 512-byte sectors of a batch that was being written, and zeros in place
//! of the others. The engine finds a torn batch by the tag byte at the start of every item of its journal, and cuts the
//! journal there. But when no tag is missing, because the lost sectors lie within one value, it finds a wrong checksum
//! and does not open at all. So no item may cover a whole sector: with [`MAX_PART_BYTES`], every sector of the journal
//! holds the first byte of an item.
//!
//! The first part begins with the number of further parts (two bytes, big-endian) and has the value's own key. The
//! further parts are in a space of their own, so that a scan does not read them.

use super::keys::MAX_KEY_BYTES;

/// The most bytes of an engine value.
pub(super) const MAX_PART_BYTES: usize = 384;

/// The bytes that a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;
/// The bytes that the engine's journal adds to an item: tag, type, compression, space, and three lengths.
const ITEM_BYTES: usize = 21;
/// The bytes that the key of a further part adds: space and index.
const PART_KEY_BYTES: usize = 3;
const COUNT_BYTES: usize = 2;
const HEAD_BYTES: usize = MAX_PART_BYTES - COUNT_BYTES;

const _: () = assert!(ITEM_BYTES + MAX_KEY_BYTES + PART_KEY_BYTES + MAX_PART_BYTES <= SECTOR_BYTES);

/// The first part of a value, and the further parts; none for a value above 25 MB, which has more parts than two bytes
/// can count.
pub(super) fn split(value: &[u8]) -> Option<(Vec<u8>, impl ExactSizeIterator<Item = &[u8]>)> {
    let (first, rest) = value.split_at(value.len().min(HEAD_BYTES));
    let parts = rest.chunks(MAX_PART_BYTES);
    let count = u16::try_from(parts.len()).ok()?;
    let mut head = Vec::with_capacity(COUNT_BYTES + first.len());
    head.extend_from_slice(&count.to_be_bytes());
    head.extend_from_slice(first);
    Some((head, parts))
}

/// The number of further parts, and the bytes of the value in the first part; none if it is not a first part.
pub(super) fn open(head: &[u8]) -> Option<(u16, &[u8])> {
    let (count, first) = head.split_first_chunk::<COUNT_BYTES>()?;
    Some((u16::from_be_bytes(*count), first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(bytes: usize) -> Vec<u8> {
        (0..=u8::MAX).cycle().take(bytes).collect()
    }

    #[test]
    fn any_length_round_trips() {
        for bytes in [
            0,
            1,
            HEAD_BYTES - 1,
            HEAD_BYTES,
            HEAD_BYTES + 1,
            HEAD_BYTES + MAX_PART_BYTES,
            4 << 20,
        ] {
            let value = value(bytes);
            let (head, parts) = split(&value).unwrap();
            let parts: Vec<&[u8]> = parts.collect();
            let (count, first) = open(&head).unwrap();
            assert_eq!(usize::from(count), parts.len());
            assert_eq!([&[first][..], &parts].concat().concat(), value);
            assert!(head.len() <= MAX_PART_BYTES && parts.iter().all(|part| part.len() <= MAX_PART_BYTES));
            assert!(parts.iter().all(|part| !part.is_empty()));
        }
    }

    #[test]
    fn short_values_are_one_part() {
        assert_eq!(split(b"state").unwrap().0, b"\0\0state");
        assert_eq!(split(&value(HEAD_BYTES)).unwrap().1.len(), 0);
        assert_eq!(split(&value(HEAD_BYTES + 1)).unwrap().1.len(), 1);
    }

    #[test]
    fn a_value_with_too_many_parts_is_refused() {
        let most = HEAD_BYTES + MAX_PART_BYTES * usize::from(u16::MAX);
        assert!(split(&value(most)).is_some());
        assert!(split(&value(most + 1)).is_none());
        assert_eq!(open(b"\0"), None);
    }
}
