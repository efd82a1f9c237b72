//! The events of imports. Batches of one import and actor within [`JOINED_FOR`] share an event: a file of a million reports
//! makes few events, and nobody fills the log with small batches.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use parking_lot::Mutex;

use super::AuditLog;
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditChange, AuditMethod, AuditSubject, RequestedBy};
use crate::domain::ids::{Feed, ImportId};
use crate::domain::time::Timestamp;
use crate::service::{NewReport, ServiceError};

/// The most imports that one batch may name.
const MAX_IMPORTS_OF_BATCH: usize = 16;
/// How long batches are joined to an event that was written: they are told in the next one.
const JOINED_FOR: Duration = Duration::from_secs(600);
/// Imports that are remembered. The one that was told first is forgotten first.
const MAX_REMEMBERED: usize = 1_024;

/// The imports that the valid reports of a request name.
pub type NamedImports = BTreeMap<ImportId, Sent>;

/// Reports of one import that were sent.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    batches: u64,
    reports: u64,
    feeds: BTreeSet<Feed>,
}

/// The imports whose events were written lately.
#[derive(Default)]
pub(super) struct Imports(Mutex<HashMap<(ImportId, Actor), Told>>);

/// The last event of an import.
struct Told {
    at: Timestamp,
    by: RequestedBy,
    method: AuditMethod,
    /// Reports that were sent since then.
    untold: Sent,
}

/// The imports that the valid reports of a request name. An import without a valid report is left out. `is_valid` is asked for
/// each report until it has found a valid one of the import.
///
/// # Errors
/// If there are more than a batch may name.
pub fn named_imports(
    reports: &[Result<NewReport, ServiceError>],
    is_valid: impl Fn(&NewReport) -> bool,
) -> Result<NamedImports, ServiceError> {
    let mut named = NamedImports::new();
    for report in reports.iter().flatten() {
        let Some(import) = &report.import else { continue };
        if !named.contains_key(import) && !is_valid(report) {
            continue;
        }
        let sent = named.entry(import.clone()).or_default();
        sent.batches = 1;
        sent.reports += 1;
        sent.feeds.extend(report.feed.clone());
    }
    if named.len() > MAX_IMPORTS_OF_BATCH {
        let problem = format!("must name at most {MAX_IMPORTS_OF_BATCH} imports");
        return Err(ServiceError::field("reports", problem));
    }
    Ok(named)
}

impl Sent {
    fn add(&mut self, more: Self) {
        self.batches += more.batches;
        self.reports += more.reports;
        self.feeds.extend(more.feeds);
    }

    fn changes(&self) -> Vec<AuditChange> {
        let feeds: Vec<&str> = self.feeds.iter().map(Feed::as_str).collect();
        let figure = |field, count: u64| AuditChange::new(field, "", &count.to_string());
        let mut changes = vec![figure("batches", self.batches), figure("reports sent", self.reports)];
        if !feeds.is_empty() {
            changes.push(AuditChange::new("feeds", "", &feeds.join(", ")));
        }
        changes
    }
}

impl Imports {
    /// The reports to be told now: none if an event was written lately.
    fn join(&self, key: &(ImportId, Actor), sent: Sent, now: Timestamp) -> Option<Sent> {
        let mut told = self.0.lock();
        let Some(last) = told.get_mut(key) else {
            return Some(sent);
        };
        last.untold.add(sent);
        (now >= last.at.plus(JOINED_FOR)).then(|| std::mem::take(&mut last.untold))
    }

    fn remember(&self, key: (ImportId, Actor), told: Told) {
        let mut all = self.0.lock();
        if all.len() >= MAX_REMEMBERED && !all.contains_key(&key) {
            let oldest = all.iter().min_by_key(|(_, told)| told.at).map(|(key, _)| key.clone());
            _ = oldest.and_then(|oldest| all.remove(&oldest));
        }
        match all.get_mut(&key) {
            Some(known) => (known.at, known.by, known.method) = (told.at, told.by, told.method),
            None => _ = all.insert(key, told),
        }
    }

    /// Takes out the imports whose time is over; those with untold reports are returned.
    fn take_over(&self, now: Timestamp) -> Vec<(ImportId, Told)> {
        let mut all = self.0.lock();
        let over = all.extract_if(|_, told| now >= told.at.plus(JOINED_FOR));
        over.map(|((import, _), told)| (import, told))
            .filter(|(_, told)| told.untold.reports > 0)
            .collect()
    }
}

impl AuditLog {
    /// Records imports before their reports are stored, or joins them to the events that were written lately.
    ///
    /// # Errors
    /// If an event cannot be written: then the reports must not be stored.
    pub async fn record_imports(
        &self,
        by: &RequestedBy,
        method: AuditMethod,
        named: NamedImports,
    ) -> Result<(), ServiceError> {
        for (import, sent) in named {
            let now = self.writer.now();
            let key = (import.clone(), by.actor.clone());
            let Some(told) = self.imports.join(&key, sent, now) else {
                continue;
            };
            let recorded = self.record(by, method, Some(AuditSubject::Import(import)), told.changes());
            recorded.await.map_err(nothing_stored)?;
            let told = Told {
                at: now,
                by: by.clone(),
                method,
                untold: Sent::default(),
            };
            self.imports.remember(key, told);
        }
        Ok(())
    }

    /// Tells of the reports that were joined to events whose time is over.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn tell_joined(&self) -> Result<(), ServiceError> {
        for (import, told) in self.imports.take_over(self.writer.now()) {
            let subject = Some(AuditSubject::Import(import));
            self.record(&told.by, told.method, subject, told.untold.changes())
                .await?;
        }
        Ok(())
    }
}

/// The error for reports whose event may not be written: they were not stored, so their outcome is known.
fn nothing_stored(error: ServiceError) -> ServiceError {
    if matches!(error, ServiceError::OutcomeUnknown) {
        ServiceError::StoreUnavailable
    } else {
        error
    }
}
