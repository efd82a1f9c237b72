//! Commands over TLS, and what they say when something else is at the address.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use ringwarden::domain::identity::{ApiKey, KeyId};

use crate::support::program::Program;
use crate::support::tls::{Authority, Files, TlsProgram, VERSION_1, set_mode};

/// The secret of the key, as its text has it.
const SECRET: &str = "0707070707070707";

/// A key that no server knows.
fn key() -> String {
    ApiKey::new("test", KeyId::from_raw(1), [7; 32]).unwrap().text()
}

/// A command of this program.
struct Line<'a> {
    arguments: Vec<String>,
    variables: Vec<(&'a str, String)>,
}

fn health(server: String) -> Line<'static> {
    Line {
        arguments: vec!["health".into(), "--server".into(), server],
        variables: Vec::new(),
    }
}

impl<'a> Line<'a> {
    fn with(mut self, flag: &str, value: String) -> Self {
        self.arguments.extend([flag.to_owned(), value]);
        self
    }

    fn variable(mut self, name: &'a str, value: String) -> Self {
        self.variables.push((name, value));
        self
    }

    /// Whether it succeeded, and what it wrote to standard error.
    async fn run(self) -> (bool, String) {
        let running = tokio::task::spawn_blocking({
            let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
            command.args(self.arguments).env_clear();
            command.envs(self.variables);
            move || command.output().unwrap()
        });
        let Output { status, stderr, .. } = running.await.unwrap();
        (status.success(), String::from_utf8(stderr).unwrap())
    }

    async fn fails_with(self, texts: &[&str]) {
        let (succeeded, errors) = self.run().await;
        assert!(!succeeded);
        for text in texts {
            assert!(errors.contains(text), "{text}: {errors}");
        }
    }
}

fn localhost(server: &TlsProgram) -> String {
    format!("https://localhost:{}", server.program.grpc().port())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_reaches_a_server_whose_authority_it_is_given() {
    let files = Files::new();
    let server = files.program().await;
    let client = files.clients.sign("app");
    files.write("client.pem", &client.certificate);
    files.write("client.key", &client.key);
    files.write("api.key", &key());
    let all = health(localhost(&server))
        .with("--ca", files.text("ca.pem"))
        .with("--client-cert", files.text("client.pem"))
        .with("--client-key", files.text("client.key"))
        .with("--key-file", files.text("api.key"));
    let (succeeded, errors) = all.run().await;
    assert!(succeeded, "{errors}");
    let by_variables = health(localhost(&server))
        .variable("RINGWARDEN_CA", files.text("ca.pem"))
        .variable("RINGWARDEN_KEY", key());
    let (succeeded, errors) = by_variables.run().await;
    assert!(succeeded, "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_says_why_it_does_not_use_a_server() {
    let files = Files::new();
    let server = files.program().await;
    let with_ca = |server: String| health(server).with("--ca", files.text("ca.pem"));
    health(localhost(&server))
        .fails_with(&["not signed by an authority", "--ca"])
        .await;
    let other = format!("https://{}", server.program.http());
    with_ca(other).fails_with(&["not gRPC", "--grpc-addr"]).await;
    let plain = localhost(&server).replace("https", "http");
    for address in [plain.replace("http://", ""), plain] {
        health(address)
            .fails_with(&[
                "this port speaks TLS",
                "does not begin with https://",
                "give the address as https://",
            ])
            .await;
    }
    files.write("strangers.pem", &Authority::new("strangers").pem());
    health(localhost(&server))
        .with("--ca", files.text("strangers.pem"))
        .fails_with(&["not signed by an authority"])
        .await;
    let stranger = Authority::new("strangers").sign("app");
    files.write("client.pem", &stranger.certificate);
    files.write("client.key", &stranger.key);
    let (succeeded, errors) = with_ca(localhost(&server))
        .with("--client-cert", files.text("client.pem"))
        .with("--client-key", files.text("client.key"))
        .run()
        .await;
    assert!(
        !succeeded && errors.contains("refuses the certificate of this client"),
        "{errors}"
    );
    assert!(errors.contains("--client-cert"), "{errors}");
    // No line for programmers between the lines for people.
    for debug in ["code:", "tonic", "Error("] {
        assert!(!errors.contains(debug), "{debug}: {errors}");
    }

    // The server could not say more than that it refuses these.
    for (file, certificate, cause) in [
        ("version-1.pem", VERSION_1, "has version 1, and TLS needs version 3"),
        ("authority.pem", files.clients.pem().as_str(), "is that of an authority"),
    ] {
        files.write(file, certificate);
        let named = format!("--client-cert {}: the certificate {cause}", files.text(file));
        with_ca(localhost(&server))
            .with("--client-cert", files.text(file))
            .with("--client-key", files.text("client.key"))
            .fails_with(&[named.as_str()])
            .await;
    }

    files.serve(&files.authority.sign_until("localhost", 2_001, 1));
    let server = files.program().await;
    server.program.line(&["WARN", "has expired"]).await;
    with_ca(localhost(&server)).fails_with(&["has expired"]).await;
    files.serve(&files.authority.sign("elsewhere.example"));
    let server = files.program().await;
    with_ca(localhost(&server)).fails_with(&["another name"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_says_that_a_port_does_not_speak_tls() {
    let program = Program::serve("memory:").await;
    for address in [program.grpc(), program.http()] {
        health(format!("https://{address}"))
            .fails_with(&["does not speak TLS", "http://"])
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_kept() {
    let files = Files::new();
    files.write("api.key", &key());
    health("http://192.0.2.7:1".to_owned())
        .with("--key-file", files.text("api.key"))
        .fails_with(&["is not sent to http://192.0.2.7:1", "https://"])
        .await;
    health("http://example.org".to_owned())
        .variable("RINGWARDEN_KEY", key())
        .fails_with(&["is not sent"])
        .await;
    set_mode(&files.path("api.key"), 0o644);
    let (succeeded, errors) = health("http://127.0.0.1:1".to_owned())
        .with("--key-file", files.text("api.key"))
        .run()
        .await;
    assert!(
        !succeeded && errors.contains("chmod 600") && !errors.contains(SECRET),
        "{errors}"
    );
    assert_eq!(
        std::fs::metadata(files.path("api.key")).unwrap().permissions().mode() & 0o777,
        0o644
    );
    health("http://127.0.0.1:1".to_owned())
        .variable("RINGWARDEN_KEY", "two words".to_owned())
        .fails_with(&["RINGWARDEN_KEY holds no API key"])
        .await;
    let cut = key().chars().take(40).collect();
    let damaged = key().replacen("07", "08", 1);
    for (text, expected) in [
        (cut, "the API key in RINGWARDEN_KEY is cut off or damaged"),
        (
            damaged,
            "the API key in RINGWARDEN_KEY is damaged: its checksum is wrong",
        ),
    ] {
        health("http://127.0.0.1:1".to_owned())
            .variable("RINGWARDEN_KEY", text)
            .fails_with(&[expected])
            .await;
    }
}
