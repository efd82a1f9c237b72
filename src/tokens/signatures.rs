//! The check of signatures, by `ring`, which also does so for TLS: `jsonwebtoken` reads tokens, and leaves the cryptography
//! to others.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{Error as Wrong, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::signature::{
    self as scheme, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: no_signer,
    verifier_factory: verifier,
    // For the conversion of keys, which this server does not need.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes `jsonwebtoken` use `ring` in this process.
pub(super) fn install() {
    // It says if it is so already.
    PROVIDER.install_default().ok();
}

fn no_signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn jsonwebtoken::crypto::JwtSigner>, Error> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    Ok(Box::new(RingVerifier {
        algorithm: *algorithm,
        key: key.clone(),
    }))
}

/// Checks signatures of one key and algorithm.
struct RingVerifier {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Wrong> {
        let verified = match self.key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                let rsa = rsa(self.algorithm).ok_or_else(Wrong::new)?;
                RsaPublicKeyComponents { n, e }.verify(rsa, message, signature)
            }
            DecodingKeyKind::SecretOrDer(point) => {
                let curve = curve(self.algorithm).ok_or_else(Wrong::new)?;
                UnparsedPublicKey::new(curve, point).verify(message, signature)
            }
        };
        verified.map_err(|_| Wrong::new())
    }
}

/// The algorithms of RSA keys, of 2048 to 8192 bits.
fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    #[allow(clippy::wildcard_enum_match_arm, reason = "the algorithms of other keys")]
    match algorithm {
        Algorithm::RS256 => Some(&scheme::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Some(&scheme::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Some(&scheme::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Some(&scheme::RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Some(&scheme::RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Some(&scheme::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}

/// The algorithms of keys that are points of a curve.
fn curve(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    #[allow(clippy::wildcard_enum_match_arm, reason = "the algorithms of other keys")]
    match algorithm {
        Algorithm::ES256 => Some(&scheme::ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Some(&scheme::ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => Some(&scheme::ED25519),
        _ => None,
    }
}
