//! Finding the party behind a request.

use std::net::IpAddr;

use super::{Api, ApiError, RequestContext};
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
    /// The address of the client, or of the proxy in front of the server; none if the request came over no network.
    pub client: Option<IpAddr>,
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
    /// The party behind a request, and why it is nobody. A credential that is not accepted makes it nobody, also beside another
    /// that is. Nothing is counted yet: what the request asks for may need no credential.
    #[must_use]
    pub fn caller(&self, shown: &Shown<'_>) -> (Caller, Option<RefusedLabel>) {
        if self.is_open() {
            return (Caller::Open, None);
        }
        match self.identified(shown) {
            Ok(Ok(identified)) => {
                self.0.services.identities.note_use(&identified);
                (Caller::Known(identified.into()), None)
            }
            Ok(Err(refused @ RefusedLabel::NotChecked)) => (Caller::Unchecked, Some(refused)),
            Ok(Err(refused)) => (Caller::Nobody, Some(refused)),
            // `Api::authorize` says that the index is being loaded.
            Err(_) => (Caller::Nobody, None),
        }
    }

    /// The generation of the principals. It must be asked for before the caller is.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.services.identities.generation()
    }

    /// Whether everybody may use the server now.
    fn is_open(&self) -> bool {
        self.0.admission == Admission::OpenWithoutPrincipals && self.0.services.identities.are_none()
    }

    /// Whether the server may be open, and it is not known yet: its store has not said whether it has principals.
    pub(super) fn is_unconfirmed(&self) -> bool {
        let identities = &self.0.services.identities;
        self.0.admission == Admission::OpenWithoutPrincipals && !identities.has_principals() && !identities.are_none()
    }

    /// Checks again that the caller may do what it was let through for: its request, or the next part of it, has arrived, and
    /// its credential may have ended meanwhile. If nothing has changed, this compares two integers. The context has the
    /// principal as it is now.
    ///
    /// # Errors
    /// If the credential is not accepted any more, or none of the caller's roles may call the method.
    pub fn readmit(&self, context: &mut RequestContext) -> Result<(), ApiError> {
        let identities = &self.0.services.identities;
        let generation = identities.generation();
        let has_ended = match &context.caller {
            Caller::Known(known) => known.until.is_some() && known.has_ended(self.clock().now()),
            Caller::Open | Caller::Nobody | Caller::Unchecked => false,
        };
        if context.permit.generation == generation && !has_ended {
            return Ok(());
        }
        let caller = match &context.caller {
            Caller::Open if !self.is_closed() => Caller::Open,
            Caller::Open | Caller::Nobody | Caller::Unchecked => {
                context.refused.get_or_insert(RefusedLabel::Missing);
                Caller::Nobody
            }
            Caller::Known(known) => match identities.identify_again(known) {
                Ok(again) => Caller::Known(again.into()),
                Err(refused) => {
                    context.refused = Some(label(refused));
                    Caller::Nobody
                }
            },
        };
        context.caller = caller;
        context.permit.generation = generation;
        self.check_roles(context, context.permit.roles)
    }

    /// Whether a party without a credential that was let through is not any more.
    fn is_closed(&self) -> bool {
        self.0.admission == Admission::PrincipalsOnly || self.0.services.identities.has_principals()
    }

    /// The principal behind a request, or why nobody is.
    fn identified(&self, shown: &Shown<'_>) -> Result<Result<Identified, RefusedLabel>, ServiceError> {
        let of_header = match shown.authorization {
            Authorization::None => None,
            Authorization::Malformed => Some(Err(RefusedLabel::Malformed)),
            Authorization::Bearer(text) => Some(self.of_bearer(text, shown.client)?),
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
    fn of_bearer(&self, text: &str, client: Option<IpAddr>) -> Result<Result<Identified, RefusedLabel>, ServiceError> {
        // A token has dots between its parts, and a key has none.
        let tokens = self.0.tokens.as_ref().filter(|_| text.contains('.'));
        match tokens.map(|tokens| tokens.subject_if(text, || self.may_check_token(client))) {
            None => self.of_proof(Proof::Key(text)),
            Some(Ok((subject, until))) => self.of_proof(Proof::Subject(&subject, until)),
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
        Refused::Ambiguous => RefusedLabel::Ambiguous,
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
        TokenFault::NotChecked => RefusedLabel::NotChecked,
    }
}
