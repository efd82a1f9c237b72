//! The text of a `google.protobuf.Duration` in proto3 JSON.
//!
//! The type of `pbjson-types` writes it well. It also reads texts that are none, such as `1.s`, and durations beyond the
//! range.

use pbjson_types::Duration;

/// The most seconds of a duration, in both directions: about 10,000 years.
const MAX_SECONDS: i64 = 315_576_000_000;
/// The digits of nanoseconds.
const MAX_DIGITS: usize = 9;

/// Reads a text such as `60s` or `-1.5s`.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let text = text.strip_suffix('s')?;
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.len() > MAX_DIGITS || !is_digits(seconds) || !is_digits(fraction) {
        return None;
    }
    let seconds: i64 = seconds.parse().ok().filter(|seconds| *seconds <= MAX_SECONDS)?;
    let nanos: i32 = format!("{fraction:0<MAX_DIGITS$}").parse().ok()?;
    Some(Duration {
        seconds: seconds * i64::from(sign),
        nanos: nanos * sign,
    })
}

/// Whether a text is one or more ASCII digits.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
