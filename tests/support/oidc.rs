//! An OpenID provider made for a test: keys, key sets, tokens, and a server that gives the key set.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use super::tls::Pair;

/// The issuer and the audience of the tests.
pub const ISSUER: &str = "https://id.example";
pub const AUDIENCE: &str = "ringwarden";

/// A key of the provider. `ring` makes no RSA keys, so there is one, which nothing but these tests uses.
pub enum SigningKey {
    Es256(EcdsaKeyPair),
    Es384(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl SigningKey {
    pub fn es256() -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self::Es256(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap())
    }

    pub fn es384() -> Self {
        let (algorithm, random) = (&ECDSA_P384_SHA384_FIXED_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self::Es384(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap())
    }

    pub fn ed25519() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::EdDsa(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap())
    }

    pub fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::from_der(&STANDARD.decode(RSA_KEY.replace('\n', "")).unwrap()).unwrap())
    }

    /// The public key, as a key set has it.
    pub fn public(&self, id: &str) -> Value {
        let curve = |key: &EcdsaKeyPair, name: &str| {
            let point = &key.public_key().as_ref()[1..];
            let (x, y) = point.split_at(point.len() / 2);
            json!({"kty": "EC", "crv": name, "kid": id, "use": "sig", "x": encode(x), "y": encode(y)})
        };
        match self {
            Self::Es256(key) => curve(key, "P-256"),
            Self::Es384(key) => curve(key, "P-384"),
            Self::EdDsa(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": encode(key.public_key().as_ref())})
            }
            Self::Rsa(key) => {
                let public: RsaPublicKeyComponents<Vec<u8>> = key.public().into();
                let (n, e) = (&public.n, &public.e);
                json!({"kty": "RSA", "kid": id, "n": encode(n), "e": encode(e)})
            }
        }
    }

    /// The name of its usual algorithm.
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Es256(_) => "ES256",
            Self::Es384(_) => "ES384",
            Self::EdDsa(_) => "EdDSA",
            Self::Rsa(_) => "RS256",
        }
    }

    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Es256(key) | Self::Es384(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::EdDsa(key) => key.sign(message).as_ref().to_vec(),
            Self::Rsa(key) => {
                let encoding: &'static dyn RsaEncoding = match algorithm {
                    "PS256" => &RSA_PSS_SHA256,
                    "RS512" => &RSA_PKCS1_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(encoding, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// A token with this header and these claims, as texts of JSON.
    pub fn sign_texts(&self, header: &str, claims: &str) -> String {
        let message = message(header, claims);
        let algorithm = serde_json::from_str::<Value>(header).unwrap_or_default();
        let signature = self.sign(algorithm["alg"].as_str().unwrap_or(""), message.as_bytes());
        format!("{message}.{}", encode(&signature))
    }

    /// A token with this key id and these claims.
    pub fn token(&self, id: &str, claims: &Value) -> String {
        let header = json!({"alg": self.algorithm(), "typ": "JWT", "kid": id});
        self.sign_texts(&header.to_string(), &claims.to_string())
    }
}

/// The first two parts of a token.
pub fn message(header: &str, claims: &str) -> String {
    format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()))
}

/// A token that is signed with a shared secret.
pub fn hmac_token(header: &str, claims: &str, secret: &[u8]) -> String {
    let message = message(header, claims);
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", encode(signature.as_ref()))
}

pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The claims of a person, valid from a minute before `now` to an hour after it, in seconds since 1970.
pub fn claims(subject: &str, now: i64) -> Value {
    json!({"iss": ISSUER, "sub": subject, "aud": AUDIENCE, "iat": now, "nbf": now - 60, "exp": now + 3_600})
}

/// The text of a key set.
pub fn key_set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// A web server under TLS that answers each request in the same way, until it is told another one.
pub struct KeyServer {
    port: u16,
    answer: Arc<Mutex<Vec<u8>>>,
    asked: Arc<Mutex<usize>>,
}

impl KeyServer {
    /// A server with this certificate, that gives this key set.
    pub fn start(pair: &Pair, key_set: &str) -> Self {
        let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            answer: Arc::default(),
            asked: Arc::default(),
        };
        server.give(key_set);
        let (answer, asked) = (Arc::clone(&server.answer), Arc::clone(&server.asked));
        // It ends with the process of the tests.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(connection, stream.unwrap());
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
                    head.push(byte[0]);
                }
                if head.ends_with(b"\r\n\r\n") {
                    *asked.lock().unwrap() += 1;
                    let answer = answer.lock().unwrap().clone();
                    // The client may be gone.
                    stream.write_all(&answer).ok();
                    stream.conn.send_close_notify();
                    stream.flush().ok();
                }
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}/keys", self.port)
    }

    /// Gives this key set from now on.
    pub fn give(&self, key_set: &str) {
        self.answer(&super::web::ok(
            key_set,
            "content-type: application/json\r\nconnection: close\r\n",
        ));
    }

    /// Gives this answer from now on.
    pub fn answer(&self, answer: &[u8]) {
        *self.answer.lock().unwrap() = answer.to_vec();
    }

    /// How many requests came.
    pub fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

/// A private key of RSA with 2048 bits (PKCS #1), made for these tests.
const RSA_KEY: &str = "\
MIIEpQIBAAKCAQEAr/7O8dR6bo0QlYcaayyYNxa8kMebXLV29ISZ4MAUjD4FVNBw7bE9Bk0KHGHSCasH2iiLlCUPXyBcbFZP5BOtIDWS8lLMj+cZntFO
RpCO/+FSPYWB9raLYf2YqULP+FTBaEFKR0KmMbs1e/ds2UyaS4p1zewz7Uo4fiCzQLkXYrcH0jvvQB+S6uMAufxT1Wn4nFyIwugoHNpIdwu1yISozeMn
+/KcM2KrGWf6bPLViG94qEdhejfI4QRY31cCuPXHKQV3gQ9zcjqzGqicmzpNa1bn+qxPIyQGaVKEKkEiuWfjatNpOoRbAY3ktLdU+u67rqZ0kUk+MaPV
vbJHi1uV6wIDAQABAoIBAAlA6V+fZOU9fIg9fMmdeXlitCfGnv1uZc1F0D4YILHJAbMWbJb1e+MXbOHWJjAvnRo+3yvlu5usUhUOKrrav/5oDWG5XHEa
h7x+fnzzqoPQtJLF23H94hvqX2WoPNLD82azEXU9ZLX2Wmxks4VEuP4iJGnfMqcWK8c8mpWGGzErnnrF2kxrqG52PvudtbCzqhTKt7m0hn2eyHNO3ius
JUtREQQ5Mk3XWTSkDUj2Zm+VRnalikQx/ejHoaFjxfDH4W6hgVKGuhOQbpTI4M+U1RvldTB6mpdr1R4XXrnX5kUDiCJ20WeYQFrv9dqKQbha0ANkOF0G
ys6D1qlt6MPFbo0CgYEA2TjEapOm9G4UsMD1EJ+6sUbO56QrOhidtB87JO9HaYaqNDgB3h9530ZShoVxRjRLbxGKsMwzz/6deqrqm95Pdk/hL/EijY2M
yjae0eOWfpTTNFzq3onF3L1f5o0j5d758N7cd0ENpxNYSsPJXE9b9VUoVCHkcu8ddf+teElPPR8CgYEAz2n08ZQrF+XEqJCIq3+UWe9z9cHqXrH8m7dL
UtYFazNJBjF06DLqSntcuspxpN/xnTOhZOI/shm42Bx4orFbM9k1Uh8uw2AHe8N58R4ET/QzqEdn4yG2e0AplL6iuIUOp/g5khgMW09l2Fv6H6c2YIEG
FokvvJbJZcb3PJ2fwbUCgYEApmrQSBqAwSkI3vWliqvk2uY1o8/pciPjxlha9ov++QC7qy/xdlxFAWKd3QOk6bUsyZX13EdFtqcJvS3ueaXS2QCPtCwY
XbxBTbaU7JZg+O9J9AbvxbhlhxzquPYOt5ChigEjhJWpQQQYE4d14CvIdudb80DYBZndx0Yvf0Ui2N8CgYEAloniu8u8kzWyzF1KtJ5+P+Apm79Iqb4p
B6O7Sb4IZMvuPk56+WSq47Axl2kDnpTjOiOVCjGj5VIB9OiFLh/nf/QwXRBA0pDKHau8v6H3o0gsjgB1iEaZuU7SXyEV3TLFdmgU8NH/de5kjuoC2iJ0
twouLwEW4pvWRMZp/1av8tkCgYEAnseDAO5HXK5H3oShkHj8/MCA4Q5I5c8t7jLRzQQnGxRJvxaxHBW8OTtg3ASVFtZ1g7hAbcga7+RbgW279O+MlhI8
7Ma4iJfyU5XSrjAvX3yhwoSRolEFRkfbYUW+EIs7g8KmoMdbmqQL9NCqv05sNZv+aKYaw34oAxPO1WxRfQY=";
