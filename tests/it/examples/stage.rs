//! The place where the commands of one document run: a folder, ports, a clock, and the programs that it has started.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::Duration;

use regex::Regex;
use tempfile::TempDir;

use super::clock;
use super::ports::Ports;

/// More than any command should take.
const LONG: Duration = Duration::from_secs(120);
/// The pause between two checks while waiting.
const POLL: Duration = Duration::from_millis(10);
/// The folders of the repository that the documents name: a reader stands in its root.
const FOLDERS: [&str; 5] = ["deploy", "docs", "proto", "src", "tests"];

/// What a command did.
pub(super) struct Ran {
    /// Standard output and standard error.
    pub(super) text: String,
    pub(super) success: bool,
}

/// A program that was started and not ended.
struct Service {
    child: Child,
    /// The port that it listens on.
    port: u16,
}

/// The place where the commands of one document run. All that they started ends with it.
pub(super) struct Stage {
    folder: TempDir,
    /// What the commands print is kept outside of the folder.
    outputs: TempDir,
    ports: Ports,
    services: Vec<Service>,
    /// The groups of commands that have ended and left other processes.
    groups: Vec<u32>,
    /// The variables that set the clock.
    clock: [(&'static str, String); 2],
}

/// Whether a command starts a server that the document uses from another terminal.
pub(super) fn is_service(command: &str) -> bool {
    let is_server = command.starts_with("ringwarden serve") || is_redis(command);
    is_server && !command.contains("--help") && !command.ends_with('&')
}

fn is_redis(command: &str) -> bool {
    command.starts_with("redis-server")
}

impl Stage {
    /// An empty folder with links to the folders of the repository.
    pub(super) fn new(root: &Path) -> Self {
        let folder = TempDir::new().unwrap();
        for name in FOLDERS {
            symlink(root.join(name), folder.path().join(name)).unwrap();
        }
        Self {
            folder,
            outputs: TempDir::new().unwrap(),
            ports: Ports::default(),
            services: Vec::new(),
            groups: Vec::new(),
            clock: clock::variables(),
        }
    }

    /// Runs a command to its end.
    pub(super) fn run(&mut self, command: &str) -> Ran {
        let (mut child, output) = self.spawn(command);
        let group = child.id();
        let status = ended(&mut child);
        if signal(group, "0") {
            self.groups.push(group);
        }
        let text = self.text(&output);
        let status = status.unwrap_or_else(|| {
            signal(group, "KILL");
            panic!("the command does not end: {command}\n{text}")
        });
        Ran {
            text,
            success: status.success(),
        }
    }

    /// Starts a server, and waits until it is ready or has failed. If one of this document listens on its port, the reader
    /// has stopped that one.
    pub(super) fn start(&mut self, command: &str) -> Ran {
        self.make_room(command);
        let (mut child, output) = self.spawn(command);
        for _ in 0..checks() {
            let printed = fs::read_to_string(&output).unwrap();
            if let Some((port, _)) = listening(&printed).filter(|(_, probed)| is_ready(*probed, &printed)) {
                let text = self.text(&output);
                self.services.push(Service { child, port });
                return Ran { text, success: true };
            }
            if let Some(status) = child.try_wait().unwrap() {
                return Ran {
                    text: self.text(&output),
                    success: status.success(),
                };
            }
            sleep(POLL);
        }
        signal(child.id(), "KILL");
        panic!("the server is not ready: {command}\n{}", self.text(&output));
    }

    /// Stops the server that was started last.
    pub(super) fn interrupt(&mut self) {
        let mut service = self.services.pop().expect("no server runs");
        signal(service.child.id(), "INT");
        ended(&mut service.child).expect("the server does not end");
    }

    /// Stops a server of the same program on the port that this one will listen on.
    fn make_room(&mut self, command: &str) {
        let named = Regex::new(r"--(?:http-addr|port)[ =](?:\S+:)?(\d+)").unwrap();
        let default = if command.starts_with("redis-server") {
            6379
        } else {
            8080
        };
        let port = named
            .captures(command)
            .map_or(default, |found| found[1].parse().unwrap());
        let used = self.ports.used(port);
        if let Some(at) = self.services.iter().position(|service| service.port == used) {
            let service = self.services.remove(at);
            self.services.push(service);
            self.interrupt();
        }
    }

    /// Starts a command, and names the file that gets what it prints.
    fn spawn(&mut self, command: &str) -> (Child, PathBuf) {
        let number = fs::read_dir(self.outputs.path()).unwrap().count();
        let output = self.outputs.path().join(number.to_string());
        let file = File::options().create(true).append(true).open(&output).unwrap();
        let command = self.ports.in_command(command);
        let [grpc, http] = [50_051, 8_080].map(|port| format!("127.0.0.1:{}", self.ports.used(port)));
        let program = Path::new(env!("CARGO_BIN_EXE_ringwarden"));
        let path = format!(
            "{}:{}",
            program.parent().unwrap().display(),
            std::env::var("PATH").unwrap_or_default()
        );
        let child = Command::new("bash")
            .args(["-c", &command])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("USER", "ana")
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("COLUMNS", "120")
            // The default addresses, with the ports that are used.
            .env("RINGWARDEN_SERVER", format!("http://{grpc}"))
            .env("RINGWARDEN_GRPC_ADDR", &grpc)
            .env("RINGWARDEN_HTTP_ADDR", &http)
            // The same for the proxy of `deploy/proxy`.
            .env("RW_HTTP", format!(":{}", self.ports.used(8_443)))
            .env("RW_GRPC", format!(":{}", self.ports.used(50_443)))
            .env("RW_ONE_HTTP", self.ports.used(8_080).to_string())
            .env("RW_ONE_GRPC", self.ports.used(50_051).to_string())
            // The machine may be busy, and no document means the 50 ms.
            .env("RINGWARDEN_LOOKUP_BUDGET", "10s")
            .envs(self.clock.clone())
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .process_group(0)
            .spawn()
            .unwrap();
        (child, output)
    }

    /// What a command has printed, with the ports of the document.
    fn text(&self, output: &Path) -> String {
        let printed = fs::read(output).unwrap();
        self.ports.in_output(&String::from_utf8_lossy(&printed))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for group in &self.groups {
            signal(*group, "KILL");
        }
        for service in &mut self.services {
            signal(service.child.id(), "KILL");
            service.child.wait().ok();
        }
    }
}

/// The most checks while waiting.
fn checks() -> u128 {
    LONG.as_millis() / POLL.as_millis()
}

/// The status of a process that ends in time.
fn ended(child: &mut Child) -> Option<ExitStatus> {
    for _ in 0..checks() {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        sleep(POLL);
    }
    None
}

/// Sends a signal to a group of processes. Returns whether the group has any.
fn signal(group: u32, name: &str) -> bool {
    let command = format!("kill -{name} -- -{group}");
    let mut sent = Command::new("bash");
    sent.args(["-c", &command]).stderr(Stdio::null());
    sent.status().unwrap().success()
}

/// The port that a server says it listens on (Ringwarden's for HTTP, or that of Redis), and the one that answers probes.
fn listening(printed: &str) -> Option<(u16, u16)> {
    let ringwarden = r"HTTP on \S+?:(\d+)(?:, probes and metrics on \S+?:(\d+))?(?:, with TLS)?$";
    let pattern = format!(r"(?m){ringwarden}|port=(\d+)\.\s(?s:.*)Ready to accept connections");
    let found = Regex::new(&pattern).unwrap().captures(printed)?;
    let port = |group| found.get(group)?.as_str().parse().ok();
    let listens = port(1).or_else(|| port(3))?;
    Some((listens, port(2).unwrap_or(listens)))
}

/// Whether a server answers that it is ready. Redis has said so.
fn is_ready(port: u16, printed: &str) -> bool {
    printed.contains("Ready to accept connections") || ready_over_http(port).unwrap_or(false)
}

fn ready_over_http(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}
