//! Values in answers whose JSON form is not that of their Rust type.

use std::marker::PhantomData;

use serde::ser::{Serialize, SerializeSeq as _, Serializer};

use super::JsonEnum;

/// A 64-bit integer as a text, since JavaScript would round the number.
pub(crate) struct IntegerText(pub(crate) u64);

impl Serialize for IntegerText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A double. JSON has no number for those that are not finite.
pub(crate) struct Double(pub(crate) f64);

impl Serialize for Double {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            return serializer.serialize_f64(self.0);
        }
        serializer.serialize_str(match self.0 {
            f64::INFINITY => "Infinity",
            f64::NEG_INFINITY => "-Infinity",
            _ => "NaN",
        })
    }
}

/// A value of an enum: its name, or its number if this release does not know it.
pub(crate) struct EnumName<E> {
    number: i32,
    item: PhantomData<E>,
}

impl<E> EnumName<E> {
    pub(crate) const fn of(number: i32) -> Self {
        let item = PhantomData;
        Self { number, item }
    }
}

impl<E: JsonEnum> Serialize for EnumName<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match E::name_of(self.number) {
            Some(name) => serializer.serialize_str(name),
            None => serializer.serialize_i32(self.number),
        }
    }
}

/// Several values of an enum.
pub(crate) struct EnumNames<'a, E> {
    numbers: &'a [i32],
    item: PhantomData<E>,
}

impl<'a, E> EnumNames<'a, E> {
    pub(crate) const fn of(numbers: &'a [i32]) -> Self {
        let item = PhantomData;
        Self { numbers, item }
    }
}

impl<E: JsonEnum> Serialize for EnumNames<'_, E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.numbers.len()))?;
        for number in self.numbers {
            list.serialize_element(&EnumName::<E>::of(*number))?;
        }
        list.end()
    }
}
