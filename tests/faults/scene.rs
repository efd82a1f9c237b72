//! Instances under clients that write and ask all the time.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::askers::{Answers, Asker};
use crate::oracle;
use crate::outcome::Outcome;
use crate::support::program::Program;
use crate::support::random::Random;
use crate::support::report_writers::{Writer, Writers};
use crate::support::sent_reports::{Name, SentReports, wall_clock};

/// Writers of each instance.
const WRITERS: usize = 3;
/// More than any recovery should take.
const HEALED_WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(10);

/// The instances of one store, and their clients.
pub struct Scene {
    pub instances: Vec<Program>,
    pub random: Random,
    pub sent: Arc<SentReports>,
    answers: Arc<Answers>,
    askers: Vec<Option<Asker>>,
    writers: Vec<Writers>,
    /// How often writers were started: their reports are named by it.
    started: usize,
    /// Whether answers are untrue that lack what was lost.
    counts_lost: bool,
    /// The store, if a further instance can open it.
    pub shared_store: Option<String>,
    outcome: Outcome,
}

impl Scene {
    /// Starts an instance for each of these stores, and clients that ask it.
    pub async fn start(stores: &[String], seed: u64) -> Self {
        let mut instances = Vec::new();
        for store in stores {
            instances.push(Program::serve(store).await);
        }
        Self::of(instances, stores.last(), seed)
    }

    /// The same with instances that are there already. A further one can open `store`, if that is a Redis.
    pub fn of(instances: Vec<Program>, store: Option<&String>, seed: u64) -> Self {
        let mut scene = Self {
            instances: Vec::new(),
            random: Random::new(seed),
            sent: Arc::default(),
            answers: Arc::default(),
            askers: Vec::new(),
            writers: Vec::new(),
            started: 0,
            counts_lost: false,
            shared_store: store.filter(|store| store.starts_with("redis")).cloned(),
            outcome: Outcome::default(),
        };
        for instance in instances {
            scene.add(instance);
        }
        scene
    }

    /// Lets clients ask a further instance.
    pub fn add(&mut self, instance: Program) {
        self.instances.push(instance);
        self.askers.push(None);
        self.ask(self.instances.len() - 1);
    }

    /// Two instances, of these stores. Clients ask both and write through both.
    pub async fn of_two(stores: [String; 2], seed: u64) -> Self {
        let mut scene = Self::start(&stores, seed).await;
        scene.write(0);
        scene.write(1);
        scene
    }

    /// Lets clients ask an instance from now on.
    pub fn ask(&mut self, instance: usize) {
        self.ask_with_clock(instance, 0);
    }

    /// The same of an instance whose clock is so many milliseconds ahead.
    pub fn ask_with_clock(&mut self, instance: usize, ahead: i64) {
        let seed = self.random.any();
        let asker = Asker::start(self.instances[instance].channel(), &self.answers, seed, ahead);
        self.askers[instance] = Some(asker);
    }

    /// Waits for the last answers of an instance, which is not asked any more.
    pub async fn ask_no_more(&mut self, instance: usize) {
        if let Some(asker) = self.askers[instance].take() {
            asker.end().await;
        }
    }

    /// Lets clients write through an instance, until [`Self::write_no_more`].
    pub fn write(&mut self, instance: usize) {
        let channel = self.instances[instance].channel();
        self.started += 1;
        let writers = Writers::start(WRITERS, self.started, &channel, &self.sent, &mut self.random);
        self.writers.push(writers);
    }

    pub async fn write_no_more(&mut self) {
        for writers in self.writers.drain(..) {
            writers.end().await;
        }
    }

    /// Reports each number once through an instance, until all of it is acknowledged. The ids begin with `tag`.
    pub async fn report_each_number(&mut self, instance: usize, tag: &str) {
        let channel = self.instances[instance].channel();
        let mut writer = Writer::new(tag.to_owned(), channel, &self.sent, self.random.any());
        let reported = timeout(HEALED_WITHIN, writer.report_each_number(tag)).await;
        self.expect(reported.is_ok(), || {
            format!("no report was acknowledged for {HEALED_WITHIN:?}")
        });
    }

    /// Reports these one after the other through an instance, until all of it is acknowledged.
    pub async fn report_singly(&mut self, instance: usize, names: &[Name]) {
        let channel = self.instances[instance].channel();
        let mut writer = Writer::new(String::new(), channel, &self.sent, self.random.any());
        let reported = timeout(HEALED_WITHIN, writer.report_singly(names)).await;
        self.expect(reported.is_ok(), || {
            format!("not all reports were acknowledged for {HEALED_WITHIN:?}")
        });
    }

    /// As [`Self::report_each_number`], in the background, until [`Self::report_no_more`].
    pub fn begin_to_report_each_number(&mut self, instance: usize, tag: &str) -> JoinSet<()> {
        let channel = self.instances[instance].channel();
        let mut writer = Writer::new(tag.to_owned(), channel, &self.sent, self.random.any());
        let mut task = JoinSet::new();
        let tag = tag.to_owned();
        task.spawn(async move { writer.report_each_number(&tag).await });
        task
    }

    /// Ends what [`Self::begin_to_report_each_number`] began, whether it has its answers or not.
    pub async fn report_no_more(&mut self, mut reports: JoinSet<()>) {
        reports.shutdown().await;
        self.sent.abandon();
    }

    /// Waits until so many reports whose ids begin with `tag` were acknowledged.
    pub async fn wait_for_reports(&mut self, tag: &str, count: usize) {
        let are_there = || {
            let acknowledged = self.sent.acknowledged_at();
            acknowledged.keys().filter(|name| name.id.starts_with(tag)).count() >= count
        };
        let began = Instant::now();
        while !are_there() && began.elapsed() < HEALED_WITHIN {
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits until a further answer is stale by its own word.
    pub async fn wait_for_stale(&mut self) {
        let before = self.answers.stale();
        let began = Instant::now();
        while self.answers.stale() == before && began.elapsed() < HEALED_WITHIN {
            sleep(POLL).await;
        }
        let is_stale = self.answers.stale() > before;
        self.expect(is_stale, || format!("no answer was stale for {HEALED_WITHIN:?}"));
    }

    /// Waits until an answer about a number has data that is newer than now.
    pub async fn wait_for_answer(&mut self, number: usize) {
        let (since, began) = (wall_clock(), Instant::now());
        while !self.answers.is_told(number, since) && began.elapsed() < HEALED_WITHIN {
            sleep(POLL).await;
        }
        let is_told = self.answers.is_told(number, since);
        self.expect(is_told, || format!("no fresh answer for {HEALED_WITHIN:?}"));
    }

    /// Waits for a time between these, in milliseconds.
    pub async fn wait(&mut self, least: usize, most: usize) {
        let millis = least + self.random.below(most - least + 1);
        sleep(Duration::from_millis(millis as u64)).await;
    }

    /// Waits until a write that was begun after `since` was acknowledged, and each instance is fresh.
    pub async fn heal(&mut self, since: Instant) {
        let healed = timeout(HEALED_WITHIN, async {
            while !self.sent.has_succeeded_since(since) {
                sleep(POLL).await;
            }
            for instance in &self.instances {
                while !is_fresh(instance).await {
                    sleep(POLL).await;
                }
            }
        });
        if healed.await.is_err() {
            self.expect(false, || format!("not well again {HEALED_WITHIN:?} after the fault"));
        }
        self.outcome.healed_in = self.outcome.healed_in.max(since.elapsed());
    }

    /// Kills an instance, starts it again over this store, and waits until all is well.
    pub async fn start_again(&mut self, instance: usize, store: &str) {
        self.ask_no_more(instance).await;
        self.instances[instance].kill();
        let since = Instant::now();
        self.write_no_more().await;
        self.instances[instance] = Program::serve(store).await;
        self.ask(instance);
        self.write(instance);
        self.heal(since).await;
        self.write_no_more().await;
    }

    /// Notes an expectation that is not met.
    pub fn expect(&mut self, is_met: bool, what: impl FnOnce() -> String) {
        if !is_met {
            self.outcome.broken.push(what());
        }
    }

    /// The operator has chosen that acknowledged reports may be lost.
    pub fn may_lose(&mut self) {
        self.outcome.may_lose = true;
    }

    /// Answers are untrue that lack what was lost.
    pub fn counts_lost_as_there(&mut self) {
        self.counts_lost = true;
    }

    /// Ends the clients, sends the reports of unknown outcome again, and judges what is there.
    pub async fn end(mut self) -> Outcome {
        self.write_no_more().await;
        for instance in 0..self.instances.len() {
            self.ask_no_more(instance).await;
        }
        let counts = self.sent.counts();
        let mut outcome = self.outcome;
        // First what is there without help, then each report once.
        let lost = oracle::judge(&self.sent, &self.instances, &mut outcome).await;
        if let Some(store) = &self.shared_store {
            oracle::compare(&self.instances, store, &mut outcome).await;
        }
        (outcome.acknowledged, outcome.unknown) = (counts.acknowledged, counts.unknown);
        if !outcome.may_lose {
            let channel = self.instances[0].channel();
            let seed = self.random.any();
            Writer::new("retry".to_owned(), channel, &self.sent, seed)
                .complete()
                .await;
            let mut again = Outcome::default();
            oracle::judge(&self.sent, &self.instances, &mut again).await;
            outcome.lost = outcome.lost.max(again.lost);
            outcome.twice = outcome.twice.max(again.twice);
            outcome.invented = outcome.invented.max(again.invented);
            outcome.differing = outcome.differing.max(again.differing);
        }
        let mut acknowledged_at = self.sent.acknowledged_at();
        acknowledged_at.retain(|name, _| self.counts_lost || !lost.contains(name));
        let untrue = self.answers.untrue(&acknowledged_at);
        let failures = self.answers.failures();
        for example in untrue.iter().take(3).chain(failures.iter().take(3)) {
            println!("  {example}");
        }
        outcome.lookups = self.answers.count();
        outcome.lookups_failed = failures.len();
        outcome.lookups_refused = self.answers.refused();
        outcome.untrue = untrue.len();
        outcome
    }
}

async fn is_fresh(instance: &Program) -> bool {
    instance
        .get("/readyz")
        .await
        .1
        .contains("\"store\":\"up\",\"stale\":false")
}
