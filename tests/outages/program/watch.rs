//! Lookups all the time, during an outage too: how they were answered, and how fast.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use ringwarden::wire::v1::{LookupRequest, LookupResponse, RiskLevel};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};
use tonic::transport::Channel;

use crate::support::sent_reports::wall_clock;

/// The time between two lookups. The next lookup does not wait for the one before, so that a server that stalls
/// once is slow many times.
const EVERY: Duration = Duration::from_millis(2);

/// One lookup.
#[derive(Clone, Debug)]
struct Sample {
    began: Instant,
    took: Duration,
    /// The fault, or else the freshness in the answer.
    answer: Result<Data, String>,
}

/// The freshness in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data {
    pub stale: bool,
    /// In milliseconds since the epoch.
    pub as_of: i64,
    /// How old the data was, in milliseconds: at the time of the question, and at that of the answer.
    pub age: [i64; 2],
}

/// Looks up a known number and an unknown one in turn, until it is stopped.
pub struct Watch {
    stop: Arc<AtomicBool>,
    samples: Arc<Mutex<Vec<Sample>>>,
    task: JoinSet<()>,
}

/// All lookups of a time.
pub struct Lookups(Vec<Sample>);

/// The durations of lookups.
#[derive(Clone, Copy, Debug)]
pub struct Speed {
    pub count: usize,
    pub p50: Duration,
    pub p99: Duration,
    pub max: Duration,
}

impl Watch {
    /// `known` has `reports` reports or more, none of which may be lost; `unknown` has none.
    pub fn start(channel: &Channel, known: (String, u32), unknown: String) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let samples = Arc::new(Mutex::new(Vec::new()));
        let mut task = JoinSet::new();
        let expected = [known, (unknown, 0)];
        task.spawn(look_up_until(
            Arc::clone(&stop),
            Arc::clone(&samples),
            LookupServiceClient::new(channel.clone()),
            expected,
        ));
        Self { stop, samples, task }
    }

    /// The lookups that began between two moments and have been answered.
    pub fn between(&self, from: Instant, to: Instant) -> Lookups {
        let samples = self.samples.lock();
        let within = samples.iter().filter(|sample| (from..to).contains(&sample.began));
        Lookups(within.cloned().collect())
    }

    /// Waits for the last answers.
    pub async fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.task.join_next().await {
            ended.unwrap();
        }
    }
}

impl Lookups {
    /// All of them must have been answered, and rightly.
    pub fn speed(&self) -> Speed {
        let failures: Vec<_> = self
            .0
            .iter()
            .filter_map(|sample| sample.answer.as_ref().err())
            .collect();
        assert!(
            failures.is_empty(),
            "{} lookups failed, one since {}",
            failures.len(),
            failures[0]
        );
        assert!(!self.0.is_empty(), "no lookup at all");
        let mut times: Vec<_> = self.0.iter().map(|sample| sample.took).collect();
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        Speed {
            count: times.len(),
            p50: at(50),
            p99: at(99),
            max: at(100),
        }
    }

    /// The freshness in the answers, in the order of the questions.
    pub fn data(&self) -> Vec<Data> {
        self.0
            .iter()
            .filter_map(|sample| sample.answer.as_ref().ok().copied())
            .collect()
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, p50, p99, max } = self;
        write!(
            f,
            "{count} lookups, half within {p50:?}, 99 % within {p99:?}, all within {max:?}"
        )
    }
}

async fn look_up_until(
    stop: Arc<AtomicBool>,
    samples: Arc<Mutex<Vec<Sample>>>,
    client: LookupServiceClient<Channel>,
    expected: [(String, u32); 2],
) {
    let mut ticks = interval(EVERY);
    let mut under_way = JoinSet::new();
    for (number, reports) in expected.iter().cycle() {
        ticks.tick().await;
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let (mut client, samples) = (client.clone(), Arc::clone(&samples));
        let (number, reports) = (number.clone(), *reports);
        under_way.spawn(async move {
            let request = LookupRequest {
                number,
                ..LookupRequest::default()
            };
            let (began, asked_at) = (Instant::now(), wall_clock());
            let answer = client.lookup(request).await;
            let (took, answered_at) = (began.elapsed(), wall_clock());
            let answer = match answer {
                Ok(answer) => data(&answer.into_inner(), reports, [asked_at, answered_at]),
                Err(status) => Err(status.to_string()),
            };
            samples.lock().push(Sample { began, took, answer });
        });
        while under_way.try_join_next().is_some() {}
    }
    under_way.join_all().await;
    samples.lock().sort_by_key(|sample| sample.began);
}

fn data(answer: &LookupResponse, reports: u32, at: [i64; 2]) -> Result<Data, String> {
    let is_known = answer.risk_level() != RiskLevel::Unknown;
    if answer.report_count < reports || is_known != (reports > 0) {
        return Err(format!("{} reports, {:?}", answer.report_count, answer.risk_level()));
    }
    let as_of = answer.data_as_of.and_then(|as_of| as_of.millis());
    let as_of = as_of.ok_or("no data_as_of")?;
    Ok(Data {
        stale: answer.stale,
        as_of,
        age: at.map(|moment| moment - as_of),
    })
}
