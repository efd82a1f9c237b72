//! A Redis that turns into a replica, or that answers reads and refuses writes: what the follower makes of it.
//!
//! Others have met the same: a health check that stayed good while every write failed (`centrifugal/centrifugo#766`), a
//! connection kept to the old master although its name led to the new one (`redis/go-redis#790`), and a check that users
//! with few rights may not run (`telekom/gateway-jumper#131`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use ringwarden::clock::{Clock, monotonic};
use ringwarden::index::{Freshness, StoreState};
use ringwarden::service::{PageRequest, ServiceError};
use ringwarden::store::redis::{RedisConfig, RedisStore};
use ringwarden::store::{Store as _, StoreError};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::support::instance::{Instance, evidence_version, noon, number, report};
use crate::support::redis_commits::{DURABLE, LONG};
use crate::support::redis_server::{RedisServer, free_port};

/// An instance over a Redis. Its follower sweeps when the test says so.
struct Scene {
    server: RedisServer,
    instance: Instance,
    reports: u32,
}

impl Scene {
    async fn start() -> Self {
        Self::over(RedisServer::start(&DURABLE), "").await
    }

    async fn over(server: RedisServer, user: &str) -> Self {
        let port = server.port();
        Self::through(port, server, user).await
    }

    /// The same, where the server is reached by another port.
    async fn through(port: u16, server: RedisServer, user: &str) -> Self {
        let mut scene = Self {
            instance: instance_on(port, user).await,
            server,
            reports: 0,
        };
        scene.report(1).await.unwrap();
        scene.instance.follower.sweep().await;
        scene
    }

    /// Reports number `n`, each time under another id.
    async fn report(&mut self, n: u64) -> Result<(), ServiceError> {
        self.reports += 1;
        submit(&self.instance, n, &format!("r{}", self.reports)).await
    }

    fn count(&self, n: u64) -> u32 {
        self.instance.count(&number(n).to_string())
    }

    fn freshness(&self) -> &Freshness {
        self.instance.follower.freshness()
    }

    /// Sweeps, and says whether the sweep made the index fresh: then `data_as_of` is the present.
    async fn is_fresh_after_sweep(&self) -> bool {
        self.instance.clock.advance(Duration::from_secs(1));
        self.instance.follower.sweep().await;
        self.freshness().data_as_of() == self.freshness().now()
    }

    /// What an outage of writes looks like: lookups are answered, and changes are refused at once.
    async fn assert_refuses(&mut self, state: StoreState, fresh: bool, name: &str) {
        assert_eq!(self.is_fresh_after_sweep().await, fresh, "{name}");
        assert_eq!(self.freshness().store(), state, "{name}");
        assert_eq!(self.count(1), 1, "{name}: lookups are answered");
        let refused = self.report(1).await;
        assert!(
            matches!(refused, Err(ServiceError::StoreUnavailable)),
            "{name}: {refused:?}"
        );
        let text = self.instance.services.metrics().render(monotonic());
        assert!(text.contains("\nringwarden_store_up 0\n"), "{name}");
        assert!(text.contains("\nringwarden_store_foreign 0\n"), "{name}");
    }

    /// The follower finds the store again by itself, and changes are taken.
    async fn assert_recovers(&mut self, name: &str) {
        self.recovered(name).await;
        let reported = self.report(9).await;
        assert!(reported.is_ok(), "{name}: {reported:?}");
        let text = self.instance.services.metrics().render(monotonic());
        assert!(text.contains("\nringwarden_store_up 1\n"), "{name}");
    }

    async fn recovered(&self, name: &str) {
        let up = async {
            while !self.is_fresh_after_sweep().await || self.freshness().store() != StoreState::Up {
                sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(
            timeout(LONG, up).await.is_ok(),
            "{name}: {:?}",
            self.freshness().store()
        );
    }
}

/// An instance on the Redis at this port, as this user: none, or `name:password@`.
async fn instance_on(port: u16, user: &str) -> Instance {
    let url = format!("redis://{user}127.0.0.1:{port}");
    let store = RedisStore::open(RedisConfig::parse(&url).unwrap(), evidence_version()).await;
    Instance::over(Arc::new(store.unwrap()), Clock::manual(noon())).await
}

async fn submit(instance: &Instance, n: u64, id: &str) -> Result<(), ServiceError> {
    let report = report(&number(n).to_string(), id, noon());
    instance.services.reports.submit(report).await.map(drop)
}

fn set(server: &RedisServer, settings: &[(&str, &str)]) {
    for (name, value) in settings {
        server.command(&["CONFIG", "SET", name, value]);
    }
}

fn replicate(replica: &RedisServer, port: u16) {
    replica.command(&["REPLICAOF", "127.0.0.1", &port.to_string()]);
}

fn promote(server: &RedisServer) {
    server.command(&["REPLICAOF", "NO", "ONE"]);
}

/// Waits until the replica has all data of its master.
async fn synchronised(replica: &RedisServer, master: &RedisServer) {
    let field = |server: &RedisServer, name: &str| {
        let redis::Value::BulkString(info) = server.command(&["INFO", "replication"]) else {
            panic!("no information");
        };
        let info = String::from_utf8(info).unwrap();
        let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.map(|value| value.trim().to_owned())
    };
    let up = async {
        loop {
            let link = field(replica, "master_link_status");
            let (of_replica, of_master) = (field(replica, "slave_repl_offset"), field(master, "master_repl_offset"));
            if link.as_deref() == Some("up") && of_replica == of_master {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, up).await.expect("the replica to be up to date");
}

/// A replica answers every read, and no sweep takes its data for fresh, in whatever state its link is.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_no_store() {
    let mut scene = Scene::start().await;
    let nobody = free_port();
    for (stale_data, read_only) in [("yes", "yes"), ("no", "yes"), ("yes", "no")] {
        let name = format!("replica-serve-stale-data {stale_data}, replica-read-only {read_only}");
        let settings = [
            ("replica-serve-stale-data", stale_data),
            ("replica-read-only", read_only),
        ];
        set(&scene.server, &settings);
        replicate(&scene.server, nobody);
        scene.assert_refuses(StoreState::Replica, false, &name).await;
        scene.assert_refuses(StoreState::Replica, false, &name).await;
        let (reports, page) = (&scene.instance.services.reports, PageRequest::default());
        let listed = reports.list(&number(1).to_string(), None, false, &page).await;
        assert!(
            matches!(listed, Err(ServiceError::StoreUnavailable)),
            "{name}: {listed:?}"
        );
        promote(&scene.server);
        scene.assert_recovers(&name).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_not_opened_and_nothing_is_written_to_it() {
    let server = RedisServer::start(&[("appendonly", "no"), ("replica-read-only", "no")]);
    replicate(&server, free_port());
    let open = || RedisStore::open(RedisConfig::parse(&server.url()).unwrap(), 1);
    let error = open().await.err().unwrap();
    assert!(matches!(error, StoreError::Replica { .. }), "{error}");
    assert!(error.may_be_retried(), "a server that starts waits for it");
    assert_eq!(server.command(&["DBSIZE"]), redis::Value::Int(0));
    promote(&server);
    open().await.unwrap();
}

/// Between two sweeps the follower knows nothing of it, so the commit itself asks for the role.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_takes_writes_acknowledges_none() {
    let mut scene = Scene::over(RedisServer::start(&[("replica-read-only", "no")]), "").await;
    replicate(&scene.server, free_port());
    assert_eq!(scene.freshness().store(), StoreState::Up, "no sweep has seen it yet");
    for _ in 0..3 {
        let refused = scene.report(1).await;
        assert!(matches!(refused, Err(ServiceError::StoreUnavailable)), "{refused:?}");
    }
    promote(&scene.server);
    scene.assert_recovers("a replica that takes writes").await;
    assert_eq!((scene.count(1), scene.count(9)), (1, 1));
}

/// The error names the master and the state of the link, for the log.
#[tokio::test(flavor = "multi_thread")]
async fn the_error_says_whose_replica_it_is() {
    let (master, server) = (RedisServer::start(&DURABLE), RedisServer::start(&DURABLE));
    let store = RedisStore::open(RedisConfig::parse(&server.url()).unwrap(), 1)
        .await
        .unwrap();
    replicate(&server, master.port());
    synchronised(&server, &master).await;
    let said = store.heads().await.unwrap_err().to_string();
    let wanted = format!("replica of 127.0.0.1:{}, link connected, offset ", master.port());
    assert!(said.contains(&wanted), "{said}");
    let verified = store.verify().await.unwrap_err();
    assert!(matches!(verified, StoreError::Replica { .. }), "{verified}");
    let probed = store.check_writes().await.unwrap_err();
    assert!(matches!(probed, StoreError::Replica { .. }), "{probed}");
}

/// Two servers part, both take reports, and then one takes over the data of the other. The instance has read its own log
/// up to an entry that exists no more.
#[tokio::test(flavor = "multi_thread")]
async fn data_of_another_master_replace_those_of_the_index() {
    for behind in [true, false] {
        let mut scene = Scene::start().await;
        let other = RedisServer::start(&DURABLE);
        replicate(&other, scene.server.port());
        synchronised(&other, &scene.server).await;
        promote(&other);
        let elsewhere = instance_on(other.port(), "").await;

        // Number 1 and its neighbours share a shard, and so one log.
        for n in [2, 3, 3] {
            scene.report(n).await.unwrap();
        }
        scene.instance.follower.sweep().await;
        let there: &[u64] = if behind { &[1, 4] } else { &[1, 4, 4, 5] };
        for (place, n) in there.iter().enumerate() {
            submit(&elsewhere, *n, &format!("e{place}")).await.unwrap();
        }

        replicate(&scene.server, other.port());
        synchronised(&scene.server, &other).await;
        scene.instance.follower.sweep().await;
        assert_eq!(scene.freshness().store(), StoreState::Replica);
        let kept: Vec<u32> = (1..=5).map(|n| scene.count(n)).collect();
        assert_eq!(kept, [1, 1, 2, 0, 0], "the index is kept meanwhile");
        promote(&scene.server);
        scene.recovered("promoted").await;
        let found: Vec<u32> = (1..=5).map(|n| scene.count(n)).collect();
        let wanted = if behind { [2, 0, 0, 1, 0] } else { [2, 0, 0, 2, 1] };
        assert_eq!(found, wanted, "behind: {behind}");
        assert!(scene.report(2).await.is_ok());
        assert_eq!(scene.count(2), 1);
    }
}

/// Redis answers reads and refuses writes. The data are those of the last write, so answers stay fresh.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_refuses_writes_is_not_up_and_answers_stay_fresh() {
    let mut scene = Scene::start().await;
    for (setting, refusing, good) in [("min-replicas-to-write", "1", "0"), ("maxmemory", "1", "0")] {
        set(&scene.server, &[(setting, refusing)]);
        scene.assert_refuses(StoreState::ReadOnly, true, setting).await;
        set(&scene.server, &[(setting, good)]);
        scene.assert_recovers(setting).await;
    }
}

/// With snapshots, Redis refuses writes while its last snapshot could not be written to the disk.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_snapshot_refuses_writes() {
    let server = RedisServer::start(&[("appendonly", "no"), ("dbfilename", "snapshot")]);
    let mut scene = Scene::over(server, "").await;
    set(&scene.server, &[("save", "3600 1000000")]);
    let blocker = scene.server.directory().join("snapshot");
    std::fs::create_dir(&blocker).unwrap();
    let snapshot = async |scene: &Scene| {
        scene.server.command(&["BGSAVE"]);
        sleep(Duration::from_millis(500)).await;
    };
    snapshot(&scene).await;
    scene.assert_refuses(StoreState::ReadOnly, true, "MISCONF").await;
    std::fs::remove_dir(&blocker).unwrap();
    snapshot(&scene).await;
    scene.assert_recovers("MISCONF").await;
}

/// All instances are paused alike, so nothing is missing in the index while writes wait.
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_of_writes_takes_the_store_down_and_answers_stay_fresh() {
    let mut scene = Scene::start().await;
    scene.server.command(&["CLIENT", "PAUSE", "60000", "WRITE"]);
    scene.assert_refuses(StoreState::Down, true, "WRITE").await;
    scene.server.command(&["CLIENT", "UNPAUSE"]);
    scene.assert_recovers("WRITE").await;
    // It ends by itself: the command that would end it is paused too.
    scene.server.command(&["CLIENT", "PAUSE", "4000", "ALL"]);
    scene.assert_refuses(StoreState::Down, false, "ALL").await;
    scene.assert_recovers("ALL").await;
}

/// A server that has just started answers every command with an error until it has loaded its data.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_loads_its_data_is_down_until_it_has() {
    let server = RedisServer::start(&[("appendonly", "no"), ("enable-debug-command", "yes")]);
    let mut scene = Scene::over(server, "").await;
    let slowly = [
        ("key-load-delay", "10000"),
        ("loading-process-events-interval-bytes", "1024"),
    ];
    set(&scene.server, &slowly);
    let client = redis::Client::open(scene.server.url()).unwrap();
    let reload = tokio::task::spawn_blocking(move || {
        let mut connection = client.get_connection().unwrap();
        redis::cmd("DEBUG").arg("RELOAD").exec(&mut connection).unwrap();
    });
    let loading = async {
        while scene.is_fresh_after_sweep().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, loading).await.expect("the server to load its data");
    scene.assert_refuses(StoreState::Down, false, "LOADING").await;
    reload.await.unwrap();
    scene.assert_recovers("LOADING").await;
}

/// A user may lack the right to ask for the role. Then the refusal of writes says it.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_found_without_the_right_to_ask_for_the_role() {
    let server = RedisServer::start(&DURABLE);
    server.command(&[
        "ACL", "SETUSER", "narrow", "on", ">pw", "~rw:*", "&rw:*", "+@all", "-role", "-config",
    ]);
    let mut scene = Scene::over(server, "narrow:pw@").await;
    replicate(&scene.server, free_port());
    scene.assert_refuses(StoreState::Replica, false, "no ROLE").await;
    promote(&scene.server);
    scene.assert_recovers("no ROLE").await;
}

/// A port that leads new connections to one server, and keeps those that are there: as a name does after a failover.
struct Name {
    port: u16,
    target: Arc<AtomicU16>,
    _connections: JoinSet<()>,
}

impl Name {
    async fn of(server: &RedisServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Arc::new(AtomicU16::new(server.port()));
        let mut connections = JoinSet::new();
        let towards = Arc::clone(&target);
        connections.spawn(async move {
            let mut open = JoinSet::new();
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let port = towards.load(Ordering::Acquire);
                open.spawn(async move {
                    let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                    drop(copy_bidirectional(&mut client, &mut server).await);
                });
            }
        });
        Self {
            port,
            target,
            _connections: connections,
        }
    }
}

/// The old master stays alive as a replica of the new one. The connection to it is given up, so that the name counts.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_leads_to_the_new_master() {
    let (old, new) = (RedisServer::start(&DURABLE), RedisServer::start(&DURABLE));
    let name = Name::of(&old).await;
    let mut scene = Scene::through(name.port, old, "").await;
    replicate(&new, scene.server.port());
    synchronised(&new, &scene.server).await;
    promote(&new);
    replicate(&scene.server, new.port());
    scene.assert_refuses(StoreState::Replica, false, "the old master").await;
    name.target.store(new.port(), Ordering::Release);
    scene.assert_recovers("the new master").await;
    assert_eq!((scene.count(1), scene.count(9)), (1, 1));
    promote(&scene.server);
    scene.instance.follower.sweep().await;
    assert_eq!(
        scene.freshness().store(),
        StoreState::Up,
        "it stays with the new master"
    );
}

/// The master acknowledges reports that its replica does not get, and is gone. The replica takes over so fast, with reports of
/// another instance to the same numbers, that no sweep sees an outage: only the log can tell that its entries are others.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_forgets_what_a_failover_has_lost_and_shows_what_others_wrote_instead() {
    let (old, new) = (RedisServer::start(&DURABLE), RedisServer::start(&DURABLE));
    let name = Name::of(&old).await;
    let mut scene = Scene::through(name.port, old, "").await;
    replicate(&new, scene.server.port());
    synchronised(&new, &scene.server).await;
    promote(&new); // from here on it gets nothing

    for n in 1..=40 {
        scene.report(n % 20).await.unwrap();
        if n == 10 {
            // Of some, the log of the old master is read before it is gone.
            scene.instance.follower.sweep().await;
        }
    }
    let elsewhere = instance_on(new.port(), "").await;
    for n in 1..=90 {
        submit(&elsewhere, n % 30, &format!("e{n}")).await.unwrap();
    }
    name.target.store(new.port(), Ordering::Release);
    scene
        .server
        .command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    let reconnected = async {
        while scene.report(99).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, reconnected)
        .await
        .expect("the new master to take reports");
    assert_eq!(
        scene.freshness().store(),
        StoreState::Up,
        "no sweep has seen the failover"
    );
    assert_eq!(scene.count(99), 1, "an acknowledged report is shown at once");

    assert!(scene.is_fresh_after_sweep().await);
    elsewhere.follower.sweep().await;
    for n in 0..=99 {
        let there = elsewhere.count(&number(n).to_string());
        assert_eq!(scene.count(n), there, "number {n}");
    }
    let text = scene.instance.services.metrics().render(monotonic());
    assert!(text.contains("\nringwarden_store_lost_commits_total 40\n"), "{text}");
}
