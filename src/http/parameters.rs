//! What stands after the question mark, as a message of the contract.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::json::contract_name;
use super::route::{Parameter, decoded};
use crate::service::{ServiceError, Violation};

/// Fields of a request, each with the texts given for it.
type Fields<'a> = Vec<(&'static str, Texts<'a>)>;

/// The parameters of a query, by the fields they fill.
pub(super) fn split<'a>(query: &'a str, known: &[Parameter]) -> Result<Fields<'a>, ServiceError> {
    let mut fields: Fields<'a> = Vec::new();
    let mut faults = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        let name = contract_name(&decoded(name).unwrap_or_default());
        let Some(parameter) = known.iter().find(|parameter| parameter.name == name) else {
            faults.push(Violation::new(name, "is not a parameter of this path"));
            continue;
        };
        let Some(text) = unescaped(text) else {
            faults.push(Violation::new(parameter.field, "is not UTF-8"));
            continue;
        };
        match fields.iter_mut().find(|(field, _)| *field == parameter.field) {
            Some((_, texts)) => texts.0.push(text),
            None => fields.push((parameter.field, Texts(vec![text]))),
        }
    }
    if faults.is_empty() {
        Ok(fields)
    } else {
        Err(ServiceError::Invalid(faults))
    }
}

/// The message whose fields these are.
pub(super) fn read<T: DeserializeOwned>(fields: &Fields<'_>) -> Result<T, ServiceError> {
    message(fields.iter().cloned()).map_err(|_| {
        // The parser stops at the first fault and does not say where it was, so every field is read again, alone.
        let faults = fields.iter().filter_map(|field| {
            let fault = message::<T>(std::iter::once(field.clone())).err()?;
            Some(Violation::new(field.0, fault.to_string()))
        });
        ServiceError::Invalid(faults.collect())
    })
}

fn message<'a, T: DeserializeOwned>(fields: impl Iterator<Item = (&'static str, Texts<'a>)>) -> Result<T, Fault> {
    T::deserialize(MapDeserializer::new(fields))
}

/// The text of a parameter. A `+` is a space, as browsers write it, but at the beginning, where no space is ever meant, it
/// is the plus sign of a number.
fn unescaped(text: &str) -> Option<Cow<'_, str>> {
    let (first, rest) = text.strip_prefix('+').map_or(("", text), |rest| ("+", rest));
    if first.is_empty() && !rest.contains('+') {
        return decoded(rest);
    }
    let spaced = rest.replace('+', " ");
    Some(Cow::Owned(format!("{first}{}", decoded(&spaced)?)))
}

/// The texts given for one field: one, unless it is repeated.
#[derive(Clone, Debug)]
pub(super) struct Texts<'a>(Vec<Cow<'a, str>>);

/// Why a parameter cannot be read. What it holds is never repeated.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("is given twice")]
    Twice,
    #[error("does not hold what such a parameter holds")]
    Value,
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Value
    }
}

impl Texts<'_> {
    fn one(self) -> Result<String, Fault> {
        let mut texts = self.0.into_iter();
        match (texts.next(), texts.next()) {
            (Some(text), None) => Ok(text.into_owned()),
            _ => Err(Fault::Twice),
        }
    }
}

impl<'de> IntoDeserializer<'de, Fault> for Texts<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Reads each text as what the field holds. Numbers and enumerations of the contract are read from text anyway.
impl<'de> de::Deserializer<'de> for Texts<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_string(self.one()?)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.one()?.as_str() {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(Fault::Value),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let each = self.0.into_iter().map(|text| Texts(vec![text]));
        visitor.visit_seq(SeqDeserializer::new(each))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct tuple
        tuple_struct map struct enum identifier ignored_any
    }
}
