//! proto3 JSON: how the messages of the contract are read and written, as the protobuf project defines it.
//!
//! `build/json.rs` writes the table of the fields of each message, as an implementation of [`JsonMessage`]. The rules are
//! here: `null` is an unset field, a name is that of JSON or that of the contract, no field and no choice of several is
//! set twice, and unknown fields are refused.
//!
//! A message is read in one pass. If that fails, an edge reads it again with [`find_faults`], which finds the name of every
//! wrong field. A value is never part of an error, since it may be personal data.

mod faults;
mod number;
mod value;
mod write;

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

pub(crate) use faults::{Place, UNKNOWN_FIELD, contract_name, find_faults, written_name};
pub(crate) use value::{
    DurationValue, EnumValue, JsonEnum, JsonField, JsonValue, LIST_PROBLEM, Reading, keep, keep_boxed, keep_some,
    read_items,
};
pub(crate) use write::{Double, EnumName, EnumNames, IntegerText};

/// A message with its fields in order.
pub(crate) trait JsonMessage: Default {
    /// The names of the fields in the contract.
    const FIELDS: &'static [&'static str];
    /// For each choice of several fields, the positions of these fields as bits.
    const ONEOFS: &'static [u64];

    /// The position of the field with this name, in JSON or in the contract.
    fn position(name: &str) -> Option<usize>;

    /// Reads the value of a field. Returns whether the field is set now: `null` sets nothing.
    fn read<'de, A: MapAccess<'de>>(&mut self, position: usize, value: JsonValue<'_, A>) -> Result<bool, A::Error>;
}

/// Reads a message.
pub(crate) fn message<'de, M: JsonMessage, D: Deserializer<'de>>(reader: D, place: Place<'_>) -> Result<M, D::Error> {
    let visitor = MessageVisitor {
        place,
        message: PhantomData,
    };
    reader.deserialize_map(visitor)
}

/// Reads the fields of a message.
struct MessageVisitor<'a, M> {
    place: Place<'a>,
    message: PhantomData<M>,
}

impl<'de, M: JsonMessage> Visitor<'de> for MessageVisitor<'_, M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<M, A::Error> {
        let mut message = M::default();
        // Bits of the fields that were named, and of those that are set.
        let (mut named, mut set) = (0_u64, 0_u64);
        while let Some(key) = map.next_key_seed(KeySeed::<M>(PhantomData))? {
            if self.place.has_enough() {
                return Err(A::Error::custom("too many wrong fields"));
            }
            let position = match key {
                Key::Known(position) => position,
                Key::Unknown(name) => {
                    self.place.refuse_unknown(&name).map_err(A::Error::custom)?;
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let field = field_name::<M>(position);
            let place = self.place.field(field);
            let bit = 1 << position;
            if named & bit != 0 {
                place.refuse("is set twice").map_err(A::Error::custom)?;
            }
            named |= bit;
            let map = &mut map;
            if !message.read(position, JsonValue { map, place })? {
                continue;
            }
            if let Some(other) = M::ONEOFS
                .iter()
                .find(|oneof| **oneof & bit != 0)
                .map(|oneof| oneof & set & !bit)
                && other != 0
            {
                let other = field_name::<M>(usize::try_from(other.trailing_zeros()).unwrap_or_default());
                self.place.refuse_both(field, other).map_err(A::Error::custom)?;
            }
            set |= bit;
        }
        Ok(message)
    }
}

fn field_name<M: JsonMessage>(position: usize) -> &'static str {
    M::FIELDS.get(position).copied().unwrap_or_default()
}

/// The name of a member of an object.
enum Key {
    /// The position of the field.
    Known(usize),
    /// The name as it was written, cut to a limit.
    Unknown(String),
}

struct KeySeed<M>(PhantomData<M>);

impl<'de, M: JsonMessage> DeserializeSeed<'de> for KeySeed<M> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Key, D::Error> {
        reader.deserialize_identifier(self)
    }
}

impl<M: JsonMessage> Visitor<'_> for KeySeed<M> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        Ok(M::position(name).map_or_else(|| Key::Unknown(written_name(name)), Key::Known))
    }
}
