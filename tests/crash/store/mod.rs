//! Crashes of the embedded store: every acknowledged batch is there afterwards, and no batch is there in part.
//!
//! `kill -9` does not lose the page cache, so it says nothing about fsync. The tests of the lost cache record the
//! system calls of a process. From the record they build the directory as it may be on the disk after a power failure
//! at any moment.

mod check;
mod disk;
mod trace;
mod workload;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use check::{Said, check};
use disk::Disk;
use trace::{Event, child, record};
use workload::{Random, VARIABLE, Workload};

/// So small that tables are flushed and merged all the time.
const SMALL_MEMTABLE: u64 = 64 << 10;

#[test]
#[ignore = "the process that the other tests crash"]
fn workload() {
    if let Ok(variable) = std::env::var(VARIABLE) {
        Workload::from_variable(&variable).run();
    }
}

#[test]
#[ignore = "the process whose disk another test lets fail"]
fn workload_until_the_disk_fails() {
    if let Ok(variable) = std::env::var(VARIABLE) {
        Workload::from_variable(&variable).run_until_the_disk_fails();
    }
}

/// A failed fsync is of unknown outcome, and the end of all writes until the store is opened again.
#[test]
fn a_failed_fsync_ends_all_writes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store").to_str().unwrap().to_owned();
    let workload = Workload {
        path,
        starts: vec![0],
        batches: 0,
        memtable_bytes: 1 << 20,
    };
    // strace counts calls by thread: the committing thread's alone are so many.
    let events = record(
        "store::workload_until_the_disk_fails",
        &workload,
        Some("fsync:error=EIO:when=500+"),
    );
    let said = said(&workload, &events);
    assert!(said.acknowledged[0] > 0);
    check(Path::new(&workload.path), &workload, &said).unwrap();
}

#[test]
fn a_lost_cache_loses_nothing_acknowledged() {
    lose_caches(10, &[150, 150]);
}

#[test]
#[ignore = "takes minutes"]
fn a_lost_cache_loses_nothing_acknowledged_at_length() {
    lose_caches(100, &[150, 150]);
}

/// The journal is rotated, and old ones are deleted, at 64 MB.
#[test]
#[ignore = "takes minutes"]
fn a_lost_cache_loses_nothing_when_journals_rotate() {
    assert!(lose_caches(8, &[150, 1_300]), "no journal was deleted");
}

#[test]
fn a_kill_loses_nothing_acknowledged() {
    kill(3);
}

#[test]
#[ignore = "takes minutes"]
fn a_kill_loses_nothing_acknowledged_at_length() {
    kill(20);
}

/// Records runs of so many batches, each continuing where the one before ended, and simulates power failures at random
/// moments. Returns whether a run deleted the first journal.
fn lose_caches(seeds: u64, runs: &[u64]) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a/store");
    let path = path.to_str().unwrap().to_owned();
    let starts = vec![0; 4];
    let mut workload = Workload {
        path,
        starts,
        batches: 0,
        memtable_bytes: SMALL_MEMTABLE,
    };
    let mut before = None;
    let mut failures = Vec::new();
    let mut rotated = false;
    for (run, batches) in (0..).zip(runs) {
        workload.batches = *batches;
        let root = Path::new(&workload.path).parent().unwrap();
        std::fs::create_dir_all(root).unwrap();
        let events = record("store::workload", &workload, None);
        for seed in (run * seeds)..((run + 1) * seeds) {
            if let Err(error) = lose_cache(seed, &workload, &events, before.as_deref()) {
                failures.push(format!("seed {seed}: {error}"));
            }
        }
        rotated |= events
            .iter()
            .any(|event| matches!(event, Event::Unlink { path } if path.ends_with("0.jnl")));
        let after = dir.path().join(format!("after-{run}"));
        copy(root, &after);
        before = Some(after);
        workload.starts = workload.starts.iter().map(|start| start + workload.batches).collect();
    }
    assert!(
        failures.is_empty(),
        "{} of {} seeds:\n{}",
        failures.len(),
        seeds * runs.len() as u64,
        failures.join("\n")
    );
    rotated
}

fn lose_cache(seed: u64, workload: &Workload, events: &[Event], before: Option<&Path>) -> Result<(), String> {
    let mut random = Random(seed << 32);
    let cut = cut(seed, &mut random, events);
    let mut disk = Disk::new(Path::new(&workload.path).parent().unwrap(), before);
    events[..cut].iter().for_each(|event| disk.apply(event));
    let said = said(workload, &events[..cut]);
    let dir = tempfile::tempdir().unwrap();
    let luck = random.next();
    disk.crash(&mut Random(luck), dir.path());
    check(&dir.path().join("store"), workload, &said)
        .map(drop)
        .map_err(|error| {
            let kept = tempfile::tempdir().unwrap().keep();
            disk.crash(&mut Random(luck), &kept);
            format!(
                "cut {cut} of {}, {said:?}, left in {}: {error}",
                events.len(),
                kept.display()
            )
        })
}

fn said(workload: &Workload, events: &[Event]) -> Said {
    let mut said = Said::nothing(&workload.starts);
    for event in events {
        if let Event::Said { line } = event {
            said.hear(line);
        }
    }
    said
}

/// When the power fails: of five seeds, one while the store is made or opened, two while a write to the disk
/// is in progress, the others at any moment.
fn cut(seed: u64, random: &mut Random, events: &[Event]) -> usize {
    let opened = |event: &Event| matches!(event, Event::Said { line } if line.starts_with("opened"));
    let syncs = |at: &usize| matches!(events[*at], Event::SyncEnds { .. });
    match seed % 5 {
        0 => random.index(events.iter().position(opened).unwrap()),
        1 | 2 => {
            let syncs: Vec<usize> = (0..events.len()).filter(syncs).collect();
            syncs[random.index(syncs.len())]
        }
        _ => random.index(events.len()),
    }
}

/// Kills a process with eight writers again and again; each one goes on where the one before ended.
fn kill(rounds: u64) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store").to_str().unwrap().to_owned();
    let mut workload = Workload {
        path,
        starts: vec![0; 8],
        batches: 1_000_000,
        memtable_bytes: SMALL_MEMTABLE * 8,
    };
    let seed = std::process::id().into();
    let mut random = Random(seed);
    let mut round = 0;
    // More rounds on a busy machine: each thread has to have written something.
    while round < rounds || workload.starts.contains(&0) {
        assert!(round < 10 * rounds, "nothing was written: {:?}", workload.starts);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(child("store::workload"))
            .env(VARIABLE, workload.to_variable())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = child.stdout.take().unwrap();
        let lines = std::thread::spawn(move || BufReader::new(out).lines().map_while(Result::ok).collect());
        std::thread::sleep(Duration::from_millis(50 + random.below(1_500)));
        child.kill().unwrap();
        child.wait().unwrap();
        let lines: Vec<String> = lines.join().unwrap();
        let mut said = Said::nothing(&workload.starts);
        lines.iter().for_each(|line| said.hear(line));
        match check(Path::new(&workload.path), &workload, &said) {
            Ok(batches) => workload.starts = batches,
            Err(error) => panic!("seed {seed}, round {round}, {said:?}: {error}"),
        }
        round += 1;
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for found in std::fs::read_dir(from).unwrap() {
        let found = found.unwrap();
        let to = to.join(found.file_name());
        if found.file_type().unwrap().is_dir() {
            copy(&found.path(), &to);
        } else {
            std::fs::copy(found.path(), to).unwrap();
        }
    }
}
