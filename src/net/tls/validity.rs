//! Until when a certificate is valid (RFC 5280, section 4.1.2.5): the one field of it that the TLS library does not tell.

use chrono::{NaiveDate, NaiveDateTime};

use crate::clock::Clock;

/// The tags of ASN.1 (X.690) on the way to the field.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The end of a certificate's validity, in seconds since 1970; `None` if these bytes are no certificate.
pub(in crate::net) fn not_after(certificate: &[u8]) -> Option<u64> {
    let (certificate, _) = value(certificate, SEQUENCE)?;
    let (fields, _) = value(certificate, SEQUENCE)?;
    // A certificate of version 1 does not name its version.
    let fields = value(fields, VERSION).map_or(fields, |(_, rest)| rest);
    // The serial number, the algorithm of the signature, and the issuer.
    let fields = (0..3).try_fold(fields, |fields, _| element(fields).map(|(_, _, rest)| rest))?;
    let (validity, _) = value(fields, SEQUENCE)?;
    let (_, _, rest) = element(validity)?;
    let (tag, text, _) = element(rest)?;
    let time = time(tag, std::str::from_utf8(text).ok()?)?;
    // A time before 1970 is in the past all the same.
    Some(u64::try_from(time.and_utc().timestamp()).unwrap_or(0))
}

/// The time of this machine, in seconds since 1970.
pub(in crate::net) fn now() -> u64 {
    u64::try_from(Clock::system().now().millis() / 1_000).unwrap_or(0)
}

/// The value of the first element, if it has this tag, and what follows it.
fn value(bytes: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, value, rest) = element(bytes)?;
    (tag == wanted).then_some((value, rest))
}

/// The tag and the value of the first element, and what follows it. Tags of several bytes are not used in these fields.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*first) {
        short @ 0..=0x7f => (short, rest),
        long => {
            // 0x80 would be a length that is not stated, which DER does not allow; a certificate is shorter than 2^24.
            let digits = long.checked_sub(0x80).filter(|digits| (1..=3).contains(digits))?;
            let (length, rest) = rest.split_at_checked(digits)?;
            let length = length.iter().fold(0, |sum: usize, byte| sum << 8 | usize::from(*byte));
            (length, rest)
        }
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((*tag, value, rest))
}

/// `YYMMDDHHMMSSZ` for the years 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
fn time(tag: u8, text: &str) -> Option<NaiveDateTime> {
    let (century, digits) = match tag {
        UTC_TIME => {
            let years: i32 = text.get(..2)?.parse().ok()?;
            (if years < 50 { 2_000 } else { 1_900 } + years, text.get(2..)?)
        }
        GENERALIZED_TIME => (text.get(..4)?.parse().ok()?, text.get(4..)?),
        _ => return None,
    };
    let rest = digits.strip_suffix('Z').filter(|rest| rest.len() == 10)?;
    let part = |from: usize| rest.get(from..from + 2)?.parse::<u32>().ok();
    NaiveDate::from_ymd_opt(century, part(0)?, part(2)?)?.and_hms_opt(part(4)?, part(6)?, part(8)?)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn the_end_of_a_certificate_is_read() {
        let key = KeyPair::generate().unwrap();
        for ((year, month, day), seconds) in [((2026, 12, 31), 1_798_675_200), ((2055, 1, 2), 2_682_460_800)] {
            let mut params = CertificateParams::new(["a.example".to_owned()]).unwrap();
            params.not_after = date_time_ymd(year, month, day);
            let certificate = params.self_signed(&key).unwrap();
            assert_eq!(not_after(certificate.der()), Some(seconds));
            for cut in 0..certificate.der().len() {
                // Whatever is missing, reading it does not fail.
                let _read = not_after(&certificate.der()[..cut]);
            }
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        for bytes in [
            &b""[..],
            b"\x30",
            b"\x30\x80",
            b"\x30\x84\x01\x00\x00\x00",
            b"-----BEGIN",
        ] {
            assert_eq!(not_after(bytes), None);
        }
        assert_eq!(
            time(UTC_TIME, "491231235959Z").unwrap().to_string(),
            "2049-12-31 23:59:59"
        );
        assert_eq!(
            time(UTC_TIME, "500101000000Z").unwrap().to_string(),
            "1950-01-01 00:00:00"
        );
        for text in [
            "",
            "4912312359Z",
            "491331235959Z",
            "49123123595\u{e4}Z",
            "491231235959+01",
        ] {
            assert_eq!(time(UTC_TIME, text), None, "{text}");
        }
    }
}
