//! `google.protobuf.Timestamp` with its proto3 JSON form: RFC 3339 in UTC with a `Z`.
//!
//! The type of `pbjson-types` writes `+00:00`. The time is the same, but a proto3 JSON parser of a client need not
//! accept it.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};

/// A time in the wire contract, in protobuf and in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct Timestamp {
    /// Whole seconds since 1970-01-01T00:00:00Z; from the year 1 to the year 9999.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// Nanoseconds on top of them, 0 to 999,999,999, also before 1970.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// Seconds of a day.
const SECONDS_OF_DAY: i64 = 86_400;

impl Timestamp {
    /// The first second of the year 1: the least value that protobuf allows.
    pub const MIN_SECONDS: i64 = -62_135_596_800;
    /// The last second of the year 9999: the largest value that protobuf allows.
    pub const MAX_SECONDS: i64 = 253_402_300_799;

    /// A time from milliseconds since the epoch.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        let nanos = i32::try_from(millis.rem_euclid(1_000))
            .unwrap_or(0)
            .saturating_mul(1_000_000);
        Self {
            seconds: millis.div_euclid(1_000),
            nanos,
        }
    }

    /// Milliseconds since the epoch, without smaller fractions. `None` if the timestamp is outside the range of
    /// protobuf.
    #[must_use]
    pub fn millis(self) -> Option<i64> {
        let in_range =
            (Self::MIN_SECONDS..=Self::MAX_SECONDS).contains(&self.seconds) && (0..1_000_000_000).contains(&self.nanos);
        in_range.then(|| self.seconds * 1_000 + i64::from(self.nanos) / 1_000_000)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(moment: DateTime<Utc>) -> Self {
        // chrono writes a leap second as more than 999,999,999 nanoseconds. It counts as the end of the second before.
        let nanos = moment.timestamp_subsec_nanos().min(999_999_999);
        Self {
            seconds: moment.timestamp(),
            nanos: i32::try_from(nanos).unwrap_or(0),
        }
    }
}

/// The error of a timestamp outside the range of protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a moment from the year 1 to the year 9999")]
pub struct NotAMoment;

impl TryFrom<Timestamp> for DateTime<Utc> {
    type Error = NotAMoment;

    fn try_from(timestamp: Timestamp) -> Result<Self, NotAMoment> {
        timestamp.millis().ok_or(NotAMoment)?;
        let nanos = u32::try_from(timestamp.nanos).map_err(|_| NotAMoment)?;
        Self::from_timestamp(timestamp.seconds, nanos).ok_or(NotAMoment)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let moment = DateTime::try_from(*self).map_err(S::Error::custom)?;
        serializer.serialize_str(&moment.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Rfc3339)
    }
}

struct Rfc3339;

impl Visitor<'_> for Rfc3339 {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time such as 2026-01-31T09:30:00Z")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
        parse(text).ok_or_else(|| E::custom("not a time"))
    }
}

/// Reads a time in the form of proto3 JSON. chrono also reads small letters, a space for the `T`, more digits than those of
/// nanoseconds, and second 60 in every minute.
fn parse(text: &str) -> Option<Timestamp> {
    let rest = after_form(text, "0000-00-00T00:00:00")?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at_checked(rest.find(|c: char| !c.is_ascii_digit())?)?,
        None => ("0", rest),
    };
    let has_zone = zone == "Z" || after_form(zone.strip_prefix(['+', '-'])?, "00:00") == Some("");
    if !(1..=9).contains(&fraction.len()) || !has_zone {
        return None;
    }
    let moment = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    let is_leap_second = moment.timestamp_subsec_nanos() >= 1_000_000_000;
    if is_leap_second && moment.timestamp().rem_euclid(SECONDS_OF_DAY) != SECONDS_OF_DAY - 1 {
        return None;
    }
    let timestamp = Timestamp::from(moment);
    timestamp.millis().map(|_| timestamp)
}

/// The rest of a text that begins with this form, in which a 0 is any digit.
fn after_form<'a>(text: &'a str, form: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(form.len())?;
    let mut pairs = start.bytes().zip(form.bytes());
    let is_alike = pairs.all(|(byte, wanted)| {
        if wanted == b'0' {
            byte.is_ascii_digit()
        } else {
            byte == wanted
        }
    });
    is_alike.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_ends_in_z_and_has_as_many_digits_as_needed() {
        for (millis, json) in [
            (0, r#""1970-01-01T00:00:00Z""#),
            (1_763_893_860_250, r#""2025-11-23T10:31:00.250Z""#),
            (-1, r#""1969-12-31T23:59:59.999Z""#),
        ] {
            let moment = Timestamp::from_millis(millis);
            assert_eq!(serde_json::to_string(&moment).unwrap(), json);
            assert_eq!(serde_json::from_str::<Timestamp>(json).unwrap(), moment);
            assert_eq!(moment.millis(), Some(millis));
        }
    }

    #[test]
    fn other_zones_and_leap_seconds_are_read() {
        let read = |json| serde_json::from_str::<Timestamp>(json).unwrap();
        assert_eq!(read(r#""1970-01-01T02:00:00+02:00""#), Timestamp::default());
        assert_eq!(read(r#""2016-12-31T23:59:60Z""#).seconds, 1_483_228_799);
        for bad in [r#""2025-02-30T00:00:00Z""#, r#""2025-01-01""#, r#""now""#, "5"] {
            assert!(serde_json::from_str::<Timestamp>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_outside_protobuf_are_refused() {
        for (seconds, nanos) in [
            (Timestamp::MAX_SECONDS + 1, 0),
            (Timestamp::MIN_SECONDS - 1, 0),
            (0, -1),
            (0, 1_000_000_000),
            (i64::MAX, i32::MAX),
        ] {
            let moment = Timestamp { seconds, nanos };
            assert_eq!(moment.millis(), None);
            assert!(serde_json::to_string(&moment).is_err());
        }
    }
}
