//! The name to show for a caller, as one line of text: for switches that can only ask for a name, such as FreeSWITCH with
//! `mod_cidlookup`, or Asterisk with `CURL`.
//!
//! Such a switch shows the body of every response, so an error has a status and no text.

use http::{Method, StatusCode, header};
use http_body_util::Full;

use super::error_response::ErrorResponse;
use super::request::{Decoded, ResponseFuture, RoutedRequest};
use super::response::{HttpResponse, Payload, TEXT, response};
use crate::edge::catch_panic;
use crate::metrics::EdgeLabel;
use crate::wire::v1;

/// The prefix of the paths whose errors have no text.
pub(super) const PATH: &str = "/v1/cid";

/// Looks the caller up and responds with the name to show. If the call is allowed, it is that of the known owner of the
/// number, or empty.
///
/// Only a POST counts as a call. A GET changes nothing: a page or the preview of a link may send it.
pub(super) fn name(request: RoutedRequest) -> ResponseFuture {
    let basic = if request.head.method == Method::POST {
        |question| basic(question, true)
    } else {
        |question| basic(question, false)
    };
    Box::pin(catch_panic(EdgeLabel::Http, async move {
        let decoded = request.decode(basic, |question| Some(&mut question.number)).await?;
        let Decoded { api, message, context } = decoded;
        let answer = api.lookup(message, &context)?;
        let label = answer.sip.map(|sip| sip.display_name).filter(|label| !label.is_empty());
        let name = label.unwrap_or(answer.caller_name);
        Ok(response(StatusCode::OK, TEXT, name))
    }))
}

fn basic(question: v1::LookupRequest, is_call: bool) -> v1::LookupRequest {
    v1::LookupRequest {
        view: v1::View::Basic.into(),
        record_event: Some(is_call),
        ..question
    }
}

/// An error without text.
pub(super) fn silent(error: ErrorResponse) -> HttpResponse {
    let (mut head, _) = error.into_response().into_parts();
    head.headers.insert(header::CONTENT_TYPE, TEXT);
    HttpResponse::from_parts(head, Payload::Left(Full::default()))
}
