//! A Redis behind TLS whose certificate a private authority signed, as in `centrifugal/centrifugo#495` and
//! `goauthentik/authentik#9121`.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::program::Program;
use crate::support::redis_server::{RedisServer, free_port};

const KEY: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

fn openssl(directory: &Path, arguments: &[&[&str]]) {
    let mut openssl = Command::new("openssl");
    openssl.current_dir(directory).args(arguments.concat());
    let made = openssl.output().expect("openssl: apt-get install openssl");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// An authority, a server's certificate that it signed, and another authority.
fn certificates(directory: &Path) {
    for (subject, name) in [("/CN=ours", "ca"), ("/CN=other", "other")] {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        let files = ["-days", "2", "-subj", subject, "-keyout", &key, "-out", &certificate];
        openssl(directory, &[&["req", "-x509"], KEY, &files]);
    }
    openssl(
        directory,
        &[
            &["req"],
            KEY,
            &["-subj", "/CN=redis", "-keyout", "redis.key", "-out", "redis.csr"],
        ],
    );
    std::fs::write(directory.join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    let sign = [
        "x509",
        "-req",
        "-in",
        "redis.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
    ];
    openssl(
        directory,
        &[&sign, &["-days", "2", "-extfile", "names", "-out", "redis.pem"]],
    );
}

struct Scene {
    directory: TempDir,
    store: String,
    _server: RedisServer,
}

impl Scene {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        certificates(directory.path());
        let bundle = ["other.pem", "ca.pem"].map(|name| std::fs::read_to_string(directory.path().join(name)).unwrap());
        std::fs::write(directory.path().join("bundle.pem"), bundle.concat()).unwrap();
        let authorities = directory.path().join("authorities");
        std::fs::create_dir(&authorities).unwrap();
        std::fs::copy(directory.path().join("ca.pem"), authorities.join("ours.crt")).unwrap();
        std::fs::write(authorities.join("README"), "no certificate\n").unwrap();
        let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        let port = free_port().to_string();
        let server = RedisServer::start(&[
            ("tls-port", port.as_str()),
            ("tls-cert-file", path("redis.pem").as_str()),
            ("tls-key-file", path("redis.key").as_str()),
            ("tls-auth-clients", "no"),
        ]);
        Self {
            directory,
            store: format!("rediss://127.0.0.1:{port}"),
            _server: server,
        }
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_authority_is_trusted_if_a_setting_names_it() {
    let scene = Scene::new();
    let [ca, bundle, other, directory] =
        ["ca.pem", "bundle.pem", "other.pem", "authorities"].map(|name| scene.path(name));
    for (arguments, variables) in [
        (&["--store-ca", ca.as_str()][..], &[][..]),
        (&["--store-ca", &bundle], &[]),
        (&[], &[("RINGWARDEN_STORE_CA", ca.as_str())]),
        (&[], &[("SSL_CERT_FILE", &ca)]),
        (&[], &[("SSL_CERT_DIR", &directory)]),
        (&[], &[("SSL_CERT_FILE", &other), ("SSL_CERT_DIR", &directory)]),
        (&["--store-ca", &ca], &[("SSL_CERT_FILE", "/no/such/file")]),
    ] {
        let mut program = Program::serve_in(&scene.store, arguments, variables).await;
        let report = r#"{"reportId": "r1", "number": "+13152328257", "source": "SOURCE_REGULATOR_FEED"}"#;
        assert_eq!(
            program.post("/v1/reports", report).await.0,
            200,
            "{arguments:?} {variables:?}"
        );
        program.terminate();
        assert_eq!(program.ended().await.code(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_authority_is_not_trusted_and_the_log_says_where_to_look() {
    let scene = Scene::new();
    let other = scene.path("other.pem");
    for (arguments, variables) in [
        (&[][..], &[][..]),
        (&["--store-ca", other.as_str()], &[]),
        (&[], &[("SSL_CERT_FILE", other.as_str())]),
        (&["--store-ca", &other], &[("SSL_CERT_FILE", &scene.path("ca.pem"))]),
    ] {
        let program = Program::start(&scene.store, arguments, variables);
        let told = async || program.log().contains("UnknownIssuer") && program.log().contains("--store-ca");
        program.wait_for("a refusal", told).await;
        assert!(!program.log().contains("the store is open"), "{}", program.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_certificates_ends_the_start_and_is_named() {
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("empty"), "").unwrap();
    std::fs::write(path("text"), "no certificate\n").unwrap();
    std::fs::write(
        path("damaged"),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let store = "rediss://127.0.0.1:1";
    for name in ["nothing", "empty", "text", "damaged", ""] {
        let file = path(name);
        for (setting, arguments, variables) in [
            ("--store-ca", &["--store-ca", file.as_str()][..], &[][..]),
            ("SSL_CERT_FILE", &[], &[("SSL_CERT_FILE", file.as_str())]),
        ] {
            let mut program = Program::start(store, arguments, variables);
            assert_eq!(program.ended().await.code(), Some(1), "{file}");
            let log = program.log();
            assert!(
                log.contains(&format!("the certificates of {setting} cannot be used")),
                "{log}"
            );
            assert!(log.contains(&file), "{log}");
        }
    }
    // An operator who names an authority expects TLS.
    let mut program = Program::start("redis://127.0.0.1:1", &["--store-ca", "ca.pem"], &[]);
    assert_eq!(program.ended().await.code(), Some(1));
    assert!(
        program.log().contains("has no meaning for a store without TLS"),
        "{}",
        program.log()
    );
}
