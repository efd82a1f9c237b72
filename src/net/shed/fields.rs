//! Blocks of header fields in the form of HPACK (RFC 7541).

use http::HeaderMap;

/// The field `:status: 200` in the static table (appendix A).
const STATUS_200: u8 = 0x88;

/// Whether the block leaves the table of its receiver as it is: it inserts no field, and does not change the size of the table.
/// The receiver of such a block may miss it, and still understands those after it. A block with a fault is none of these. If
/// the table has no room, what is inserted is not in it, and it stays as it is.
pub(super) fn leaves_table(mut block: &[u8], has_no_room: bool) -> bool {
    while let Some(&first) = block.first() {
        let rest = if first & 0x80 != 0 {
            // An indexed field (section 6.1).
            skip_number(block, 0x7f)
        } else if first & 0xe0 == 0 {
            // A literal field that is not inserted (sections 6.2.2 and 6.2.3).
            skip_literal(block, 0x0f)
        } else if first & 0xc0 == 0x40 && has_no_room {
            // One that is (section 6.2.1).
            skip_literal(block, 0x3f)
        } else {
            None
        };
        let Some(rest) = rest else {
            return false;
        };
        block = rest;
    }
    true
}

/// A number in the last bits of the first byte, and in those after it (section 5.1), and what follows. Numbers of more than
/// three bytes do not occur in a frame.
fn number(bytes: &[u8], mask: u8) -> Option<(usize, &[u8])> {
    let (&first, mut rest) = bytes.split_first()?;
    let mut number = usize::from(first & mask);
    if number < usize::from(mask) {
        return Some((number, rest));
    }
    for shift in [0, 7, 14] {
        let (&next, after) = rest.split_first()?;
        number += usize::from(next & 0x7f) << shift;
        rest = after;
        if next & 0x80 == 0 {
            return Some((number, rest));
        }
    }
    None
}

/// The size that the table gets at the beginning of a block (section 6.3), if it gets one.
pub(super) fn table_size(mut block: &[u8]) -> Option<usize> {
    let mut size = None;
    while block.first().is_some_and(|first| first & 0xe0 == 0x20) {
        let (next, rest) = number(block, 0x1f)?;
        size = Some(next);
        block = rest;
    }
    size
}

/// Skips a field whose name is indexed, or a text.
fn skip_literal(block: &[u8], mask: u8) -> Option<&[u8]> {
    let name = if block.first()? & mask == 0 {
        block.get(1..).and_then(skip_text)
    } else {
        skip_number(block, mask)
    };
    name.and_then(skip_text)
}

fn skip_number(bytes: &[u8], mask: u8) -> Option<&[u8]> {
    number(bytes, mask).map(|(_, rest)| rest)
}

/// Skips a text (section 5.2).
fn skip_text(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = number(bytes, 0x7f)?;
    rest.get(length..)
}

/// The block of an answer that consists of its head: status 200, and these fields. It uses no table.
pub(crate) fn answer_block(fields: &HeaderMap) -> Vec<u8> {
    let mut block = vec![STATUS_200];
    for (name, value) in fields {
        block.push(0);
        write_text(&mut block, name.as_str().as_bytes());
        write_text(&mut block, value.as_bytes());
    }
    block
}

fn write_text(to: &mut Vec<u8>, text: &[u8]) {
    let mut length = text.len();
    if length < 0x7f {
        to.push(u8::try_from(length).unwrap_or(0));
    } else {
        length -= 0x7f;
        to.push(0x7f);
        while length >= 0x80 {
            to.push(u8::try_from(length & 0x7f).unwrap_or(0) | 0x80);
            length >>= 7;
        }
        to.push(u8::try_from(length).unwrap_or(0));
    }
    to.extend(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_without_insertions_leaves_the_table() {
        for block in [
            &b""[..],
            b"\x83\x86\xbe",
            b"\xff\x80\x01",           // the field 255
            b"\x04\x05/path\x83",      // a literal with an indexed name
            b"\x00\x02te\x08trailers", // and with a text
            b"\x10\x02te\x08trailers", // one that nobody may insert
            b"\x1f\x08\x83abc",        // a name of two bytes, a text in the code of Huffman
        ] {
            assert!(leaves_table(block, false), "{block:?}");
        }
    }

    #[test]
    fn a_block_that_changes_the_table_or_has_a_fault_does_not() {
        for block in [
            &b"\x83\x44\x05/path"[..], // a literal that is inserted
            b"\x40\x02te\x08trailers",
            b"\x20",          // the table has no room any more
            b"\x04\x06/path", // the text is too short
            b"\x04",
            b"\x00",
            b"\xff",
            b"\xff\x80\x80\x80\x80", // the number does not end
        ] {
            assert!(!leaves_table(block, false), "{block:?}");
        }
    }

    #[test]
    fn a_table_without_room_stays_as_it_is() {
        for (block, leaves) in [
            (&b"\x83\x44\x05/path"[..], true),
            (b"\x40\x02te\x08trailers", true),
            (b"\x20\x83", false),
            (b"\x44\x06/path", false),
        ] {
            assert_eq!(leaves_table(block, true), leaves, "{block:?}");
        }
        for (block, size) in [
            (&b"\x20\x83"[..], Some(0)),
            (b"\x20\x3f\xe1\x1f\x83", Some(4_096)),
            (b"\x83\x20", None),
            (b"", None),
        ] {
            assert_eq!(table_size(block), size, "{block:?}");
        }
    }

    #[test]
    fn an_answer_is_read_as_it_was_written() {
        let long = "v".repeat(1_000);
        let mut fields = HeaderMap::new();
        fields.insert("grpc-status", "8".parse().unwrap());
        fields.insert("details", long.parse().unwrap());
        let block = answer_block(&fields);
        assert!(leaves_table(&block, false));
        let expected = [
            &b"\x88\x00\x0bgrpc-status\x018\x00\x07details\x7f\xe9\x06"[..],
            long.as_bytes(),
        ];
        assert_eq!(block, expected.concat());
    }
}
