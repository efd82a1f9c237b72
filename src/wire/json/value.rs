//! The value of a field.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use pbjson_types::Duration;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::faults::Place;
use super::number::{IntegerVisitor, NumberVisitor, WholeNumber};
use super::{JsonMessage, message};
use crate::stable_enum::{canonical, nearest};
use crate::wire::Timestamp;
use crate::wire::duration;

/// The value of a member of an object, not read yet.
pub(crate) struct JsonValue<'a, A> {
    pub(super) map: &'a mut A,
    pub(super) place: Place<'a>,
}

/// A type of a value in JSON.
pub(crate) trait JsonField: Sized {
    /// Reads a value that is not `null`.
    fn read<'de, D: Deserializer<'de>>(reader: D, place: Place<'_>) -> Result<Self, D::Error>;

    /// The problem of a value that is none of this type.
    fn problem() -> Cow<'static, str>;

    /// The problem of this value, given as JSON. It never repeats the value.
    fn problem_of(_value: &str) -> Cow<'static, str> {
        Self::problem()
    }
}

impl<'de, A: MapAccess<'de>> JsonValue<'_, A> {
    /// The value; none if it is `null`.
    pub(crate) fn one<T: JsonField>(self) -> Result<Option<T>, A::Error> {
        self.read(One(PhantomData))
    }

    /// The items; none if the value is `null`. An item may not be `null`.
    pub(crate) fn items<T: JsonField>(self, most: usize) -> Result<Option<Vec<T>>, A::Error> {
        let items = Items {
            most,
            item: PhantomData,
        };
        self.read(items)
    }

    /// Reads the value. While faults are collected, a value that cannot be read is a fault, and counts as `null`.
    pub(crate) fn read<R: Reading>(self, reading: R) -> Result<Option<R::Value>, A::Error> {
        let place = self.place;
        if !place.collects() {
            return self.map.next_value_seed(OrNull { reading, place });
        }
        let text: &RawValue = self.map.next_value()?;
        let problem = reading.problem(text.get());
        let mut reader = serde_json::Deserializer::from_str(text.get());
        let read = OrNull { reading, place }.deserialize(&mut reader);
        read.or_else(|_| place.refuse(problem).map(|()| None).map_err(A::Error::custom))
    }
}

/// How a value that is not `null` is read.
pub(crate) trait Reading {
    type Value;

    fn read<'de, D: Deserializer<'de>>(self, reader: D, place: Place<'_>) -> Result<Self::Value, D::Error>;

    /// The problem of this value, given as JSON.
    fn problem(&self, value: &str) -> Cow<'static, str>;
}

/// Reads a value of one type.
struct One<T>(PhantomData<T>);

impl<T: JsonField> Reading for One<T> {
    type Value = T;

    fn read<'de, D: Deserializer<'de>>(self, reader: D, place: Place<'_>) -> Result<T, D::Error> {
        T::read(reader, place)
    }

    fn problem(&self, value: &str) -> Cow<'static, str> {
        T::problem_of(value)
    }
}

/// Reads an array with a limit.
struct Items<T> {
    most: usize,
    item: PhantomData<T>,
}

impl<T: JsonField> Reading for Items<T> {
    type Value = Vec<T>;

    fn read<'de, D: Deserializer<'de>>(self, reader: D, place: Place<'_>) -> Result<Vec<T>, D::Error> {
        let mut items = Vec::new();
        read_items(reader, place, self.most, |item| items.push(item))?;
        Ok(items)
    }

    fn problem(&self, _: &str) -> Cow<'static, str> {
        LIST_PROBLEM.into()
    }
}

/// The problem of a value that is no array.
pub(crate) const LIST_PROBLEM: &str = "must be a list";

/// Reads the items of an array one after another. More than `most` are refused before they are read.
pub(crate) fn read_items<'de, T: JsonField, D: Deserializer<'de>>(
    reader: D,
    place: Place<'_>,
    most: usize,
    keep: impl FnMut(T),
) -> Result<(), D::Error> {
    let item = PhantomData;
    reader.deserialize_seq(ItemsVisitor {
        place,
        most,
        keep,
        item,
    })
}

struct ItemsVisitor<'a, T, K> {
    place: Place<'a>,
    most: usize,
    keep: K,
    item: PhantomData<T>,
}

impl<'de, T: JsonField, K: FnMut(T)> Visitor<'de> for ItemsVisitor<'_, T, K> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'de>>(mut self, mut items: S) -> Result<(), S::Error> {
        for position in 0..self.most {
            let place = self.place.item(position);
            if !place.collects() {
                match items.next_element_seed(Item(place, PhantomData))? {
                    Some(item) => (self.keep)(item),
                    None => return Ok(()),
                }
                continue;
            }
            let Some(text) = items.next_element::<&RawValue>()? else {
                return Ok(());
            };
            let mut reader = serde_json::Deserializer::from_str(text.get());
            if T::read(&mut reader, place).is_err() {
                place.refuse(T::problem()).map_err(S::Error::custom)?;
            }
        }
        if items.next_element::<IgnoredAny>()?.is_some() {
            let problem = format!("must have at most {} items", self.most);
            self.place.refuse(problem).map_err(S::Error::custom)?;
            while items.next_element::<IgnoredAny>()?.is_some() {}
        }
        Ok(())
    }
}

struct Item<'a, T>(Place<'a>, PhantomData<T>);

impl<'de, T: JsonField> DeserializeSeed<'de> for Item<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<T, D::Error> {
        T::read(reader, self.0)
    }
}

/// Reads `null` as no value.
struct OrNull<'a, R> {
    reading: R,
    place: Place<'a>,
}

impl<'de, R: Reading> DeserializeSeed<'de> for OrNull<'_, R> {
    type Value = Option<R::Value>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_option(self)
    }
}

impl<'de, R: Reading> Visitor<'de> for OrNull<'_, R> {
    type Value = Option<R::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        self.reading.read(reader, self.place).map(Some)
    }
}

/// Sets a field without presence. Returns whether it is set.
pub(crate) fn keep<T>(value: Option<T>, field: &mut T) -> bool {
    let is_set = value.is_some();
    if let Some(value) = value {
        *field = value;
    }
    is_set
}

/// Sets a field with presence. Returns whether it is set.
pub(crate) fn keep_some<T>(value: Option<T>, field: &mut Option<T>) -> bool {
    let is_set = value.is_some();
    if is_set {
        *field = value;
    }
    is_set
}

/// Sets a field with presence that is kept outside its message. Returns whether it is set.
pub(crate) fn keep_boxed<T>(value: Option<T>, field: &mut Option<Box<T>>) -> bool {
    keep_some(value.map(Box::new), field)
}

impl<M: JsonMessage> JsonField for M {
    fn read<'de, D: Deserializer<'de>>(reader: D, place: Place<'_>) -> Result<Self, D::Error> {
        message(reader, place)
    }

    fn problem() -> Cow<'static, str> {
        "must be an object".into()
    }
}

impl JsonField for String {
    fn read<'de, D: Deserializer<'de>>(reader: D, _: Place<'_>) -> Result<Self, D::Error> {
        Self::deserialize(reader)
    }

    fn problem() -> Cow<'static, str> {
        "must be a text".into()
    }
}

impl JsonField for bool {
    fn read<'de, D: Deserializer<'de>>(reader: D, _: Place<'_>) -> Result<Self, D::Error> {
        Self::deserialize(reader)
    }

    fn problem() -> Cow<'static, str> {
        "must be true or false".into()
    }
}

impl JsonField for f64 {
    fn read<'de, D: Deserializer<'de>>(reader: D, _: Place<'_>) -> Result<Self, D::Error> {
        reader.deserialize_any(NumberVisitor)
    }

    fn problem() -> Cow<'static, str> {
        "must be a number".into()
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {
        $(
            impl JsonField for $integer {
                fn read<'de, D: Deserializer<'de>>(reader: D, _: Place<'_>) -> Result<Self, D::Error> {
                    let WholeNumber(number) = reader.deserialize_any(IntegerVisitor)?;
                    Self::try_from(number).map_err(|_| D::Error::custom("out of range"))
                }

                fn problem() -> Cow<'static, str> {
                    format!("must be a whole number from {} to {}", Self::MIN, Self::MAX).into()
                }
            }
        )*
    };
}

integers!(i32, u32, u64);

impl JsonField for Timestamp {
    fn read<'de, D: Deserializer<'de>>(reader: D, _: Place<'_>) -> Result<Self, D::Error> {
        Self::deserialize(reader)
    }

    fn problem() -> Cow<'static, str> {
        "must be a time such as 2026-01-31T09:30:00Z, from the year 1 to the year 9999".into()
    }
}

/// A `google.protobuf.Duration`.
pub(crate) struct DurationValue(Duration);

impl DurationValue {
    fn parse(text: &str) -> Option<Self> {
        duration::parse(text).map(Self)
    }
}

impl From<DurationValue> for Duration {
    fn from(value: DurationValue) -> Self {
        value.0
    }
}

impl JsonField for DurationValue {
    fn read<'de, D: Deserializer<'de>>(reader: D, _: Place<'_>) -> Result<Self, D::Error> {
        reader.deserialize_str(TextVisitor(Self::parse))
    }

    fn problem() -> Cow<'static, str> {
        "must be a duration such as 60s or 1.5s".into()
    }
}

/// Reads a text with a function.
struct TextVisitor<T>(fn(&str) -> Option<T>);

impl<T> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text of another form")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).ok_or_else(|| E::custom("another form"))
    }
}

/// An enum of the contract.
pub(crate) trait JsonEnum {
    /// The names of all values, in the order of the contract.
    const NAMES: &'static [&'static str];

    /// The number of the value with this name.
    fn number_of(name: &str) -> Option<i32>;

    /// The name of the value with this number.
    fn name_of(number: i32) -> Option<&'static str>;
}

/// A value of an enum: by its name, or by its number, which may be that of a value that this release does not know.
pub(crate) struct EnumValue<E> {
    number: i32,
    item: PhantomData<E>,
}

impl<E> EnumValue<E> {
    pub(crate) const fn number(&self) -> i32 {
        self.number
    }
}

impl<E: JsonEnum> JsonField for EnumValue<E> {
    fn read<'de, D: Deserializer<'de>>(reader: D, _: Place<'_>) -> Result<Self, D::Error> {
        reader.deserialize_any(EnumVisitor(PhantomData))
    }

    fn problem() -> Cow<'static, str> {
        format!("must be one of {}", E::NAMES.join(", ")).into()
    }

    fn problem_of(value: &str) -> Cow<'static, str> {
        let name = serde_json::from_str::<String>(value).unwrap_or_default();
        let short = E::NAMES.iter().filter_map(|name| name.strip_prefix(prefix::<E>()));
        match nearest(&name, E::NAMES.iter().copied().chain(short)) {
            Some(nearest) => format!("{}; the nearest one is {nearest}", Self::problem()).into(),
            None => Self::problem(),
        }
    }
}

/// The name of the enum at the beginning of its names, such as `VIEW_`.
fn prefix<E: JsonEnum>() -> &'static str {
    let first = E::NAMES.first().copied().unwrap_or_default();
    first.strip_suffix("UNSPECIFIED").unwrap_or_default()
}

/// The number of a value by its name, in any case and with or without the name of the enum in front.
fn number_of<E: JsonEnum>(name: &str) -> Option<i32> {
    E::number_of(name).or_else(|| {
        let name = canonical(name);
        E::number_of(&name).or_else(|| E::number_of(&format!("{}{name}", prefix::<E>())))
    })
}

struct EnumVisitor<E>(PhantomData<E>);

impl<E: JsonEnum> EnumVisitor<E> {
    fn numbered<R: serde::de::Error>(number: Result<WholeNumber, R>) -> Result<EnumValue<E>, R> {
        let number = i32::try_from(number?.0).map_err(|_| R::custom("out of range"))?;
        let item = PhantomData;
        Ok(EnumValue { number, item })
    }
}

impl<E: JsonEnum> Visitor<'_> for EnumVisitor<E> {
    type Value = EnumValue<E>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a value")
    }

    fn visit_str<R: serde::de::Error>(self, name: &str) -> Result<EnumValue<E>, R> {
        let number = number_of::<E>(name).ok_or_else(|| R::custom("unknown name"))?;
        let item = PhantomData;
        Ok(EnumValue { number, item })
    }

    fn visit_u64<R: serde::de::Error>(self, number: u64) -> Result<EnumValue<E>, R> {
        Self::numbered(IntegerVisitor.visit_u64(number))
    }

    fn visit_i64<R: serde::de::Error>(self, number: i64) -> Result<EnumValue<E>, R> {
        Self::numbered(IntegerVisitor.visit_i64(number))
    }

    fn visit_f64<R: serde::de::Error>(self, number: f64) -> Result<EnumValue<E>, R> {
        Self::numbered(IntegerVisitor.visit_f64(number))
    }
}
