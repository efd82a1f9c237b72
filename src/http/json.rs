//! JSON bodies: read whole and within limits. An error names the wrong fields and never repeats a value, since values may
//! be personal data.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use hyper::body::Incoming;
use serde::Serialize;
use serde_json::error::Category;

use super::body;
use super::error_response::ErrorResponse;
use super::response::{HttpResponse, JSON, response};
use crate::api::{ApiError, Violation};
use crate::net::HeldBytes;
use crate::wire::json::{JsonMessage, Place, find_faults, message};

/// The size of most answers to lookups.
const USUAL_BYTES: usize = 1 << 10;

/// A body whose content type is JSON.
#[derive(Debug)]
pub(super) struct JsonBody(Bytes);

impl JsonBody {
    /// Reads a body to its end.
    pub(super) async fn collect(
        headers: &HeaderMap,
        body: Incoming,
        limits: (usize, Option<&HeldBytes>),
    ) -> Result<Self, ErrorResponse> {
        let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
        let kind = kinds.next();
        if kinds.any(|other| Some(other) != kind) {
            return Err(ErrorResponse::two_content_types());
        }
        if !kind.is_some_and(is_json) {
            return Err(ErrorResponse::wrong_content_type());
        }
        body::collect(headers, body, limits).await.map(Self)
    }

    /// Its bytes, and at least the number of its objects: braces in texts count too.
    pub(super) fn size(&self) -> (usize, usize) {
        let objects = self.0.iter().filter(|byte| **byte == b'{').count();
        (self.0.len(), objects)
    }

    /// The message in the body. Errors name its fields.
    pub(super) fn read<M: JsonMessage>(&self) -> Result<M, ApiError> {
        let mut reader = serde_json::Deserializer::from_slice(&self.0);
        let read = message(&mut reader, Place::default());
        let read = read.and_then(|message| reader.end().map(|()| message));
        read.map_err(|error| refusal::<M>(&self.0, &error))
    }
}

/// A message as the body of an answer.
pub(super) fn respond<T: Serialize>(message: &T) -> Result<HttpResponse, ErrorResponse> {
    let mut body = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut body, message).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written as JSON");
        ApiError::internal()
    })?;
    Ok(response(StatusCode::OK, JSON, body))
}

/// The error of a body that is not this message.
fn refusal<M: JsonMessage>(body: &[u8], error: &serde_json::Error) -> ApiError {
    // A number beyond all doubles is an error of the syntax for the parser, but of the field for the client.
    if error.classify() != Category::Data && !error.to_string().starts_with("number out of range") {
        return not_json(error);
    }
    let violations: Vec<_> = match find_faults::<M>(body) {
        Ok(faults) => faults
            .into_iter()
            .map(|fault| Violation::new(fault.field, fault.problem))
            .collect(),
        Err(error) if error.classify() != Category::Data => return not_json(&error),
        Err(_) => Vec::new(),
    };
    if violations.is_empty() {
        return ApiError::field("body", "must be a JSON object");
    }
    ApiError::invalid(violations)
}

fn not_json(error: &serde_json::Error) -> ApiError {
    let problem = format!("is not JSON: line {}, column {}", error.line(), error.column());
    ApiError::field("body", problem)
}

fn is_json(content_type: &HeaderValue) -> bool {
    let kind = content_type.to_str().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::v1;

    fn fields(body: &str) -> Vec<String> {
        let body = JsonBody(Bytes::copy_from_slice(body.as_bytes()));
        let error = body.read::<v1::Report>().unwrap_err();
        let violations = error.violations().iter();
        violations.map(|violation| violation.field.clone()).collect()
    }

    #[test]
    fn every_wrong_field_is_named_as_in_the_contract() {
        let body = r#"{"reporterId": 5, "occurredAt": "soon", "number": "+14155550199", "category": "NO", "x": 1}"#;
        let mut named = fields(body);
        named.sort();
        let expected = ["category", "occurred_at", "reporter_id", "x"];
        assert_eq!(named, expected);
    }

    /// What follows the last fault that an error names is not read, and need not be JSON.
    #[test]
    fn the_search_for_wrong_fields_ends_when_enough_are_found() {
        let unknown: Vec<String> = (0..21).map(|n| format!(r#""x{n}": 1"#)).collect();
        let many = format!("{{{}, what is this", unknown.join(", "));
        assert_eq!(fields(&many).len(), 20);
        let after_another = format!(r#"{{"callbackNumbers": 5, {}}}"#, unknown.join(", "));
        assert_eq!(fields(&after_another).len(), 20);
        let few = format!("{{{}, what is this", unknown[..3].join(", "));
        assert_eq!(fields(&few), ["body"]);
    }

    #[test]
    fn an_unknown_field_is_named_as_it_was_written() {
        let long = format!(r#"{{"{}": 1}}"#, "\u{8c37}".repeat(1_000));
        for (body, named) in [
            (r#"{"Number": 1}"#, "Number"),
            (r#"{"NUMBER": 1}"#, "NUMBER"),
            (r#"{"reporterID": 1}"#, "reporterID"),
            (r#"{"reporter-id": 1}"#, "reporter-id"),
            (r#"{"a\nb\u0007\u0085": 1}"#, r"a\nb\u{7}\u{85}"),
            (&long, &"\u{8c37}".repeat(40)),
        ] {
            assert_eq!(fields(body), [named], "{body}");
        }
    }

    #[test]
    fn fields_are_named_at_every_depth_and_when_they_are_set_twice() {
        let body = JsonBody(Bytes::from_static(
            br#"{"requests": [{"number": "1", "number": "2"}, {"view": "NO", "x": []}, 5, {"budgetMs": 1e999}]}"#,
        ));
        let error = body.read::<v1::BatchLookupRequest>().unwrap_err();
        let named: Vec<_> = error.violations().iter().map(|found| found.field.as_str()).collect();
        let expected = [
            "requests[0].number",
            "requests[1].view",
            "requests[1].x",
            "requests[2]",
            "requests[3].budget_ms",
        ];
        assert_eq!(named, expected);
    }

    #[test]
    fn a_body_has_a_limit_of_items_and_an_error_one_of_fields() {
        let body = |item: &str, items| format!(r#"{{"requests": [{}]}}"#, vec![item; items].join(","));
        let read = |body: String| JsonBody(body.into()).read::<v1::BatchLookupRequest>();
        assert_eq!(read(body("{}", 1_000)).unwrap().requests.len(), 1_000);
        let error = read(body("{}", 1_001)).unwrap_err();
        assert_eq!(error.message(), "requests: must have at most 1000 items");
        let error = read(body("1", 1_000)).unwrap_err();
        assert_eq!(error.violations().len(), 20);
    }

    #[test]
    fn json_that_is_no_object_is_a_violation_of_the_body() {
        for body in ["", "[1]", "null", "{", "\"x\"", "{} {}"] {
            assert_eq!(fields(body), ["body"], "{body}");
        }
    }
}
