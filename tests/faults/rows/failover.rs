//! Another Redis takes over, or an instance is led to one that is behind.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{DURABLE, Round};
use crate::link::Link;
use crate::outcome::Outcome;
use crate::scene::Scene;
use crate::support::redis_server::RedisServer;

/// The longest time that a replica takes to catch up.
const CAUGHT_UP: Duration = Duration::from_secs(30);
/// Reports that the primary acknowledges before it dies: the last ones just before.
const ACKNOWLEDGED: usize = 50;
/// How long an instance is led to a replica.
const LED_ASTRAY: Duration = Duration::from_secs(8);

/// The primary acknowledges reports about many numbers that its replica lacks, and dies at once. The replica takes over, and
/// has other reports about these numbers before the first instance hears of it. Redis acknowledges before its replicas have
/// a write, so those reports are lost; all else must be right.
pub async fn of_unfollowed_primary(round: Round) -> Outcome {
    let mut servers = Servers::start().await;
    let mut scene = Scene::start(&[servers.link.url(), servers.link.url()], round.seed).await;
    scene.may_lose();
    for number in 0..round.rounds {
        scene.write(0);
        scene.write(1);
        scene.wait(300, 800).await;
        scene.write_no_more().await;
        servers.caught_up().await;
        servers.replica.command(&["REPLICAOF", "NO", "ONE"]);
        let reports = scene.begin_to_report_each_number(0, &format!("lost-{number}"));
        scene.wait_for_reports(&format!("lost-{number}"), ACKNOWLEDGED).await;
        servers.primary.kill();
        scene.instances[0].pause().await;
        servers.link.lead_to(servers.replica.port());
        scene.report_no_more(reports).await;
        let since = Instant::now();
        scene.report_each_number(1, &format!("kept-{number}")).await;
        scene.instances[0].resume();
        scene.heal(since).await;
        servers.renew().await;
    }
    let outcome = scene.end().await;
    with_losses(outcome)
}

/// A round without a loss shows nothing: the replica had all.
pub(super) fn with_losses(mut outcome: Outcome) -> Outcome {
    if outcome.lost == 0 {
        outcome.broken.push("nothing was lost, so no loss was found".to_owned());
    }
    outcome
}

/// One of two instances is led to a replica that is behind, and back.
pub async fn to_lagging_replica(round: Round) -> Outcome {
    let servers = Servers::start().await;
    let mut scene = Scene::start(&[servers.link.url(), servers.primary.url()], round.seed).await;
    scene.write(1);
    for _ in 0..round.rounds {
        servers.caught_up().await;
        servers.replication.black_hole(true);
        scene.wait(500, 1_000).await;
        servers.link.lead_to(servers.replica.port());
        sleep(LED_ASTRAY).await;
        servers.link.lead_to(servers.primary.port());
        servers.replication.black_hole(false);
        scene.heal(Instant::now()).await;
    }
    scene.end().await
}

/// A primary, its replica, and the ways to them.
struct Servers {
    primary: RedisServer,
    replica: RedisServer,
    /// Leads the instances to the primary.
    link: Link,
    /// Leads the replica to it.
    replication: Link,
}

impl Servers {
    async fn start() -> Self {
        let (primary, replica) = (RedisServer::start(&DURABLE), RedisServer::start(&DURABLE));
        let servers = Self {
            link: Link::to(primary.port()).await,
            replication: Link::to(primary.port()).await,
            primary,
            replica,
        };
        servers.follow();
        servers
    }

    fn follow(&self) {
        let port = self.replication.port().to_string();
        self.replica.command(&["REPLICAOF", "127.0.0.1", &port]);
    }

    /// Waits until the replica has what the primary had at this moment.
    async fn caught_up(&self) {
        let began = Instant::now();
        let goal = offset(&self.primary);
        while offset(&self.replica) < goal || goal == 0 {
            assert!(began.elapsed() < CAUGHT_UP, "the replica does not catch up");
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// A new replica follows the primary.
    async fn renew(&mut self) {
        let replica = RedisServer::start(&DURABLE);
        self.primary = std::mem::replace(&mut self.replica, replica);
        self.replication.lead_to(self.primary.port());
        self.follow();
        self.caught_up().await;
    }
}

/// How far the server is in the stream of changes.
fn offset(server: &RedisServer) -> u64 {
    let answer = server.command(&["INFO", "replication"]);
    let text: String = redis::from_redis_value(answer).unwrap();
    let is_replica = text.contains("role:slave");
    let name = if is_replica {
        "slave_repl_offset:"
    } else {
        "master_repl_offset:"
    };
    let offset = text.lines().find_map(|line| line.strip_prefix(name));
    offset.unwrap().trim().parse().unwrap()
}
