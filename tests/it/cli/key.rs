//! The command `key` against a server: the first administrator, roles, rotation, revocation, and where a key may be seen.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::program::Program;
use crate::support::server::Server;
use crate::support::tls::{Files, VERSION_1};

/// The program at a server, with the keys that it makes.
struct Client {
    server: SocketAddr,
    folder: TempDir,
}

impl Client {
    fn new(server: SocketAddr) -> Self {
        Self {
            server,
            folder: TempDir::new().unwrap(),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, key_file: Option<&str>, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
        command
            .args(args)
            .args(["--server", &format!("http://{}", self.server)]);
        if let Some(name) = key_file {
            command.arg("--key-file").arg(self.file(name));
        }
        command.env_clear().env("USER", "ana").stdin(Stdio::null());
        command.output().unwrap()
    }

    /// What the command prints; it must succeed.
    fn ok(&self, key_file: Option<&str>, args: &[&str]) -> String {
        let output = self.run(key_file, args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The error of a command, which must fail.
    fn error(&self, key_file: Option<&str>, args: &[&str]) -> String {
        let output = self.run(key_file, args);
        assert!(!output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Creates a principal, whose key goes to the file with its name.
    fn create(&self, key_file: Option<&str>, name: &str, more: &[&str]) {
        let out = self.file(name);
        let create = ["key", "create", name, "--out", out.to_str().unwrap()];
        self.ok(key_file, &[&create, more].concat());
    }

    /// Rotates the key of a principal; the new one goes to a file.
    fn rotate(&self, name: &str, to: &str, overlap: &str) -> Output {
        let out = self.file(to);
        let out = out.to_str().unwrap();
        self.run(
            Some("root"),
            &["key", "rotate", name, "--out", out, "--overlap", overlap],
        )
    }

    /// The keys of a principal, oldest first.
    fn keys(&self, name: &str) -> Vec<String> {
        let shown = self.ok(Some("root"), &["key", "show", name, "--json"]);
        let shown: Value = serde_json::from_str(&shown).unwrap();
        let keys = shown["keys"].as_array().unwrap();
        keys.iter()
            .map(|key| key["keyId"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

const LIST: &[&str] = &["key", "list"];

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_closes_the_server() {
    let server = Server::start().await;
    let client = Client::new(server.grpc);
    let open = client.ok(None, &["key", "whoami"]);
    assert!(open.contains("This server is open"), "{open}");
    client.create(None, "root", &["--role", "admin"]);

    for args in [
        LIST,
        &["lookup", "+14155550199"],
        &["number", "list"],
        &["key", "whoami"],
    ] {
        let error = client.error(None, args);
        assert!(
            error.contains("UNAUTHENTICATED") && error.contains("--key-file FILE") && error.contains("RINGWARDEN_KEY"),
            "{args:?}: {error}"
        );
    }
    let card = client.ok(Some("root"), &["key", "whoami"]);
    assert!(
        card.contains("root") && card.contains("ADMIN") && card.contains("key:"),
        "{card}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_opens_its_commands_only() {
    let server = Server::start().await;
    let client = Client::new(server.grpc);
    client.create(None, "root", &["--role", "admin"]);
    let grants = ["--source", "honeypot", "--feed", "pots", "--brand", "Acme"];
    client.create(Some("root"), "switch", &[&["--role", "carrier"][..], &grants].concat());
    client.ok(Some("switch"), &["lookup", "+14155550199"]);
    let error = client.error(Some("switch"), &["number", "list"]);
    for part in ["PERMISSION_DENIED", "ANALYST, ADMIN may", "key update NAME --role ROLE"] {
        assert!(error.contains(part), "{error}");
    }
    let report = [
        "report",
        "+14155550199",
        "--category",
        "phishing",
        "--source",
        "regulator-feed",
    ];
    let error = client.error(Some("switch"), &report);
    // That of its own tenant may be another one.
    assert!(error.contains("an administrator of the tenant `default`"), "{error}");
    let withdraw = ["report", "withdraw", "+14155550199", "r-1"];
    for (name, is_named) in [("switch", false), ("root", true)] {
        let error = client.error(Some(name), &withdraw);
        assert!(
            error.contains("no report with this id") && error.contains("--tombstone"),
            "{error}"
        );
        // An error names no command that the role may not call.
        assert_eq!(error.contains("report list"), is_named, "{name}: {error}");
    }

    client.ok(
        Some("root"),
        &["key", "update", "switch", "--role", "analyst", "--no-feeds"],
    );
    client.ok(Some("switch"), &["number", "list"]);
    let card = client.ok(Some("root"), &["key", "show", "switch"]);
    assert!(
        card.contains("HONEYPOT") && card.contains("Acme") && !card.contains("pots"),
        "{card}"
    );

    client.ok(Some("root"), &["key", "update", "switch", "--disable"]);
    assert!(
        client
            .error(Some("switch"), &["number", "list"])
            .contains("UNAUTHENTICATED")
    );
    let list = client.ok(Some("root"), LIST);
    assert!(list.contains("principal disabled"), "{list}");
    client.ok(Some("root"), &["key", "update", "switch", "--enable"]);
    client.ok(Some("switch"), &["number", "list"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_key_lives_as_long_as_the_overlap() {
    let server = Server::start().await;
    let client = Client::new(server.grpc);
    client.create(None, "root", &["--role", "admin"]);
    client.create(Some("root"), "ana", &["--role", "analyst", "--expires-in", "90d"]);
    assert!(client.rotate("ana", "ana2", "24h").status.success());
    for key in ["ana", "ana2"] {
        client.ok(Some(key), &["number", "list"]);
    }
    let third = client.rotate("ana", "ana3", "24h");
    let error = String::from_utf8(third.stderr).unwrap();
    assert!(!third.status.success() && error.contains("2 valid keys"), "{error}");
    assert!(
        !client.file("ana3").exists(),
        "a key that the server refused is removed"
    );

    assert!(client.rotate("ana", "ana3", "0s").status.success());
    client.ok(Some("ana3"), &["number", "list"]);
    for key in ["ana", "ana2"] {
        let error = client.error(Some(key), &["number", "list"]);
        assert!(error.contains("UNAUTHENTICATED"), "{key}: {error}");
    }
    let csv = client.ok(Some("root"), &["key", "list", "--csv"]);
    assert_eq!(csv.matches("=expired").count(), 2, "{csv}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_at_once() {
    let server = Server::start().await;
    let client = Client::new(server.grpc);
    client.create(None, "root", &["--role", "admin"]);
    client.create(Some("root"), "ana", &["--role", "analyst"]);
    client.ok(Some("ana"), &["number", "list"]);
    let id = client.keys("ana").remove(0);
    let question = client.error(Some("root"), &["key", "revoke", &id]);
    assert!(question.contains(&format!("the key {id} of ana")), "{question}");
    let foreseen = client.ok(Some("root"), &["key", "revoke", &id, "--dry-run"]);
    assert!(foreseen.contains("would be revoked"), "{foreseen}");
    client.ok(Some("ana"), &["number", "list"]);
    client.ok(Some("root"), &["key", "revoke", &id, "--reason", "lost", "--yes"]);
    assert!(
        client
            .error(Some("ana"), &["number", "list"])
            .contains("UNAUTHENTICATED")
    );
    let list = client.ok(Some("root"), LIST);
    assert!(list.contains("revoked"), "{list}");
    let unknown = client.error(Some("root"), &["key", "revoke", "0000000000000000"]);
    assert!(unknown.contains("no principal has a key"), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays() {
    let server = Server::start().await;
    let client = Client::new(server.grpc);
    client.create(None, "root", &["--role", "admin"]);
    let id = client.keys("root").remove(0);
    for args in [
        &["key", "revoke", &id, "--yes"][..],
        &["key", "update", "root", "--disable"],
        &["key", "update", "root", "--role", "analyst"],
    ] {
        let error = client.error(Some("root"), args);
        assert!(error.contains("no administrator"), "{args:?}: {error}");
        assert!(error.contains("`ringwarden key list`"), "{args:?}: {error}");
    }
    client.create(Some("root"), "other", &["--role", "admin"]);
    client.ok(Some("other"), &["key", "revoke", &id, "--yes"]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_is_private_and_is_not_overwritten() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Server::start().await;
    let client = Client::new(server.grpc);
    client.create(None, "root", &["--role", "admin"]);
    let file = client.file("root");
    let key = text(&file);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let out = file.to_str().unwrap();
    let error = client.error(Some("root"), &["key", "create", "x", "--role", "app", "--out", out]);
    assert!(
        error.contains(out) && error.contains("name a new one with --out"),
        "{error}"
    );
    assert_eq!(text(&file), key);
    let error = client.error(Some("root"), &["key", "show", "x"]);
    assert!(
        error.contains("NOT_FOUND") && error.contains("ringwarden key list"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_and_a_certificate_have_one_holder() {
    let server = Server::start().await;
    let client = Client::new(server.grpc);
    client.create(None, "root", &["--role", "admin"]);
    let hash = "ab".repeat(32);
    let bound = ["--role", "carrier", "--certificate-sha256", &hash];
    client.create(Some("root"), "switch-1", &bound);
    for (args, sentence, advice) in [
        (
            &["key", "create", "Switch-1", "--role", "app"][..],
            "another principal has this `principal name`, and names that differ in case only count as the same",
            "choose another name",
        ),
        (
            &[&["key", "create", "switch-2"][..], &bound[..]].concat()[..],
            "the `certificate` is bound to another principal",
            "--no-certificates",
        ),
        (
            &["key", "update", "root", "--certificate-sha256", &hash][..],
            "the `certificate` is bound to another principal",
            "--no-certificates",
        ),
    ] {
        let error = client.error(Some("root"), args);
        assert!(error.contains(sentence) && error.contains(advice), "{args:?}: {error}");
        assert!(
            !error.contains("different content") && !error.contains("leave the id out"),
            "{error}"
        );
    }
}

/// A certificate that no server accepts is not bound: the switch would be cut off without a word.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_of_no_use_is_not_bound() {
    let server = Server::start().await;
    let client = Client::new(server.grpc);
    client.create(None, "root", &["--role", "admin"]);
    let files = Files::new();
    let good = files.clients.sign("switch");
    files.write("good.pem", &good.certificate);
    files.write("ended.pem", &files.clients.sign_until("switch", 2_001, 1).certificate);
    files.write("version-1.pem", VERSION_1);
    let create = ["key", "create", "switch-1", "--role", "carrier", "--no-key"];
    for (file, cause) in [
        ("ended.pem", "the certificate ended at 2001-01-01"),
        ("version-1.pem", "has version 1"),
        ("clients.pem", "is that of an authority"),
    ] {
        let path = files.text(file);
        let bound = ["--certificate", &path];
        for command in [&create[..], &["key", "update", "root"]] {
            let error = client.error(Some("root"), &[command, &bound].concat());
            assert!(error.contains("--certificate ") && error.contains(cause), "{error}");
        }
    }
    client.ok(
        Some("root"),
        &[&create[..], &["--certificate", &files.text("good.pem")]].concat(),
    );
    let shown = client.ok(Some("root"), &["key", "show", "switch-1"]);
    assert!(shown.contains(&good.fingerprint()), "{shown}");
}

/// Whoever makes a principal without a credential learns that nobody can use it, and what is missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_principal_without_a_credential_is_told() {
    let server = Server::start().await;
    let client = Client::new(server.grpc);
    client.create(None, "root", &["--role", "admin"]);
    let create = |name: &str, more: &[&str]| {
        let create = ["key", "create", name, "--role", "carrier", "--no-key"];
        let output = client.run(Some("root"), &[&create[..], more].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    for more in [&[][..], &["--json"]] {
        let name = format!("switch-{}", more.len());
        let told = create(&name, more);
        for part in ["nobody can use", "--certificate FILE", &format!("key rotate {name}")] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
    let hash = "ab".repeat(32);
    assert_eq!(create("switch-3", &["--certificate-sha256", &hash]), "");
    // The command that it names makes the first key.
    client.rotate("switch-0", "switch-0", "0s");
    assert!(client.ok(Some("switch-0"), &["key", "whoami"]).contains("switch-0"));
}

/// The parts of a key that are secret.
fn secret(key: &str) -> &str {
    key.trim().split('_').nth(3).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_and_nowhere_else() {
    let program = Program::serve_with("memory:", &["--log", "trace"]).await;
    let client = Client::new(program.grpc());
    client.create(None, "root", &["--role", "admin"]);
    let made = client.run(Some("root"), &["key", "create", "ana", "--role", "analyst"]);
    assert!(made.status.success(), "{made:?}");
    let (out, err) = (
        String::from_utf8(made.stdout).unwrap(),
        String::from_utf8(made.stderr).unwrap(),
    );
    assert!(out.starts_with("rw_live_") && out.lines().count() == 1, "{out}");
    assert!(err.contains("ana") && !err.contains(secret(&out)), "{err}");
    let wrong = format!("{}_0", out.trim());
    std::fs::write(client.file("wrong"), &wrong).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(
        client.file("wrong"),
        std::os::unix::fs::PermissionsExt::from_mode(0o600),
    )
    .unwrap();
    let error = client.error(Some("wrong"), LIST);
    assert!(
        error.contains("cut off or damaged") && !error.contains(secret(&out)),
        "{error}"
    );
    let mut program = program.with_key(wrong);
    assert_eq!(program.get("/v1/caller").await.0, 401);

    program.terminate();
    program.ended().await;
    let log = program.log();
    let keys = [out, text(&client.file("root"))];
    for key in &keys {
        assert!(!log.contains(secret(key)), "the log has a key");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_no_secret() {
    let server = Server::start().await;
    let client = Client::new(server.grpc);
    client.create(None, "root", &["--role", "admin"]);
    let key = text(&client.file("root"));
    for args in [
        LIST,
        &["key", "list", "--json"],
        &["key", "list", "--csv"],
        &["key", "show", "root"],
    ] {
        let shown = client.ok(Some("root"), args);
        assert!(shown.contains(&client.keys("root")[0]), "{shown}");
        assert!(!shown.contains(secret(&key)), "{args:?}");
    }
    let json = client.ok(Some("root"), &["key", "create", "x", "--role", "app", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert!(json["key"].as_str().unwrap().starts_with("rw_live_"));
    assert_eq!(json["principal"]["principalId"], "x");
    let none = client.ok(
        Some("root"),
        &["key", "create", "y", "--role", "app", "--no-key", "--json"],
    );
    let none: Value = serde_json::from_str(&none).unwrap();
    assert!(none.get("keys").is_none(), "{none}");
}
