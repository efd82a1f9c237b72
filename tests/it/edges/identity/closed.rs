//! The real program as it stands in the open: TLS, an administrator, an OpenID provider, and clients over HTTPS and gRPC.

use ringwarden::clock::Clock;
use ringwarden::domain::identity::Role;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use super::{bearer, key};
use crate::support::oidc::{AUDIENCE, ISSUER, SigningKey, claims, key_set};
use crate::support::tls::{Files, TlsProgram, open};

/// A server under TLS, whose first administrator is `admin`, with the key of the role ADMIN.
pub(super) struct Closed {
    pub(super) files: Files,
    pub(super) server: TlsProgram,
    /// A client without a certificate.
    pub(super) client: TlsConnector,
    /// The key of the OpenID provider, with the id `k1`.
    pub(super) signing: SigningKey,
}

/// The header line of the key of a role.
pub(super) fn of(role: Role) -> String {
    bearer(&key(role.code()).text())
}

impl Closed {
    pub(super) async fn start(more: &[&str]) -> Self {
        let (files, signing) = (Files::new(), SigningKey::es256());
        files.write("keys.json", &key_set(&[signing.public("k1")]));
        files.write("admin.key", &key(Role::Admin.code()).text());
        let (admin, keys) = (files.text("admin.key"), files.text("keys.json"));
        let mut arguments = vec!["--bootstrap-admin", &admin, "--oidc-issuer", ISSUER];
        arguments.extend(["--oidc-audience", AUDIENCE, "--oidc-keys", &keys]);
        // Strangers ask as often as a test wants.
        arguments.extend(["--quota-unauthenticated", "0", "--quota-other", "0"]);
        arguments.extend(more);
        let server = files.program_with(&arguments).await;
        server.program.line(&["the principal `admin` was made"]).await;
        let client = files.client(None, &[b"http/1.1"], None);
        Self {
            files,
            server,
            client,
            signing,
        }
    }

    /// Makes a principal with this role and key, and these bound credentials.
    pub(super) async fn principal(&self, name: &str, role: Role, number: u8, bound: Value) {
        let key = key(number);
        let body = json!({
            "principalId": name, "roles": [format!("ROLE_{}", role.name())], "requestId": format!("create-{name}"),
            "bound": bound,
            "key": {"keyId": format!("{:016x}", number), "secretSha256": key.secret_hash().text()},
        });
        let (status, text) = self
            .ask("POST", "/v1/principals", &of(Role::Admin), &body.to_string())
            .await;
        assert_eq!(status, 200, "{text}");
    }

    /// Makes a principal for each role but that of the administrator, named after the role.
    pub(super) async fn principals(&self) {
        for role in Role::ALL.iter().filter(|role| **role != Role::Admin) {
            self.principal(&role.name().to_lowercase(), *role, role.code(), json!({}))
                .await;
        }
    }

    /// A token of the provider for this subject.
    pub(super) fn token(&self, subject: &str) -> String {
        self.signing.token("k1", &claims(subject, now()))
    }

    /// The status and the body of a request over HTTPS.
    pub(super) async fn ask(&self, method: &str, path: &str, lines: &str, body: &str) -> (u16, String) {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{lines}content-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.send(&self.client, request.as_bytes()).await.unwrap_or_default()
    }

    /// Sends bytes over TLS as this client, and reads what comes until the server hangs up; none if it is no answer.
    pub(super) async fn send(&self, client: &TlsConnector, request: &[u8]) -> Option<(u16, String)> {
        let mut stream = open(client, self.server.program.http()).await.ok()?;
        // A server that refuses a request does not wait for all of it.
        stream.write_all(request).await.ok();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok();
        let text = String::from_utf8_lossy(&answer);
        let status = text.split(' ').nth(1)?.parse().ok()?;
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
        Some((status, body.unwrap_or_default()))
    }

    /// A connection for gRPC.
    pub(super) async fn channel(&self) -> Channel {
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(self.files.authority.pem()))
            .domain_name("localhost");
        let endpoint = Endpoint::from_shared(format!("https://{}", self.server.program.grpc())).unwrap();
        endpoint.tls_config(tls).unwrap().connect().await.unwrap()
    }
}

/// The time by which the program goes, in seconds since 1970.
pub(super) fn now() -> i64 {
    Clock::system().now().millis() / 1_000
}
