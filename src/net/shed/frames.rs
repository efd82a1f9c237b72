//! The frames of HTTP/2, as far as calls are refused by them (RFC 9113, sections 4.1 and 6).

/// Bytes of the head of a frame.
pub(super) const HEAD_BYTES: usize = 9;
/// Bytes with which a client begins a connection (section 3.4).
pub(super) const PREFACE_BYTES: usize = 24;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PRIORITY: u8 = 2;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

/// Flag of `DATA` and `HEADERS`: the sender sends no more on this stream.
pub(super) const END_STREAM: u8 = 0x1;
/// Flag of `SETTINGS`: the sender has taken over those of the other side.
pub(super) const ACK: u8 = 0x1;
/// Flag of `HEADERS`: the block of header fields is complete.
pub(super) const END_HEADERS: u8 = 0x4;
/// Flag of `DATA` and `HEADERS`: the payload is padded.
const PADDED: u8 = 0x8;
/// Flag of `HEADERS`: the payload begins with a priority.
const HAS_PRIORITY: u8 = 0x20;
/// The payload of `SETTINGS` by which the sender keeps no table of header fields (section 6.5.2, `SETTINGS_HEADER_TABLE_SIZE`).
pub(super) const NO_TABLE: [u8; 6] = [0, 1, 0, 0, 0, 0];
/// Bytes of a priority.
const PRIORITY_BYTES: usize = 5;

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Bytes of the payload.
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
    /// The stream; 0 for the connection.
    pub(super) stream: u32,
}

impl Head {
    /// Reads the first bytes of a frame; `None` if there are too few.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let &[a, b, c, kind, flags, d, e, f, g] = bytes.first_chunk::<HEAD_BYTES>()?;
        Some(Self {
            length: u32::from_be_bytes([0, a, b, c]) as usize,
            kind,
            flags,
            stream: u32::from_be_bytes([d, e, f, g]) & (u32::MAX >> 1),
        })
    }

    /// Whether the client opens streams with this number: the odd ones.
    pub(super) const fn is_of_client(self) -> bool {
        self.stream % 2 == 1
    }

    /// The block of header fields in the payload of a frame of `HEADERS`; `None` if it is not complete, or wrong.
    pub(super) fn block(self, payload: &[u8]) -> Option<&[u8]> {
        if self.flags & END_HEADERS == 0 || payload.len() != self.length {
            return None;
        }
        let (padding, rest) = if self.flags & PADDED == 0 {
            (0, payload)
        } else {
            payload
                .split_first()
                .map(|(padding, rest)| (usize::from(*padding), rest))?
        };
        let rest = rest.get(..rest.len().checked_sub(padding)?)?;
        if self.flags & HAS_PRIORITY == 0 {
            Some(rest)
        } else {
            rest.get(PRIORITY_BYTES..)
        }
    }
}

/// Whether the payload of `SETTINGS` makes the table of header fields smaller than it is at first.
pub(super) fn makes_table_smaller(payload: &[u8]) -> bool {
    const HEADER_TABLE_SIZE: [u8; 2] = [0, 1];
    const AT_FIRST: u32 = 4_096;
    payload.chunks_exact(6).any(|setting| {
        let (name, value) = setting.split_at(2);
        let value = value.try_into().map_or(0, u32::from_be_bytes);
        name == HEADER_TABLE_SIZE && value < AT_FIRST
    })
}

/// Appends a frame. Its payload is shorter than any limit of a client.
pub(super) fn write(to: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    to.extend(length);
    to.extend([kind, flags]);
    to.extend(stream.to_be_bytes());
    to.extend(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_written() {
        let mut frame = Vec::new();
        write(&mut frame, HEADERS, END_HEADERS, 7, b"block");
        assert_eq!(frame, b"\x00\x00\x05\x01\x04\x00\x00\x00\x07block");
        let head = Head::read(&frame).unwrap();
        assert_eq!(
            (head.length, head.kind, head.flags, head.stream),
            (5, HEADERS, END_HEADERS, 7)
        );
        assert_eq!(Head::read(&frame[..HEAD_BYTES - 1]), None);
        // The first bit of the number is reserved, and is ignored.
        frame[5] = 0x80;
        assert_eq!(Head::read(&frame).unwrap().stream, 7);
    }

    #[test]
    fn the_block_is_found_between_priority_and_padding() {
        let block = |flags, payload: &'static [u8]| {
            let head = Head {
                length: payload.len(),
                kind: HEADERS,
                flags,
                stream: 1,
            };
            head.block(payload)
        };
        assert_eq!(block(END_HEADERS, b"block"), Some(&b"block"[..]));
        assert_eq!(block(END_HEADERS | HAS_PRIORITY, b"01234block"), Some(&b"block"[..]));
        assert_eq!(block(END_HEADERS | PADDED, b"\x02block.."), Some(&b"block"[..]));
        assert_eq!(block(0, b"block"), None, "it goes on in the next frame");
        for wrong in [&b""[..], b"\x09block"] {
            assert_eq!(block(END_HEADERS | PADDED, wrong), None);
        }
        assert_eq!(block(END_HEADERS | HAS_PRIORITY, b"0123"), None);
        let longer = Head {
            length: 6,
            kind: HEADERS,
            flags: END_HEADERS,
            stream: 1,
        };
        assert_eq!(longer.block(b"block"), None, "a part of it is still to come");
    }
}
