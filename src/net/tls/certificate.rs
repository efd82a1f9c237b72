//! What a certificate says of itself (RFC 5280, section 4.1): the fields that the TLS library checks and does not tell.

use chrono::{NaiveDate, NaiveDateTime};

use crate::clock::Clock;

/// The tags of ASN.1 (X.690) on the way to the fields.
const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_ID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// The extension that says whether the certificate is that of an authority: 2.5.29.19.
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// The extension that names the purposes: 2.5.29.37.
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// The purpose of a client: 1.3.6.1.5.5.7.3.2.
const CLIENT_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];

/// The version that TLS needs, as people count: that with extensions.
const WITH_EXTENSIONS: u8 = 3;

/// Why a server cannot accept a certificate as that of a client, whoever has signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientFlaw {
    /// The bytes are no certificate.
    Unreadable,
    /// It has this version, and TLS needs version 3.
    Version(u8),
    /// It is that of an authority.
    Authority,
    /// It names the purposes that it is for, and that of a client is none of them.
    Purpose,
    /// Its validity has ended, at this second since 1970.
    Ended(u64),
}

impl ClientFlaw {
    /// The first flaw of a certificate (DER), apart from its times.
    pub(crate) fn of_form(certificate: &[u8]) -> Option<Self> {
        let Some((version, _, after)) = parts(certificate) else {
            return Some(Self::Unreadable);
        };
        if version != WITH_EXTENSIONS {
            return Some(Self::Version(version));
        }
        let says = |id, wanted: fn(&[u8]) -> bool| extension(after, id).map(wanted);
        if says(BASIC_CONSTRAINTS, is_of_authority) == Some(true) {
            Some(Self::Authority)
        } else if says(EXTENDED_KEY_USAGE, is_for_clients) == Some(false) {
            Some(Self::Purpose)
        } else {
            None
        }
    }

    /// The first flaw of a certificate (DER) at this second since 1970. One that is valid later has none: it may be bound
    /// before its time.
    pub(crate) fn at(certificate: &[u8], now: u64) -> Option<Self> {
        Self::of_form(certificate).or_else(|| match not_after(certificate) {
            Some(end) if now <= end => None,
            Some(end) => Some(Self::Ended(end)),
            None => Some(Self::Unreadable),
        })
    }
}

/// The end of a certificate's validity, in seconds since 1970; `None` if these bytes are no certificate.
pub(in crate::net) fn not_after(certificate: &[u8]) -> Option<u64> {
    let (_, validity, _) = parts(certificate)?;
    let (_, _, rest) = element(validity)?;
    let (tag, text, _) = element(rest)?;
    let time = time(tag, std::str::from_utf8(text).ok()?)?;
    // A time before 1970 is in the past all the same.
    Some(u64::try_from(time.and_utc().timestamp()).unwrap_or(0))
}

/// The version of a certificate as people count, its validity, and the fields after that.
fn parts(certificate: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (certificate, _) = value(certificate, SEQUENCE)?;
    let (fields, _) = value(certificate, SEQUENCE)?;
    // A certificate of version 1 does not name its version.
    let (version, fields) = match value(fields, VERSION) {
        None => (1, fields),
        Some((named, rest)) => match value(named, INTEGER)?.0 {
            [number] => (number.checked_add(1)?, rest),
            _ => return None,
        },
    };
    // The serial number, the algorithm of the signature, and the issuer.
    let fields = (0..3).try_fold(fields, |fields, _| element(fields).map(|(_, _, rest)| rest))?;
    let (validity, rest) = value(fields, SEQUENCE)?;
    Some((version, validity, rest))
}

/// The value of an extension, if the certificate has it. `fields` are those after the validity: the subject, its key, and maybe
/// numbers of both parties.
fn extension<'a>(mut fields: &'a [u8], id: &[u8]) -> Option<&'a [u8]> {
    let mut extensions = loop {
        let (tag, value_of_field, rest) = element(fields)?;
        if tag == EXTENSIONS {
            break value(value_of_field, SEQUENCE)?.0;
        }
        fields = rest;
    };
    loop {
        let (extension, rest) = value(extensions, SEQUENCE)?;
        let (found, rest_of_it) = value(extension, OBJECT_ID)?;
        if found == id {
            // Whether it is critical comes first, if it is.
            let rest_of_it = value(rest_of_it, BOOLEAN).map_or(rest_of_it, |(_, rest)| rest);
            return value(rest_of_it, OCTET_STRING).map(|(held, _)| held);
        }
        extensions = rest;
    }
}

/// Whether the basic constraints are those of an authority.
fn is_of_authority(constraints: &[u8]) -> bool {
    let flag = value(constraints, SEQUENCE).and_then(|(held, _)| value(held, BOOLEAN));
    flag.is_some_and(|(flag, _)| flag != [0])
}

/// Whether the purpose of a client is among these.
fn is_for_clients(purposes: &[u8]) -> bool {
    let Some((mut purposes, _)) = value(purposes, SEQUENCE) else {
        return false;
    };
    while let Some((purpose, rest)) = value(purposes, OBJECT_ID) {
        if purpose == CLIENT_AUTH {
            return true;
        }
        purposes = rest;
    }
    false
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
    use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd};
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    /// A certificate of version 1, as `openssl x509 -req` makes it without a file of extensions. It ended on 2026-12-01.
    const VERSION_1: &[u8] = include_bytes!("../../../tests/data/certificate-version-1.pem");

    fn made(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = CertificateParams::new(["a.example".to_owned()]).unwrap();
        params.not_after = date_time_ymd(2026, 12, 31);
        change(&mut params);
        params
            .self_signed(&KeyPair::generate().unwrap())
            .unwrap()
            .der()
            .to_vec()
    }

    #[test]
    fn what_a_client_cannot_show_is_found() {
        let purposes = |purposes: &[ExtendedKeyUsagePurpose]| {
            let purposes = purposes.to_vec();
            made(move |params| params.extended_key_usages = purposes)
        };
        let (server, client) = (ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth);
        let authority = made(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
        let version_1 = CertificateDer::from_pem_slice(VERSION_1).unwrap().to_vec();
        let explicitly_none = made(|params| params.is_ca = IsCa::ExplicitNoCa);
        for (certificate, flaw) in [
            (made(|_| ()), None),
            (explicitly_none, None),
            (purposes(&[server.clone(), client]), None),
            (purposes(&[server]), Some(ClientFlaw::Purpose)),
            (authority, Some(ClientFlaw::Authority)),
            (version_1, Some(ClientFlaw::Version(1))),
            (b"no certificate".to_vec(), Some(ClientFlaw::Unreadable)),
        ] {
            assert_eq!(ClientFlaw::of_form(&certificate), flaw);
            for cut in 0..certificate.len() {
                // Whatever is missing, reading it does not fail.
                let _read = ClientFlaw::at(&certificate[..cut], 0);
            }
        }
    }

    #[test]
    fn a_client_cannot_show_what_has_ended() {
        let certificate = made(|_| ());
        assert_eq!(ClientFlaw::at(&certificate, 1_798_675_200), None);
        let ended = ClientFlaw::at(&certificate, 1_798_675_201);
        assert_eq!(ended, Some(ClientFlaw::Ended(1_798_675_200)));
        // It may be bound before it is valid.
        assert_eq!(ClientFlaw::at(&certificate, 0), None);
    }

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
