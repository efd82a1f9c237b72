//! The bytes of a body: read whole, within limits, and decompressed while they arrive.

use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use flate2::write::GzDecoder;
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

use super::error_response::ErrorResponse;
use crate::api::ApiError;
use crate::net::HeldBytes;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of a body whose length is unknown for which a buffer grows. A longer one gets room for all that it may have.
const MAX_SMALL: usize = 64 << 10;
/// The most members of a gzip body. Each costs time and memory, even an empty one of 20 bytes. Tools that compress in blocks
/// of 64 KiB write 130 for 8 MiB.
const MAX_MEMBERS: usize = 1_024;

/// Reads a body to its end. It may have this many bytes, both as it arrives and decompressed, and its bytes count as held by
/// its request.
pub(super) async fn collect(
    headers: &HeaderMap,
    body: Incoming,
    (max_bytes, held): (usize, Option<&HeldBytes>),
) -> Result<Bytes, ErrorResponse> {
    let coding = Coding::of(headers)?;
    // A body that says its length is refused before it arrives.
    if body.size_hint().lower() > u64::try_from(max_bytes).unwrap_or(u64::MAX) {
        return Err(ErrorResponse::too_large());
    }
    let bytes = async {
        let mut all = Limited::new(max_bytes, held);
        match coding {
            Coding::Plain => {
                let length = body.size_hint().exact();
                all.announced = length.and_then(|length| usize::try_from(length).ok());
                plain(body, all).await
            }
            Coding::Gzip => gunzip(body, all).await,
        }
    };
    let in_time = tokio::time::timeout(BODY_TIMEOUT, bytes).await;
    in_time.unwrap_or_else(|_elapsed| Err(ErrorResponse::too_slow()))
}

/// The content coding of a body.
enum Coding {
    Plain,
    Gzip,
}

impl Coding {
    /// The codings that the headers name (RFC 9110 section 8.4). More than one that changes the body is refused.
    fn of(headers: &HeaderMap) -> Result<Self, ErrorResponse> {
        let mut coding = Self::Plain;
        for value in headers.get_all(header::CONTENT_ENCODING) {
            let names = value.to_str().map_err(|_| ErrorResponse::wrong_coding())?;
            for name in names.split(',').map(|name| name.trim().to_ascii_lowercase()) {
                coding = match (coding, name.as_str()) {
                    (coding, "" | "identity") => coding,
                    (Self::Plain, "gzip" | "x-gzip") => Self::Gzip,
                    _ => return Err(ErrorResponse::wrong_coding()),
                };
            }
        }
        Ok(coding)
    }
}

/// The bytes as they arrive. Those of a small body are not copied.
async fn plain(mut body: Incoming, mut all: Limited<'_>) -> Result<Bytes, ErrorResponse> {
    let mut first = Bytes::new();
    while let Some(bytes) = next(&mut body).await? {
        all.count(bytes.len()).map_err(|error| limit_error(&error))?;
        if first.is_empty() && all.bytes.is_empty() {
            first = bytes;
            continue;
        }
        let first = std::mem::take(&mut first);
        let kept = all.keep(&first).and_then(|()| all.keep(&bytes));
        kept.map_err(|error| limit_error(&error))?;
    }
    Ok(if first.is_empty() { all.bytes.into() } else { first })
}

/// The decompressed bytes. Of a compressed body only the piece that has arrived last is kept.
async fn gunzip(mut body: Incoming, all: Limited<'_>) -> Result<Bytes, ErrorResponse> {
    let max_bytes = all.max_bytes;
    let mut members = Members::new(all);
    let mut arrived = 0_usize;
    while let Some(bytes) = next(&mut body).await? {
        arrived = arrived.saturating_add(bytes.len());
        if arrived > max_bytes {
            return Err(ErrorResponse::too_large());
        }
        members.push(&bytes)?;
    }
    if arrived == 0 {
        return Err(ErrorResponse::broken_gzip());
    }
    members.finish()
}

/// Decompresses the members of a gzip body, one after another.
struct Members<'a> {
    decoder: GzDecoder<Limited<'a>>,
    /// The members that have begun.
    begun: usize,
}

impl<'a> Members<'a> {
    fn new(all: Limited<'a>) -> Self {
        Self {
            decoder: GzDecoder::new(all),
            begun: 1,
        }
    }

    fn push(&mut self, mut bytes: &[u8]) -> Result<(), ErrorResponse> {
        while !bytes.is_empty() {
            let read = self.decoder.write(bytes).map_err(|error| gzip_error(&error))?;
            if read == 0 {
                self.begin_next()?;
            }
            bytes = bytes.get(read..).unwrap_or_default();
        }
        Ok(())
    }

    /// Ends the member, after which more bytes have arrived.
    fn begin_next(&mut self) -> Result<(), ErrorResponse> {
        if self.begun >= MAX_MEMBERS {
            return Err(ErrorResponse::too_many_members(MAX_MEMBERS));
        }
        self.begun += 1;
        self.decoder.try_finish().map_err(|error| gzip_error(&error))?;
        let decompressed = std::mem::replace(self.decoder.get_mut(), Limited::new(0, None));
        self.decoder = GzDecoder::new(decompressed);
        Ok(())
    }

    fn finish(self) -> Result<Bytes, ErrorResponse> {
        let decompressed = self.decoder.finish().map_err(|error| gzip_error(&error))?;
        Ok(decompressed.bytes.into())
    }
}

fn gzip_error(error: &io::Error) -> ErrorResponse {
    let kind = error.kind();
    if kind == io::ErrorKind::FileTooLarge || kind == io::ErrorKind::OutOfMemory {
        limit_error(error)
    } else {
        ErrorResponse::broken_gzip()
    }
}

/// The error of bytes that [`Limited`] did not take.
fn limit_error(error: &io::Error) -> ErrorResponse {
    if error.kind() == io::ErrorKind::OutOfMemory {
        ApiError::overloaded().into()
    } else {
        ErrorResponse::too_large()
    }
}

/// The next bytes of a body; none at its end. Trailers are left out.
async fn next(body: &mut Incoming) -> Result<Option<Bytes>, ErrorResponse> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ErrorResponse::broken_body())?;
        if let Ok(bytes) = frame.into_data() {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

/// Bytes up to a limit, and as long as their request may hold them.
///
/// A long body gets all of its room at once, and counts by the bytes that have arrived: room that nothing was written to takes
/// no memory. A buffer that grows would be copied, and the allocator would keep the smaller ones for a while: 24 bodies of 8
/// MiB took a third more than was counted for them.
struct Limited<'a> {
    bytes: Vec<u8>,
    /// The bytes that were counted.
    counted: usize,
    max_bytes: usize,
    /// The length that the client has announced, at most `max_bytes`.
    announced: Option<usize>,
    held: Option<&'a HeldBytes>,
}

impl<'a> Limited<'a> {
    const fn new(max_bytes: usize, held: Option<&'a HeldBytes>) -> Self {
        Self {
            bytes: Vec::new(),
            counted: 0,
            max_bytes,
            announced: None,
            held,
        }
    }

    /// Counts bytes that have arrived or were decompressed.
    fn count(&mut self, bytes: usize) -> io::Result<()> {
        if bytes > self.max_bytes.saturating_sub(self.counted) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if self.held.is_some_and(|held| held.add(bytes).is_err()) {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        self.counted += bytes;
        Ok(())
    }

    /// Keeps bytes that were counted.
    fn keep(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > self.bytes.capacity() - self.bytes.len() {
            let needed = self.bytes.len() + bytes.len();
            let room = self.announced.unwrap_or(if needed > MAX_SMALL {
                self.max_bytes
            } else {
                (2 * needed).min(self.max_bytes)
            });
            let more = room.max(needed) - self.bytes.len();
            let reserved = self.bytes.try_reserve_exact(more);
            reserved.map_err(|_full| io::ErrorKind::OutOfMemory)?;
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

impl Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.count(bytes.len())?;
        self.keep(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 1 << 20;
    const PART: [u8; 1_000] = [b' '; 1_000];

    /// The rooms that a buffer has had while it was filled.
    fn rooms(mut all: Limited<'_>, parts: usize) -> Vec<usize> {
        let mut rooms = Vec::new();
        for _ in 0..parts {
            all.write_all(&PART).unwrap();
            rooms.push(all.bytes.capacity());
        }
        assert_eq!(all.bytes.len(), parts * PART.len());
        rooms.dedup();
        rooms
    }

    #[test]
    fn a_long_body_is_never_copied_into_a_larger_buffer() {
        let announced = Limited {
            announced: Some(900_000),
            ..Limited::new(MAX, None)
        };
        assert_eq!(rooms(announced, 900), [900_000]);
        let unknown = rooms(Limited::new(MAX, None), 900);
        let (last, small) = unknown.split_last().unwrap();
        assert_eq!(*last, MAX);
        assert!(small.iter().all(|room| *room <= 2 * MAX_SMALL), "{small:?}");
    }

    #[test]
    fn a_body_that_is_longer_than_it_may_be_is_refused() {
        let mut all = Limited::new(1_500, None);
        all.write_all(&PART).unwrap();
        let error = all.write_all(&PART).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(all.bytes.len(), PART.len());
    }
}
