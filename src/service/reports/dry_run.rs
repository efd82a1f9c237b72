//! The dry run of a bulk withdrawal: it counts the reports that would be withdrawn, and writes nothing.

use std::collections::{BTreeSet, HashSet};

use super::{BulkWithdrawn, Reports};
use crate::codec;
use crate::domain::ids::ImportId;
use crate::domain::report::ReportRow;
use crate::domain::reporter_table::is_part;
use crate::domain::state::Withdrawal;
use crate::domain::time::Timestamp;
use crate::service::ServiceError;
use crate::service::reports::withdraw::BUCKETS_AT_A_TIME;
use crate::store::{Shard, key};

/// The most ids of imports that are compared with an unknown one. A store seldom has more.
const COMPARED_IMPORTS: usize = 10_000;

/// The most ids of imports that an answer names.
const NAMED_IMPORTS: usize = 3;

/// What a bulk withdrawal would take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Foreseen {
    /// The reports that it would withdraw now.
    pub withdrawn: BulkWithdrawn,
    /// Whether the store has a report of the import or the reporter, live or withdrawn.
    pub was_known: bool,
    /// If the import is not known: the ids of imports that are most like its id, the best first.
    pub similar_imports: Vec<String>,
}

/// What the rows of a store say of an import or a reporter.
struct Found<'a> {
    what: &'a Withdrawal,
    now: Timestamp,
    reports: usize,
    numbers: usize,
    is_known: bool,
    imports: HashSet<ImportId>,
}

impl Reports {
    /// Counts the reports of an import or a reporter that a withdrawal would take now, and their numbers.
    ///
    /// # Errors
    /// If the store cannot be read, or reports cannot be read, which a withdrawal would leave.
    pub async fn try_withdraw_all(&self, what: &Withdrawal) -> Result<Foreseen, ServiceError> {
        let mut found = Found {
            what,
            now: self.writer.now(),
            reports: 0,
            numbers: 0,
            is_known: false,
            imports: HashSet::new(),
        };
        for shard in Shard::all() {
            self.count_in(shard, &mut found).await?;
        }
        Ok(found.foreseen())
    }

    async fn count_in(&self, shard: Shard, found: &mut Found<'_>) -> Result<(), ServiceError> {
        found.now = self.writer.now();
        let mut numbers = BTreeSet::new();
        let mut after = None;
        loop {
            let page = self.writer.scan_rows(shard, after, BUCKETS_AT_A_TIME).await?;
            // The reporter table of a number has copies of its rows.
            let buckets = page
                .items
                .iter()
                .filter(|(id, _)| !key::bucket_of_id(id).is_some_and(is_part));
            for (id, stored) in buckets {
                let rows = codec::rows::decode(&stored.bytes)?;
                let taken = rows.iter().filter(|row| found.look_at(row)).count();
                if taken > 0 {
                    numbers.extend(key::number_of_id(id));
                    found.reports += taken;
                }
            }
            after = page.next;
            if after.is_none() {
                found.numbers += numbers.len();
                return Ok(());
            }
        }
    }
}

impl Found<'_> {
    /// Looks at a row; says whether a withdrawal would take it.
    fn look_at(&mut self, row: &ReportRow) -> bool {
        if self.what.names(row) {
            self.is_known = true;
            return self.what.takes(row, self.now);
        }
        if let (Withdrawal::Import(_), false, Some(import)) = (self.what, self.is_known, &row.import)
            && self.imports.len() < COMPARED_IMPORTS
            && !self.imports.contains(import)
        {
            self.imports.insert(import.clone());
        }
        false
    }

    fn foreseen(self) -> Foreseen {
        let similar_imports = match self.what {
            Withdrawal::Import(wanted) if !self.is_known => most_similar(wanted, &self.imports),
            Withdrawal::Import(_) | Withdrawal::Reporter(_) => Vec::new(),
        };
        Foreseen {
            withdrawn: BulkWithdrawn {
                numbers: u32::try_from(self.numbers).unwrap_or(u32::MAX),
                reports: u32::try_from(self.reports).unwrap_or(u32::MAX),
            },
            was_known: self.is_known,
            similar_imports,
        }
    }
}

/// The ids that are most like the wanted one, the best first.
fn most_similar(wanted: &ImportId, imports: &HashSet<ImportId>) -> Vec<String> {
    let likeness = |import: &ImportId| strsim::jaro_winkler(wanted.as_str(), import.as_str());
    let mut imports: Vec<(f64, &str)> = imports
        .iter()
        .map(|import| (likeness(import), import.as_str()))
        .collect();
    imports.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let best = imports.iter().take(NAMED_IMPORTS);
    best.map(|(_, import)| (*import).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_imports_come_first() {
        let import = |text: &str| ImportId::parse(text).unwrap();
        let known = ["july", "july-2", "august", "x", "0a1b"]
            .map(import)
            .into_iter()
            .collect();
        assert_eq!(most_similar(&import("jully"), &known), ["july", "july-2", "august"]);
        assert_eq!(most_similar(&import("july"), &HashSet::new()), [""; 0]);
    }
}
