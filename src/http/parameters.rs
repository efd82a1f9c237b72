//! The query of a URL as a message of the contract.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use crate::api::{ApiError, Violation};
use crate::wire::json::{JsonMessage, Place, contract_name, find_faults, message as json_message};

/// A parameter of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name in the style of the contract. It is read in lowerCamelCase too.
    pub name: &'static str,
    /// The field of the request that it fills.
    pub field: &'static str,
}

/// Fields of a request, each with its texts.
type QueryFields<'a> = Vec<(&'static str, FieldTexts<'a>)>;

/// The parameters of a query by the fields that they fill.
pub(super) fn split<'a>(query: &'a str, known: &[Parameter]) -> Result<QueryFields<'a>, ApiError> {
    let mut fields: QueryFields<'a> = Vec::new();
    let mut violations = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        let name = contract_name(&decoded(name).unwrap_or_default());
        let Some(parameter) = known.iter().find(|parameter| parameter.name == name) else {
            violations.push(Violation::new(name, "is not a parameter of this path"));
            continue;
        };
        let Some(text) = unescaped(text) else {
            violations.push(Violation::new(parameter.field, "is not UTF-8"));
            continue;
        };
        match fields.iter_mut().find(|(field, _)| *field == parameter.field) {
            Some((_, texts)) => texts.0.push(text),
            None => fields.push((parameter.field, FieldTexts(vec![text]))),
        }
    }
    if violations.is_empty() {
        Ok(fields)
    } else {
        Err(ApiError::invalid(violations))
    }
}

/// The message with these fields.
pub(super) fn read<T: JsonMessage>(fields: &QueryFields<'_>) -> Result<T, ApiError> {
    message(fields.iter().cloned()).map_err(|_| {
        // The parser stops at the first violation and does not name the field, so each field is read again, alone.
        let (mut violations, mut valid) = (Vec::new(), Vec::new());
        for field in fields {
            match message::<T>(std::iter::once(field.clone())) {
                Err(error) => violations.push(Violation::new(field.0, problem::<T>(field, &error))),
                Ok(_) => valid.push(field.clone()),
            }
        }
        violations.extend(exclusive::<T>(&valid));
        ApiError::invalid(violations)
    })
}

/// What is wrong with one field: for a value, the problem that the same text has in a JSON body, which names what is accepted.
fn problem<T: JsonMessage>((name, texts): &(&'static str, FieldTexts<'_>), error: &ParameterError) -> String {
    let value = match texts.0.as_slice() {
        [text] => serde_json::Value::from(&**text),
        several => several.iter().map(|text| &**text).collect(),
    };
    let body = serde_json::json!({ *name: value }).to_string();
    let faults = match error {
        ParameterError::Value => find_faults::<T>(body.as_bytes()).unwrap_or_default(),
        ParameterError::Twice => Vec::new(),
    };
    match faults.into_iter().next() {
        Some(fault) => fault.problem.into_owned(),
        None => error.to_string(),
    }
}

/// A violation for each field that is one choice of several, if another choice is set too.
fn exclusive<T: JsonMessage>(fields: &QueryFields<'_>) -> impl Iterator<Item = Violation> {
    fields.iter().filter_map(|field| {
        let mut others = fields.iter().filter(|other| other.0 != field.0);
        let other = others.find(|other| message::<T>([field.clone(), (*other).clone()].into_iter()).is_err())?;
        Some(Violation::new(
            field.0,
            format!("cannot be set together with {}", other.0),
        ))
    })
}

fn message<'a, T: JsonMessage>(
    fields: impl Iterator<Item = (&'static str, FieldTexts<'a>)>,
) -> Result<T, ParameterError> {
    json_message(MapDeserializer::new(fields), Place::default())
}

/// The text of a parameter. A `+` is a space, as browsers write it. A `+` at the beginning is the plus sign of a number,
/// since no value begins with a space.
fn unescaped(text: &str) -> Option<Cow<'_, str>> {
    let (first, rest) = text.strip_prefix('+').map_or(("", text), |rest| ("+", rest));
    if first.is_empty() && !rest.contains('+') {
        return decoded(rest);
    }
    let spaced = rest.replace('+', " ");
    Some(Cow::Owned(format!("{first}{}", decoded(&spaced)?)))
}

/// The percent-decoded text of a path or a query; none if it is not UTF-8.
pub(super) fn decoded(text: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(text).decode_utf8().ok()
}

/// The texts of one field: one, unless the parameter is repeated.
#[derive(Clone, Debug)]
pub(super) struct FieldTexts<'a>(Vec<Cow<'a, str>>);

/// Why a parameter cannot be read. The text never repeats the value.
#[derive(Debug, thiserror::Error)]
pub(super) enum ParameterError {
    #[error("is set twice")]
    Twice,
    #[error("does not have a valid value")]
    Value,
}

impl de::Error for ParameterError {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Value
    }
}

impl FieldTexts<'_> {
    fn one(self) -> Result<String, ParameterError> {
        let mut texts = self.0.into_iter();
        match (texts.next(), texts.next()) {
            (Some(text), None) => Ok(text.into_owned()),
            _ => Err(ParameterError::Twice),
        }
    }
}

impl<'de> IntoDeserializer<'de, ParameterError> for FieldTexts<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Reads each text as the type of the field. The JSON form of the contract reads numbers and enums from text anyway.
impl<'de> de::Deserializer<'de> for FieldTexts<'_> {
    type Error = ParameterError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        visitor.visit_string(self.one()?)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        match self.one()?.as_str() {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(ParameterError::Value),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        let each = self.0.into_iter().map(|text| FieldTexts(vec![text]));
        visitor.visit_seq(SeqDeserializer::new(each))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::v1::WithdrawReportsRequest;

    const KNOWN: &[Parameter] = &[
        Parameter {
            name: "import_id",
            field: "import_id",
        },
        Parameter {
            name: "reporter_id",
            field: "reporter_id",
        },
        Parameter {
            name: "reason",
            field: "reason",
        },
    ];

    fn violations(query: &str) -> Vec<(String, String)> {
        let fields = split(query, KNOWN).unwrap();
        let error = read::<WithdrawReportsRequest>(&fields).unwrap_err();
        let violations = error.violations().iter();
        violations
            .map(|violation| (violation.field.clone(), violation.problem.clone()))
            .collect()
    }

    #[test]
    fn fields_that_exclude_each_other_are_named() {
        let problem = |other| format!("cannot be set together with {other}");
        assert_eq!(
            violations("import_id=a&reason=b&reporter_id=c"),
            [
                ("import_id".to_owned(), problem("reporter_id")),
                ("reporter_id".to_owned(), problem("import_id")),
            ]
        );
        let twice = violations("import_id=a&import_id=b&reporter_id=c");
        assert_eq!(twice, [("import_id".to_owned(), "is set twice".to_owned())]);
        let all = violations("import_id=a&reason=b&reason=c&reporter_id=d");
        let named: Vec<_> = all.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(named, ["reason", "import_id", "reporter_id"]);
    }
}
