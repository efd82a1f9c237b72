//! An outage of Redis from before it to after it. The program serves lookups and takes reports all the time, and both
//! are checked.

use std::sync::Arc;
use std::time::Duration;

use ringwarden::wire::v1::report_service_client::ReportServiceClient;
use ringwarden::wire::v1::{ListReportsRequest, SubmitReportRequest};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, sleep_until};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::watch::{Data, Speed, Watch};
use crate::support::program::Program;
use crate::support::random::Random;
use crate::support::redis_server::RedisServer;
use crate::support::report_writers::{Writer, Writers};
use crate::support::sent_reports::{NUMBERS, Name, SentReports, number, wall_clock};

/// The settings with which Redis keeps acknowledged writes.
pub const DURABLE: [(&str, &str); 2] = [("appendonly", "yes"), ("appendfsync", "always")];
/// Every change is answered within this time: 2 s are promised, and the rest is for a machine that is busy with much else.
/// `cargo bench --bench outage` measures the promise.
pub const IN_TIME: Duration = Duration::from_secs(5);
/// Half of the lookups are answered within this, or within five times what they took before. A lookup that waited for the
/// store would take longer.
const FAST: Duration = Duration::from_millis(250);
/// The time for which the program is watched before an outage, and after it.
const QUIET: Duration = Duration::from_secs(2);
/// An answer is stale when the last completed sweep began longer ago than this.
const STALE_AFTER: Duration = Duration::from_secs(5);
const STALE_AFTER_MS: i64 = 5_000;
/// The most by which the wall clock of the age and the monotonic clock of the service may differ, in milliseconds.
const CLOCKS_MS: i64 = 50;
/// In an outage that lasts longer than [`STALE_AFTER`] by this, some answers are stale.
const LATE: Duration = Duration::from_millis(500);
/// After an outage the service must be whole again within this.
const HEALED_WITHIN: Duration = Duration::from_secs(20);
/// Writers at work all the time.
const WRITERS: usize = 3;

/// One scene at a time: each keeps a processor busy, and checks how fast the program answers meanwhile.
static ALONE: Semaphore = Semaphore::const_new(1);

/// Waits until no other scene is played, and keeps them waiting.
pub async fn alone() -> SemaphorePermit<'static> {
    ALONE.acquire().await.unwrap()
}

/// A program over a Redis of its own, with lookups and writers at work.
pub struct Scene {
    _alone: SemaphorePermit<'static>,
    pub redis: RedisServer,
    pub program: Program,
    random: Random,
    sent_reports: Arc<SentReports>,
    writers: Writers,
    watch: Watch,
    started: Instant,
    /// When the outage was about to begin, and when it had.
    began: Instant,
    lasts_since: Instant,
    /// The same by the wall clock, in milliseconds since the epoch.
    lasts_since_ms: i64,
    /// Whether the store is another one during the outage, or a replica: then answers are stale as soon as that is known.
    pub is_another: bool,
}

impl Scene {
    /// Everything is well, and has been for a while.
    pub async fn start() -> Self {
        let alone = alone().await;
        let redis = RedisServer::start(&DURABLE);
        let program = Program::serve(&redis.url()).await;
        let (mut random, sent_reports) = (Random::from_environment(), Arc::new(SentReports::default()));
        let known = report_known(&program).await;
        let writers = Writers::start(WRITERS, 0, &program.channel(), &sent_reports, &mut random);
        let watch = Watch::start(&program.channel(), known, number(NUMBERS + 1));
        let started = Instant::now();
        sleep(QUIET).await;
        Self {
            _alone: alone,
            redis,
            program,
            random,
            sent_reports,
            writers,
            watch,
            started,
            began: Instant::now(),
            lasts_since: Instant::now(),
            lasts_since_ms: wall_clock(),
            is_another: false,
        }
    }

    /// The outage begins.
    pub fn begin(&mut self, begin: impl FnOnce(&mut RedisServer)) {
        assert!(
            self.sent_reports.has_succeeded_since(self.started),
            "nothing was acknowledged before"
        );
        self.began = Instant::now();
        begin(&mut self.redis);
        self.lasts_since = Instant::now();
        self.lasts_since_ms = wall_clock();
    }

    /// It lasts for so long: the program stays ready, tries to write and cannot, and says that its store is away.
    pub async fn last(&self, length: Duration) {
        let mut health = HealthClient::new(self.program.channel());
        while self.began.elapsed() < length {
            let (status, body) = self.program.get("/readyz").await;
            assert_eq!(status, 200, "{body}");
            let answer = health.check(HealthCheckRequest::default()).await.unwrap().into_inner();
            assert_eq!(answer.status(), ServingStatus::Serving);
            sleep(Duration::from_millis(100)).await;
        }
        assert!((self.program.metric("ringwarden_store_up").await - 0.0).abs() < f64::EPSILON);
        let counts = self.sent_reports.counts();
        assert!(
            !self.sent_reports.has_succeeded_since(self.lasts_since),
            "acknowledged without a store"
        );
        assert!(counts.unknown + counts.not_written > 0, "nobody tried: {counts:?}");
    }

    /// It ends, and the program heals by itself. Everything that was seen is checked.
    pub async fn end(mut self, name: &str, end: impl FnOnce(&mut RedisServer)) -> (Program, RedisServer) {
        let last_of_outage = Instant::now();
        end(&mut self.redis);
        let ended = Instant::now();
        self.program
            .wait_for("a write", async || self.sent_reports.has_succeeded_since(ended))
            .await;
        let written = ended.elapsed();
        let is_up = async || {
            self.program
                .get("/readyz")
                .await
                .1
                .contains("\"store\":\"up\",\"stale\":false")
        };
        self.program.wait_for("a fresh index", is_up).await;
        let healed = Instant::now();
        assert!(healed - ended < HEALED_WITHIN, "{:?}", healed - ended);
        sleep_until(healed + QUIET).await;

        let channel = self.program.channel();
        let seen = self.writers.end().await;
        assert!(
            seen.codes.iter().all(|code| *code == Code::Unavailable),
            "{:?}",
            seen.codes
        );
        assert!(seen.slowest < IN_TIME, "{:?}", seen.slowest);
        let open = self.sent_reports.open().len();
        Writer::new(
            "retry".to_owned(),
            channel.clone(),
            &self.sent_reports,
            self.random.any(),
        )
        .complete()
        .await;
        let reports = self.sent_reports.check(channel).await;
        self.watch.end().await;

        let before = self.watch.between(self.started, self.began);
        let during = self.watch.between(self.began, last_of_outage);
        let after = self.watch.between(healed, Instant::now());
        eprintln!(
            "{name}: {:?} long; a write after {written:?}, fresh after {:?}; slowest write {:?}; {reports} reports, \
             {open} of them after a retry\n  before: {}\n  during: {}\n  after:  {}",
            last_of_outage - self.began,
            healed - ended,
            seen.slowest,
            before.speed(),
            during.speed(),
            after.speed(),
        );
        check_speed(before.speed(), during.speed());
        let during = self.watch.between(self.began, last_of_outage).data();
        let since_ms = (self.lasts_since_ms, self.is_another);
        check_freshness(&before.data(), &during, &after.data(), since_ms);
        let long = STALE_AFTER + LATE;
        let must_be_stale = during.iter().any(|data| data.age[0] > STALE_AFTER_MS + CLOCKS_MS);
        assert!(
            must_be_stale || last_of_outage - self.began < long,
            "no lookup late in the outage"
        );
        (self.program, self.redis)
    }

    /// A page of the reports of a number that has some: an answer from the store.
    pub async fn list_reports(&self) -> Result<usize, Code> {
        let request = ListReportsRequest {
            number: number(NUMBERS),
            ..ListReportsRequest::default()
        };
        let answer = ReportServiceClient::new(self.program.channel())
            .list_reports(request)
            .await;
        answer
            .map(|page| page.into_inner().reports.len())
            .map_err(|status| status.code())
    }
}

/// A number that nobody writes any more, and how many reports it has.
async fn report_known(program: &Program) -> (String, u32) {
    let mut client = ReportServiceClient::new(program.channel());
    let reports = 3;
    for index in 0..reports {
        let name = Name {
            number: NUMBERS,
            id: format!("known-{index}"),
        };
        let report = Some(name.report());
        client.submit_report(SubmitReportRequest { report }).await.unwrap();
    }
    (number(NUMBERS), reports)
}

fn check_speed(before: Speed, during: Speed) {
    let allowed = FAST.max(5 * before.p50);
    assert!(during.p50 < allowed, "{during} in the outage, {before} before");
}

/// Answers are marked as stale exactly while they may lack changes. The outage has lasted since `since_ms`. If the store
/// `is_another`, they are stale before [`STALE_AFTER`].
fn check_freshness(before: &[Data], during: &[Data], after: &[Data], (since_ms, is_another): (i64, bool)) {
    assert!(
        before.iter().chain(after).all(|data| !data.stale),
        "stale, though the store was there"
    );
    // A sweep that began before the outage may complete in it, and says when it began.
    assert!(
        during.iter().all(|data| data.as_of <= since_ms + CLOCKS_MS),
        "data of the outage itself"
    );
    let newest = during.iter().map(|data| data.as_of).max().unwrap_or_default();
    assert!(before.iter().all(|data| data.as_of <= newest));
    assert!(after.iter().all(|data| data.as_of > newest), "data_as_of stands still");
    // An answer says when its data was complete, so its age tells whether it must be stale, however busy the machine is.
    for data in during {
        let [when_asked, when_answered] = data.age;
        if data.stale {
            let in_time = is_another || when_answered >= STALE_AFTER_MS - CLOCKS_MS;
            assert!(in_time, "stale too early: {data:?}");
        } else {
            assert!(when_asked <= STALE_AFTER_MS + CLOCKS_MS, "not stale in time: {data:?}");
        }
    }
    let at_once = during
        .iter()
        .any(|data| data.stale && data.age[1] < STALE_AFTER_MS - CLOCKS_MS);
    assert_eq!(at_once, is_another, "stale at once exactly if the store is another one");
}
