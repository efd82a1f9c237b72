//! Writers of reports over gRPC: new and repeated reports, alone and in batches, and the outcome of each.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ringwarden::wire::v1::batch_submit_result::Result as Item;
use ringwarden::wire::v1::report_service_client::ReportServiceClient;
use ringwarden::wire::v1::{BatchSubmitReportsRequest, SubmitOutcome, SubmitReportRequest};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::random::Random;
use super::sent_reports::{Fate, NUMBERS, Name, SentReports};

/// Reports of the largest batch.
const MAX_BATCH: usize = 20;
/// The most times that open reports are sent again to a server that works.
const MAX_TRIES: usize = 5;
/// The pause of a writer after a failure.
const PAUSE: Duration = Duration::from_millis(20);

/// One writer, with one request at a time.
pub struct Writer {
    name: String,
    random: Random,
    client: ReportServiceClient<Channel>,
    sent_reports: Arc<SentReports>,
    sent: Vec<Name>,
    seen: Seen,
}

/// The results of a writer.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The longest that an answer took.
    pub slowest: Duration,
    /// The codes of failures.
    pub codes: HashSet<Code>,
}

/// Writers at work until they are stopped.
pub struct Writers {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Seen>,
}

impl Writers {
    /// Starts so many; `round` tells their reports from those of writers before them.
    pub fn start(
        count: usize,
        round: usize,
        channel: &Channel,
        sent_reports: &Arc<SentReports>,
        random: &mut Random,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for index in 0..count {
            let writer = Writer::new(format!("{round}-{index}"), channel.clone(), sent_reports, random.any());
            tasks.spawn(writer.run(Arc::clone(&stop)));
        }
        Self { stop, tasks }
    }

    /// Lets them finish their requests, and returns their results.
    pub async fn end(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Seen::default();
        for seen in self.tasks.join_all().await {
            all.slowest = all.slowest.max(seen.slowest);
            all.codes.extend(seen.codes);
        }
        all
    }
}

impl Writer {
    pub fn new(name: String, channel: Channel, sent_reports: &Arc<SentReports>, seed: u64) -> Self {
        Self {
            name,
            random: Random::new(seed),
            client: ReportServiceClient::new(channel),
            sent_reports: Arc::clone(sent_reports),
            sent: Vec::new(),
            seen: Seen::default(),
        }
    }

    /// Sends all reports with an unknown outcome again until they are acknowledged.
    pub async fn complete(&mut self) {
        for _ in 0..MAX_TRIES {
            let open = self.sent_reports.open();
            if open.is_empty() {
                return;
            }
            for names in open.chunks(MAX_BATCH) {
                self.send_batch(names).await;
            }
        }
        panic!(
            "still not acknowledged: {:?}, {:?}",
            self.sent_reports.counts(),
            self.seen.codes
        );
    }

    /// Reports each number once, and goes on until all of it is acknowledged. The ids begin with `tag`.
    pub async fn report_each_number(&mut self, tag: &str) {
        let name = |number| Name {
            number,
            id: format!("{tag}-{number}"),
        };
        let mut open: Vec<Name> = (0..NUMBERS).map(name).collect();
        while !open.is_empty() {
            for names in open.chunks(MAX_BATCH) {
                self.send_batch(names).await;
            }
            open.retain(|name| self.sent_reports.fate(name) != Some(Fate::Acknowledged));
            if !open.is_empty() {
                sleep(PAUSE).await;
            }
        }
    }

    /// Sends these one after the other, each until it is acknowledged.
    pub async fn report_singly(&mut self, names: &[Name]) {
        for name in names {
            while !self.send_one(name).await {
                sleep(PAUSE).await;
            }
        }
    }

    async fn run(mut self, stop: Arc<AtomicBool>) -> Seen {
        while !stop.load(Ordering::Relaxed) {
            let all_done = match self.random.below(20) {
                0..4 if !self.sent.is_empty() => {
                    let again = self.sent[self.random.below(self.sent.len())].clone();
                    self.send_one(&again).await
                }
                4..8 => {
                    let mut names: Vec<Name> = (0..=self.random.below(MAX_BATCH)).map(|_| self.new_name()).collect();
                    if let Some(again) = self.sent.first() {
                        names.push(again.clone());
                    }
                    self.send_batch(&names).await
                }
                _ => {
                    let name = self.new_name();
                    self.send_one(&name).await
                }
            };
            if !all_done {
                sleep(PAUSE).await;
            }
        }
        self.seen
    }

    /// A report that was not sent before.
    fn new_name(&mut self) -> Name {
        let name = Name {
            number: self.random.below(NUMBERS),
            id: format!("w{}-{}", self.name, self.sent.len()),
        };
        self.sent.push(name.clone());
        name
    }

    /// Whether it was acknowledged.
    async fn send_one(&mut self, name: &Name) -> bool {
        let report = Some(name.report());
        self.sent_reports.begun(std::slice::from_ref(name));
        let began = Instant::now();
        let answer = self.client.submit_report(SubmitReportRequest { report }).await;
        self.answered(began);
        match answer {
            Ok(answer) => self.acknowledged(name, answer.into_inner().outcome(), began),
            Err(status) => self.failed(name, &status),
        }
    }

    /// Whether all were acknowledged.
    async fn send_batch(&mut self, names: &[Name]) -> bool {
        let reports = names.iter().map(Name::report).collect();
        self.sent_reports.begun(names);
        let began = Instant::now();
        let answer = self
            .client
            .batch_submit_reports(BatchSubmitReportsRequest { reports })
            .await;
        self.answered(began);
        let results = match answer {
            Ok(answer) => answer.into_inner().results,
            Err(status) => {
                for name in names {
                    self.failed(name, &status);
                }
                return false;
            }
        };
        assert_eq!(results.len(), names.len());
        let mut all_done = true;
        for (name, result) in names.iter().zip(results) {
            all_done &= match result.result.unwrap() {
                Item::Response(response) => self.acknowledged(name, response.outcome(), began),
                Item::Error(error) => self.failed(name, &Status::new(error.code.into(), error.message)),
            };
        }
        all_done
    }

    fn answered(&mut self, began: Instant) {
        self.seen.slowest = self.seen.slowest.max(began.elapsed());
    }

    /// A report that was acknowledged before must be known, and one that was never sent must be new.
    fn acknowledged(&self, name: &Name, outcome: SubmitOutcome, began: Instant) -> bool {
        let allowed: &[SubmitOutcome] = match self.sent_reports.fate(name) {
            None | Some(Fate::NotWritten) => &[SubmitOutcome::Accepted],
            Some(Fate::Unknown) => &[SubmitOutcome::Accepted, SubmitOutcome::AlreadyKnown],
            Some(Fate::Acknowledged) => &[SubmitOutcome::AlreadyKnown],
        };
        assert!(allowed.contains(&outcome), "{name:?}: {outcome:?}");
        let is_new = outcome == SubmitOutcome::Accepted;
        self.sent_reports.succeeded(name, began, is_new);
        true
    }

    fn failed(&mut self, name: &Name, status: &Status) -> bool {
        self.seen.codes.insert(status.code());
        let is_known = status.message().contains("nothing was written");
        self.sent_reports
            .note(name, if is_known { Fate::NotWritten } else { Fate::Unknown });
        false
    }
}
