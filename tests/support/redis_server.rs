//! A private Redis: on a free port, in its own directory. A test can kill, stop, start and wipe it. It ends when it is
//! dropped.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

/// The most checks whether a started server is ready, 20 ms apart.
const MAX_ASKED: usize = 500;
/// The most ports to try, since another process may take a free one first.
const MAX_PORTS: usize = 5;
/// The default port of Redis.
const DEFAULT_PORT: u16 = 6_379;

pub struct RedisServer {
    child: Child,
    port: u16,
    directory: TempDir,
    settings: Vec<(String, String)>,
}

impl RedisServer {
    /// Starts one with these settings, and waits until it answers.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_in(TempDir::new().expect("a directory"), settings)
    }

    /// As [`Self::start`], in a directory that holds what the settings name.
    pub fn start_in(directory: TempDir, settings: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let settings: Vec<_> = settings.iter().map(owned).collect();
        for _ in 0..MAX_PORTS {
            let port = free_port();
            let mut child = run(port, directory.path(), &settings);
            if wait_until_ready(&mut child, port) {
                return Self {
                    child,
                    port,
                    directory,
                    settings,
                };
            }
        }
        panic!("redis-server does not start: {}", log(directory.path()));
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory that it writes to.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().expect("a process to kill");
        self.child.wait().expect("its end");
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself. Then it can be started again as after [`Self::kill`].
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_some()
    }

    /// Copies everything it wrote, for [`Self::bring_back`]; to be called between [`Self::kill`] and [`Self::start_again`].
    pub fn copy(&self) -> TempDir {
        let copy = TempDir::new().expect("a directory");
        let from = self.directory.path().join(".");
        let copied = Command::new("cp").arg("-a").arg(from).arg(copy.path()).status();
        assert!(copied.expect("cp").success());
        copy
    }

    /// Starts it again after [`Self::kill`], on the same port and directory, and waits until it answers.
    pub fn start_again(&mut self) {
        self.child = run(self.port, self.directory.path(), &self.settings);
        let ready = wait_until_ready(&mut self.child, self.port);
        assert!(
            ready,
            "redis-server does not start again: {}",
            log(self.directory.path())
        );
    }

    /// Removes everything it wrote; to be called between [`Self::kill`] and [`Self::start_again`].
    pub fn wipe(&self) {
        for entry in std::fs::read_dir(self.directory.path()).expect("its directory") {
            let path = entry.expect("an entry").path();
            let removed = if path.is_dir() {
                std::fs::remove_dir_all(&path)
            } else {
                std::fs::remove_file(&path)
            };
            removed.expect("an entry to remove");
        }
    }

    /// Moves everything it wrote elsewhere; as [`Self::wipe`], but for [`Self::bring_back`].
    pub fn set_aside(&self) -> TempDir {
        let aside = TempDir::new().expect("a directory");
        move_entries(self.directory.path(), aside.path());
        aside
    }

    /// Puts back what was set aside, in the place of all it wrote since; between [`Self::kill`] and
    /// [`Self::start_again`].
    pub fn bring_back(&self, aside: &TempDir) {
        self.wipe();
        move_entries(aside.path(), self.directory.path());
    }

    /// Stops it, as a hung machine would: it accepts, and never answers.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on after [`Self::pause`].
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    /// Runs a command and returns the answer as the driver shows it.
    pub fn command(&self, words: &[&str]) -> redis::Value {
        let client = redis::Client::open(self.url()).expect("a URL");
        let mut connection = client.get_connection().expect("a connection");
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query(&mut connection).expect("an answer")
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill").success());
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // Errors say that it has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn run(port: u16, directory: &Path, settings: &[(String, String)]) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
    command.args(["--save", "", "--daemonize", "no", "--loglevel", "warning"]);
    command
        .arg("--dir")
        .arg(directory)
        .arg("--logfile")
        .arg(directory.join("log"));
    for (name, value) in settings {
        command.arg(format!("--{name}")).args(value.split(' '));
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap_or_else(|error| {
        let missing = error.kind() == ErrorKind::NotFound;
        let hint = if missing { "; apt-get install redis-server" } else { "" };
        panic!("redis-server: {error}{hint}")
    })
}

fn move_entries(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        std::fs::rename(entry.path(), to.join(entry.file_name())).expect("an entry to move");
    }
}

/// Whether it answers before it ends and before the last check.
fn wait_until_ready(child: &mut Child, port: u16) -> bool {
    for _ in 0..MAX_ASKED {
        if child.try_wait().expect("its state").is_some() {
            return false;
        }
        if answers(port).unwrap_or(false) {
            return true;
        }
        sleep(Duration::from_millis(20));
    }
    false
}

/// Whether it answers and has loaded its data. A request for a password counts as an answer.
fn answers(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer)?;
    Ok(answer.starts_with(b"+PONG") || answer.starts_with(b"-NOAUTH"))
}

/// Far enough from the end that a cluster's second port, 10,000 above, is one too.
pub fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        if port != DEFAULT_PORT && port < 55_000 {
            return port;
        }
    }
}

fn log(directory: &Path) -> String {
    std::fs::read_to_string(directory.join("log")).unwrap_or_default()
}
