//! Judges what is there after a fault against what the clients know.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ringwarden::wire::v1::LookupRequest;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use tokio::time::{Instant, sleep};
use tonic::transport::Channel;

use crate::outcome::Outcome;
use crate::support::program::Program;
use crate::support::sent_reports::{Fate, NUMBERS, Name, SentReports, number, reports_of};

/// Lookups know of everything within this: sweeps are a second apart, and the machine may be busy.
const SWEPT_WITHIN: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);

/// Counts what is wrong into `outcome`: what is lost, doubled and invented in the store, and on which numbers the lookups of
/// an instance differ from it. Returns the lost reports.
pub async fn judge(sent: &SentReports, instances: &[Program], outcome: &mut Outcome) -> BTreeSet<Name> {
    let mut found: BTreeMap<Name, usize> = BTreeMap::new();
    let mut counts = Vec::new();
    for index in 0..NUMBERS {
        let names = reports_of(index, instances[0].channel()).await;
        counts.push(names.len());
        for name in names {
            *found.entry(name).or_default() += 1;
        }
    }
    let fates = sent.fates();
    let is_invented = |name: &Name| fates.get(name).is_none_or(|fate| *fate == Fate::NotWritten);
    outcome.twice = found.values().filter(|count| **count > 1).count();
    outcome.invented = found.keys().filter(|name| is_invented(name)).count();
    let acknowledged = fates.iter().filter(|(_, fate)| **fate == Fate::Acknowledged);
    let lost: BTreeSet<Name> = acknowledged
        .filter(|(name, _)| !found.contains_key(name))
        .map(|(name, _)| name.clone())
        .collect();
    outcome.lost = lost.len();
    let reports = |index: usize, shown: &Shown| shown.reports == counts[index];
    for instance in instances {
        outcome.differing += differing(instance, &reports).await;
    }
    lost
}

/// Counts the numbers on which the lookups of an instance differ from those of one that has just loaded the same store.
pub async fn compare(instances: &[Program], store: &str, outcome: &mut Outcome) {
    let loaded = Program::serve(store).await;
    let mut client = LookupServiceClient::new(loaded.channel());
    let mut expected = Vec::new();
    for index in 0..NUMBERS {
        expected.push(look_up(&mut client, index).await);
    }
    let is_same = |index: usize, shown: &Shown| *shown == expected[index];
    for instance in instances {
        outcome.differing += differing(instance, &is_same).await;
    }
}

/// What a lookup tells of a number, as far as it does not depend on when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shown {
    reports: usize,
    reporters: u32,
    category: i32,
    /// In millionths.
    confidence: u64,
}

async fn look_up(client: &mut LookupServiceClient<Channel>, index: usize) -> Shown {
    let request = LookupRequest {
        number: number(index),
        ..LookupRequest::default()
    };
    let answer = client.lookup(request).await.unwrap().into_inner();
    Shown {
        reports: usize::try_from(answer.report_count).unwrap(),
        reporters: answer.reporter_count,
        category: answer.category,
        confidence: (answer.category_confidence * 1e6).round() as u64,
    }
}

/// The numbers of which the lookups of an instance do not tell what they should.
async fn differing(instance: &Program, is_right: &impl Fn(usize, &Shown) -> bool) -> usize {
    let mut client = LookupServiceClient::new(instance.channel());
    let began = Instant::now();
    let mut differing = 0;
    for index in 0..NUMBERS {
        while !is_right(index, &look_up(&mut client, index).await) {
            if began.elapsed() > SWEPT_WITHIN {
                differing += 1;
                break;
            }
            sleep(POLL).await;
        }
    }
    differing
}
