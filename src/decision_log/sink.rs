//! The file of the decision log. It may be rotated in any way: moved away, removed, or truncated.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::config::LogTarget;
use crate::lines::LineSink;
use crate::metrics::{DecisionLogLabel, Metrics};

/// Bytes that are collected before they are written.
const BATCH_BYTES: usize = 64 * 1024;
/// Mode of a new file: only its owner reads it.
const MODE: u32 = 0o600;
/// The permissions of users who are neither the owner nor in the group.
const EVERYBODY: u32 = 0o007;

/// Writes lines to a file or to standard output, several at a time.
pub(super) struct Sink {
    output: File,
    /// The file to find again at its path; none for standard output.
    path: Option<PathBuf>,
    batch: Vec<u8>,
    /// Whether the file ends in the middle of a line, since the disk was full. The next line begins on a new one.
    is_torn: bool,
    /// Whether the last write failed. The log of the server says it once.
    is_failing: bool,
    /// Whether the file could not be opened again.
    is_detached: bool,
    reopen: Arc<AtomicBool>,
    metrics: Metrics,
}

impl Sink {
    /// Opens the target. `reopen` makes it open its file again.
    ///
    /// # Errors
    /// If the file cannot be opened to append to it, or is a pipe, whose opening waits for a reader.
    pub(super) fn open(target: &LogTarget, reopen: Arc<AtomicBool>, metrics: Metrics) -> io::Result<Self> {
        let (output, path) = match target {
            LogTarget::StandardOutput => (File::from(io::stdout().as_fd().try_clone_to_owned()?), None),
            LogTarget::File(path) => (open(path)?, Some(path.clone())),
        };
        Ok(Self {
            output,
            path,
            batch: Vec::with_capacity(BATCH_BYTES),
            is_torn: false,
            is_failing: false,
            is_detached: false,
            reopen,
            metrics,
        })
    }

    /// Writes the lines that were collected.
    fn write_batch(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        self.follow_path();
        if self.is_torn {
            self.batch.insert(0, b'\n');
        }
        let all = line_feeds(&self.batch) - u64::from(self.is_torn);
        let (bytes, result) = write_all(&mut self.output, &self.batch);
        let written = self.batch.get(..bytes).unwrap_or_default();
        let done = line_feeds(written).saturating_sub(u64::from(self.is_torn));
        if let Some(last) = written.last() {
            self.is_torn = *last != b'\n';
        }
        self.batch.clear();
        self.metrics.decision_log_lines(DecisionLogLabel::Written, done);
        self.metrics.decision_log_lines(DecisionLogLabel::Failed, all - done);
        match result {
            Ok(()) => self.is_failing = false,
            Err(error) => self.tell(&error),
        }
    }

    fn tell(&mut self, error: &io::Error) {
        if !self.is_failing {
            tracing::error!(%error, "the decision log cannot be written: lines are lost until it can");
        }
        self.is_failing = true;
    }

    /// Opens the file again if another one is at its path, or none, or if it was asked to. If that fails, lines go to the
    /// old file.
    fn follow_path(&mut self) {
        let is_asked = self.reopen.swap(false, Ordering::Relaxed);
        let Some(path) = &self.path else { return };
        if !is_asked && !is_elsewhere(&self.output, path) {
            return;
        }
        match open(path) {
            Ok(file) => {
                self.output = file;
                (self.is_torn, self.is_detached) = (false, false);
            }
            Err(error) => {
                if !self.is_detached {
                    tracing::error!(%error, "the decision log cannot be opened again: the old file goes on");
                }
                self.is_detached = true;
            }
        }
    }
}

impl LineSink for Sink {
    fn line(&mut self, line: &[u8]) {
        self.batch.extend_from_slice(line);
        if self.batch.len() >= BATCH_BYTES {
            self.write_batch();
        }
    }

    fn pause(&mut self) {
        if self.batch.is_empty() && self.reopen.load(Ordering::Relaxed) {
            self.follow_path();
        }
        self.write_batch();
    }
}

/// Opens a file to append to it, and makes it if there is none.
fn open(path: &Path) -> io::Result<File> {
    let is_pipe = |metadata: Metadata| metadata.file_type().is_fifo();
    if std::fs::metadata(path).is_ok_and(is_pipe) {
        let reason = "it is a pipe: write to standard output (`-`) instead";
        return Err(io::Error::new(ErrorKind::InvalidInput, reason));
    }
    let file = OpenOptions::new().append(true).create(true).mode(MODE).open(path)?;
    withdraw_from_everybody(&file, path);
    Ok(file)
}

/// Withdraws the rights that everybody has on the file of another time. Its group may be that of a program that ships logs.
fn withdraw_from_everybody(file: &File, path: &Path) {
    let mode = file
        .metadata()
        .ok()
        .filter(Metadata::is_file)
        .map(|metadata| metadata.mode());
    let Some(mode) = mode.filter(|mode| mode & EVERYBODY != 0) else {
        return;
    };
    match file.set_permissions(Permissions::from_mode(mode & 0o777 & !EVERYBODY)) {
        Ok(()) => {
            tracing::warn!(path = %path.display(), "everybody could read the decision log: its permissions are corrected")
        }
        Err(error) => tracing::warn!(path = %path.display(), %error, "everybody may read the decision log"),
    }
}

/// Whether the open file is not the one at this path any more.
fn is_elsewhere(open: &File, path: &Path) -> bool {
    let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
    match std::fs::metadata(path) {
        Ok(found) => open.metadata().is_ok_and(|own| identity(own) != identity(found)),
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

/// Writes bytes. Returns how many were written, also if an error stopped it.
fn write_all(output: &mut File, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match output.write(rest) {
            Ok(0) => return (written, Err(ErrorKind::WriteZero.into())),
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
}

fn line_feeds(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::clock::monotonic;

    struct Rotated {
        directory: tempfile::TempDir,
        sink: Sink,
    }

    fn counted(metrics: &Metrics, outcome: &str) -> u64 {
        let text = metrics.render(monotonic());
        let name = format!("ringwarden_decision_log_lines_total{{outcome=\"{outcome}\"}} ");
        let mut values = text.lines().filter_map(|line| line.strip_prefix(&name));
        values.next().unwrap().parse().unwrap()
    }

    impl Rotated {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let target = LogTarget::File(directory.path().join("log"));
            let sink = Sink::open(&target, Arc::default(), Metrics::new()).unwrap();
            Self { directory, sink }
        }

        fn write(&mut self, line: &str) {
            self.sink.line(format!("{line}\n").as_bytes());
            self.sink.pause();
        }

        fn path(&self, name: &str) -> PathBuf {
            self.directory.path().join(name)
        }

        fn read(&self, name: &str) -> String {
            fs::read_to_string(self.path(name)).unwrap()
        }
    }

    #[test]
    fn a_new_file_is_for_its_owner_only_and_an_old_one_is_continued() {
        let mut log = Rotated::new();
        log.write("a");
        assert_eq!(
            fs::metadata(log.path("log")).unwrap().permissions().mode() & 0o777,
            MODE
        );
        let target = LogTarget::File(log.path("log"));
        log.sink = Sink::open(&target, Arc::default(), Metrics::new()).unwrap();
        log.write("b");
        assert_eq!(log.read("log"), "a\nb\n");
    }

    /// As logrotate does with `create` and `nocreate`, with and without a signal.
    #[test]
    fn a_file_that_was_moved_away_or_removed_is_made_again() {
        let mut log = Rotated::new();
        log.write("a");
        fs::rename(log.path("log"), log.path("old")).unwrap();
        log.write("b");
        fs::remove_file(log.path("log")).unwrap();
        log.write("c");
        fs::rename(log.path("log"), log.path("older")).unwrap();
        fs::write(log.path("log"), "").unwrap();
        log.write("d");
        let files = ["old", "older", "log"].map(|name| log.read(name));
        assert_eq!(files, ["a\n", "c\n", "d\n"]);
        // The signal alone is enough, without a line.
        fs::remove_file(log.path("log")).unwrap();
        log.sink.reopen.store(true, Ordering::Relaxed);
        log.sink.pause();
        assert_eq!(log.read("log"), "");
    }

    #[test]
    fn a_file_that_everybody_may_read_is_closed_to_them_and_not_to_its_group() {
        let log = Rotated::new();
        let path = log.path("lax");
        fs::write(&path, "a\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        let target = LogTarget::File(path.clone());
        Sink::open(&target, Arc::default(), Metrics::new()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o660);
    }

    /// As logrotate does with `copytruncate`.
    #[test]
    fn a_truncated_file_is_written_from_its_start() {
        let mut log = Rotated::new();
        log.write("a");
        fs::File::options()
            .write(true)
            .truncate(true)
            .open(log.path("log"))
            .unwrap();
        log.write("b");
        assert_eq!(log.read("log"), "b\n");
    }

    #[test]
    fn without_its_folder_the_old_file_goes_on() {
        let mut log = Rotated::new();
        let folder = log.path("folder");
        fs::create_dir(&folder).unwrap();
        let target = LogTarget::File(folder.join("log"));
        log.sink = Sink::open(&target, Arc::default(), Metrics::new()).unwrap();
        fs::rename(&folder, log.path("moved")).unwrap();
        log.write("a");
        assert_eq!(log.read("moved/log"), "a\n");
        fs::create_dir(&folder).unwrap();
        log.write("b");
        assert_eq!(log.read("folder/log"), "b\n");
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted() {
        let metrics = Metrics::new();
        let target = LogTarget::File("/dev/full".into());
        let mut sink = Sink::open(&target, Arc::default(), metrics.clone()).unwrap();
        sink.line(b"a\n");
        sink.line(b"b\n");
        sink.pause();
        assert_eq!((counted(&metrics, "failed"), counted(&metrics, "written")), (2, 0));
        sink.output = tempfile::tempfile().unwrap();
        sink.path = None;
        sink.line(b"c\n");
        sink.pause();
        assert_eq!((counted(&metrics, "failed"), counted(&metrics, "written")), (2, 1));
    }

    /// A full disk may take a part of a line. The next line is whole again.
    #[test]
    fn a_torn_line_does_not_spoil_the_next_one() {
        let mut log = Rotated::new();
        fs::write(log.path("log"), "{\"a\":").unwrap();
        log.sink.is_torn = true;
        log.write("b");
        assert_eq!(log.read("log"), "{\"a\":\nb\n");
        assert_eq!(counted(&log.sink.metrics, "written"), 1);
        assert!(!log.sink.is_torn);
    }

    #[test]
    fn a_pipe_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        assert!(Sink::open(&LogTarget::File(pipe), Arc::default(), Metrics::new()).is_err());
    }
}
