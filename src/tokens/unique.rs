//! JSON whose objects have no member twice. Readers of JSON choose the first or the last of two, so a token with both would
//! say one thing to this server, and another thing to the provider or to a proxy (RFC 7519, section 4).

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Any JSON value without a member that comes twice, at any depth. Its content is not kept.
#[derive(Debug)]
struct Unique;

/// Whether this is JSON, and no member of an object in it comes twice.
pub(super) fn has_unique_members(json: &[u8]) -> bool {
    serde_json::from_slice::<Unique>(json).is_ok()
}

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without a member that comes twice")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        let mut seen = HashSet::new();
        while let Some((name, Self)) = members.next_entry::<String, Self>()? {
            if !seen.insert(name) {
                return Err(A::Error::custom("a member comes twice"));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_comes_twice_is_found_at_any_depth() {
        for json in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":{"c":null,"c":true}}"#,
            r#"{"a":[1.5,{"c":"x","d":-1,"c":"x"}]}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"a":1"#,
            "",
        ] {
            assert!(!has_unique_members(json.as_bytes()), "{json}");
        }
        for json in [r#"{"a":{"a":1},"b":[{"a":1},{"a":2}],"A":1}"#, "{}", "[]", "null"] {
            assert!(has_unique_members(json.as_bytes()), "{json}");
        }
    }
}
