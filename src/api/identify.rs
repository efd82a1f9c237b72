//! Finding the party behind a request.

use super::Api;
use crate::domain::identity::{Caller, CertificateHash, Identified};
use crate::metrics::RefusedLabel;
use crate::service::{Proof, Refused, ServiceError};

/// Who may use a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Admission {
    /// Everybody, until the store has a principal. For a server that only its own machine reaches.
    #[default]
    OpenWithoutPrincipals,
    /// Principals only.
    PrincipalsOnly,
}

/// What a request shows of its sender. Its texts are those of a client.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown<'a> {
    /// The value of the header `authorization`.
    pub authorization: Authorization<'a>,
    /// The client certificate, verified by the transport.
    pub certificate: Option<CertificateHash>,
}

/// The value of the header `authorization`.
#[derive(Clone, Copy, Default)]
pub enum Authorization<'a> {
    /// There is none.
    #[default]
    None,
    /// There are several, or one that is not `Bearer` and a text.
    Malformed,
    /// The text after `Bearer`.
    Bearer(&'a str),
}

impl std::fmt::Debug for Authorization<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Malformed => "Malformed",
            Self::Bearer(_) => "Bearer(..)",
        })
    }
}

impl Api {
    /// The party behind a request. A credential that is not accepted makes it nobody, also beside another that is.
    #[must_use]
    pub fn caller(&self, shown: &Shown<'_>) -> Caller {
        let identities = &self.0.services.identities;
        if self.0.admission == Admission::OpenWithoutPrincipals && !identities.any().unwrap_or(false) {
            return Caller::Open;
        }
        match self.identified(shown) {
            Ok(Ok(identified)) => Caller::Known(identified.into()),
            Ok(Err(refused)) => {
                self.metrics().refused_credential(label(refused));
                Caller::Nobody
            }
            // `Api::authorize` says that the index is being loaded.
            Err(_) => Caller::Nobody,
        }
    }

    fn identified(&self, shown: &Shown<'_>) -> Result<Result<Identified, Refused>, ServiceError> {
        let identities = &self.0.services.identities;
        let of_header = match shown.authorization {
            Authorization::None => None,
            Authorization::Malformed => Some(Err(Refused::Malformed)),
            Authorization::Bearer(text) => Some(identities.identify(Proof::Key(text))?),
        };
        let Some(certificate) = shown.certificate else {
            return Ok(of_header.unwrap_or(Err(Refused::Missing)));
        };
        let of_certificate = identities.identify(Proof::Certificate(certificate))?;
        Ok(match (of_header, of_certificate) {
            (None, found) => found,
            // A certificate that is bound to nobody only encrypts: many clients may share one.
            (Some(found), Err(Refused::Unknown)) => found,
            (Some(_), Err(refused)) => Err(refused),
            (Some(Ok(found)), Ok(other)) if found.principal.id != other.principal.id => Err(Refused::WrongSecret),
            (Some(found), Ok(_)) => found,
        })
    }
}

fn label(refused: Refused) -> RefusedLabel {
    match refused {
        Refused::Missing => RefusedLabel::Missing,
        Refused::Malformed => RefusedLabel::Malformed,
        Refused::Unknown => RefusedLabel::Unknown,
        Refused::WrongSecret => RefusedLabel::WrongSecret,
        Refused::NotYet => RefusedLabel::NotYet,
        Refused::Expired => RefusedLabel::Expired,
        Refused::Revoked => RefusedLabel::Revoked,
        Refused::Disabled => RefusedLabel::Disabled,
    }
}
