//! Clients that look numbers up all the time, and what they were told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use ringwarden::wire::v1::LookupRequest;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use tokio::task::JoinSet;
use tokio::time::interval;
use tonic::Code;
use tonic::transport::Channel;

use crate::support::random::Random;
use crate::support::sent_reports::{NUMBERS, Name, number, wall_clock};

/// The time between two lookups of one client.
const EVERY: Duration = Duration::from_millis(10);
/// An answer is stale when its data is older than this, in milliseconds; and the time between the question and the moment at
/// which the server judges it.
const STALE_AFTER_MS: i64 = 5_000;
const JUDGED_WITHIN_MS: i64 = 50;

/// An answer: the number, when it was asked for, and what was told of it.
#[derive(Clone, Copy, Debug)]
struct Told {
    number: usize,
    asked_at: i64,
    as_of: i64,
    is_stale: bool,
    reports: usize,
}

/// All answers, and the errors.
#[derive(Debug, Default)]
pub struct Answers {
    told: Mutex<Vec<Told>>,
    failures: Mutex<Vec<String>>,
    /// Questions that were refused since the machine was too busy for so many.
    refused: AtomicUsize,
}

/// A client of one instance, until it is stopped.
pub struct Asker {
    stop: Arc<AtomicBool>,
    task: JoinSet<()>,
}

impl Asker {
    /// Asks an instance whose clock is so many milliseconds ahead.
    pub fn start(channel: Channel, answers: &Arc<Answers>, seed: u64, ahead: i64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut task = JoinSet::new();
        task.spawn(ask_until(
            Arc::clone(&stop),
            LookupServiceClient::new(channel),
            Arc::clone(answers),
            (Random::new(seed), ahead),
        ));
        Self { stop, task }
    }

    /// Waits for its last answer.
    pub async fn end(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.task.join_next().await {
            ended.unwrap();
        }
    }
}

async fn ask_until(
    stop: Arc<AtomicBool>,
    client: LookupServiceClient<Channel>,
    answers: Arc<Answers>,
    (mut random, ahead): (Random, i64),
) {
    let mut ticks = interval(EVERY);
    let mut under_way = JoinSet::new();
    while !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        let (mut client, answers, index) = (client.clone(), Arc::clone(&answers), random.below(NUMBERS));
        under_way.spawn(async move {
            let request = LookupRequest {
                number: number(index),
                ..LookupRequest::default()
            };
            let asked_at = wall_clock();
            match client.lookup(request).await {
                Ok(answer) => {
                    let answer = answer.into_inner();
                    let as_of = answer.data_as_of.and_then(|as_of| as_of.millis());
                    answers.told.lock().push(Told {
                        number: index,
                        asked_at,
                        as_of: as_of.map_or(i64::MAX, |as_of| as_of - ahead),
                        is_stale: answer.stale,
                        reports: usize::try_from(answer.report_count).unwrap(),
                    });
                }
                Err(status) if status.code() == Code::ResourceExhausted => {
                    answers.refused.fetch_add(1, Ordering::Relaxed);
                }
                Err(status) => answers.failures.lock().push(status.to_string()),
            }
        });
        while under_way.try_join_next().is_some() {}
    }
    under_way.join_all().await;
}

impl Answers {
    pub fn count(&self) -> usize {
        self.told.lock().len() + self.failures.lock().len() + self.refused()
    }

    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }

    pub fn failures(&self) -> Vec<String> {
        self.failures.lock().clone()
    }

    /// How many answers were stale by their own word.
    pub fn stale(&self) -> usize {
        self.told.lock().iter().filter(|told| told.is_stale).count()
    }

    /// Whether there is an answer about this number whose data is newer than `since`, in milliseconds since the epoch.
    pub fn is_told(&self, number: usize, since: i64) -> bool {
        let told = self.told.lock();
        told.iter().any(|told| told.number == number && told.as_of > since)
    }

    /// The answers that are not as fresh as they say, in words. These reports were there from these times on, in milliseconds
    /// since the epoch.
    pub fn untrue(&self, acknowledged_at: &BTreeMap<Name, i64>) -> Vec<String> {
        let mut times = vec![Vec::new(); NUMBERS];
        for (name, at) in acknowledged_at {
            times[name.number].push(*at);
        }
        times.iter_mut().for_each(|times| times.sort_unstable());
        let told = self.told.lock();
        let untrue = told.iter().filter_map(|told| {
            let due = times[told.number].partition_point(|at| *at < told.as_of);
            let age = told.asked_at - told.as_of;
            if told.reports < due {
                return Some(format!("{} of {due} reports, said to be {age} ms old", told.reports));
            }
            let is_late = !told.is_stale && age > STALE_AFTER_MS + JUDGED_WITHIN_MS;
            is_late.then(|| format!("{age} ms old, and not stale"))
        });
        untrue.collect()
    }
}
