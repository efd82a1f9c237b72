//! The reports that writers sent, their known outcomes, and a check of a server's answers against them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use ringwarden::wire::Timestamp;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use ringwarden::wire::v1::report_service_client::ReportServiceClient;
use ringwarden::wire::v1::{Category, ListReportsRequest, LookupRequest, Report, ReportState, Source};
use tokio::time::{Instant, sleep};
use tonic::transport::Channel;

/// Numbers that reports are about, each in a block of its own.
pub const NUMBERS: usize = 96;
/// Reports of a page; so few that there are several pages.
const PAGE: u32 = 50;
/// The index knows of everything within this: sweeps are a second apart.
const SWEPT_WITHIN: Duration = Duration::from_secs(3);
/// The pause between two lookups while waiting.
const POLL: Duration = Duration::from_millis(10);

/// A report by its name: the number it is about, and its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    pub number: usize,
    pub id: String,
}

/// The known outcome of a report. It only becomes more certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// The server said each time that it wrote nothing.
    NotWritten,
    /// It may be there.
    Unknown,
    /// It must be there.
    Acknowledged,
}

/// The number of reports of each fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub acknowledged: usize,
    pub unknown: usize,
    pub not_written: usize,
}

/// The fate of every report that was sent.
#[derive(Default)]
pub struct SentReports {
    fates: Mutex<BTreeMap<Name, Fate>>,
    /// When the last request was made of all that were acknowledged.
    last_success: Mutex<Option<Instant>>,
    /// When the reports were acknowledged, in milliseconds since the epoch.
    acknowledged_at: Mutex<BTreeMap<Name, i64>>,
    /// The reports of requests that have no answer yet.
    under_way: Mutex<BTreeSet<Name>>,
}

impl Name {
    /// The same report, whenever it is asked for.
    pub fn report(&self) -> Report {
        Report {
            report_id: self.id.clone(),
            number: number(self.number),
            category: self.category().into(),
            source: Source::Consumer.into(),
            occurred_at: Some(Timestamp::from_millis(1_605_441_600_000)),
            comment: self.id.clone(),
            ..Report::default()
        }
    }
}

impl Name {
    /// Reports differ in what they say, so that one in the place of another can be seen.
    fn category(&self) -> Category {
        const CATEGORIES: [Category; 3] = [Category::TechSupportScam, Category::TaxScam, Category::UtilityScam];
        CATEGORIES[self.id.bytes().map(usize::from).sum::<usize>() % CATEGORIES.len()]
    }
}

/// The time by the wall clock, in milliseconds since the epoch.
#[allow(clippy::disallowed_methods, reason = "a test compares it with the times in answers")]
pub fn wall_clock() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since_epoch.as_millis()).unwrap()
}

/// One of the numbers that reports are about.
pub fn number(index: usize) -> String {
    format!("+{}", 13_152_000_000 + index * 10_007)
}

impl SentReports {
    /// A request that was made then was acknowledged. `is_new` says whether it wrote the report: a repetition of a stored
    /// report needs only a read.
    pub fn succeeded(&self, name: &Name, began: Instant, is_new: bool) {
        if is_new {
            let mut last = self.last_success.lock();
            *last = (*last).max(Some(began));
        }
        self.note(name, Fate::Acknowledged);
        self.acknowledged_at
            .lock()
            .entry(name.clone())
            .or_insert_with(wall_clock);
    }

    /// The acknowledged reports, and when they were, in milliseconds since the epoch.
    pub fn acknowledged_at(&self) -> BTreeMap<Name, i64> {
        self.acknowledged_at.lock().clone()
    }

    /// The fate of each report.
    pub fn fates(&self) -> BTreeMap<Name, Fate> {
        self.fates.lock().clone()
    }

    /// Whether a report was written whose request was made after a moment.
    pub fn has_succeeded_since(&self, moment: Instant) -> bool {
        *self.last_success.lock() > Some(moment)
    }

    /// These are about to be sent.
    pub fn begun(&self, names: &[Name]) {
        self.under_way.lock().extend(names.iter().cloned());
    }

    /// Nobody waits any more for the answers that are still to come.
    pub fn abandon(&self) {
        let under_way = std::mem::take(&mut *self.under_way.lock());
        for name in &under_way {
            self.note(name, Fate::Unknown);
        }
    }

    pub fn note(&self, name: &Name, fate: Fate) {
        self.under_way.lock().remove(name);
        let mut fates = self.fates.lock();
        let known = fates.entry(name.clone()).or_insert(fate);
        *known = fate.max(*known);
    }

    pub fn fate(&self, name: &Name) -> Option<Fate> {
        self.fates.lock().get(name).copied()
    }

    pub fn counts(&self) -> Counts {
        let fates = self.fates.lock();
        let count = |fate| fates.values().filter(|known| **known == fate).count();
        Counts {
            acknowledged: count(Fate::Acknowledged),
            unknown: count(Fate::Unknown),
            not_written: count(Fate::NotWritten),
        }
    }

    /// The reports that may be missing.
    pub fn open(&self) -> Vec<Name> {
        let fates = self.fates.lock();
        let open = fates.iter().filter(|(_, fate)| **fate != Fate::Acknowledged);
        open.map(|(name, _)| name.clone()).collect()
    }

    /// Asks a server for every number's reports: every acknowledged report is there, none is there twice, and none
    /// that was never sent or not written. Lookups reach the same count. Returns the number of reports.
    pub async fn check(&self, channel: Channel) -> usize {
        let fates = self.fates.lock().clone();
        let mut lookups = LookupServiceClient::new(channel.clone());
        let mut found = BTreeMap::new();
        for index in 0..NUMBERS {
            let listed = reports_of(index, channel.clone()).await;
            counted(index, listed.len(), &mut lookups).await;
            for name in listed {
                *found.entry(name).or_insert(0) += 1;
            }
        }
        for (name, count) in &found {
            assert_eq!(*count, 1, "{name:?} is there {count} times");
            let fate = fates.get(name);
            assert!(fate.is_some(), "{name:?} is there and was never sent");
            assert!(
                fate > Some(&Fate::NotWritten),
                "{name:?} is there, and was said not to be"
            );
        }
        for (name, _) in fates.iter().filter(|(_, fate)| **fate == Fate::Acknowledged) {
            assert!(found.contains_key(name), "{name:?} was acknowledged and is lost");
        }
        found.len()
    }
}

/// Waits until lookups count as many reports of a number. If the answer of a commit was lost, the index learns of it
/// by a notification or, if that was lost too, by the next sweep.
async fn counted(index: usize, reports: usize, lookups: &mut LookupServiceClient<Channel>) {
    let began = Instant::now();
    loop {
        let request = LookupRequest {
            number: number(index),
            ..LookupRequest::default()
        };
        let answer = lookups.lookup(request).await.unwrap().into_inner();
        let found = usize::try_from(answer.report_count).unwrap();
        if found == reports {
            return;
        }
        assert!(
            began.elapsed() < SWEPT_WITHIN,
            "number {index} has {reports} reports, a lookup says {found}"
        );
        sleep(POLL).await;
    }
}

/// The reports of a number, page by page, each checked to be what was sent.
pub async fn reports_of(index: usize, channel: Channel) -> Vec<Name> {
    let mut client = ReportServiceClient::new(channel);
    let mut names = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListReportsRequest {
            number: number(index),
            page_size: PAGE,
            page_token,
            include_withdrawn: true,
            ..ListReportsRequest::default()
        };
        let page = client.list_reports(request).await.unwrap().into_inner();
        for stored in page.reports {
            let name = Name {
                number: index,
                id: stored.report_id.clone(),
            };
            let sent = name.report();
            assert_eq!(stored.state(), ReportState::Live, "{name:?}");
            assert_eq!((stored.e164, stored.category), (sent.number, sent.category), "{name:?}");
            assert_eq!(stored.occurred_at, sent.occurred_at, "{name:?}");
            names.push(name);
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return names;
        }
    }
}
