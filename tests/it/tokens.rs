//! Tokens of an OpenID provider: which are accepted, and why others are not.

use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::config::TokenAlgorithm;
use ringwarden::domain::identity::SubjectName;
use ringwarden::domain::time::Timestamp;
use ringwarden::tokens::{KeySetFault, MAX_TOKEN_BYTES, TokenFault, TokenRules, Tokens};
use serde_json::{Value, json};

use crate::support::oidc::{AUDIENCE, ISSUER, SigningKey, claims, encode, hmac_token, key_set, message};

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600;

fn name(text: &str) -> SubjectName {
    SubjectName::parse(text).unwrap()
}

fn rules(algorithms: &[TokenAlgorithm]) -> TokenRules {
    TokenRules {
        issuer: name(ISSUER),
        audience: name(AUDIENCE),
        algorithms: algorithms.to_vec(),
    }
}

/// A reader with these keys, and its clock.
fn reader(keys: &[Value], algorithms: &[TokenAlgorithm]) -> (Tokens, Clock) {
    let clock = Clock::manual(Timestamp::from_secs(NOW));
    let tokens = Tokens::new(rules(algorithms), clock.clone());
    give(&tokens, keys);
    (tokens, clock)
}

fn give(tokens: &Tokens, keys: &[Value]) {
    let keys = tokens.parse_keys(key_set(keys).as_bytes()).unwrap();
    tokens.replace_keys(keys);
}

/// The claims of a good token with a change.
fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut claims = claims("ana", NOW);
    change(&mut claims);
    claims
}

#[test]
fn each_type_of_key_signs_tokens() {
    let keys = [
        SigningKey::es256(),
        SigningKey::es384(),
        SigningKey::ed25519(),
        SigningKey::rsa(),
    ];
    let public: Vec<Value> = keys.iter().map(|key| key.public(key.algorithm())).collect();
    let (tokens, _) = reader(&public, TokenAlgorithm::ALL);
    assert_eq!(tokens.keys(), 4);
    for key in &keys {
        let (subject, until) = tokens
            .subject(&key.token(key.algorithm(), &claims("ana", NOW)))
            .unwrap();
        assert_eq!((subject.issuer.as_str(), subject.subject.as_str()), (ISSUER, "ana"));
        assert!(until > Timestamp::from_secs(NOW));
        // Without an id, the algorithm is enough if there is one key for it.
        let header = json!({"alg": key.algorithm()}).to_string();
        let token = key.sign_texts(&header, &claims("bob", NOW).to_string());
        assert_eq!(tokens.subject(&token).unwrap().0.subject.as_str(), "bob");
    }
    for algorithm in ["PS256", "RS512"] {
        let header = json!({"alg": algorithm, "kid": "RS256", "typ": "at+jwt"}).to_string();
        let token = keys[3].sign_texts(&header, &claims("ana", NOW).to_string());
        assert!(tokens.subject(&token).is_ok(), "{algorithm}");
    }
    // An audience among others, and times with fractions.
    let token = keys[0].token(
        "ES256",
        &changed(|claims| {
            claims["aud"] = json!(["other", AUDIENCE]);
            claims["exp"] = json!(NOW as f64 + 0.5);
        }),
    );
    assert!(tokens.subject(&token).is_ok());
}

#[test]
fn other_tokens_are_refused_for_the_right_cause() {
    let (key, stranger, rsa) = (SigningKey::es256(), SigningKey::es256(), SigningKey::rsa());
    let pinned = [TokenAlgorithm::Es256, TokenAlgorithm::Rs256];
    let (tokens, _) = reader(&[key.public("k1"), rsa.public("r1")], &pinned);
    let good = claims("ana", NOW).to_string();
    let with = |change: fn(&mut Value)| key.token("k1", &changed(change));
    let header = |text: &str| key.sign_texts(text, &good);
    let public_rsa = rsa.public("r1");
    let modulus = public_rsa["n"].as_str().unwrap();
    let valid = key.token("k1", &claims("ana", NOW));
    let (head, signature) = valid.rsplit_once('.').unwrap();
    let other_claims = message(
        r#"{"alg":"ES256","typ":"JWT","kid":"k1"}"#,
        &changed(|claims| claims["sub"] = "eve".into()).to_string(),
    );
    let duplicate = |extra: &str| {
        let claims = good.replacen('{', &format!("{{{extra},"), 1);
        key.sign_texts(r#"{"alg":"ES256","kid":"k1"}"#, &claims)
    };
    use TokenFault::{
        Expired, Malformed, NotYet, UnknownKey, WrongAlgorithm, WrongAudience, WrongIssuer, WrongSignature,
    };
    let cases: Vec<(&str, String, TokenFault)> = vec![
        ("empty", String::new(), Malformed),
        ("dots", "..".into(), Malformed),
        ("one part", "abc".into(), Malformed),
        ("two parts", head.to_owned(), Malformed),
        ("four parts", format!("{valid}.x"), Malformed),
        ("no signature", format!("{head}."), WrongSignature),
        ("cut signature", valid[..valid.len() - 2].to_owned(), WrongSignature),
        ("signature with padding", format!("{valid}="), Malformed),
        ("other claims", format!("{other_claims}.{signature}"), WrongSignature),
        (
            "a stranger's key",
            stranger.token("k1", &claims("ana", NOW)),
            WrongSignature,
        ),
        (
            "none",
            format!("{}.", message(r#"{"alg":"none"}"#, &good)),
            WrongAlgorithm,
        ),
        (
            "None",
            format!("{}.", message(r#"{"alg":"None","kid":"k1"}"#, &good)),
            WrongAlgorithm,
        ),
        (
            "none with a signature",
            header(r#"{"alg":"none","kid":"k1"}"#),
            WrongAlgorithm,
        ),
        (
            "the public key as a secret",
            hmac_token(r#"{"alg":"HS256","kid":"r1"}"#, &good, modulus.as_bytes()),
            WrongAlgorithm,
        ),
        (
            "a public key without an id as a secret",
            hmac_token(r#"{"alg":"HS256"}"#, &good, modulus.as_bytes()),
            WrongAlgorithm,
        ),
        (
            "an algorithm of another key",
            header(r#"{"alg":"RS256","kid":"k1"}"#),
            WrongAlgorithm,
        ),
        (
            "an algorithm that is not pinned",
            rsa.sign_texts(r#"{"alg":"PS256","kid":"r1"}"#, &good),
            WrongAlgorithm,
        ),
        (
            "another signature of RSA",
            rsa.sign_texts(r#"{"alg":"RS512","kid":"r1"}"#, &good),
            WrongAlgorithm,
        ),
        ("no algorithm", header(r#"{"kid":"k1"}"#), Malformed),
        ("an unknown key", key.token("k2", &claims("ana", NOW)), UnknownKey),
        (
            "a path as the key id",
            key.token("../../dev/null", &claims("ana", NOW)),
            UnknownKey,
        ),
        (
            "two key ids",
            header(r#"{"alg":"ES256","kid":"k2","kid":"k1"}"#),
            Malformed,
        ),
        (
            "two algorithms",
            header(r#"{"alg":"none","alg":"ES256","kid":"k1"}"#),
            Malformed,
        ),
        (
            "critical parameters",
            header(r#"{"alg":"ES256","kid":"k1","crit":["exp"],"exp":1}"#),
            Malformed,
        ),
        (
            "a payload that is not encoded",
            header(r#"{"alg":"ES256","kid":"k1","b64":false,"crit":["b64"]}"#),
            Malformed,
        ),
        (
            "a token about a logout",
            header(r#"{"alg":"ES256","kid":"k1","typ":"logout+jwt"}"#),
            Malformed,
        ),
        ("a header that is no object", header("[]"), Malformed),
        ("expired", with(|claims| claims["exp"] = json!(NOW - 30)), Expired),
        ("not yet", with(|claims| claims["nbf"] = json!(NOW + 31)), NotYet),
        (
            "another issuer",
            with(|claims| claims["iss"] = json!("https://id.example/")),
            WrongIssuer,
        ),
        (
            "two issuers",
            with(|claims| claims["iss"] = json!([ISSUER, "x"])),
            Malformed,
        ),
        ("no issuer", with(|claims| claims["iss"] = Value::Null), Malformed),
        (
            "another audience",
            with(|claims| claims["aud"] = json!("Ringwarden")),
            WrongAudience,
        ),
        (
            "other audiences",
            with(|claims| claims["aud"] = json!(["a", "b"])),
            WrongAudience,
        ),
        ("no audience", with(|claims| claims["aud"] = Value::Null), Malformed),
        (
            "an audience that is a number",
            with(|claims| claims["aud"] = json!(1)),
            Malformed,
        ),
        ("no end", with(|claims| claims["exp"] = Value::Null), Malformed),
        (
            "an end that is a text",
            with(|claims| claims["exp"] = json!("9999999999")),
            Malformed,
        ),
        (
            "a beginning that is a text",
            with(|claims| claims["nbf"] = json!("0")),
            Malformed,
        ),
        ("no subject", with(|claims| claims["sub"] = Value::Null), Malformed),
        ("an empty subject", with(|claims| claims["sub"] = json!("")), Malformed),
        (
            "a subject with NUL",
            with(|claims| claims["sub"] = json!("ana\0")),
            Malformed,
        ),
        (
            "a long subject",
            with(|claims| claims["sub"] = json!("a".repeat(256))),
            Malformed,
        ),
        ("two subjects", duplicate(r#""sub":"eve""#), Malformed),
        (
            "two issuers by name",
            duplicate(r#""iss":"https://id.example""#),
            Malformed,
        ),
        ("two audiences by name", duplicate(r#""aud":"other""#), Malformed),
        ("two ends", duplicate(r#""exp":1"#), Malformed),
        (
            "two of a claim that is not read",
            duplicate(r#""scope":"read","scope":"write""#),
            Malformed,
        ),
        (
            "two of a claim, of which one is escaped",
            duplicate(r#""scope":1,"\u0073cope":2"#),
            Malformed,
        ),
        (
            "two of a member of a claim",
            duplicate(r#""act":{"sub":"eve","sub":"ana"}"#),
            Malformed,
        ),
        (
            "two of a parameter that is not read",
            header(r#"{"alg":"ES256","kid":"k1","x":1,"x":2}"#),
            Malformed,
        ),
        (
            "huge",
            with(|claims| claims["pad"] = json!("x".repeat(MAX_TOKEN_BYTES))),
            Malformed,
        ),
        (
            "claims that are no object",
            key.sign_texts(r#"{"alg":"ES256","kid":"k1"}"#, "[]"),
            Malformed,
        ),
        ("no JSON", format!("{}.{}.", encode(b"\xff\0"), encode(b"x")), Malformed),
    ];
    for (what, token, expected) in cases {
        assert_eq!(tokens.subject(&token).unwrap_err(), expected, "{what}");
    }
    assert!(tokens.subject(&valid).is_ok());
}

#[test]
fn a_signature_is_checked_only_if_it_may_be_and_not_twice() {
    let (key, stranger) = (SigningKey::es256(), SigningKey::es256());
    let (tokens, _) = reader(&[key.public("k1")], &[TokenAlgorithm::Es256]);
    let good = key.token("k1", &claims("ana", NOW));
    let asked = std::cell::Cell::new(0);
    let if_allowed = |token: &str, is_allowed: bool| {
        tokens.subject_if(token, || {
            asked.set(asked.get() + 1);
            is_allowed
        })
    };
    assert_eq!(if_allowed(&good, false), Err(TokenFault::NotChecked));
    assert!(if_allowed(&good, true).is_ok());
    assert_eq!(asked.replace(0), 2);
    // A token that was checked a short time ago needs no check, and one that names no key of the set gets none.
    assert!(if_allowed(&good, false).is_ok());
    let unknown = stranger.token("k2", &claims("ana", NOW));
    assert_eq!(if_allowed(&unknown, false), Err(TokenFault::UnknownKey));
    assert_eq!(if_allowed("abc", false), Err(TokenFault::Malformed));
    assert_eq!(asked.get(), 0);
}

#[test]
fn a_token_ends_although_it_was_checked_before() {
    let key = SigningKey::es256();
    let (tokens, clock) = reader(&[key.public("k1")], &[TokenAlgorithm::Es256]);
    let token = key.token("k1", &claims("ana", NOW));
    assert!(tokens.subject(&token).is_ok());
    clock.advance(Duration::from_secs(3_629));
    assert!(tokens.subject(&token).is_ok());
    clock.advance(Duration::from_secs(1));
    assert_eq!(tokens.subject(&token), Err(TokenFault::Expired));
    clock.set(Timestamp::from_secs(NOW - 91));
    assert_eq!(tokens.subject(&token), Err(TokenFault::NotYet));
}

#[tokio::test]
async fn tokens_of_a_key_that_has_gone_are_refused_at_once() {
    let (first, second) = (SigningKey::es256(), SigningKey::ed25519());
    let algorithms = [TokenAlgorithm::Es256, TokenAlgorithm::EdDsa];
    let (tokens, _) = reader(&[first.public("k1")], &algorithms);
    let of_first = first.token("k1", &claims("ana", NOW));
    let of_second = second.token("k2", &claims("ana", NOW));
    assert!(tokens.subject(&of_first).is_ok());
    assert_eq!(tokens.subject(&of_second), Err(TokenFault::UnknownKey));
    // It tells that there may be new keys.
    tokens.unknown_key().await;
    give(&tokens, &[first.public("k1"), second.public("k2")]);
    assert!(tokens.subject(&of_first).is_ok() && tokens.subject(&of_second).is_ok());
    give(&tokens, &[second.public("k2")]);
    assert_eq!(tokens.subject(&of_first), Err(TokenFault::UnknownKey));
    // Another key with the same id.
    give(&tokens, &[SigningKey::ed25519().public("k2")]);
    assert_eq!(tokens.subject(&of_second), Err(TokenFault::WrongSignature));
}

#[test]
fn a_key_set_needs_a_key_that_can_be_used() {
    let tokens = Tokens::new(rules(&[TokenAlgorithm::Es256]), Clock::fixed(Timestamp::from_secs(NOW)));
    let parse = |text: &str| tokens.parse_keys(text.as_bytes()).map(|keys| keys.len());
    let key = SigningKey::es256().public("k1");
    let with = |name: &str, value: Value| {
        let mut key = key.clone();
        key[name] = value;
        key
    };
    // Other keys stand beside the good one.
    let mixed = [
        key.clone(),
        json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "kid": "s"}),
        json!({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}),
        json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}),
        json!("text"),
        SigningKey::rsa().public("r1"),
    ];
    assert_eq!(parse(&key_set(&mixed)).unwrap(), 1);
    assert_eq!(parse(&key_set(&[with("alg", json!("ES256"))])).unwrap(), 1);
    for unusable in [
        with("use", json!("enc")),
        with("key_ops", json!(["sign"])),
        with("alg", json!("ES384")),
        with("x", json!("AA")),
        with("crv", json!("P-384")),
        json!({"kty": "RSA", "n": encode(&[255; 128]), "e": "AQAB"}),
    ] {
        let parsed = parse(&key_set(std::slice::from_ref(&unusable)));
        assert!(matches!(parsed, Err(KeySetFault::NoKey)), "{unusable}");
    }
    let private = parse(&key_set(&[with("d", json!("AA"))]));
    assert!(matches!(private, Err(KeySetFault::Private)));
    assert!(matches!(parse(&key_set(&vec![key; 65])), Err(KeySetFault::TooMany)));
    for text in ["", "[]", "{}", "<html>", r#"{"keys": 1}"#] {
        assert!(matches!(parse(text), Err(KeySetFault::Json(_))), "{text}");
    }
}
