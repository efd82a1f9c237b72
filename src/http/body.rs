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
        match coding {
            Coding::Plain => plain(body, Limited::new(max_bytes, held)).await,
            Coding::Gzip => gunzip(body, Limited::new(max_bytes, held)).await,
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
        if bytes.len() > all.max_bytes {
            return Err(ErrorResponse::too_large());
        }
        if first.is_empty() && all.bytes.is_empty() {
            first = bytes;
            continue;
        }
        let first = std::mem::take(&mut first);
        let added = all.write_all(&first).and_then(|()| all.write_all(&bytes));
        added.map_err(|error| limit_error(&error))?;
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
struct Limited<'a> {
    bytes: Vec<u8>,
    max_bytes: usize,
    held: Option<&'a HeldBytes>,
}

impl<'a> Limited<'a> {
    const fn new(max_bytes: usize, held: Option<&'a HeldBytes>) -> Self {
        let bytes = Vec::new();
        Self { bytes, max_bytes, held }
    }
}

impl Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.max_bytes.saturating_sub(self.bytes.len());
        if bytes.len() > left {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if bytes.len() > self.bytes.capacity() - self.bytes.len() {
            // It doubles, but never beyond the limit.
            let more = bytes.len().max(self.bytes.len()).min(left);
            if self.held.is_some_and(|held| held.add(more).is_err()) {
                return Err(io::ErrorKind::OutOfMemory.into());
            }
            self.bytes.reserve_exact(more);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
