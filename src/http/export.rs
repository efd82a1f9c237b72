//! The export of reports: a line of JSON for each report, and a last line with the total. A body without the last line is not
//! complete. A piece is made when the client takes it, so an export of any size needs little memory.

use std::io::{self, Write as _};
use std::vec;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;

use super::request::{Decoded, ResponseFuture, RoutedRequest};
use super::response::{CutOff, JSON_LINES, in_pieces};
use crate::api::ApiError;
use crate::edge::catch_stream_panic;
use crate::wire::v1;

/// The most reports of one piece. A piece is made at once, and calls wait for it on the same thread.
const REPORTS_OF_PIECE: usize = 100;

/// Exports reports.
pub(super) fn lines(request: RoutedRequest) -> ResponseFuture {
    Box::pin(async move {
        let is_gzip = accepts_gzip(&request.head.headers);
        let decoded = request.decode(|message: v1::ExportReportsRequest| message, |_| None);
        let Decoded { api, message, context } = decoded.await?;
        let parts = api.export_reports::<ApiError>(message, &context).await?;
        let lines = Lines::new(catch_stream_panic(context.edge, parts).boxed(), is_gzip);
        let pieces = stream::try_unfold(lines, |mut lines| async move {
            let piece = lines.next().await?;
            Ok(piece.map(|piece| (piece, lines)))
        });
        let mut response = in_pieces(JSON_LINES, pieces);
        let headers = response.headers_mut();
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if is_gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Ok(response)
    })
}

/// The lines of an export on their way to a client.
struct Lines {
    parts: BoxStream<'static, Result<v1::ExportReportsResponse, ApiError>>,
    /// Reports that were read and not sent.
    reports: vec::IntoIter<v1::ExportedReport>,
    /// The count of all reports, once the last ones were read.
    total: Option<u64>,
    packing: Option<GzEncoder<Vec<u8>>>,
    /// Whether the line with the total was sent.
    is_over: bool,
}

impl Lines {
    fn new(parts: BoxStream<'static, Result<v1::ExportReportsResponse, ApiError>>, is_gzip: bool) -> Self {
        Self {
            parts,
            reports: Vec::new().into_iter(),
            total: None,
            packing: is_gzip.then(|| GzEncoder::new(Vec::new(), Compression::fast())),
            is_over: false,
        }
    }

    /// The next piece; none after the line with the total.
    ///
    /// # Errors
    /// If the export stops before its end.
    async fn next(&mut self) -> Result<Option<Bytes>, CutOff> {
        while !self.is_over {
            let mut text = Vec::new();
            for report in self.reports.by_ref().take(REPORTS_OF_PIECE) {
                write_line(&mut text, &report)?;
            }
            if text.is_empty() && self.total.is_none() {
                let part = self.parts.next().await.ok_or(CutOff)?;
                // The client sees the cause only as a body that is cut off.
                let part = part.map_err(|error| {
                    tracing::warn!(code = ?error.code(), "an export was cut off");
                    CutOff
                })?;
                (self.reports, self.total) = (part.reports.into_iter(), part.total);
                continue;
            }
            if text.is_empty() {
                let total = v1::ExportReportsResponse {
                    total: self.total,
                    ..Default::default()
                };
                write_line(&mut text, &total)?;
                self.is_over = true;
            }
            let piece = self.packed(text).map_err(|_error| CutOff)?;
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    /// The bytes to send for a text. Compressed bytes may come with a later text.
    fn packed(&mut self, text: Vec<u8>) -> io::Result<Bytes> {
        let Some(packing) = &mut self.packing else {
            return Ok(text.into());
        };
        packing.write_all(&text)?;
        if self.is_over {
            packing.try_finish()?;
        }
        Ok(std::mem::take(packing.get_mut()).into())
    }
}

fn write_line<T: Serialize>(text: &mut Vec<u8>, message: &T) -> Result<(), CutOff> {
    serde_json::to_writer(&mut *text, message).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written as JSON");
        CutOff
    })?;
    text.push(b'\n');
    Ok(())
}

/// Whether a client takes gzip (RFC 9110, section 12.5.3). A quality of 0 means that it does not.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let codings = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','));
    codings.into_iter().any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        is_gzip && quality.is_none_or(|quality| quality.parse::<f32>().is_ok_and(|quality| quality > 0.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces of an export with these parts, and whether it ends well.
    async fn pieces(parts: Vec<Result<v1::ExportReportsResponse, ApiError>>) -> (String, bool) {
        let mut lines = Lines::new(stream::iter(parts).boxed(), false);
        let mut text = Vec::new();
        loop {
            match lines.next().await {
                Ok(Some(piece)) => text.extend_from_slice(&piece),
                end => return (String::from_utf8(text).unwrap(), end.is_ok()),
            }
        }
    }

    fn part(reports: usize, total: Option<u64>) -> Result<v1::ExportReportsResponse, ApiError> {
        Ok(v1::ExportReportsResponse {
            reports: vec![v1::ExportedReport::default(); reports],
            total,
            ..Default::default()
        })
    }

    #[tokio::test]
    async fn an_export_that_stops_early_is_cut_off_and_has_no_total() {
        let whole = pieces(vec![part(250, None), part(0, None), part(1, Some(251))]).await;
        assert_eq!(whole, (format!("{}{{\"total\":\"251\"}}\n", "{}\n".repeat(251)), true));
        let cut = ("{}\n{}\n".to_owned(), false);
        assert_eq!(pieces(vec![part(2, None)]).await, cut);
        assert_eq!(pieces(vec![part(2, None), Err(ApiError::internal())]).await, cut);
    }

    #[test]
    fn gzip_is_sent_to_clients_that_take_it() {
        for (accepted, is_gzip) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5, br", true),
            ("gzip; q=1.0", true),
            ("gzip;q=0", false),
            ("gzip;q=0.0, identity", false),
            ("br", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            assert_eq!(accepts_gzip(&headers), is_gzip, "{accepted}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
