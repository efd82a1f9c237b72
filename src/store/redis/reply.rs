//! Reads the answers of the server. No error holds the value that was found.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the driver's values are not exhaustive, and what is not wanted is refused"
)]

use bytes::Bytes;
use redis::Value;

use super::error::RedisFailure;

/// The server's error, if the answer is one.
pub(super) fn failure(value: &Value) -> Option<RedisFailure> {
    match value {
        Value::ServerError(error) => Some(error.clone().into()),
        _ => None,
    }
}

/// An integer, as such or as text.
pub(super) fn integer(value: &Value) -> Result<u64, RedisFailure> {
    let integer = match value {
        Value::Int(integer) => u64::try_from(*integer).ok(),
        Value::BulkString(text) => std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()),
        Value::ServerError(error) => return Err(error.clone().into()),
        _ => None,
    };
    integer.ok_or(RedisFailure::Malformed { wanted: "integer" })
}

/// Bytes, or nothing.
pub(super) fn bytes(value: Value) -> Result<Option<Bytes>, RedisFailure> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => Ok(Some(bytes.into())),
        Value::ServerError(error) => Err(error.into()),
        _ => Err(RedisFailure::Malformed { wanted: "bytes" }),
    }
}

/// A text, for people; empty if the answer is not a text.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::BulkString(text) => String::from_utf8_lossy(text).into_owned(),
        Value::SimpleString(text) => text.clone(),
        _ => String::new(),
    }
}

/// A list.
pub(super) fn list(value: Value) -> Result<Vec<Value>, RedisFailure> {
    match value {
        Value::Array(list) => Ok(list),
        Value::ServerError(error) => Err(error.into()),
        _ => Err(RedisFailure::Malformed { wanted: "list" }),
    }
}

/// A list of `N` values.
pub(super) fn exactly<const N: usize>(value: Value) -> Result<[Value; N], RedisFailure> {
    let list = list(value)?;
    list.try_into().map_err(|_| RedisFailure::Malformed {
        wanted: "list of that length",
    })
}

/// Pairs, in the form of either protocol version.
pub(super) fn pairs(value: Value) -> Result<Vec<(Value, Value)>, RedisFailure> {
    if let Value::Map(pairs) = value {
        return Ok(pairs);
    }
    let mut items = list(value)?.into_iter();
    let mut pairs = Vec::with_capacity(items.len() / 2);
    while let Some(first) = items.next() {
        let second = items.next().ok_or(RedisFailure::Malformed { wanted: "pair" })?;
        pairs.push((first, second));
    }
    Ok(pairs)
}
