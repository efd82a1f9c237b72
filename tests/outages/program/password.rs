//! The password of Redis changes while the program runs.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ringwarden::wire::v1::SubmitReportRequest;
use ringwarden::wire::v1::report_service_client::ReportServiceClient;
use tempfile::TempDir;
use tokio::time::Instant;

use super::scene::DURABLE;
use super::watch::Watch;
use crate::support::program::Program;
use crate::support::redis_server::RedisServer;
use crate::support::sent_reports::{NUMBERS, Name, number};

const PASSWORDS: [&str; 4] = ["opensesame-1", "opensesame@2/ ü", "opensesame-3", "opensesame-4"];

/// A Redis with a password, and a program that reads it from a file.
struct Scene {
    redis: RedisServer,
    directory: TempDir,
    program: Program,
}

impl Scene {
    async fn start() -> Self {
        let directory = TempDir::new().unwrap();
        let settings = [DURABLE[0], DURABLE[1], ("requirepass", PASSWORDS[0])];
        let redis = RedisServer::start(&settings);
        let file = directory.path().join("password");
        replace(&file, PASSWORDS[0], 0o600);
        let file = file.to_str().unwrap();
        let filter = "info,ringwarden::store=trace,ringwarden::app=trace,redis=trace";
        let program = Program::serve_with(&redis.url(), &["--store-password-file", file, "--log", filter]).await;
        Self {
            redis,
            directory,
            program,
        }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("password")
    }

    /// Runs commands of an operator, who has this password, in the order given. The first closes no connection, the last may.
    fn administer(&self, password: &str, commands: &[&[&str]]) {
        let url: redis::ConnectionInfo = redis::IntoConnectionInfo::into_connection_info(self.redis.url()).unwrap();
        let settings = url.redis_settings().clone().set_password(password);
        let client = redis::Client::open(url.set_redis_settings(settings)).unwrap();
        let mut connection = client.get_connection().unwrap();
        for words in commands {
            let mut command = redis::cmd(words[0]);
            command.arg(&words[1..]);
            command.exec(&mut connection).unwrap();
        }
    }

    /// Reports until one is stored.
    async fn report(&self, id: &str) {
        let name = Name {
            number: NUMBERS,
            id: id.to_owned(),
        };
        let client = ReportServiceClient::new(self.program.channel());
        let is_stored = async || {
            let report = Some(name.report());
            client
                .clone()
                .submit_report(SubmitReportRequest { report })
                .await
                .is_ok()
        };
        self.program.wait_for(&format!("report {id}"), is_stored).await;
    }
}

/// Replaces the file in one step, as an operator should.
fn replace(file: &Path, password: &str, mode: u32) {
    let new = file.with_extension("new");
    std::fs::write(&new, format!("{password}\n")).unwrap();
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(mode)).unwrap();
    std::fs::rename(&new, file).unwrap();
}

const CLOSE_ALL: [&[&str]; 2] = [
    &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"],
    &["CLIENT", "KILL", "TYPE", "pubsub", "SKIPME", "yes"],
];

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_of_redis_needs_no_restart_and_no_lookup_is_lost() {
    let scene = Scene::start().await;
    let (program, file) = (&scene.program, scene.file());
    scene.report("r-1").await;
    let mut watch = Watch::start(&program.channel(), (number(NUMBERS), 1), number(NUMBERS + 1));
    let began = Instant::now();

    // The password changes first, the connections are closed, and the file follows.
    let [first, second, third, fourth] = PASSWORDS;
    scene.administer(
        first,
        &[&["CONFIG", "SET", "requirepass", second], CLOSE_ALL[0], CLOSE_ALL[1]],
    );
    let is_up = async |up: f64| program.metric("ringwarden_store_up").await == up;
    program
        .wait_for("a store that is away", async || is_up(0.0).await)
        .await;
    let id = Name {
        number: NUMBERS,
        id: "r-2".to_owned(),
    };
    let refused = ReportServiceClient::new(program.channel());
    let report = Some(id.report());
    let refused = refused.clone().submit_report(SubmitReportRequest { report }).await;
    assert_eq!(refused.unwrap_err().code(), tonic::Code::Unavailable);
    replace(&file, second, 0o600);
    scene.report("r-2").await;
    program.wait_for("the store", async || is_up(1.0).await).await;

    // Both passwords are good for a time, and no connection is refused.
    scene.administer(second, &[&["ACL", "SETUSER", "default", &format!(">{third}")]]);
    replace(&file, third, 0o600);
    program.reload();
    program.line(&["INFO", "password of the store is read"]).await;
    scene.administer(
        third,
        &[
            &["ACL", "SETUSER", "default", &format!("<{second}")],
            CLOSE_ALL[0],
            CLOSE_ALL[1],
        ],
    );
    scene.report("r-3").await;

    // A file that others can read is not used.
    replace(&file, fourth, 0o644);
    program.reload();
    program.line(&["ERROR", "the old one stays", "chmod 600"]).await;
    scene.administer(third, &CLOSE_ALL);
    scene.report("r-4").await;

    watch.end().await;
    let speed = watch.between(began, Instant::now()).speed();
    println!("{speed}");
    let (_, readiness) = program.get("/readyz").await;
    assert!(readiness.contains("\"ready\":true"), "{readiness}");
    let (_, metrics) = program.get("/metrics").await;
    for outcome in ["applied", "refused"] {
        let line = format!("ringwarden_config_reloads_total{{outcome=\"{outcome}\"}} 1");
        assert!(metrics.contains(&line), "{line}");
    }
    assert!(!program.log().contains("opensesame"), "{}", program.log());
}
