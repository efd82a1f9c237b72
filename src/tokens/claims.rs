//! The header and the claims of a token. A name that comes twice is refused: readers do not agree on which one counts.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use serde::Deserialize;

use super::TokenFault;
use super::cache::Verified;
use super::keys::Key;
use super::unique::has_unique_members;
use crate::domain::identity::{Subject, SubjectName};

/// The values of `typ` of tokens that say who somebody is: an ID token, or an access token (RFC 9068). Providers sign other
/// tokens too, for example about a logout.
const TYPES: [&str; 3] = ["JWT", "at+jwt", "application/at+jwt"];

/// The part of the header that chooses a key. The signature covers it, and is checked later.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) kid: Option<String>,
    typ: Option<String>,
}

impl Header {
    pub(super) fn of(token: &str) -> Result<Self, TokenFault> {
        let encoded = token.split('.').next().unwrap_or_default();
        let json = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| TokenFault::Malformed)?;
        if !has_unique_members(&json) {
            return Err(TokenFault::Malformed);
        }
        let header: Self = serde_json::from_slice(&json).map_err(|_| TokenFault::Malformed)?;
        let is_known = |typ: &String| TYPES.iter().any(|known| known.eq_ignore_ascii_case(typ));
        match &header.typ {
            Some(typ) if !is_known(typ) => Err(TokenFault::Malformed),
            _ => Ok(header),
        }
    }
}

/// The claims of a token with a right signature, of the right issuer and for this server.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    iss: String,
    sub: String,
    /// Named, so that it cannot come twice.
    #[serde(rename = "aud")]
    _aud: serde_json::Value,
    exp: f64,
    nbf: Option<f64>,
}

impl Claims {
    pub(super) fn of(token: &str, key: &Key) -> Result<Self, TokenFault> {
        let decoded = jsonwebtoken::decode::<Self>(token, &key.key, &key.validation);
        let data = decoded.map_err(|error| fault(error.kind()))?;
        // Claims that this server does not read may not come twice either.
        let encoded = token.split('.').nth(1).unwrap_or_default();
        let json = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| TokenFault::Malformed)?;
        if !has_unique_members(&json) {
            return Err(TokenFault::Malformed);
        }
        Ok(data.claims)
    }

    pub(super) fn verified(self) -> Result<Verified, TokenFault> {
        let name = |text: &str| SubjectName::parse(text).map_err(|_| TokenFault::Malformed);
        Ok(Verified {
            subject: Arc::new(Subject {
                issuer: name(&self.iss)?,
                subject: name(&self.sub)?,
            }),
            expires_at: self.exp,
            not_before: self.nbf,
        })
    }
}

fn fault(kind: &ErrorKind) -> TokenFault {
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "all other errors say that it is not a token"
    )]
    match kind {
        ErrorKind::InvalidSignature => TokenFault::WrongSignature,
        ErrorKind::InvalidIssuer => TokenFault::WrongIssuer,
        ErrorKind::InvalidAudience => TokenFault::WrongAudience,
        ErrorKind::InvalidAlgorithm => TokenFault::WrongAlgorithm,
        _ => TokenFault::Malformed,
    }
}
