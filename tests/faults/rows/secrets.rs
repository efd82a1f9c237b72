//! Secrets that are exchanged while clients write: the password of Redis, and the certificate of the service.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;
use tokio::time::Instant;

use super::{DURABLE, Round};
use crate::outcome::Outcome;
use crate::scene::Scene;
use crate::support::program::Program;
use crate::support::redis_server::RedisServer;
use crate::support::tls::{Files, open};
use crate::tls_link::TlsLink;

/// The user of the service in Redis.
const USER: &str = "ringwarden";
const REFUSED: &str = "ringwarden_tls_reloads_total{outcome=\"refused\"}";

/// The password of Redis is exchanged as docs/stores.md says it, and all connections are closed.
pub async fn password(round: Round) -> Outcome {
    let user = format!("{USER} on >secret-0 ~rw:* &rw:* +@all");
    let redis = RedisServer::start(&[DURABLE[0], DURABLE[1], ("user", &user)]);
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("password");
    replace(&file, "secret-0");
    let store = format!("redis://{USER}@127.0.0.1:{}", redis.port());
    let arguments = ["--store-password-file", file.to_str().unwrap()];
    let mut instances = Vec::new();
    for _ in 0..2 {
        instances.push(Program::serve_with(&store, &arguments).await);
    }
    let mut scene = Scene::of(instances, None, round.seed);
    scene.write(0);
    scene.write(1);
    let mut password = String::new();
    for number in 0..round.rounds {
        scene.wait(300, 1_000).await;
        password = format!("secret-{}", number + 1);
        redis.command(&["ACL", "SETUSER", USER, &format!(">{password}")]);
        replace(&file, &password);
        redis.command(&["ACL", "SETUSER", USER, &format!("<secret-{number}")]);
        let since = Instant::now();
        redis.command(&["CLIENT", "KILL", "USER", USER]);
        scene.heal(since).await;
    }
    scene.shared_store = Some(format!("redis://{USER}:{password}@127.0.0.1:{}", redis.port()));
    scene.end().await
}

/// Replaces the file in one step, as an operator should.
fn replace(file: &Path, password: &str) {
    let new = file.with_extension("new");
    std::fs::write(&new, format!("{password}\n")).unwrap();
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::rename(&new, file).unwrap();
}

/// The certificate of the service is exchanged: open connections go on, and new ones are shown the new one. Files that do not
/// fit are refused.
pub async fn certificate(round: Round) -> Outcome {
    let redis = RedisServer::start(&DURABLE);
    let files = Files::new();
    let (certificate, key) = (files.text("server.pem"), files.text("server.key"));
    let program = Program::serve_anyhow(&redis.url(), &["--tls-cert", &certificate, "--tls-key", &key]).await;
    let address = program.grpc();
    let grpc = TlsLink::to(address, files.client(None, &[b"h2"], None)).await;
    let http = TlsLink::to(program.http(), files.client(None, &[b"http/1.1"], None)).await;
    let program = program.through(grpc.address(), http.address());
    let is_ready = async || program.get("/readyz").await.0 == 200;
    program.wait_for("the index", is_ready).await;
    let mut scene = Scene::of(vec![program], Some(&redis.url()), round.seed);
    for _ in 0..round.rounds {
        scene.write(0);
        scene.wait(300, 1_000).await;
        let before = shown(&files, address).await;
        let refused = scene.instances[0].metric(REFUSED).await;
        files.write("server.key", "no key");
        let program = &scene.instances[0];
        program.reload();
        let is_refused = async || program.metric(REFUSED).await > refused;
        program.wait_for("a refusal", is_refused).await;
        let is_kept = shown(&files, address).await == before;
        files.serve(&files.authority.sign("localhost"));
        program.reload();
        let is_new = async || shown(&files, address).await != before;
        program.wait_for("the new certificate", is_new).await;
        scene.expect(is_kept, || "a refused certificate was not kept out".to_owned());
        let since = Instant::now();
        // These connect anew.
        scene.write(0);
        scene.ask_no_more(0).await;
        scene.ask(0);
        scene.heal(since).await;
        scene.write_no_more().await;
    }
    scene.end().await
}

/// The certificate that a new connection is shown.
async fn shown(files: &Files, address: std::net::SocketAddr) -> Vec<u8> {
    let client = files.client(None, &[b"h2"], None);
    let stream = open(&client, address).await.unwrap();
    let (_, session) = stream.get_ref();
    session.peer_certificates().unwrap()[0].to_vec()
}
