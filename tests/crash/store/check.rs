//! The checks of a store after a crash.

use std::collections::HashMap;
use std::path::Path;

use bytes::Bytes;
use ringwarden::codec::entry;
use ringwarden::domain::tenant::TenantId;
use ringwarden::store::embedded::EmbeddedStore;
use ringwarden::store::{LOG_ENTRIES_KEPT, RecordKind, ScanTable, Shard, Store, Stored, StoredKey};

use super::workload::{Workload, changes, keys};

/// The output of the crashed process.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The store that it opened.
    pub store: Option<String>,
    /// Batches of each thread that are acknowledged.
    pub acknowledged: Vec<u64>,
}

impl Said {
    pub fn nothing(starts: &[u64]) -> Self {
        Self {
            store: None,
            acknowledged: starts.to_vec(),
        }
    }

    /// Takes in a line of its output.
    pub fn hear(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["opened", store] => self.store = Some(store.to_owned()),
            ["ack", thread, batch] => {
                let acknowledged = &mut self.acknowledged[thread.parse::<usize>().unwrap()];
                assert_eq!(
                    *acknowledged,
                    batch.parse::<u64>().unwrap(),
                    "acknowledgements are in order"
                );
                *acknowledged += 1;
            }
            _ => {} // the test harness's own lines
        }
    }
}

/// Opens the store twice, with a write between, and checks all of it each time. Answers how many batches of each
/// thread it holds: those that are acknowledged, and perhaps the one in progress.
pub fn check(path: &Path, workload: &Workload, said: &Said) -> Result<Vec<u64>, String> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let first = runtime.block_on(check_open(path, workload, said))?;
    let again = Said {
        store: first.store.clone(),
        acknowledged: first.batches.clone(),
    };
    let second = runtime.block_on(check_open(path, workload, &again))?;
    if second.batches != first.batches || second.evidence_version != first.evidence_version + 1 {
        return Err(format!("{second:?} after {first:?}"));
    }
    Ok(second.batches)
}

#[derive(Debug)]
struct Found {
    store: Option<String>,
    batches: Vec<u64>,
    evidence_version: u32,
}

async fn check_open(path: &Path, workload: &Workload, said: &Said) -> Result<Found, String> {
    let store = EmbeddedStore::open_with(path, 1, workload.settings()).await;
    let store = store.map_err(|error| format!("does not open: {error}"))?;
    let name = store.meta().name();
    if said.store.as_ref().is_some_and(|said| *said != name) {
        return Err(format!("another store: {name}"));
    }
    let logs = check_logs(&store).await?;
    let mut batches = Vec::new();
    for (thread, acknowledged) in (0..).zip(&said.acknowledged) {
        batches.push(check_thread(&store, thread, *acknowledged, &logs).await?);
    }
    check_scans(&store, said.acknowledged.len() as u64).await?;
    let evidence_version = store.evidence_version().await.map_err(|error| error.to_string())?;
    let set = store.set_evidence_version(evidence_version + 1).await;
    set.map_err(|error| format!("takes no write: {error}"))?;
    store.verify().await.map_err(|error| error.to_string())?;
    Ok(Found {
        store: Some(name),
        batches,
        evidence_version,
    })
}

/// The last state of every record that the logs name, with its version.
type Logs = HashMap<(RecordKind, Bytes), (u64, Option<Bytes>)>;

async fn check_logs(store: &EmbeddedStore) -> Result<Logs, String> {
    let heads = store.heads().await.map_err(|error| error.to_string())?;
    let mut logs = Logs::new();
    for (shard, head) in Shard::all().zip(heads) {
        let entries = store
            .entries(shard, 1, usize::MAX)
            .await
            .map_err(|error| error.to_string())?;
        let first = head.seq.saturating_sub(LOG_ENTRIES_KEPT) + 1;
        let seqs: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
        if seqs != (first..=head.seq).collect::<Vec<_>>() {
            return Err(format!(
                "the log of shard {shard} is not {first} to {}: {seqs:?}",
                head.seq
            ));
        }
        for raw in entries {
            let entry = entry::decode(&raw).map_err(|error| error.to_string())?;
            if entry.seq == head.seq && entry.header.nonce != head.nonce {
                return Err(format!("the head of shard {shard} has another nonce"));
            }
            logs.insert((entry.header.kind, entry.header.id), (entry.seq, entry.state));
        }
    }
    Ok(logs)
}

async fn check_thread(store: &EmbeddedStore, thread: u64, acknowledged: u64, logs: &Logs) -> Result<u64, String> {
    let keys = keys(thread);
    let found = store.read(&keys).await.map_err(|error| error.to_string())?;
    for (key, stored) in keys.iter().zip(&found) {
        let StoredKey::Record(key) = key else { continue };
        let Some((version, state)) = logs.get(&(key.kind(), key.id().clone())) else {
            continue;
        };
        let logged = state.clone().map(|bytes| Stored {
            version: *version,
            bytes,
        });
        if logged != *stored {
            return Err(format!("{key:?} is not what the log says"));
        }
    }
    let found: Vec<Option<Bytes>> = found.into_iter().map(|stored| Some(stored?.bytes)).collect();
    let mut wrong = Vec::new();
    for batches in [acknowledged, acknowledged + 1] {
        let mut expected: HashMap<StoredKey, Option<Bytes>> = HashMap::new();
        for change in (0..batches).flat_map(|batch| changes(thread, batch)) {
            expected.insert(change.key, change.value);
        }
        let differs = |(key, found): &(&StoredKey, &Option<Bytes>)| *expected.get(*key).unwrap_or(&None) != **found;
        match keys.iter().zip(&found).find(differs) {
            None => return Ok(batches),
            Some((key, _)) => wrong.push(format!("{key:?}")),
        }
    }
    Err(format!(
        "thread {thread} holds neither {acknowledged} batches nor one more: {wrong:?}"
    ))
}

/// Scans meet every record and bucket that reads find, and nothing else.
async fn check_scans(store: &EmbeddedStore, threads: u64) -> Result<(), String> {
    let mut there = 0;
    for thread in 0..threads {
        let found = store.read(&keys(thread)).await.map_err(|error| error.to_string())?;
        there += found.iter().flatten().count();
    }
    let mut scanned = 0;
    for shard in Shard::all() {
        for table in ScanTable::all() {
            let mut after = None;
            loop {
                let page = store
                    .scan(shard, TenantId::DEFAULT, table, after, 7)
                    .await
                    .map_err(|error| error.to_string())?;
                scanned += page.items.len();
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
    }
    if scanned != there {
        return Err(format!("{scanned} items scanned, {there} read"));
    }
    Ok(())
}
