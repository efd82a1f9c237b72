//! What the client has reached instead of the gRPC port of a server that it trusts, found in the causes of an error.

use std::error::Error;
use std::io;

use rustls::{AlertDescription, CertificateError};

use crate::net::{JSON_PORT, TLS_PORT};

/// Why no call can be made there. The same attempt would end in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WrongEnd {
    /// What is wrong, without a full stop.
    pub(super) sentence: &'static str,
    /// What to do about it, without a full stop.
    pub(super) advice: &'static str,
}

const HTTP_PORT: WrongEnd = WrongEnd {
    sentence: "this port speaks JSON over HTTP/1.1, and commands need the one that speaks gRPC",
    advice: "give the gRPC address of the server (--grpc-addr, by default 127.0.0.1:50051) with --server",
};
const SPEAKS_TLS: WrongEnd = WrongEnd {
    sentence: "this port speaks TLS, and the address does not begin with https://",
    advice: "give the address as https:// with --server",
};
const NO_TLS: WrongEnd = WrongEnd {
    sentence: "this port does not speak TLS, and the address begins with https://",
    advice: "give the address as http:// with --server, if plain text is intended",
};
const NO_GRPC: WrongEnd = WrongEnd {
    sentence: "this port speaks TLS, but not gRPC",
    advice: HTTP_PORT.advice,
};
const UNKNOWN_AUTHORITY: WrongEnd = WrongEnd {
    sentence: "the certificate of the server is not signed by an authority that this client trusts",
    advice: "give the file with the certificate of its authority with --ca",
};
const EXPIRED: WrongEnd = WrongEnd {
    sentence: "the certificate of the server has expired",
    advice: "renew the certificate of the server, and check the clock of this machine",
};
const NOT_YET_VALID: WrongEnd = WrongEnd {
    sentence: "the certificate of the server is not valid yet",
    advice: "check the clocks of this machine and of the one that made the certificate",
};
const OTHER_NAME: WrongEnd = WrongEnd {
    sentence: "the certificate of the server is for another name than the one in the address",
    advice: "give a name of the certificate with --server",
};
const BAD_CERTIFICATE: WrongEnd = WrongEnd {
    sentence: "the certificate of the server cannot be used",
    advice: "see the cause, and make the certificate again; that of an authority cannot be that of a server",
};
/// The server has ended the connection because of the client's certificate.
pub(super) const CLIENT_REFUSED: WrongEnd = WrongEnd {
    sentence: "the server refuses the certificate of this client",
    advice: "give one with --client-cert that an authority of the server (--tls-client-ca) has signed and that has not expired",
};

/// What was reached instead, if an error or one of its causes says so.
pub(super) fn wrong_end(error: &(dyn Error + 'static)) -> Option<WrongEnd> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = by_text(&error.to_string()).or_else(|| by_type(error)) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn by_text(text: &str) -> Option<WrongEnd> {
    if text.contains(JSON_PORT) {
        Some(HTTP_PORT)
    } else if text.contains(TLS_PORT) {
        Some(SPEAKS_TLS)
    } else if text.contains("tls handshake eof") {
        Some(NO_TLS)
    } else {
        None
    }
}

fn by_type(error: &(dyn Error + 'static)) -> Option<WrongEnd> {
    // An I/O error hides the error in it: its source is the source of that one.
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let inner = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
    by_handshake(inner.or_else(|| error.downcast_ref())?)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other errors say nothing of the port or the certificate"
)]
fn by_handshake(error: &rustls::Error) -> Option<WrongEnd> {
    Some(match error {
        rustls::Error::InvalidCertificate(problem) => match problem {
            // A signature is wrong if another authority has the same name.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => UNKNOWN_AUTHORITY,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => EXPIRED,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => NOT_YET_VALID,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => OTHER_NAME,
            _ => BAD_CERTIFICATE,
        },
        rustls::Error::InvalidMessage(_) => NO_TLS,
        rustls::Error::NoApplicationProtocol => NO_GRPC,
        rustls::Error::AlertReceived(alert) => match alert {
            AlertDescription::NoApplicationProtocol => NO_GRPC,
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError
            | AlertDescription::CertificateRequired => CLIENT_REFUSED,
            _ => return None,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_causes_tell_what_was_reached() {
        let of = |error: rustls::Error| wrong_end(&io::Error::new(io::ErrorKind::InvalidData, error));
        let unknown = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        assert_eq!(of(unknown.clone()), Some(UNKNOWN_AUTHORITY));
        assert_eq!(wrong_end(&unknown), Some(UNKNOWN_AUTHORITY));
        assert_eq!(
            of(rustls::Error::AlertReceived(AlertDescription::UnknownCA)),
            Some(CLIENT_REFUSED)
        );
        assert_eq!(of(rustls::Error::AlertReceived(AlertDescription::InternalError)), None);
        assert_eq!(
            wrong_end(&io::Error::other(format!("{TLS_PORT}: use https://"))),
            Some(SPEAKS_TLS)
        );
        assert_eq!(wrong_end(&io::Error::from(io::ErrorKind::ConnectionReset)), None);
    }
}
