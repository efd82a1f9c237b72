//! Bodies in JSON: read whole and within limits, refused with the fields at fault, and never quoted, since what stands
//! in them may be personal.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::{Map, Value};

use super::failure::Failure;
use super::respond::{JSON, Reply, reply};
use crate::service::{ServiceError, Violation};

/// How long a body may take to come.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// Of an unknown field, so much of the name is repeated.
const MAX_NAME_CHARS: usize = 40;
/// What most answers to lookups need.
const USUAL_BYTES: usize = 1 << 10;

/// A body that says it is JSON.
#[derive(Debug)]
pub(super) struct JsonBody(Bytes);

impl JsonBody {
    /// Reads a body to its end.
    pub(super) async fn collect(headers: &HeaderMap, body: Incoming, max_bytes: usize) -> Result<Self, Failure> {
        if !is_json(headers) {
            return Err(Failure::wrong_content_type());
        }
        // A body that says how large it is need not come to be refused.
        if body.size_hint().lower() > u64::try_from(max_bytes).unwrap_or(u64::MAX) {
            return Err(Failure::too_large());
        }
        match tokio::time::timeout(BODY_WITHIN, Limited::new(body, max_bytes).collect()).await {
            Ok(Ok(body)) => Ok(Self(body.to_bytes())),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Failure::too_large()),
            Ok(Err(_)) => Err(Failure::broken_body()),
            Err(_) => Err(Failure::too_slow()),
        }
    }

    /// The message in the body. `path` is put before the names of fields at fault: empty, or ending in a full stop.
    pub(super) fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, ServiceError> {
        serde_json::from_slice(&self.0).map_err(|error| match error.classify() {
            Category::Data => ServiceError::Invalid(faults::<T>(&self.0, path)),
            Category::Io | Category::Syntax | Category::Eof => {
                let place = format!("is not JSON: line {}, column {}", error.line(), error.column());
                ServiceError::field("body", place)
            }
        })
    }
}

/// A message as the body of an answer.
pub(super) fn respond<T: Serialize>(message: &T) -> Result<Reply, Failure> {
    let mut body = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut body, message).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written as JSON");
        ServiceError::Internal
    })?;
    Ok(reply(StatusCode::OK, JSON, body))
}

/// What is wrong in JSON that is no such message. The parser stops at the first fault and does not say where it was, so
/// every field is read again, alone.
fn faults<T: DeserializeOwned>(body: &[u8], path: &str) -> Vec<Violation> {
    let Ok(fields) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return vec![Violation::new("body", "must be a JSON object")];
    };
    let faults = fields.into_iter().filter_map(|(name, value)| {
        let field = format!("{path}{}", contract_name(&name));
        let alone = Value::Object(Map::from_iter([(name, value)]));
        let error = serde_json::from_value::<T>(alone).err()?;
        let problem = if error.to_string().starts_with("unknown field") {
            "is not a field of this message"
        } else {
            "does not hold what such a field holds"
        };
        Some(Violation::new(field, problem))
    });
    let faults: Vec<_> = faults.collect();
    if faults.is_empty() {
        return vec![Violation::new("body", "sets a field twice")];
    }
    faults
}

/// `reporterId` as the contract, and so every other error, names it: `reporter_id`.
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
        let Err(ServiceError::Invalid(violations)) = body.read::<v1::Report>("report.") else {
            panic!("accepted");
        };
        violations.into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn every_field_at_fault_is_named_as_in_the_contract() {
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
    fn what_is_no_message_at_all_is_the_bodys_fault() {
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
