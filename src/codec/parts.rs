//! Fields that several records share: names, sums, counts, presence masks, times near other times.

use std::borrow::Cow;

use super::{ByteReader, ByteWriter, DecodeError};
use crate::domain::bitmap::DistinctCount;
use crate::domain::ids::NameError;
use crate::domain::requests::Requests;
use crate::domain::time::Timestamp;

/// Bits of a [`DistinctCount`] from which on the map itself is shorter than the list of its bits.
const LISTED_BITS: u8 = 16;

/// A mask of the fields that follow: an integer with one bit for each field, the first field in the lowest bit. The fields
/// that most records have come first, so that the mask mostly takes one byte.
pub(super) fn write_presence<const N: usize>(writer: &mut ByteWriter, present: [bool; N]) {
    writer.uint(present.iter().rev().fold(0, |mask, &bit| mask << 1 | u64::from(bit)));
}

pub(super) fn presence<const N: usize>(reader: &mut ByteReader<'_>) -> Result<[bool; N], DecodeError> {
    let mask = reader.uint()?;
    let mut left = mask;
    let present = [(); N].map(|()| {
        let bit = left & 1 == 1;
        left >>= 1;
        bit
    });
    if left == 0 {
        Ok(present)
    } else {
        Err(DecodeError::Range("presence mask"))
    }
}

/// A name of at most a few dozen bytes. Most are lower-case hexadecimal digits or decimal ones, which are packed two
/// to a byte; the lowest bit of the length says whether they are.
pub(super) fn write_name(writer: &mut ByteWriter, name: &str) {
    let nibbles: Option<Vec<u8>> = name.bytes().map(nibble).collect();
    let length = (name.len() as u64) << 1;
    match nibbles {
        Some(nibbles) => {
            writer.uint(length | 1);
            for pair in nibbles.chunks(2) {
                let mut pair = pair.iter();
                let (high, low) = (pair.next().unwrap_or(&0), pair.next().unwrap_or(&0));
                writer.byte(high << 4 | low);
            }
        }
        None => {
            writer.uint(length);
            writer.raw(name.as_bytes());
        }
    }
}

pub(super) fn name<T>(
    reader: &mut ByteReader<'_>,
    parse: impl FnOnce(&str) -> Result<T, NameError>,
    what: &'static str,
) -> Result<T, DecodeError> {
    parse(&name_text(reader, what)?).map_err(|_| DecodeError::Range(what))
}

fn name_text<'a>(reader: &mut ByteReader<'a>, what: &'static str) -> Result<Cow<'a, str>, DecodeError> {
    let tagged = reader.uint()?;
    let length = usize::try_from(tagged >> 1).map_err(|_| DecodeError::Range(what))?;
    if tagged & 1 == 0 {
        let text = std::str::from_utf8(reader.take(length)?).map_err(|_| DecodeError::Range(what))?;
        return Ok(Cow::Borrowed(text));
    }
    let packed = reader.take(length.div_ceil(2))?;
    let digits = packed.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    let text: String = digits
        .take(length)
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect();
    Ok(Cow::Owned(text))
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// A sum or share, exactly: one byte for 0 and 1, five where a short float holds it, nine otherwise.
pub(super) fn write_sum(writer: &mut ByteWriter, sum: f64) {
    #[expect(clippy::cast_possible_truncation, reason = "compared with the original below")]
    let short = sum as f32;
    if sum.to_bits() == 0 {
        writer.byte(0);
    } else if sum.to_bits() == 1f64.to_bits() {
        writer.byte(1);
    } else if f64::from(short).to_bits() == sum.to_bits() {
        writer.byte(2);
        writer.short_float(short);
    } else {
        writer.byte(3);
        writer.float(sum);
    }
}

pub(super) fn sum(reader: &mut ByteReader<'_>) -> Result<f64, DecodeError> {
    match reader.byte()? {
        0 => Ok(0.0),
        1 => Ok(1.0),
        2 => reader.short_float().map(f64::from),
        3 => reader.float(),
        _ => Err(DecodeError::Range("form of a sum")),
    }
}

/// A count of distinct things: how many bits are set and which, or [`LISTED_BITS`] and the whole map.
pub(super) fn write_distinct(writer: &mut ByteWriter, count: DistinctCount) {
    let bits = count.bits();
    match u8::try_from(bits.count_ones()) {
        Ok(set) if set < LISTED_BITS => {
            writer.byte(set);
            for place in (0..128u8).filter(|place| bits >> place & 1 == 1) {
                writer.byte(place);
            }
        }
        _ => {
            writer.byte(LISTED_BITS);
            writer.fixed128(bits);
        }
    }
}

pub(super) fn distinct(reader: &mut ByteReader<'_>) -> Result<DistinctCount, DecodeError> {
    let set = reader.byte()?;
    if set == LISTED_BITS {
        return reader.fixed128().map(DistinctCount::from_bits);
    }
    if set > LISTED_BITS {
        return Err(DecodeError::Range("form of a distinct count"));
    }
    let places = reader.take(usize::from(set))?;
    places
        .iter()
        .try_fold(0, |bits, &place| Some(bits | 1u128.checked_shl(u32::from(place))?))
        .map(DistinctCount::from_bits)
        .ok_or(DecodeError::Range("bit of a distinct count"))
}

/// A time near another one, written as the difference: two times of one report are mostly of one day.
pub(super) fn write_since(writer: &mut ByteWriter, base: Timestamp, moment: Timestamp) {
    writer.int(moment.millis().wrapping_sub(base.millis()));
}

pub(super) fn since(reader: &mut ByteReader<'_>, base: Timestamp) -> Result<Timestamp, DecodeError> {
    let difference = reader.int()?;
    Ok(Timestamp::from_millis(base.millis().wrapping_add(difference)))
}

/// A value of one of the closed lists, by its stable integer.
pub(super) fn code<T>(
    reader: &mut ByteReader<'_>,
    known: impl FnOnce(u8) -> Option<T>,
    what: &'static str,
) -> Result<T, DecodeError> {
    known(reader.byte()?).ok_or(DecodeError::Range(what))
}

pub(super) fn write_requests(writer: &mut ByteWriter, requests: &Requests) {
    writer.list(requests.pairs(), |writer, (id, content)| {
        writer.fixed128(id);
        writer.fixed64(content);
    });
}

pub(super) fn requests(reader: &mut ByteReader<'_>) -> Result<Requests, DecodeError> {
    let pairs = reader.list(|reader| Ok((reader.fixed128()?, reader.fixed64()?)))?;
    Ok(Requests::from_pairs(pairs.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ReportId;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut ByteWriter)) -> Vec<u8> {
        let mut writer = ByteWriter::default();
        write(&mut writer);
        writer.finish()
    }

    proptest! {
        #[test]
        fn names_round_trip(text in prop_oneof!["[0-9a-f]{1,64}", "[0-9a-zA-Z.:-]{1,64}", "[\\PC&&[^ ]]{1,16}"]) {
            prop_assume!(ReportId::parse(&text).is_ok_and(|id| id.as_str() == text));
            let bytes = written(|writer| write_name(writer, &text));
            let read = name(&mut ByteReader::new(&bytes), ReportId::parse, "id").unwrap();
            prop_assert_eq!(read.as_str(), text);
        }

        #[test]
        fn sums_round_trip_bit_for_bit(bits: u64) {
            let value = f64::from_bits(bits);
            let bytes = written(|writer| write_sum(writer, value));
            prop_assert_eq!(sum(&mut ByteReader::new(&bytes)).unwrap().to_bits(), bits);
        }

        #[test]
        fn short_sums_take_five_bytes(value in 0.001f32..0.999) {
            let bytes = written(|writer| write_sum(writer, f64::from(value)));
            prop_assert_eq!(bytes.len(), 5);
        }

        #[test]
        fn distinct_counts_round_trip(bits: u128, mask: u128, other: u128) {
            for bits in [bits, bits & mask & other, bits & mask & other & bits.rotate_left(7) & mask.rotate_left(3)] {
                let bytes = written(|writer| write_distinct(writer, DistinctCount::from_bits(bits)));
                prop_assert!(bytes.len() <= 17);
                prop_assert_eq!(distinct(&mut ByteReader::new(&bytes)).unwrap().bits(), bits);
            }
        }

        #[test]
        fn moments_round_trip(base: i64, moment: i64) {
            let (base, moment) = (Timestamp::from_millis(base), Timestamp::from_millis(moment));
            let bytes = written(|writer| write_since(writer, base, moment));
            prop_assert_eq!(since(&mut ByteReader::new(&bytes), base).unwrap(), moment);
        }

        #[test]
        fn presence_round_trips(present: [bool; 10]) {
            let bytes = written(|writer| write_presence(writer, present));
            prop_assert_eq!(presence::<10>(&mut ByteReader::new(&bytes)).unwrap(), present);
        }
    }

    #[test]
    fn hexadecimal_names_take_half() {
        let bytes = written(|writer| write_name(writer, "0123456789abcdef0123456789abcdef"));
        assert_eq!(bytes.len(), 17);
        assert_eq!(written(|writer| write_name(writer, "315")), [7, 0x31, 0x50]);
    }

    #[test]
    fn a_field_that_is_not_known_is_refused() {
        let bytes = written(|writer| write_presence(writer, [false, false, true]));
        assert_eq!(
            presence::<2>(&mut ByteReader::new(&bytes)),
            Err(DecodeError::Range("presence mask"))
        );
        assert_eq!(
            sum(&mut ByteReader::new(&[4])),
            Err(DecodeError::Range("form of a sum"))
        );
        assert!(distinct(&mut ByteReader::new(&[1, 128])).is_err());
    }
}
