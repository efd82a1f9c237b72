//! The name to show for a caller, as a line of text: for switches that can ask for a name and nothing else, such as
//! FreeSWITCH with `mod_cidlookup`, or Asterisk with `CURL`.
//!
//! Such a switch shows whatever comes. So errors have a status and no text.

use http::{StatusCode, header};
use http_body_util::Full;
use tonic::Request;

use super::call::{Answering, Pending};
use super::failure::Failure;
use super::respond::{Reply, TEXT, reply};
use crate::wire::v1;
use crate::wire::v1::lookup_service_server::LookupService as _;

/// What the paths begin with on which no error has text.
pub(super) const PATH: &str = "/v1/cid";

/// Looks the caller up and answers with the name to show: empty where there is nothing to say.
pub(super) fn name(pending: Pending) -> Answering {
    Box::pin(async move {
        let api = pending.api.clone();
        let question = |question: v1::LookupRequest| v1::LookupRequest {
            view: v1::View::Basic.into(),
            ..question
        };
        let request: Request<v1::LookupRequest> =
            pending.request(question, |question| Some(&mut question.number)).await?;
        let answer = api.lookup(request).await?.into_inner();
        let name = answer.sip.map(|sip| sip.display_name).unwrap_or_default();
        Ok(reply(StatusCode::OK, TEXT, name))
    })
}

/// An error without text.
pub(super) fn silent(failure: Failure) -> Reply {
    let (mut head, _) = failure.into_reply().into_parts();
    head.headers.insert(header::CONTENT_TYPE, TEXT);
    Reply::from_parts(head, Full::default())
}
