//! The context of a gRPC request: that of the shared layers, and the client's timeout.

use std::time::Duration;

use http::HeaderMap;
use tonic::metadata::MetadataMap;
use tonic::{Extensions, Request};

use crate::api::RequestContext;
use crate::clock::monotonic;
use crate::metrics::EdgeLabel;

/// The header in which a gRPC client says how long it waits.
const TIMEOUT_HEADER: &str = "grpc-timeout";

/// The message of a request, and its context.
pub(super) fn split<T>(request: Request<T>) -> (T, RequestContext) {
    let (metadata, mut extensions, message) = request.into_parts();
    let context = context(&metadata, &mut extensions);
    (message, context)
}

fn context(metadata: &MetadataMap, extensions: &mut Extensions) -> RequestContext {
    let context = extensions.remove::<RequestContext>();
    RequestContext {
        client_timeout: timeout(metadata.as_ref()),
        ..context.unwrap_or_else(|| RequestContext::new(EdgeLabel::Grpc, monotonic()))
    }
}

/// The client's timeout, if the header has a valid one: up to eight digits and a unit (gRPC over HTTP/2).
pub(super) fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(TIMEOUT_HEADER)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3_600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeout_header_has_digits_and_a_unit() {
        for (text, timeout) in [
            ("1H", Some(Duration::from_secs(3_600))),
            ("2M", Some(Duration::from_secs(120))),
            ("1S", Some(Duration::from_secs(1))),
            ("10m", Some(Duration::from_millis(10))),
            ("10000u", Some(Duration::from_millis(10))),
            ("10000000n", Some(Duration::from_millis(10))),
            ("0m", Some(Duration::ZERO)),
            ("99999999H", Some(Duration::from_secs(99_999_999 * 3_600))),
            ("999999999m", None),
            ("m", None),
            ("-1m", None),
            ("5x", None),
        ] {
            let mut request = Request::new(());
            request.metadata_mut().insert(TIMEOUT_HEADER, text.parse().unwrap());
            let ((), context) = split(request);
            assert_eq!(context.client_timeout, timeout, "{text}");
        }
        let ((), context) = split(Request::new(()));
        assert_eq!((context.edge, context.client_timeout), (EdgeLabel::Grpc, None));
    }

    #[test]
    fn the_arrival_is_that_of_the_layers() {
        let arrived = monotonic();
        let mut request = Request::new(());
        request
            .extensions_mut()
            .insert(RequestContext::new(EdgeLabel::Grpc, arrived));
        let ((), context) = split(request);
        assert_eq!(context.arrived, arrived);
    }
}
