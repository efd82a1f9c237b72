//! The dossier of a number: everything that is known of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Numbers;
use crate::domain::case::{Case, CaseLink};
use crate::domain::kinds::{Category, ListKind, Source};
use crate::domain::language::Language;
use crate::domain::list::{ListEntry, ListedCaller};
use crate::domain::note::{Note, NoteSubject};
use crate::domain::score::{Detail, Score};
use crate::domain::status::StatusEntry;
use crate::number::{self, Region};
use crate::service::ServiceError;
use crate::service::facts::RecordFacts;
use crate::service::identity::{Identity, read_number};
use crate::service::notes;
use crate::service::reports::{StoredReport, stored_reports};
use crate::store::Version;

/// Reports that a dossier shows.
const LATEST_REPORTS: usize = 20;

/// Everything known of one number.
#[derive(Clone, Debug)]
pub struct Dossier {
    /// The identity of the number.
    pub identity: Identity,
    /// The score now.
    pub score: Score,
    /// The statuses in force.
    pub statuses: Vec<StatusEntry>,
    /// The cases it is linked to.
    pub links: Vec<DossierLink>,
    /// The list entry that names the owner.
    pub owner: Option<ListEntry>,
    /// Live reports by category.
    pub categories: BTreeMap<Category, u32>,
    /// Live reports by source.
    pub sources: BTreeMap<Source, u32>,
    /// Counts and times.
    pub facts: RecordFacts,
    /// Reports that said the call was wanted.
    pub not_spam_count: u32,
    /// The newest reports.
    pub latest: Vec<StoredReport>,
    /// The stored reports, also withdrawn ones.
    pub stored_reports: usize,
    /// The newest notes.
    pub notes: Vec<Arc<Note>>,
    /// All notes.
    pub note_count: usize,
    /// The record's version; 0 if there is none.
    pub version: Version,
}

/// A number's link with its case.
#[derive(Clone, Debug)]
pub struct DossierLink {
    /// The link.
    pub link: CaseLink,
    /// The case, or the one it was merged into.
    pub case: Arc<Case>,
}

impl Numbers {
    /// The dossier of a number.
    ///
    /// # Errors
    /// If the number cannot be read, or its reports cannot be read from the store.
    pub async fn dossier(&self, text: &str, region: Option<Region>) -> Result<Dossier, ServiceError> {
        let number = read_number("number", text, region)?;
        let record = self.writer.read_whole(number).await?;
        let version = self.writer.version_of_whole(number, &record);
        let reports = stored_reports(record.rows);
        let now = self.writer.now();
        let index = self.writer.index();
        // Statuses, links and version are of the one record that was read, so that a client may rely on the version.
        let statuses = record.state.statuses.at(now).cloned().collect();
        let mut links = Vec::with_capacity(record.state.links.len());
        for link in record.state.links {
            match self.writer.find_case(&link.case).await {
                Ok((_, case)) => links.push(DossierLink { link, case }),
                Err(ServiceError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let notes = notes::latest(index, &NoteSubject::Number(number));
        let note_count = index.note_count_of(&NoteSubject::Number(number));
        let lists = index.lists();
        let owner = lists.entry_of(ListKind::KnownOwner, ListedCaller::Number(number), now);
        let owner = owner.map(|(_, entry)| entry);
        Ok(index.look_up(number, now, |known| Dossier {
            identity: Identity::of(&number::describe(number), true),
            score: known.score(Detail::Sentences(Language::English)),
            statuses,
            links,
            owner,
            categories: tally(&reports, |report| report.row.body.category),
            sources: tally(&reports, |report| report.row.body.source),
            facts: RecordFacts::of(known),
            not_spam_count: known.state.evidence.not_spam_reports,
            latest: reports.iter().take(LATEST_REPORTS).cloned().collect(),
            stored_reports: reports.len(),
            notes,
            note_count,
            version,
        }))
    }
}

/// Counts live reports by a key; reports of wanted calls are left out.
fn tally<K: Ord>(reports: &[StoredReport], key: impl Fn(&StoredReport) -> K) -> BTreeMap<K, u32> {
    let mut counts = BTreeMap::new();
    for report in reports
        .iter()
        .filter(|report| report.row.is_live() && !report.row.body.not_spam)
    {
        *counts.entry(key(report)).or_default() += 1;
    }
    counts
}
