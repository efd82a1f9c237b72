//! Requests that a browser may have sent. A page of another site can make a browser send a request to this port: over TLS the
//! browser speaks HTTP/2, and shows a certificate of its user by itself. No browser speaks gRPC, so what a page sends has
//! another content type, or a header by which browsers tell where a request comes from (`Origin`, RFC 6454, and
//! `Sec-Fetch-Site`, W3C Fetch Metadata). Pages can leave out none of these two.

use http::{HeaderMap, Response, StatusCode, header};

use super::status::status;
use crate::api::{ApiError, Code};

/// The site of the page that sends a request, seen from this server. `http` has no constant for it.
const SEC_FETCH_SITE: &str = "sec-fetch-site";
/// The content type of gRPC. A format of the messages may follow after `+`, and parameters after `;`.
const GRPC: &[u8] = b"application/grpc";

/// The answer to a request that a browser may have sent; `None` for those of other programs.
pub(super) fn refusal(headers: &HeaderMap) -> Option<Response<()>> {
    let (code, text) = if !is_grpc(headers) {
        let text = "the content type of gRPC is application/grpc";
        (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ApiError::new(Code::InvalidArgument, text),
        )
    } else if headers.contains_key(header::ORIGIN) || headers.contains_key(SEC_FETCH_SITE) {
        let text = "a web page sent this request, and web pages have no access";
        (StatusCode::FORBIDDEN, ApiError::new(Code::PermissionDenied, text))
    } else {
        return None;
    };
    // The status of HTTP is not 200, so that no other client takes it for a success (gRPC over HTTP/2).
    let mut answer = status(&text).into_http();
    *answer.status_mut() = code;
    Some(answer)
}

/// Whether there is one content type, and it is that of gRPC.
fn is_grpc(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(found), None) = (types.next(), types.next()) else {
        return false;
    };
    let Some((begin, rest)) = found.as_bytes().split_at_checked(GRPC.len()) else {
        return false;
    };
    begin.eq_ignore_ascii_case(GRPC) && matches!(rest.first(), None | Some(b'+' | b';' | b' '))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn refused(lines: &[(&'static str, &'static str)]) -> Option<u16> {
        let lines = lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, value);
        }
        refusal(&headers).map(|answer| answer.status().as_u16())
    }

    #[test]
    fn only_grpc_that_no_browser_sends_is_answered() {
        const GOOD: (&str, &str) = ("content-type", "application/grpc");
        for good in ["application/grpc", "application/grpc+proto", "Application/GRPC; a=b"] {
            assert_eq!(refused(&[("content-type", good)]), None, "{good}");
        }
        for wrong in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/json",
            "application/grpc-web",
            "application/grp",
            "",
        ] {
            assert_eq!(refused(&[("content-type", wrong)]), Some(415), "{wrong}");
        }
        assert_eq!(refused(&[]), Some(415));
        assert_eq!(refused(&[GOOD, ("content-type", "text/plain")]), Some(415));
        for site in ["cross-site", "same-origin", "none"] {
            assert_eq!(refused(&[GOOD, ("sec-fetch-site", site)]), Some(403));
        }
        assert_eq!(refused(&[GOOD, ("origin", "https://other.example")]), Some(403));
    }
}
