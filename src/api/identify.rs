//! Finding the party behind a request.

use super::Api;
use crate::domain::identity::{Caller, CertificateHash, Identified};
use crate::metrics::RefusedLabel;
use crate::service::{Proof, Refused, ServiceError};
use crate::tokens::TokenFault;

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
                self.metrics().refused_credential(refused);
                Caller::Nobody
            }
            // `Api::authorize` says that the index is being loaded.
            Err(_) => Caller::Nobody,
        }
    }

    /// The principal behind a request, or why nobody is.
    fn identified(&self, shown: &Shown<'_>) -> Result<Result<Identified, RefusedLabel>, ServiceError> {
        let of_header = match shown.authorization {
            Authorization::None => None,
            Authorization::Malformed => Some(Err(RefusedLabel::Malformed)),
            Authorization::Bearer(text) => Some(self.of_bearer(text)?),
        };
        let Some(certificate) = shown.certificate else {
            return Ok(of_header.unwrap_or(Err(RefusedLabel::Missing)));
        };
        let of_certificate = self.of_proof(Proof::Certificate(certificate))?;
        Ok(match (of_header, of_certificate) {
            (None, found) => found,
            // A certificate that is bound to nobody only encrypts: many clients may share one.
            (Some(found), Err(RefusedLabel::Unknown)) => found,
            (Some(_), Err(refused)) => Err(refused),
            (Some(Ok(found)), Ok(other)) if found.principal.id != other.principal.id => Err(RefusedLabel::WrongSecret),
            (Some(found), Ok(_)) => found,
        })
    }

    /// The principal of an API key, or of a token.
    fn of_bearer(&self, text: &str) -> Result<Result<Identified, RefusedLabel>, ServiceError> {
        // A token has dots between its parts, and a key has none.
        let tokens = self.0.tokens.as_ref().filter(|_| text.contains('.'));
        match tokens.map(|tokens| tokens.subject(text)) {
            None => self.of_proof(Proof::Key(text)),
            Some(Ok(subject)) => self.of_proof(Proof::Subject(&subject)),
            Some(Err(fault)) => Ok(Err(label_of_fault(fault))),
        }
    }

    fn of_proof(&self, proof: Proof<'_>) -> Result<Result<Identified, RefusedLabel>, ServiceError> {
        Ok(self.0.services.identities.identify(proof)?.map_err(label))
    }
}

const fn label(refused: Refused) -> RefusedLabel {
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

const fn label_of_fault(fault: TokenFault) -> RefusedLabel {
    match fault {
        TokenFault::Malformed => RefusedLabel::Malformed,
        TokenFault::WrongAlgorithm => RefusedLabel::WrongAlgorithm,
        TokenFault::UnknownKey => RefusedLabel::UnknownKey,
        TokenFault::WrongSignature => RefusedLabel::WrongSignature,
        TokenFault::WrongIssuer => RefusedLabel::WrongIssuer,
        TokenFault::WrongAudience => RefusedLabel::WrongAudience,
        TokenFault::NotYet => RefusedLabel::NotYet,
        TokenFault::Expired => RefusedLabel::Expired,
    }
}
