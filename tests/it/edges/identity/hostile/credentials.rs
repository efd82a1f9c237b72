//! Credentials that are not accepted: keys, tokens, and headers that hold them in another way.

use ringwarden::domain::identity::{ApiKey, KeyId, Role};
use serde_json::{Value, json};

use super::{Row, request};
use crate::edges::identity::closed::{Closed, now, of};
use crate::edges::identity::{bearer, key};
use crate::support::oidc::{AUDIENCE, SigningKey, claims, hmac_token, message};

fn row(name: &'static str, lines: impl AsRef<str>) -> Row {
    Row::new(name, 401, request("GET", "/v1/caller", lines.as_ref(), b""))
}

pub(super) async fn rows(closed: &Closed) -> Vec<Row> {
    let mut rows = headers();
    rows.extend(keys(closed).await);
    rows.extend(tokens(closed).await);
    rows
}

/// A right key in a wrong place or form.
fn headers() -> Vec<Row> {
    let good = key(Role::Analyst.code()).text();
    let header = |value: &str| format!("authorization: {value}\r\n");
    let mut rows = vec![
        row("no credential", ""),
        row("an empty header", header("")),
        row("the scheme alone", header("Bearer")),
        row("the scheme and a blank", header("Bearer ")),
        row("no scheme", header(&good)),
        row("Basic", header(&format!("Basic {good}"))),
        row("Digest", header(&format!("Digest username=\"{good}\""))),
        row("another word", header(&format!("Bearers {good}"))),
        row("a tab after the scheme", header(&format!("Bearer\t{good}"))),
        row("two blanks", header(&format!("Bearer  {good}"))),
        row("a colon", header(&format!("Bearer: {good}"))),
        row("quotes", header(&format!("Bearer \"{good}\""))),
        row("the same key twice", format!("{0}{0}", bearer(&good))),
        row("two keys", format!("{}{}", bearer(&good), of(Role::Admin))),
        row(
            "a good and a bad key",
            format!("{}{}", bearer(&good), bearer("unknown-secret")),
        ),
        row("an empty and a good header", format!("{}{}", header(""), bearer(&good))),
        row(
            "two keys in one header",
            header(&format!("Bearer {good}, Bearer {good}")),
        ),
        row("a key and a comma", header(&format!("Bearer {good},"))),
        row("another header", format!("x-api-key: {good}\r\n")),
        row("a header of proxies", format!("proxy-authorization: Bearer {good}\r\n")),
        row("forwarded", format!("x-forwarded-authorization: Bearer {good}\r\n")),
        row("a cookie", format!("cookie: authorization=Bearer {good}\r\n")),
        row("a trailer", "te: trailers\r\ntrailer: authorization\r\n"),
        row("letters beyond ASCII", header("Bearer \u{e9}\u{202e}")),
        row(
            "a name in a header",
            "x-principal: admin\r\nx-forwarded-user: admin\r\n",
        ),
        row(
            "a certificate in a header",
            "x-client-cert: admin\r\nx-ssl-client-verify: SUCCESS\r\n",
        ),
    ];
    for path in [
        format!("/v1/caller?access_token={good}"),
        format!("/v1/caller?key={good}"),
        format!("/v1/caller?authorization=Bearer%20{good}"),
    ] {
        rows.push(Row::new("a key in the path", 401, request("GET", &path, "", b"")));
    }
    let body = json!({"access_token": good, "actor": "admin"}).to_string();
    rows.push(Row::new(
        "a key in the body",
        401,
        request(
            "POST",
            "/v1/cases",
            "content-type: application/json\r\n",
            body.as_bytes(),
        ),
    ));
    rows
}

/// Texts that are almost a key, and keys that have ended.
async fn keys(closed: &Closed) -> Vec<Row> {
    closed.principal("locked", Role::Admin, 60, json!({})).await;
    closed.principal("revoked", Role::Admin, 61, json!({})).await;
    let change = async |method: &str, path: &str, body: Value| {
        let (status, text) = closed.ask(method, path, &of(Role::Admin), &body.to_string()).await;
        assert_eq!(status, 200, "{text}");
    };
    change(
        "PATCH",
        "/v1/principals/locked",
        json!({"disabled": true, "requestId": "lock"}),
    )
    .await;
    change(
        "POST",
        "/v1/keys/000000000000003d:revoke",
        json!({"requestId": "revoke"}),
    )
    .await;

    let good = key(Role::Admin.code()).text();
    let of_other_secret = ApiKey::new("test", KeyId::from_raw(u64::from(Role::Admin.code())), [9; 32]).unwrap();
    let (head, checksum) = good.rsplit_once('_').unwrap();
    let texts: Vec<(&'static str, String)> = vec![
        ("a key of a principal that is locked out", key(60).text()),
        ("a key that was revoked", key(61).text()),
        ("an unknown key", key(99).text()),
        ("a known key with another secret", of_other_secret.text()),
        ("a key that is cut off", good[..good.len() - 1].to_owned()),
        ("a key that is too long", format!("{good}0")),
        ("capitals", good.to_uppercase()),
        ("another environment", good.replacen("test", "live", 1)),
        (
            "another checksum",
            format!("{head}_{}", checksum.chars().rev().collect::<String>()),
        ),
        ("no checksum", head.to_owned()),
        ("a key id alone", "rw_test_0000000000000001".to_owned()),
        ("a mark alone", "rw_".to_owned()),
        ("underscores", "rw____".to_owned()),
        ("a path", "../../etc/passwd".to_owned()),
        ("a template", "{s0}".to_owned()),
        ("a template of a log", "${jndi:ldap://x.example/a}".to_owned()),
        ("a format", "%s%n%x".to_owned()),
        ("a percent code of NUL", "%00".to_owned()),
        ("a quote", "' OR '1'='1".to_owned()),
        ("a null", "null".to_owned()),
        ("a long text", "x".repeat(8_000)),
        ("a long key", format!("rw_test_{}", "0".repeat(4_000))),
        (
            "a store's hash instead of the secret",
            format!("rw_test_{:016x}_{}", 1, key(5).secret_hash().text()),
        ),
    ];
    texts.into_iter().map(|(name, text)| row(name, bearer(&text))).collect()
}

/// Tokens that are refused. The subject `sub-1` is bound, so each of them would count if it were accepted.
async fn tokens(closed: &Closed) -> Vec<Row> {
    let subjects = json!({"subjects": [{"issuer": crate::support::oidc::ISSUER, "subject": "sub-1"}]});
    closed.principal("reader", Role::Analyst, 62, subjects).await;
    let (status, text) = closed
        .ask("GET", "/v1/caller", &bearer(&closed.token("sub-1")), "")
        .await;
    assert_eq!(status, 200, "{text}");
    let signing = &closed.signing;
    let good = claims("sub-1", now());
    let text = good.to_string();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut claims = good.clone();
        change(&mut claims);
        signing.token("k1", &claims)
    };
    let header = |header: &str| signing.sign_texts(header, &text);
    let valid = closed.token("sub-1");
    let (head, signature) = valid.rsplit_once('.').unwrap();
    let (public, stranger) = (signing.public("k1").to_string(), SigningKey::es256());
    let none = |alg: &str| format!("{}.", message(&json!({"alg": alg, "kid": "k1"}).to_string(), &text));
    let other = message(r#"{"alg":"ES256","kid":"k1"}"#, &text.replace("sub-1", "sub-2"));
    let texts: Vec<(&'static str, String)> = vec![
        ("JWT none", none("none")),
        ("JWT NONE", none("NONE")),
        ("JWT none with a signature", header(r#"{"alg":"none","kid":"k1"}"#)),
        ("JWT without an algorithm", header(r#"{"kid":"k1"}"#)),
        (
            "JWT HS256 with the public key",
            hmac_token(r#"{"alg":"HS256","kid":"k1"}"#, &text, public.as_bytes()),
        ),
        (
            "JWT HS256 with an empty secret",
            hmac_token(r#"{"alg":"HS256","kid":"k1"}"#, &text, b""),
        ),
        (
            "JWT with an algorithm of another key",
            header(r#"{"alg":"RS256","kid":"k1"}"#),
        ),
        ("JWT of a stranger's key", stranger.token("k1", &good)),
        ("JWT of an unknown key", signing.token("k2", &good)),
        ("JWT with a path as key id", signing.token("../../../dev/null", &good)),
        (
            "JWT with a query as key id",
            signing.token("x' UNION SELECT 'k1", &good),
        ),
        (
            "JWT with its own key",
            stranger.sign_texts(
                &format!(r#"{{"alg":"ES256","kid":"k1","jwk":{}}}"#, stranger.public("k1")),
                &text,
            ),
        ),
        (
            "JWT with an address of keys",
            header(r#"{"alg":"ES256","kid":"k9","jku":"https://evil.example/keys"}"#),
        ),
        (
            "JWT with a critical parameter",
            header(r#"{"alg":"ES256","kid":"k1","crit":["x"],"x":1}"#),
        ),
        (
            "JWT about a logout",
            header(r#"{"alg":"ES256","kid":"k1","typ":"logout+jwt"}"#),
        ),
        (
            "JWT with two algorithms",
            header(r#"{"alg":"none","kid":"k1","alg":"ES256"}"#),
        ),
        ("JWT expired", with(&|claims| claims["exp"] = json!(now() - 60))),
        ("JWT without an end", with(&|claims| claims["exp"] = Value::Null)),
        (
            "JWT with an end that is a text",
            with(&|claims| claims["exp"] = json!("9999999999")),
        ),
        ("JWT not yet valid", with(&|claims| claims["nbf"] = json!(now() + 600))),
        (
            "JWT for another audience",
            with(&|claims| claims["aud"] = json!("other")),
        ),
        ("JWT for no audience", with(&|claims| claims["aud"] = json!([]))),
        ("JWT without an audience", with(&|claims| claims["aud"] = Value::Null)),
        (
            "JWT of another issuer",
            with(&|claims| claims["iss"] = json!("https://evil.example")),
        ),
        (
            "JWT of two issuers",
            with(&|claims| claims["iss"] = json!([claims["iss"].clone(), "x"])),
        ),
        ("JWT of an unbound subject", closed.token("sub-2")),
        ("JWT with a principal as subject", closed.token("admin")),
        (
            "JWT with a subject with NUL",
            with(&|claims| claims["sub"] = json!("sub-1\0")),
        ),
        ("JWT with a subject in capitals", closed.token("SUB-1")),
        (
            "JWT with two subjects",
            signing.sign_texts(
                r#"{"alg":"ES256","kid":"k1"}"#,
                &text.replacen('{', r#"{"sub":"sub-2","#, 1),
            ),
        ),
        ("JWT with other claims", format!("{other}.{signature}")),
        ("JWT without a signature", format!("{head}.")),
        ("JWT without its last part", head.to_owned()),
        ("JWT with a part more", format!("{valid}.{signature}")),
        ("JWT with padding", format!("{valid}==")),
        ("JWT of dots", "..".to_owned()),
        (
            "JWT that is huge",
            with(&|claims| claims["pad"] = json!("x".repeat(9_000))),
        ),
        (
            "JWT with roles for nobody",
            with(&|claims| {
                claims["sub"] = json!("sub-3");
                claims["roles"] = json!(["ADMIN"]);
                claims["aud"] = json!(AUDIENCE);
            }),
        ),
    ];
    texts.into_iter().map(|(name, text)| row(name, bearer(&text))).collect()
}
