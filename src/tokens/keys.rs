//! The key set of a provider (JWK Set, RFC 7517 and RFC 8037).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use super::TokenRules;
use super::claims::Header;
use crate::config::TokenAlgorithm;

/// The most keys in a set.
const MAX_KEYS: usize = 64;
/// The sizes of an RSA modulus, in bytes: 2048 to 8192 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1_024;

/// Why a key set cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeySetFault {
    /// It has not the form of a set.
    #[error("it is not a JSON Web Key Set (RFC 7517)")]
    Json(#[from] serde_json::Error),
    /// It has too many keys.
    #[error("it has more than {MAX_KEYS} keys")]
    TooMany,
    /// It has a private key.
    #[error("it holds a private key: write the public keys only")]
    Private,
    /// It has no key that can be used.
    #[error("it has no public key for the algorithms of --oidc-algorithms")]
    NoKey,
}

/// The keys of a provider.
#[derive(Debug, Default)]
pub struct KeySet(Vec<Key>);

/// A key, and the tokens that it may sign.
#[derive(Debug)]
pub(super) struct Key {
    id: Option<String>,
    pub(super) key: DecodingKey,
    /// The algorithms of the key, the issuer and the audience.
    pub(super) validation: Validation,
}

/// Which key has signed a token, as its header says.
pub(super) enum Choice<'a> {
    Key(&'a Key),
    WrongAlgorithm,
    Unknown,
}

impl KeySet {
    /// Reads a set. Keys for other uses, and of types that are not known here, are left out.
    pub(super) fn parse(json: &[u8], rules: &TokenRules) -> Result<Self, KeySetFault> {
        let set: Set = serde_json::from_slice(json)?;
        if set.keys.len() > MAX_KEYS {
            return Err(KeySetFault::TooMany);
        }
        if set.keys.iter().any(|key| key.get("d").is_some()) {
            return Err(KeySetFault::Private);
        }
        let read = |value| serde_json::from_value::<Jwk>(value).ok()?.key(rules);
        let keys: Vec<Key> = set.keys.into_iter().filter_map(read).collect();
        if keys.is_empty() {
            return Err(KeySetFault::NoKey);
        }
        Ok(Self(keys))
    }

    /// The number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key that the header names. If it names none, the only one for its algorithm.
    pub(super) fn choose(&self, header: &Header) -> Choice<'_> {
        let named = |key: &&Key| header.kid.is_none() || key.id == header.kid;
        let algorithm = header.alg.parse::<Algorithm>().ok();
        let fits = |key: &&Key| algorithm.is_some_and(|algorithm| key.validation.algorithms.contains(&algorithm));
        let mut fitting = self.0.iter().filter(named).filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Choice::Key(key),
            (Some(_), Some(_)) => Choice::Unknown,
            (None, _) if is_pinned(&header.alg) && !self.0.iter().any(|key| named(&key)) => Choice::Unknown,
            (None, _) => Choice::WrongAlgorithm,
        }
    }
}

/// Whether an algorithm can be configured. A token with another one cannot have been signed by a new key.
fn is_pinned(name: &str) -> bool {
    TokenAlgorithm::ALL.iter().any(|algorithm| algorithm.name() == name)
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

/// A public key, as it is written in a set.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    used_for: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwk {
    /// The key, if it may be used for signatures of one of the algorithms.
    fn key(self, rules: &TokenRules) -> Option<Key> {
        let is_for_signatures = self.used_for.as_deref().is_none_or(|used_for| used_for == "sig")
            && self
                .key_ops
                .as_ref()
                .is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        let (key, possible) = self.material().filter(|_| is_for_signatures)?;
        let may_sign = |algorithm: &&TokenAlgorithm| {
            let name = algorithm.name();
            possible.contains(algorithm) && self.alg.as_deref().is_none_or(|alg| alg == name)
        };
        let allowed = rules.algorithms.iter().filter(may_sign);
        let algorithms: Vec<Algorithm> = allowed.filter_map(|algorithm| algorithm.name().parse().ok()).collect();
        let mut validation = Validation::new(*algorithms.first()?);
        validation.algorithms = algorithms;
        validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
        validation.set_issuer(&[rules.issuer.as_str()]);
        validation.set_audience(&[rules.audience.as_str()]);
        // The times are checked by the clock of the server, also for a token that was checked before.
        validation.validate_exp = false;
        Some(Key {
            id: self.kid,
            key,
            validation,
        })
    }

    /// The key, and the algorithms of its type.
    fn material(&self) -> Option<(DecodingKey, &'static [TokenAlgorithm])> {
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                let (n, e) = (number(self.n.as_ref()?)?, number(self.e.as_ref()?)?);
                let key = RSA_BYTES
                    .contains(&n.len())
                    .then(|| DecodingKey::from_rsa_raw_components(&n, &e))?;
                Some((key, TokenAlgorithm::OF_RSA))
            }
            ("EC", Some("P-256")) => Some((self.point(32)?, &[TokenAlgorithm::Es256])),
            ("EC", Some("P-384")) => Some((self.point(48)?, &[TokenAlgorithm::Es384])),
            ("OKP", Some("Ed25519")) => {
                let x = bytes(self.x.as_ref()?).filter(|x| x.len() == 32)?;
                Some((DecodingKey::from_ed_der(&x), &[TokenAlgorithm::EdDsa]))
            }
            _ => None,
        }
    }

    /// A point of a curve whose coordinates have this size, uncompressed (SEC 1, section 2.3.3).
    fn point(&self, size: usize) -> Option<DecodingKey> {
        let coordinate = |text: &Option<String>| bytes(text.as_ref()?).filter(|bytes| bytes.len() == size);
        let (x, y) = (coordinate(&self.x)?, coordinate(&self.y)?);
        Some(DecodingKey::from_ec_der(&[&[4], x.as_slice(), y.as_slice()].concat()))
    }
}

/// A number without zeros in front, which some providers write and `ring` refuses.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = bytes(text)?;
    Some(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
