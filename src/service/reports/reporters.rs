//! Finds the hashes of reporters. With several keys, a reporter may be known under any of them: one who is known keeps the hash
//! that the store has, so that a new key doubles no evidence, resets no quota and forgets no trust.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::admit::side_key;
use super::reporter_keys::OrderedKeys;
use super::{NewReport, Reports};
use crate::domain::ids::ReporterHash;
use crate::domain::tenant::TenantId;
use crate::service::ServiceError;
use crate::service::writer::WriteDeadline;
use crate::store::SideKey;

/// The hashes of the reporters of one request.
pub(super) struct Reporters {
    keys: Arc<OrderedKeys>,
    tenant: TenantId,
    /// The hash of each reporter whom the store knows, by their hash under the first key.
    known: HashMap<ReporterHash, ReporterHash>,
}

impl Reporters {
    /// The hash that stands for a reporter.
    pub(super) fn hash(&self, name: &str) -> ReporterHash {
        let first = self.keys.first.hash(self.tenant, name);
        self.known.get(&first).copied().unwrap_or(first)
    }
}

impl Reports {
    /// The hash that stands for a reporter: under the first key under which the store knows them, or else under the first of
    /// all.
    ///
    /// # Errors
    /// If the store cannot be read. With one key, it is not read.
    pub async fn reporter_hash(&self, name: &str) -> Result<ReporterHash, ServiceError> {
        let reporters = self.reporters([name].into_iter(), self.writer.deadline(1)).await?;
        Ok(reporters.hash(name))
    }

    /// The hashes of the reporters of reports.
    pub(super) async fn reporters_of(
        &self,
        reports: &[Result<NewReport, ServiceError>],
        deadline: WriteDeadline,
    ) -> Result<Reporters, ServiceError> {
        let names = reports.iter().flatten().filter_map(|report| report.reporter.as_deref());
        self.reporters(names, deadline).await
    }

    /// The hashes of reporters of whom the store is not asked: all under the first key.
    pub(super) fn new_reporters(&self) -> Reporters {
        Reporters {
            keys: self.reporter_keys.all(),
            tenant: self.writer.tenant(),
            known: HashMap::new(),
        }
    }

    async fn reporters(
        &self,
        names: impl Iterator<Item = &str>,
        deadline: WriteDeadline,
    ) -> Result<Reporters, ServiceError> {
        let mut reporters = self.new_reporters();
        let (keys, tenant) = (Arc::clone(&reporters.keys), reporters.tenant);
        if keys.others.is_empty() {
            return Ok(reporters);
        }
        let mut seen = HashSet::new();
        let mut unknown: Vec<(ReporterHash, &str)> = names
            .map(|name| (keys.first.hash(tenant, name), name))
            .filter(|(first, _)| seen.insert(*first))
            .collect();
        for key in std::iter::once(&keys.first).chain(&keys.others) {
            let hashes: Vec<ReporterHash> = unknown.iter().map(|(_, name)| key.hash(tenant, name)).collect();
            let wanted: Vec<SideKey> = hashes.iter().map(|hash| side_key(tenant, *hash)).collect();
            let found = self.writer.has_side_records(&wanted, deadline).await?;
            let mut still_unknown = Vec::new();
            for ((reporter, hash), is_known) in unknown.into_iter().zip(hashes).zip(found) {
                if is_known {
                    reporters.known.insert(reporter.0, hash);
                } else {
                    still_unknown.push(reporter);
                }
            }
            unknown = still_unknown;
            if unknown.is_empty() {
                break;
            }
        }
        Ok(reporters)
    }
}
