//! The OpenID provider whose tokens are accepted.

use std::path::PathBuf;

use super::fault::ValueProblem;
use super::layers::Layers;
use super::{parse, settings};
use crate::domain::identity::SubjectName;

/// The OpenID provider whose tokens are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcSettings {
    /// The claim `iss` of its tokens.
    pub issuer: SubjectName,
    /// A value that the claim `aud` must have.
    pub audience: SubjectName,
    /// Where its keys are.
    pub keys: KeySource,
    /// Certificates of the authorities that sign the certificate of an address of keys (PEM). Default: the public ones.
    pub ca: Option<PathBuf>,
    /// The algorithms of signatures that are accepted. Default: RS256, PS256, ES256, ES384, EdDSA.
    pub algorithms: Vec<TokenAlgorithm>,
}

/// Where a key set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// In a file.
    File(PathBuf),
    /// At an address, `https://`.
    Url(String),
}

stable_enum! {
    /// An algorithm of signatures by a private key (RFC 7518, section 3.1; RFC 8037). Those with a shared secret, and `none`,
    /// are not among them.
    TokenAlgorithm {
        /// RSA with PKCS #1 v1.5 and SHA-256.
        Rs256 = 1 "RS256",
        /// RSA with PKCS #1 v1.5 and SHA-384.
        Rs384 = 2 "RS384",
        /// RSA with PKCS #1 v1.5 and SHA-512.
        Rs512 = 3 "RS512",
        /// RSA-PSS with SHA-256.
        Ps256 = 4 "PS256",
        /// RSA-PSS with SHA-384.
        Ps384 = 5 "PS384",
        /// RSA-PSS with SHA-512.
        Ps512 = 6 "PS512",
        /// ECDSA with P-256 and SHA-256.
        Es256 = 7 "ES256",
        /// ECDSA with P-384 and SHA-384.
        Es384 = 8 "ES384",
        /// Ed25519.
        EdDsa = 9 "EdDSA",
    }
}

impl TokenAlgorithm {
    /// The algorithms of RSA keys.
    pub const OF_RSA: &'static [Self] = &[
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
    ];
}

impl OidcSettings {
    /// The settings, or `None` if no provider is configured. Issuer, audience and keys must be given together.
    pub(super) fn read(layers: &mut Layers<'_>) -> Option<Option<Self>> {
        let issuer = layers.read_if_set(&settings::OIDC_ISSUER, issuer);
        let audience = layers.read_if_set(&settings::OIDC_AUDIENCE, audience);
        let keys = layers.read_if_set(&settings::OIDC_KEYS, keys);
        let ca = layers.read_if_set(&settings::OIDC_CA, parse::path);
        let algorithms = layers.read(&settings::OIDC_ALGORITHMS, algorithms);
        let (issuer, audience, keys, ca, algorithms) = (issuer?, audience?, keys?, ca?, algorithms?);
        let alone = match (issuer, audience, keys) {
            (Some(issuer), Some(audience), Some(keys)) => {
                if ca.is_some() && matches!(keys, KeySource::File(_)) {
                    layers.refuse(&settings::OIDC_CA, alone("--oidc-keys with an https:// address"));
                    return None;
                }
                return Some(Some(Self {
                    issuer,
                    audience,
                    keys,
                    ca,
                    algorithms,
                }));
            }
            (None, None, None) if ca.is_none() => return Some(None),
            (None, None, None) => &settings::OIDC_CA,
            (Some(_), _, _) => &settings::OIDC_ISSUER,
            (None, Some(_), _) => &settings::OIDC_AUDIENCE,
            (None, None, Some(_)) => &settings::OIDC_KEYS,
        };
        layers.refuse(
            alone,
            self::alone("--oidc-issuer, --oidc-audience and --oidc-keys together"),
        );
        None
    }
}

fn alone(accepted: &str) -> ValueProblem {
    ValueProblem {
        wrong: "has no effect alone".to_owned(),
        accepted: accepted.to_owned(),
    }
}

fn issuer(text: &str) -> Result<SubjectName, ValueProblem> {
    let is_url = text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty());
    let name = SubjectName::parse(text).ok().filter(|_| is_url);
    name.ok_or_else(|| {
        let accepted = "the value of `iss` in the tokens, a URL of at most 255 bytes that begins with https://";
        ValueProblem::with(text, "is not an issuer", accepted)
    })
}

fn audience(text: &str) -> Result<SubjectName, ValueProblem> {
    SubjectName::parse(text).map_err(|_| {
        let accepted = "1 to 255 visible characters of ASCII without blanks";
        ValueProblem::with(text, "is not an audience", accepted)
    })
}

fn keys(text: &str) -> Result<KeySource, ValueProblem> {
    if !text.contains("://") {
        return parse::path(text).map(KeySource::File);
    }
    let host = text.strip_prefix("https://");
    let is_plain =
        |rest: &&str| !rest.is_empty() && !rest.starts_with('/') && rest.bytes().all(|b| b.is_ascii_graphic());
    match host.filter(is_plain) {
        // A password would be in logs and in the list of processes.
        Some(rest) if !rest.split(['/', '?']).next().unwrap_or_default().contains('@') => {
            Ok(KeySource::Url(text.to_owned()))
        }
        _ => {
            let accepted = "the path of a file, or an https:// address without a user name";
            Err(ValueProblem::with(text, "is not a place of keys", accepted))
        }
    }
}

fn algorithms(text: &str) -> Result<Vec<TokenAlgorithm>, ValueProblem> {
    let read = |name: &str| {
        let found = TokenAlgorithm::ALL.iter().find(|algorithm| algorithm.name() == name);
        found.copied().ok_or_else(|| {
            let names: Vec<&str> = TokenAlgorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
            ValueProblem::with(name, "is not an algorithm that is accepted", &names.join(", "))
        })
    };
    text.split(',').map(|name| read(name.trim())).collect()
}
