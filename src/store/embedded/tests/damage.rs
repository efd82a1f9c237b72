//! Damage to the files of a store is found, named and refused, wherever it is; and a store that is whole is never accused.

use std::fs;
use std::path::Path;

use super::super::journal;
use super::*;

const SECTOR: usize = 512;
/// Commits of a number whose record is a little over a sector.
const COMMITS: u64 = 40;

/// A store in a directory, with so many commits. It is still open.
async fn written(path: &Path, commits: u64, settings: EngineSettings) -> EmbeddedStore {
    let store = EmbeddedStore::open_with(path, 1, settings).await.unwrap();
    let mut expected = None;
    for _ in 0..commits {
        expected = Some(write(&store, commit(expected, Some(value(600)), Some(value(600)))).await);
    }
    store
}

async fn closed(path: &Path) {
    drop(written(path, COMMITS, EngineSettings::default()).await);
}

/// The only journal of a store.
fn journal(path: &Path) -> PathBuf {
    let [(_, journal)] = <[_; 1]>::try_from(journal::numbered(&path.join("engine")).unwrap()).unwrap();
    journal
}

/// The length of what is written in a journal: its tail is zeros.
fn used(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1
}

/// A copy of a store, as after the end of its process: without a lock on it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for found in fs::read_dir(from).unwrap() {
        let found = found.unwrap();
        let to = to.join(found.file_name());
        if found.file_type().unwrap().is_dir() {
            copy(&found.path(), &to);
        } else {
            fs::copy(found.path(), &to).unwrap();
        }
    }
}

/// The number of commits that a store has, if it opens.
async fn commits(path: &Path) -> Result<u64, StoreError> {
    let store = EmbeddedStore::open(path, 1).await?;
    Ok(store.heads().await?.iter().map(|head| head.seq).sum())
}

async fn refusal(path: &Path) -> String {
    let error = commits(path).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert!(!error.may_be_retried());
    error.to_string()
}

/// The code with which the damage of a refusal is accepted.
fn code(refusal: &str) -> String {
    let (_, code) = refusal.split_once("--accept-damage ").unwrap();
    code.get(..8).unwrap().to_owned()
}

#[tokio::test]
async fn each_lost_sector_of_a_journal_is_found_and_nothing_is_changed() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path()).await;
    let journal = journal(dir.path());
    let whole = fs::read(&journal).unwrap();
    let used = used(&whole);
    assert!(used > 50 * SECTOR, "{used}");
    for at in (0..used).step_by(SECTOR) {
        let mut lost = whole.clone();
        lost[at..(at + SECTOR).min(used)].fill(0);
        fs::write(&journal, &lost).unwrap();
        refusal(dir.path()).await;
        assert!(fs::read(&journal).unwrap() == lost, "the journal was changed");
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        fs::write(&journal, &flipped).unwrap();
        refusal(dir.path()).await;
    }
    fs::write(&journal, &whole).unwrap();
    assert_eq!(commits(dir.path()).await.unwrap(), COMMITS);
}

#[tokio::test]
async fn a_journal_that_is_cut_or_gone_is_found() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path()).await;
    let journal = journal(dir.path());
    let whole = fs::read(&journal).unwrap();
    for length in [0, 1, used(&whole) / 2, used(&whole) - 1] {
        fs::write(&journal, &whole[..length]).unwrap();
        let refusal = refusal(dir.path()).await;
        assert!(refusal.contains("acknowledged commits are missing"), "{refusal}");
    }
    fs::remove_file(&journal).unwrap();
    let refusal = refusal(dir.path()).await;
    assert!(refusal.contains("no journal is there"), "{refusal}");
    fs::write(&journal, &whole).unwrap();
    assert_eq!(commits(dir.path()).await.unwrap(), COMMITS);
}

#[tokio::test]
async fn the_damage_says_how_much_would_be_lost() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path()).await;
    let journal = journal(dir.path());
    let mut bytes = fs::read(&journal).unwrap();
    // In the middle of a value of the first commit, which follows that of the identity.
    bytes[2_000] ^= 1;
    fs::write(&journal, &bytes).unwrap();
    let refusal = refusal(dir.path()).await;
    let later = COMMITS - 1;
    assert!(refusal.contains("journal 0 cannot be read at byte"), "{refusal}");
    assert!(refusal.contains(&format!("{later} changes after it can")), "{refusal}");
}

#[tokio::test]
async fn only_the_damage_with_the_given_code_is_accepted() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path()).await;
    let journal = journal(dir.path());
    let mut bytes = fs::read(&journal).unwrap();
    let middle = used(&bytes) / 2;
    bytes[middle] ^= 1;
    fs::write(&journal, &bytes).unwrap();
    let code = code(&refusal(dir.path()).await);
    let open = |accepted: &'static str| {
        EmbeddedStore::open_accepting(dir.path(), 1, EngineSettings::default(), Some(accepted))
    };
    assert!(matches!(open("00000000").await, Err(StoreError::Damaged { .. })));
    assert!(fs::read(&journal).unwrap() == bytes);

    let store = open(code.clone().leak()).await.unwrap();
    let found: u64 = store.heads().await.unwrap().iter().map(|head| head.seq).sum();
    assert!((1..COMMITS).contains(&found), "{found}");
    let aside = dir.path().join(format!("damaged-{code}")).join("0.jnl");
    assert!(fs::read(aside).unwrap() == bytes);
    write(&store, commit(Some(found), Some(value(600)), None)).await;
    drop(store);
    // It is whole from now on, also without the code.
    assert_eq!(commits(dir.path()).await.unwrap(), found + 1);
}

/// A copy of an open store is what a killed process leaves.
#[tokio::test]
async fn a_commit_that_was_being_written_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let store = written(&path, COMMITS, EngineSettings::default()).await;
    let journal = journal(&path);
    let before = fs::read(&journal).unwrap();
    write(&store, commit(Some(COMMITS), Some(value(600)), Some(value(600)))).await;
    let after = fs::read(&journal).unwrap();
    // As if the last commit had no acknowledgement: the witness is the one before.
    let (begin, end) = (used(&before), used(&after));
    let witness = fs::read(path.join("witness")).unwrap();
    let killed = dir.path().join("killed");
    copy(&path, &killed);
    for written in (begin..end).step_by(97).chain([end - 1]) {
        let mut bytes = after.clone();
        bytes[written..].fill(0);
        fs::write(self::journal(&killed), &bytes).unwrap();
        let refusal = refusal(&killed).await;
        assert!(
            refusal.contains("1 of 41 acknowledged commits are missing"),
            "{refusal}"
        );

        let slot = usize::try_from((COMMITS + 1) % 2 * 4_096).unwrap();
        let mut unaware = witness.clone();
        unaware[slot..slot + SECTOR].fill(0);
        fs::write(killed.join("witness"), &unaware).unwrap();
        assert_eq!(commits(&killed).await.unwrap(), COMMITS);
        fs::write(killed.join("witness"), &witness).unwrap();
    }
}

#[tokio::test]
async fn a_lost_witness_is_found() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path()).await;
    let path = dir.path().join("witness");
    let whole = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let missing = refusal(dir.path()).await;
    assert!(missing.contains("the file `witness` is missing"), "{missing}");
    fs::write(&path, vec![0; whole.len()]).unwrap();
    let unreadable = refusal(dir.path()).await;
    assert!(unreadable.contains("the file `witness` cannot be read"), "{unreadable}");

    let other = tempfile::tempdir().unwrap();
    closed(other.path()).await;
    fs::copy(other.path().join("witness"), &path).unwrap();
    let foreign = refusal(dir.path()).await;
    assert!(foreign.contains("one of another store"), "{foreign}");
    // Each accepts one kind of damage.
    assert_ne!(code(&missing), code(&foreign));
    fs::write(&path, whole).unwrap();
    assert_eq!(commits(dir.path()).await.unwrap(), COMMITS);
}

/// A store of a release that had no witness.
#[tokio::test]
async fn a_store_without_a_count_gets_one() {
    let dir = tempfile::tempdir().unwrap();
    drop(EmbeddedStore::open(dir.path(), 1).await.unwrap());
    fs::remove_file(dir.path().join("witness")).unwrap();
    let store = written(dir.path(), 1, EngineSettings::default()).await;
    drop(store);
    assert!(dir.path().join("witness").exists());
    assert_eq!(commits(dir.path()).await.unwrap(), 1);
}

/// Reads all of a store.
async fn read_all(path: &Path) -> Result<usize, StoreError> {
    let store = EmbeddedStore::open(path, 1).await?;
    let mut found = 0;
    for shard in Shard::all() {
        found += store.entries(shard, 0, usize::MAX).await?.len();
        for table in ScanTable::all() {
            let page = store.scan(shard, TenantId::DEFAULT, table, None, usize::MAX).await?;
            found += page.items.len();
            assert_eq!(page.next, None);
        }
    }
    Ok(found)
}

#[tokio::test]
async fn each_lost_sector_of_the_tables_is_found_or_has_no_effect() {
    let dir = tempfile::tempdir().unwrap();
    let store = written(dir.path(), COMMITS, EngineSettings::default()).await;
    for space in store.engine.keyspaces() {
        space.rotate_memtable_and_wait().unwrap();
    }
    drop(store);
    let whole = read_all(dir.path()).await.unwrap();
    assert_eq!(whole, usize::try_from(COMMITS).unwrap() + 2);
    let tables = |path: &Path| path.components().any(|part| part.as_os_str() == "tables");
    let files = files_below(&dir.path().join("engine/keyspaces"));
    let (mut found, mut without_effect) = (0, 0);
    for (path, bytes) in files.iter().filter(|(path, _)| tables(path)) {
        for at in (0..bytes.len()).step_by(SECTOR) {
            let mut lost = bytes.clone();
            lost[at..(at + SECTOR).min(bytes.len())].fill(0);
            if lost == *bytes {
                continue;
            }
            fs::write(path, &lost).unwrap();
            match read_all(dir.path()).await {
                Ok(read) => {
                    assert_eq!(read, whole, "{} at {at}", path.display());
                    without_effect += 1;
                }
                Err(error) => {
                    assert!(
                        matches!(error, StoreError::Unreadable { .. }),
                        "{} at {at}: {error}",
                        path.display()
                    );
                    found += 1;
                }
            }
        }
        fs::write(path, bytes).unwrap();
    }
    assert!(found > 50, "{found} found, {without_effect} without effect");
    assert_eq!(read_all(dir.path()).await.unwrap(), whole);
}

#[tokio::test]
async fn tables_without_their_list_are_not_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let store = written(dir.path(), COMMITS, EngineSettings::default()).await;
    for space in store.engine.keyspaces() {
        space.rotate_memtable_and_wait().unwrap();
    }
    let list = store.engine.keyspaces()[0].path().join("current");
    drop(store);
    let bytes = fs::read(&list).unwrap();
    fs::remove_file(&list).unwrap();
    let error = commits(dir.path()).await.unwrap_err();
    assert!(error.to_string().contains("current is missing"), "{error}");
    fs::write(&list, bytes).unwrap();
    assert_eq!(commits(dir.path()).await.unwrap(), COMMITS);
}

/// The bytes of the count in a journal, and the end of its batch. Frozen: the engine wrote them.
#[tokio::test]
async fn the_format_of_the_journal_is_frozen() {
    let dir = tempfile::tempdir().unwrap();
    drop(written(dir.path(), 3, EngineSettings::default()).await);
    let bytes = fs::read(journal(dir.path())).unwrap();
    let batch = &bytes[..used(&bytes)];
    let (batch, trailer) = batch.split_at(batch.len() - 4);
    assert_eq!(trailer, b"FJL\x03");
    let (batch, _checksum) = batch.split_at(batch.len() - 8);
    let (batch, end) = batch.split_at(batch.len() - 1);
    assert_eq!(end, [3]);
    let (batch, count) = batch.split_at(batch.len() - 11);
    assert_eq!(count, [0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 3]);
    let (_, head) = batch.split_at(batch.len() - 21);
    let [2, 0, 0, rest @ ..] = head else {
        panic!("{head:?}");
    };
    assert_eq!(rest[8..], [3, 0, 8, 0, 0, 0, 8, 0, 0, 0]);
    let found = journal::check(&dir.path().join("engine")).unwrap();
    assert_eq!((found.oldest, found.commits), (Some(0), Some(3)));
    assert!(found.damage.is_empty() && found.cuts.is_empty() && !found.is_unfinished);
}
