//! Starts without Redis: from a snapshot, and without one.

use std::path::Path;
use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::domain::identity::{ApiKey, KeyId};
use ringwarden::domain::model::ScoreModel;
use ringwarden::snapshot::{Snapshot, SnapshotDirectory, Wanted};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::scene::DURABLE;
use crate::support::program::Program;
use crate::support::random::Random;
use crate::support::redis_server::RedisServer;
use crate::support::sent_reports::number;

const NUMBER: &str = "+13152328257";
/// A number that is linked to a case and on a list.
const OTHER: &str = "+12125550199";
const SNAPSHOT: &str = "index.snapshot";

/// A Redis, and a directory for the snapshots of one instance.
struct Scene {
    redis: RedisServer,
    place: TempDir,
}

impl Scene {
    fn new() -> Self {
        Self {
            redis: RedisServer::start(&DURABLE),
            place: TempDir::new().unwrap(),
        }
    }

    fn directory(&self) -> &Path {
        self.place.path()
    }

    fn arguments(&self) -> [&str; 4] {
        [
            "--snapshot",
            self.directory().to_str().unwrap(),
            "--snapshot-interval",
            "100ms",
        ]
    }

    /// A ready instance that keeps a snapshot.
    async fn serve(&self) -> Program {
        let program = Program::serve_with(&self.redis.url(), &self.arguments()).await;
        program.with_key(key().text())
    }

    /// An instance that has its ports, and need not be ready.
    async fn serve_anyhow(&self) -> Program {
        let program = Program::serve_anyhow(&self.redis.url(), &self.arguments()).await;
        program.with_key(key().text())
    }

    /// An instance got an administrator, took reports and a case, answered a lookup, and ended. Returns the id of the decision.
    /// Without a principal, a server lets nobody in while it has nothing but a snapshot.
    async fn played(&self) -> String {
        let mut program = self.serve().await;
        let root = json!({"principalId": "root", "roles": ["ROLE_ADMIN"], "actor": "root", "requestId": "m0",
            "grants": {"sources": ["SOURCE_REGULATOR_FEED"]},
            "key": {"keyId": key().id().to_string(), "secretSha256": key().secret_hash().text()}});
        done(program.post("/v1/principals", &root.to_string()).await);
        report(&program, "r1").await;
        report(&program, "r2").await;
        let case = json!({"caseId": "c-1", "title": "Refund calls", "actor": "ana", "requestId": "m1"});
        done(program.post("/v1/cases", &case.to_string()).await);
        let link = json!({"links": [{"number": OTHER, "role": "CASE_ROLE_CALLER_ID", "confidence": 0.9}],
            "actor": "ana", "requestId": "m2"});
        done(program.post("/v1/cases/c-1:linkNumbers", &link.to_string()).await);
        let note = json!({"caseId": "c-1", "text": "Two victims called.", "actor": "ana", "requestId": "m3"});
        done(program.post("/v1/notes", &note.to_string()).await);
        let list = json!({"head": {"kind": "LIST_KIND_TENANT_BLOCK", "requestId": "m4", "actor": "ana"},
            "entries": [{"number": OTHER, "source": "clinics", "enteredAt": "2026-11-01T00:00:00Z"}]});
        done(program.put("/v1/lists/l-1", &list.to_string()).await);
        let decision = text(&lookup(&program).await["decisionId"]);
        program.terminate();
        assert_eq!(program.ended().await.code(), Some(0), "{}", program.log());
        assert!(program.log().contains("the snapshot is written"), "{}", program.log());
        decision
    }
}

/// The key of the administrator.
fn key() -> ApiKey {
    ApiKey::new("test", KeyId::from_raw(1), [1; 32]).unwrap()
}

fn done((status, body): (u16, String)) {
    assert_eq!(status, 200, "{body}");
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

async fn report(program: &Program, id: &str) {
    let (status, body) = try_to_report(program, id).await;
    assert_eq!(status, 200, "{body}");
}

async fn try_to_report(program: &Program, id: &str) -> (u16, String) {
    let report = json!({"reportId": id, "number": NUMBER, "source": "SOURCE_REGULATOR_FEED",
        "category": "CATEGORY_TECH_SUPPORT_SCAM"});
    program.post("/v1/reports", &report.to_string()).await
}

async fn lookup(program: &Program) -> Value {
    lookup_of(program, NUMBER).await
}

async fn lookup_of(program: &Program, number: &str) -> Value {
    let (status, body) = program
        .post("/v1/lookup", &json!({ "number": number }).to_string())
        .await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

async fn readiness(program: &Program) -> (u16, Value) {
    let (status, body) = program.get("/readyz").await;
    (status, serde_json::from_str(&body).unwrap_or_default())
}

async fn wait_until_fresh(program: &Program) {
    let is_fresh = async || {
        let (_, body) = readiness(program).await;
        (body["store"].as_str(), body["stale"].as_bool()) == (Some("up"), Some(false))
    };
    program.wait_for("a fresh index", is_fresh).await;
}

async fn health(program: &Program) -> ServingStatus {
    let mut client = HealthClient::new(program.channel());
    let answer = client.check(HealthCheckRequest::default()).await.unwrap();
    answer.into_inner().status()
}

fn age_of(metrics: &str) -> f64 {
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("ringwarden_snapshot_age_seconds "));
    line.unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_from_its_snapshot_and_catches_up_when_redis_is_back() {
    let mut scene = Scene::new();
    let decision = scene.played().await;
    // Another instance writes on: the snapshot does not have this.
    let mut other = Program::serve(&scene.redis.url()).await.with_key(key().text());
    report(&other, "r3").await;
    other.kill();
    scene.redis.kill();

    let program = scene.serve().await;
    program.line(&["WARN", "the server starts from its snapshot"]).await;
    let (status, body) = readiness(&program).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&body["ready"], &body["stale"], &body["store"], &body["fromSnapshot"]),
        (&json!(true), &json!(true), &json!("down"), &json!(true)),
        "{body}"
    );
    assert!(body["ageSeconds"].is_u64() && body["dataAsOf"].is_string(), "{body}");
    assert_eq!(health(&program).await, ServingStatus::Serving);
    let answer = lookup(&program).await;
    assert_eq!(
        (&answer["reportCount"], &answer["stale"], &answer["dataAsOf"]),
        (&json!(2), &json!(true), &body["dataAsOf"]),
        "{answer}"
    );
    // The keys are those of the store: of decisions before the start, and of those since.
    for id in [decision, text(&answer["decisionId"])] {
        let (status, body) = program.get(&format!("/v1/decisions/{id}")).await;
        assert_eq!(status, 200, "{body}");
    }
    // Every kind of record is there.
    let listed = lookup_of(&program, OTHER).await;
    assert_eq!(listed["basis"], json!("BASIS_TENANT_POLICY"), "{listed}");
    for (path, expected) in [
        ("/v1/cases/c-1?include_members=true", OTHER),
        ("/v1/notes?case_id=c-1", "Two victims called."),
        ("/v1/lists/l-1", OTHER),
    ] {
        let (status, body) = program.get(path).await;
        assert!(status == 200 && body.contains(expected), "{path}: {body}");
    }
    let (status, body) = try_to_report(&program, "r4").await;
    assert!(status == 503 && body.contains("STORE_UNAVAILABLE"), "{status} {body}");

    scene.redis.start_again();
    wait_until_fresh(&program).await;
    let answer = lookup(&program).await;
    assert_eq!(answer["reportCount"], json!(3), "{answer}");
    assert_eq!(answer.get("stale"), None, "{answer}");
    report(&program, "r4").await;
    assert_eq!(lookup(&program).await["reportCount"], json!(4));
    assert!((program.metric("ringwarden_index_ready").await - 1.0).abs() < f64::EPSILON);
    assert!((program.metric("ringwarden_snapshot_interval_seconds").await - 0.1).abs() < f64::EPSILON);
    let is_kept = async || age_of(&program.get("/metrics").await.1).is_finite();
    program.wait_for("the next snapshot", is_kept).await;
    assert!(program.metric("ringwarden_snapshot_bytes").await > 1_000.0);
}

/// A way to Redis that breaks as soon as an index begins to be loaded through it.
struct BreakingWay {
    address: std::net::SocketAddr,
    state: watch::Sender<Way>,
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// It breaks when records are read.
    Fragile,
    Broken,
    Mended,
}

impl BreakingWay {
    /// A way to this port.
    async fn to(port: u16) -> Self {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = watch::Sender::new(Way::Fragile);
        let of_connections = state.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *of_connections.borrow() != Way::Broken {
                    tokio::spawn(connect(client, port, of_connections.clone()));
                }
            }
        });
        Self { address, state }
    }

    fn mend(&self) {
        self.state.send_replace(Way::Mended);
    }
}

/// Passes bytes on in both directions, until the client begins to read records.
async fn connect(client: TcpStream, port: u16, state: watch::Sender<Way>) {
    let server = TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let mut changes = state.subscribe();
    let there = async {
        let mut buffer = vec![0; 65_536];
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            let reads_records = buffer[..read].windows(5).any(|word| word == b"HSCAN");
            if reads_records && *state.borrow() == Way::Fragile {
                state.send_replace(Way::Broken);
                return;
            }
            if to_server.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = there => {}
        _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
        _ = changes.wait_for(|way| *way == Way::Broken) => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_from_its_snapshot_if_redis_goes_away_while_the_index_is_loaded() {
    let scene = Scene::new();
    scene.played().await;
    let way = BreakingWay::to(scene.redis.port()).await;
    let url = format!("redis://{}", way.address);
    let program = Program::serve_with(&url, &scene.arguments()).await;
    let program = program.with_key(key().text());
    program.line(&["the store is open"]).await;
    program
        .line(&["WARN", "the store went away while the index was loaded"])
        .await;
    let (status, body) = readiness(&program).await;
    assert_eq!(
        (status, &body["ready"], &body["fromSnapshot"]),
        (200, &json!(true), &json!(true)),
        "{body}"
    );
    let answer = lookup(&program).await;
    assert_eq!((&answer["reportCount"], &answer["stale"]), (&json!(2), &json!(true)));
    way.mend();
    wait_until_fresh(&program).await;
    report(&program, "r3").await;
    assert_eq!(lookup(&program).await["reportCount"], json!(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_redis_does_not_replace_what_a_snapshot_gave() {
    let mut scene = Scene::new();
    scene.played().await;
    scene.redis.kill();
    let mut program = scene.serve().await;
    let kept = std::fs::read(scene.directory().join(SNAPSHOT)).unwrap();
    scene.redis.wipe();
    scene.redis.start_again();
    program
        .wait_for("the alarm", async || {
            program.metric("ringwarden_store_foreign").await > 0.0
        })
        .await;
    program.line(&["\"ERROR\"", "not the one that was opened"]).await;
    assert_eq!(readiness(&program).await.1["store"], json!("foreign"));
    assert_eq!(lookup(&program).await["reportCount"], json!(2));
    assert_eq!(scene.redis.command(&["DBSIZE"]), redis::Value::Int(0));
    program.terminate();
    assert_eq!(program.ended().await.code(), Some(0), "{}", program.log());
    assert_eq!(std::fs::read(scene.directory().join(SNAPSHOT)).unwrap(), kept);

    // A start on the empty Redis makes a new store. The snapshot of the old one is kept under another name.
    let program = scene.serve().await;
    program.line(&["\"ERROR\"", "was the store emptied? It is kept"]).await;
    let aside = std::fs::read_dir(scene.directory())
        .unwrap()
        .map(|entry| entry.unwrap());
    let aside = aside.filter(|entry| entry.file_name().to_str().unwrap().starts_with("index-"));
    let aside: Vec<_> = aside.map(|entry| std::fs::read(entry.path()).unwrap()).collect();
    assert_eq!(aside, [kept]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_snapshot_is_not_used_and_the_server_waits_alive_and_not_ready() {
    let mut scene = Scene::new();
    scene.played().await;
    scene.redis.kill();
    let path = scene.directory().join(SNAPSHOT);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();

    let program = scene.serve_anyhow().await;
    program
        .line(&["\"ERROR\"", "the snapshot cannot be used", "it is damaged"])
        .await;
    assert_waits(&program).await;
    scene.redis.start_again();
    wait_until_fresh(&program).await;
    assert_eq!(lookup(&program).await["reportCount"], json!(2));
    assert_eq!(health(&program).await, ServingStatus::Serving);
}

/// Without a snapshot the ports answer too. The end of the wait is in order.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_snapshot_waits_alive_and_not_ready() {
    let mut redis = RedisServer::start(&DURABLE);
    redis.kill();
    let mut program = Program::serve_anyhow(&redis.url(), &[]).await;
    assert_waits(&program).await;
    redis.start_again();
    wait_until_fresh(&program).await;
    report(&program, "r1").await;
    program.terminate();
    assert_eq!(program.ended().await.code(), Some(0), "{}", program.log());
}

async fn assert_waits(program: &Program) {
    program.line(&["the store cannot be opened yet"]).await;
    assert_eq!(program.get("/healthz").await.0, 200);
    let (status, body) = readiness(program).await;
    assert_eq!(
        (status, &body["ready"], &body["store"]),
        (503, &json!(false), &json!("down"))
    );
    assert_eq!(
        body["reason"],
        json!("the index has not been loaded from the store yet")
    );
    assert_eq!(health(program).await, ServingStatus::NotServing);
    assert!(program.metric("ringwarden_index_ready").await.abs() < f64::EPSILON);
    let number = json!({ "number": NUMBER }).to_string();
    for (status, body) in [
        program.post("/v1/lookup", &number).await,
        try_to_report(program, "r9").await,
        program.get("/v1/cases").await,
        program.get("/v1/decisions/abc").await,
    ] {
        assert!(status == 503 && body.contains("INDEX_LOADING"), "{status} {body}");
    }
}

/// A process that is killed while it writes leaves a snapshot that is whole.
#[tokio::test(flavor = "multi_thread")]
async fn kills_leave_a_whole_snapshot() {
    let mut scene = Scene::new();
    scene.played().await;
    let program = scene.serve().await;
    // Numbers of many shards: a snapshot takes a while.
    for part in 0..100 {
        let report = json!({"reportId": format!("p{part}"), "number": number(part), "source": "SOURCE_REGULATOR_FEED"});
        done(program.post("/v1/reports", &report.to_string()).await);
    }
    drop(program);
    let mut random = Random::from_environment();
    let unfinished = scene.directory().join("index.snapshot.new");
    let mut met = 0;
    for _round in 0..6 {
        let mut program = scene.serve().await;
        // The rest of the round before is replaced by the next write: it must be seen to grow.
        let before = std::fs::metadata(&unfinished).and_then(|found| found.modified()).ok();
        let begins = async || {
            let now = std::fs::metadata(&unfinished).and_then(|found| found.modified()).ok();
            now.is_some() && now != before
        };
        program.wait_for("a write", begins).await;
        sleep(Duration::from_millis(random.below(20) as u64)).await;
        program.kill();
        met += usize::from(unfinished.exists());
        assert_whole(scene.directory());
    }
    eprintln!("{met} of 6 kills left an unfinished snapshot");
    scene.redis.kill();
    let program = scene.serve().await;
    assert_eq!(lookup(&program).await["reportCount"], json!(2));
}

fn assert_whole(directory: &Path) {
    let model = ScoreModel::default();
    let wanted = Wanted {
        evidence_version: model.fold.evidence_version(),
        expected_id: None,
        max_age: None,
        now: Clock::system().now(),
    };
    Snapshot::open(&SnapshotDirectory::create(directory).unwrap(), wanted, &model).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_one_process_has_no_use_for_a_snapshot_and_the_log_says_so() {
    let place = TempDir::new().unwrap();
    let directory = place.path().join("unused");
    let program = Program::serve_with("memory:", &["--snapshot", directory.to_str().unwrap()]).await;
    program.line(&["WARN", "--snapshot has no effect"]).await;
    assert!(!directory.exists());
}
