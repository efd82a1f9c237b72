//! JSON bodies: read whole and within limits. An error names the wrong fields and never repeats a value, since values may
//! be personal data.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::{Map, Value};

use super::error_response::ErrorResponse;
use super::response::{FullResponse, JSON, response};
use crate::api::{ApiError, Violation};

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// The most characters of the name of an unknown field that an error repeats.
const MAX_NAME_CHARS: usize = 40;
/// The size of most answers to lookups.
const USUAL_BYTES: usize = 1 << 10;

/// A body whose content type is JSON.
#[derive(Debug)]
pub(super) struct JsonBody(Bytes);

impl JsonBody {
    /// Reads a body to its end.
    pub(super) async fn collect(headers: &HeaderMap, body: Incoming, max_bytes: usize) -> Result<Self, ErrorResponse> {
        if !is_json(headers) {
            return Err(ErrorResponse::wrong_content_type());
        }
        // A body that says its length is refused before it arrives.
        if body.size_hint().lower() > u64::try_from(max_bytes).unwrap_or(u64::MAX) {
            return Err(ErrorResponse::too_large());
        }
        match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, max_bytes).collect()).await {
            Ok(Ok(body)) => Ok(Self(body.to_bytes())),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ErrorResponse::too_large()),
            Ok(Err(_)) => Err(ErrorResponse::broken_body()),
            Err(_) => Err(ErrorResponse::too_slow()),
        }
    }

    /// The message in the body. `path` is the prefix of field names in errors: empty, or with a dot at its end.
    pub(super) fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        serde_json::from_slice(&self.0).map_err(|error| match error.classify() {
            Category::Data => ApiError::invalid(violations::<T>(&self.0, path)),
            Category::Io | Category::Syntax | Category::Eof => {
                let problem = format!("is not JSON: line {}, column {}", error.line(), error.column());
                ApiError::field("body", problem)
            }
        })
    }
}

/// A message as the body of an answer.
pub(super) fn respond<T: Serialize>(message: &T) -> Result<FullResponse, ErrorResponse> {
    let mut body = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut body, message).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written as JSON");
        ApiError::internal()
    })?;
    Ok(response(StatusCode::OK, JSON, body))
}

/// The violations in JSON that is not this message. The parser stops at the first one and does not name the field, so each
/// field is read again, alone.
fn violations<T: DeserializeOwned>(body: &[u8], path: &str) -> Vec<Violation> {
    let Ok(fields) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return vec![Violation::new("body", "must be a JSON object")];
    };
    let (mut violations, mut valid) = (Vec::new(), Map::new());
    for (name, value) in fields {
        let alone = Map::from_iter([(name.clone(), value.clone())]);
        let Err(error) = serde_json::from_value::<T>(Value::Object(alone)) else {
            valid.insert(name, value);
            continue;
        };
        let problem = if error.to_string().starts_with("unknown field") {
            "is not a field of this message"
        } else {
            "does not have a valid value"
        };
        violations.push(Violation::new(format!("{path}{}", contract_name(&name)), problem));
    }
    violations.extend(exclusive::<T>(&valid, path));
    if violations.is_empty() {
        return vec![Violation::new("body", "sets a field twice")];
    }
    violations
}

/// A violation for each field that is one choice of several, if another choice is set too.
fn exclusive<T: DeserializeOwned>(fields: &Map<String, Value>, path: &str) -> Vec<Violation> {
    let violations = fields.iter().filter_map(|(name, value)| {
        let field = contract_name(name);
        let (other, _) = fields.iter().find(|(other, beside)| {
            let both = [(name, value), (*other, *beside)].map(|(name, value)| (name.clone(), value.clone()));
            contract_name(other) != field && serde_json::from_value::<T>(Value::Object(Map::from_iter(both))).is_err()
        })?;
        let problem = format!("cannot be set together with {path}{}", contract_name(other));
        Some(Violation::new(format!("{path}{field}"), problem))
    });
    violations.collect()
}

/// The name of a field in the contract, as every error names it: `reporterId` becomes `reporter_id`.
pub(super) fn contract_name(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars().take(MAX_NAME_CHARS) {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::v1;

    fn fields(body: &str) -> Vec<String> {
        let body = JsonBody(Bytes::copy_from_slice(body.as_bytes()));
        let error = body.read::<v1::Report>("report.").unwrap_err();
        let violations = error.violations().iter();
        violations.map(|violation| violation.field.clone()).collect()
    }

    #[test]
    fn every_wrong_field_is_named_as_in_the_contract() {
        let body = r#"{"reporterId": 5, "occurredAt": "soon", "number": "+14155550199", "category": "NO", "x": 1}"#;
        let mut named = fields(body);
        named.sort();
        let expected = [
            "report.category",
            "report.occurred_at",
            "report.reporter_id",
            "report.x",
        ];
        assert_eq!(named, expected);
    }

    #[test]
    fn json_that_is_no_object_is_a_violation_of_the_body() {
        for body in [
            "",
            "[1]",
            "null",
            "{",
            "\"x\"",
            r#"{"number": "1", "number": "2"}"#,
            "{} {}",
        ] {
            assert_eq!(fields(body), ["body"], "{body}");
        }
    }
}
