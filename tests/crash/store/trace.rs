//! Records the file system calls of a process with strace, and reads the record.
//!
//! A call takes effect when it returns, with two exceptions: a descriptor is free once `close` begins, and an fsync
//! covers the writes before it began. strace stops a thread before and after each call. So if one thread acts because
//! of a call of another thread, its own call comes later in the record.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::workload::{VARIABLE, Workload};

const CALLS: &str = "openat,open,creat,write,pwrite64,writev,pwritev,fsync,fdatasync,sync_file_range,rename,renameat,\
    renameat2,unlink,unlinkat,truncate,ftruncate,fallocate,mkdir,mkdirat,rmdir,close,lseek,dup,dup2,dup3,link,linkat,\
    symlink,symlinkat,copy_file_range,sendfile,mmap";

/// Something that the process did, in order.
#[derive(Debug)]
pub enum Event {
    /// It opened a file or directory.
    Open {
        fd: i32,
        path: PathBuf,
        create: bool,
        truncate: bool,
        append: bool,
    },
    Close {
        fd: i32,
    },
    /// At the descriptor's place, or at the given one.
    Write {
        fd: i32,
        at: Option<u64>,
        bytes: Vec<u8>,
    },
    Seek {
        fd: i32,
        to: u64,
    },
    SetLength {
        fd: i32,
        length: u64,
    },
    /// `thread` has at most one in progress.
    SyncBegins {
        thread: u32,
    },
    SyncEnds {
        thread: u32,
        fd: i32,
    },
    MakeDir {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Unlink {
        path: PathBuf,
    },
    RemoveDir {
        path: PathBuf,
    },
    /// It said something on its standard output.
    Said {
        line: String,
    },
}

/// Runs one of this binary's tests on the workload in a process of its own, under strace, and returns what it did.
/// strace can make calls fail: `inject` says which, and when.
pub fn record(test: &str, workload: &Workload, inject: Option<&str>) -> Vec<Event> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("trace");
    let mut command = Command::new("strace");
    command
        .args([
            "-f",
            "-qq",
            "-xx",
            "-s",
            "33554432",
            "-e",
            &format!("trace={CALLS}"),
            "-o",
        ])
        .arg(&file);
    if let Some(inject) = inject {
        command.args(["-e", &format!("inject={inject}")]);
    }
    command.arg(std::env::current_exe().unwrap()).args(child(test));
    command
        .env(VARIABLE, workload.to_variable())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            panic!("this test needs strace: apt-get install strace")
        }
        Err(error) => panic!("strace: {error}"),
    };
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    let text = std::fs::read_to_string(&file).unwrap();
    read(&text, Path::new(&workload.path))
}

/// The arguments that make the test binary run one of its tests and pass its output on.
pub fn child(test: &str) -> [&str; 5] {
    ["--ignored", "--exact", test, "--nocapture", "--test-threads=1"]
}

/// Reads a record. Only what lies in the directory above `store` is kept.
fn read(text: &str, store: &Path) -> Vec<Event> {
    let mut reader = Reader {
        root: store.parent().unwrap().to_owned(),
        open: HashMap::new(),
        events: Vec::new(),
    };
    let mut unfinished: HashMap<u32, String> = HashMap::new();
    for line in text.lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        let (thread, call) = (thread.parse().unwrap(), call.trim_start());
        if let Some(begun) = call.strip_suffix("<unfinished ...>") {
            reader.begin(thread, begun);
            unfinished.insert(thread, begun.trim_end().to_owned());
        } else if let Some(resumed) = call.strip_prefix("<... ") {
            let rest = resumed.split_once("resumed>").unwrap().1;
            if let Some(begun) = unfinished.remove(&thread) {
                reader.end(thread, &format!("{begun}{rest}"));
            }
        } else if call.contains('(') {
            reader.begin(thread, call);
            reader.end(thread, call);
        }
    }
    reader.events
}

struct Reader {
    root: PathBuf,
    /// The files of the descriptors that matter.
    open: HashMap<i32, PathBuf>,
    events: Vec<Event>,
}

impl Reader {
    fn begin(&mut self, thread: u32, call: &str) {
        let (name, rest) = call.split_once('(').unwrap();
        let fd = rest.split([',', ')', ' ']).next().and_then(|fd| fd.parse().ok());
        let Some(fd) = fd.filter(|fd| self.open.contains_key(fd)) else {
            return;
        };
        match name {
            "close" => {
                self.open.remove(&fd);
                self.events.push(Event::Close { fd });
            }
            "fsync" | "fdatasync" => self.events.push(Event::SyncBegins { thread }),
            _ => {}
        }
    }

    fn end(&mut self, thread: u32, call: &str) {
        let (name, rest) = call.split_once('(').unwrap();
        let Some((arguments, result)) = rest.rsplit_once(" = ") else {
            return;
        };
        let result = result.split(' ').next().unwrap().to_owned();
        if result.starts_with('-') || result == "?" {
            return;
        }
        let arguments = arguments.trim_end().strip_suffix(')').unwrap();
        let arguments: Vec<&str> = split_arguments(arguments);
        let fd = |at: usize| arguments[at].parse::<i32>().ok();
        let here = |reader: &Self| fd(0).filter(|fd| reader.open.contains_key(fd));
        match name {
            "openat" => self.end_open(
                &self.path(arguments[0], arguments[1]),
                arguments[2],
                result.parse().unwrap(),
            ),
            "write" if fd(0) == Some(1) => {
                let line = String::from_utf8_lossy(&bytes_of(arguments[1])).into_owned();
                self.events.push(Event::Said { line });
            }
            "write" | "pwrite64" => {
                let Some(fd) = here(self) else { return };
                let mut bytes = bytes_of(arguments[1]);
                bytes.truncate(result.parse().unwrap());
                assert_eq!(bytes.len().to_string(), result, "strace cut a write short");
                let at = (name == "pwrite64").then(|| arguments[3].parse().unwrap());
                self.events.push(Event::Write { fd, at, bytes });
            }
            "writev" => {
                let Some(fd) = here(self) else { return };
                let bases = call.split("iov_base=").skip(1);
                let mut bytes: Vec<u8> = bases
                    .flat_map(|base| bytes_of(base.split(',').next().unwrap()))
                    .collect();
                bytes.truncate(result.parse().unwrap());
                assert_eq!(bytes.len().to_string(), result, "strace cut a write short");
                self.events.push(Event::Write { fd, at: None, bytes });
            }
            "lseek" => {
                // A call that only asks for the position moves nothing; no descriptor here is both read and written.
                let Some(fd) = here(self).filter(|_| arguments[2] != "SEEK_CUR") else {
                    return;
                };
                self.events.push(Event::Seek {
                    fd,
                    to: result.parse().unwrap(),
                });
            }
            "ftruncate" => {
                let Some(fd) = here(self) else { return };
                self.events.push(Event::SetLength {
                    fd,
                    length: arguments[1].parse().unwrap(),
                });
            }
            "fsync" | "fdatasync" => {
                let Some(fd) = here(self) else { return };
                self.events.push(Event::SyncEnds { thread, fd });
            }
            _ => self.end_of_names(name, &arguments, call),
        }
    }

    /// Calls that change directories, and those that are none of the above.
    fn end_of_names(&mut self, name: &str, arguments: &[&str], call: &str) {
        match name {
            "mkdir" => self.in_root(self.path("AT_FDCWD", arguments[0]), |path| Event::MakeDir { path }),
            "mkdirat" => self.in_root(self.path(arguments[0], arguments[1]), |path| Event::MakeDir { path }),
            "rename" => self.end_rename(self.path("AT_FDCWD", arguments[0]), self.path("AT_FDCWD", arguments[1])),
            "renameat" | "renameat2" => {
                self.end_rename(
                    self.path(arguments[0], arguments[1]),
                    self.path(arguments[2], arguments[3]),
                );
            }
            "unlink" => self.in_root(self.path("AT_FDCWD", arguments[0]), |path| Event::Unlink { path }),
            "rmdir" => self.in_root(self.path("AT_FDCWD", arguments[0]), |path| Event::RemoveDir { path }),
            "unlinkat" => {
                let dir = arguments[2].contains("AT_REMOVEDIR");
                let event = |path| {
                    if dir {
                        Event::RemoveDir { path }
                    } else {
                        Event::Unlink { path }
                    }
                };
                self.in_root(self.path(arguments[0], arguments[1]), event);
            }
            "mmap" => {
                let file = arguments[4].parse().is_ok_and(|fd: i32| self.open.contains_key(&fd));
                let writes = arguments[2].contains("PROT_WRITE") && arguments[3].contains("MAP_SHARED");
                assert!(!(file && writes), "writes through memory are not simulated: {call}");
            }
            "close" => {}
            _ => assert!(!self.touches_root(arguments), "not simulated: {name}"),
        }
    }

    fn end_open(&mut self, path: &Path, flags: &str, fd: i32) {
        if !path.starts_with(&self.root) {
            return;
        }
        let has = |flag: &str| flags.split('|').any(|found| found == flag);
        assert!(!has("O_TMPFILE"), "files without a name are not simulated");
        self.open.insert(fd, path.to_owned());
        let (create, truncate, append) = (has("O_CREAT"), has("O_TRUNC"), has("O_APPEND"));
        self.events.push(Event::Open {
            fd,
            path: path.to_owned(),
            create,
            truncate,
            append,
        });
    }

    fn end_rename(&mut self, from: PathBuf, to: PathBuf) {
        assert_eq!(from.starts_with(&self.root), to.starts_with(&self.root));
        self.in_root(from, |from| Event::Rename { from, to });
    }

    fn in_root(&mut self, path: PathBuf, event: impl FnOnce(PathBuf) -> Event) {
        if path.starts_with(&self.root) {
            self.events.push(event(path));
        }
    }

    fn path(&self, dir: &str, name: &str) -> PathBuf {
        let name = PathBuf::from(OsString::from_vec(bytes_of(name)));
        match dir.parse::<i32>().ok().and_then(|dir| self.open.get(&dir)) {
            Some(dir) => dir.join(name),
            None => name,
        }
    }

    fn touches_root(&self, arguments: &[&str]) -> bool {
        let fd = |argument: &str| argument.parse().is_ok_and(|fd: i32| self.open.contains_key(&fd));
        let name = |argument: &str| argument.starts_with('"') && self.path("", argument).starts_with(&self.root);
        arguments.first().is_some_and(|first| fd(first)) || arguments.iter().any(|argument| name(argument))
    }
}

/// Arguments hold no commas of their own, but for lists of buffers, which are read otherwise.
fn split_arguments(text: &str) -> Vec<&str> {
    text.split(", ").map(str::trim).collect()
}

/// The bytes of `"\x..\x.."`.
fn bytes_of(text: &str) -> Vec<u8> {
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let text = text.unwrap_or_else(|| panic!("strace cut a string short")).as_bytes();
    let digit = |digit: u8| if digit < b'a' { digit - b'0' } else { digit - b'a' + 10 };
    text.chunks_exact(4)
        .map(|hex| digit(hex[2]) << 4 | digit(hex[3]))
        .collect()
}
