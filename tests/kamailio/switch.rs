//! A private Kamailio with the configuration in `deploy`: on a free loopback port, in its own directory. It ends when
//! it is dropped.

use std::fs::File;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

/// Fewer than anybody would use, so that few calls are enough to occupy all.
pub const WORKERS: usize = 3;
/// The longest that a worker waits for the service, by the configuration.
pub const TIMEOUT: Duration = Duration::from_secs(1);
/// The most checks whether a started switch is ready, or a stopped one has ended.
const MAX_ASKED: u32 = 500;
const ASK_EVERY: Duration = Duration::from_millis(20);
/// The most ports to try, since another process may take a free one first.
const MAX_PORTS: usize = 5;
const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/kamailio/kamailio.cfg");

pub struct Switch {
    child: Child,
    address: SocketAddr,
    directory: TempDir,
}

impl Switch {
    /// Starts one that asks this service, and waits until it answers.
    pub fn start(service: SocketAddr) -> Self {
        Self::start_with(service, &[])
    }

    /// The same, in another region.
    pub fn start_in(service: SocketAddr, region: &str) -> Self {
        Self::start_with(service, &[format!("RW_REGION=\"{region}\"")])
    }

    /// The same, with these definitions.
    pub fn start_with(service: SocketAddr, definitions: &[String]) -> Self {
        for _ in 0..MAX_PORTS {
            let directory = TempDir::new().unwrap();
            let address = free_address();
            let mut switch = Self {
                child: run(address, service, definitions, directory.path()),
                address,
                directory,
            };
            if switch.wait_until_ready() {
                return switch;
            }
            assert!(switch.has_ended(), "kamailio does not answer: {}", switch.log());
        }
        panic!("kamailio does not start");
    }

    /// Its address for calls.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its log.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.directory.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// One of its counters, as `kamcmd` shows it to an operator.
    pub fn counter(&self, name: &str) -> u64 {
        let socket = format!("unix:{}", self.directory.path().join("kamailio_ctl").display());
        let mut command = Command::new("kamcmd");
        command.args(["-s", &socket, "cnt.get", "ringwarden", name]);
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        text.parse().unwrap_or_else(|_| panic!("counter {name}: {text}"))
    }

    /// Whether it answers before it ends and before the last check.
    fn wait_until_ready(&mut self) -> bool {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(ASK_EVERY)).unwrap();
        let ours = socket.local_addr().unwrap();
        for attempt in 0..MAX_ASKED {
            if self.has_ended() {
                return false;
            }
            // Nobody listens yet: an error then, at one of the two.
            socket.send_to(options(ours, attempt).as_bytes(), self.address).ok();
            let mut answer = [0; 2_048];
            match socket.recv(&mut answer) {
                Ok(length) if answer[..length].starts_with(b"SIP/2.0 200") => return true,
                Ok(_) => {}
                Err(_) => sleep(ASK_EVERY),
            }
        }
        false
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// To all of its processes, which outlive the first one if that is killed.
    fn signal(&self, name: &str) {
        // Not with "--" before the group: the shell of Debian does not know it.
        let command = format!("kill -{name} -{}", self.child.id());
        Command::new("sh")
            .args(["-c", &command])
            .stderr(Stdio::null())
            .status()
            .ok();
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.signal("TERM");
        for _ in 0..MAX_ASKED {
            if self.has_ended() {
                break;
            }
            sleep(ASK_EVERY);
        }
        self.signal("KILL");
        self.child.wait().ok();
    }
}

fn run(address: SocketAddr, service: SocketAddr, definitions: &[String], directory: &Path) -> Child {
    let mut command = Command::new("kamailio");
    command.args(["-DD", "-E", "-M", "8", "-f", CONFIGURATION, "-A", "RW_MEMORY=32"]);
    command.arg("-w").arg(directory).arg("-Y").arg(directory);
    command.arg("-P").arg(directory.join("pid"));
    command.args(["-A", &format!("RW_LISTEN=udp:{address}")]);
    command.args(["-A", &format!("RW_SERVICE=\"ringwarden=>http://{service}\"")]);
    command.args(["-A", &format!("RW_WORKERS={WORKERS}")]);
    for definition in definitions {
        command.args(["-A", definition]);
    }
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(File::create(directory.join("log")).unwrap());
    command.spawn().unwrap_or_else(|error| {
        let missing = error.kind() == ErrorKind::NotFound;
        let hint = if missing {
            "; apt-get install kamailio kamailio-utils-modules kamailio-extra-modules"
        } else {
            ""
        };
        panic!("kamailio: {error}{hint}")
    })
}

fn free_address() -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap()
}

fn options(ours: SocketAddr, attempt: u32) -> String {
    format!(
        "OPTIONS sip:ready@test SIP/2.0\r\nVia: SIP/2.0/UDP {ours};branch=z9hG4bKready{attempt}\r\n\
         From: <sip:test@test>;tag=1\r\nTo: <sip:ready@test>\r\nCall-ID: ready{attempt}@test\r\nCSeq: 1 OPTIONS\r\n\
         Max-Forwards: 1\r\nContent-Length: 0\r\n\r\n"
    )
}
