//! What a certificate says of itself (RFC 5280, section 4.1): the fields that the TLS library checks and does not tell.

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Version;

use crate::clock::Clock;

/// Why no server accepts a certificate from a client, even if it trusts the authority that signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientFlaw {
    /// The bytes are no certificate.
    Unreadable,
    /// It has this version, and TLS needs version 3.
    Version(u32),
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
        let Some(certificate) = read(certificate) else {
            return Some(Self::Unreadable);
        };
        // Versions are counted from 0.
        let X509Version(version) = certificate.version();
        if certificate.version() != X509Version::V3 {
            return Some(Self::Version(version.saturating_add(1)));
        }
        if certificate.is_ca() {
            return Some(Self::Authority);
        }
        match certificate.extended_key_usage() {
            Ok(Some(usage)) if !usage.value.client_auth => Some(Self::Purpose),
            Ok(_) => None,
            Err(_) => Some(Self::Unreadable),
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
    let end = read(certificate)?.validity().not_after.timestamp();
    // A time before 1970 is in the past all the same.
    Some(u64::try_from(end).unwrap_or(0))
}

fn read(certificate: &[u8]) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(certificate)
        .ok()
        .map(|(_, certificate)| certificate)
}

/// The time of this machine, in seconds since 1970.
pub(in crate::net) fn now() -> u64 {
    u64::try_from(Clock::system().now().millis() / 1_000).unwrap_or(0)
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
                // Bytes are missing: reading must not panic.
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
                // Bytes are missing: reading must not panic.
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
    }
}
