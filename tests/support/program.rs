//! The program, run as an operator runs it: on its own ports, with its log in a file.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tonic::transport::{Channel, Endpoint};

use super::redis_server::free_port;

/// More than any start or end should take.
const LONG: Duration = Duration::from_secs(30);
/// The pause between two checks while waiting.
const POLL: Duration = Duration::from_millis(10);
/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_ringwarden");
/// An address whose port the system chooses.
const ANY_PORT: &str = "127.0.0.1:0";
/// The texts before the addresses in the program's log.
const GRPC_ON: &str = "gRPC on ";
const HTTP_ON: &str = "HTTP on ";

/// A running server; killed when it is dropped.
pub struct Program {
    child: Child,
    logs: TempDir,
    grpc: SocketAddr,
    http: SocketAddr,
    /// The API key of requests over HTTP.
    key: Option<String>,
}

impl Program {
    /// Starts a server over a store, and waits until its index is loaded.
    pub async fn serve(store: &str) -> Self {
        Self::serve_with(store, &[]).await
    }

    /// As [`Self::serve`], with these further arguments.
    pub async fn serve_with(store: &str, arguments: &[&str]) -> Self {
        Self::serve_by(Path::new(PROGRAM), store, arguments).await
    }

    /// As [`Self::serve_with`], by the program of this path, such as that of an earlier release.
    pub async fn serve_by(program: &Path, store: &str, arguments: &[&str]) -> Self {
        let logs = TempDir::new().unwrap();
        let mut child = spawn(program, store, arguments, &logs.path().join("log"));
        let (grpc, http) = addresses(&mut child, logs.path()).await;
        Self::ready(child, logs, grpc, http).await
    }

    /// As [`Self::serve_with`], without a wait for its index: its store may be away.
    pub async fn serve_anyhow(store: &str, arguments: &[&str]) -> Self {
        let logs = TempDir::new().unwrap();
        let mut child = spawn(Path::new(PROGRAM), store, arguments, &logs.path().join("log"));
        let (grpc, http) = addresses(&mut child, logs.path()).await;
        Self {
            child,
            logs,
            grpc,
            http,
            key: None,
        }
    }

    /// As [`Self::serve_with`], with these variables.
    pub async fn serve_in(store: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let logs = TempDir::new().unwrap();
        let mut command = command(Path::new(PROGRAM), store, arguments, [ANY_PORT; 2]);
        command.envs(variables.iter().copied());
        command.stderr(File::create(logs.path().join("log")).unwrap());
        let mut child = command.spawn().unwrap();
        let (grpc, http) = addresses(&mut child, logs.path()).await;
        Self::ready(child, logs, grpc, http).await
    }

    /// As [`Self::serve_with`], where standard output goes to `stdout`.
    pub async fn serve_with_stdout(stdout: Stdio, arguments: &[&str]) -> Self {
        let logs = TempDir::new().unwrap();
        let mut command = command(Path::new(PROGRAM), "memory:", arguments, [ANY_PORT; 2]);
        command.stdout(stdout);
        command.stderr(File::create(logs.path().join("log")).unwrap());
        let mut child = command.spawn().unwrap();
        let (grpc, http) = addresses(&mut child, logs.path()).await;
        Self::ready(child, logs, grpc, http).await
    }

    /// As [`Self::serve_with`], where the log goes to `stderr`, so that nothing tells its addresses.
    pub async fn serve_to(stderr: Stdio, arguments: &[&str]) -> Self {
        let [grpc, http] = [(); 2].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
        let addresses = [grpc, http].map(|address| address.to_string());
        let mut command = command(
            Path::new(PROGRAM),
            "memory:",
            arguments,
            addresses.each_ref().map(String::as_str),
        );
        let child = command.stderr(stderr).spawn().unwrap();
        let logs = TempDir::new().unwrap();
        File::create(logs.path().join("log")).unwrap();
        Self::ready(child, logs, grpc, http).await
    }

    /// Starts a server that is not waited for, in these variables.
    pub fn start(store: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let logs = TempDir::new().unwrap();
        let mut command = command(Path::new(PROGRAM), store, arguments, [ANY_PORT; 2]);
        command.envs(variables.iter().copied());
        command.stderr(File::create(logs.path().join("log")).unwrap());
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            child: command.spawn().unwrap(),
            logs,
            grpc: nowhere,
            http: nowhere,
            key: None,
        }
    }

    async fn ready(child: Child, logs: TempDir, grpc: SocketAddr, http: SocketAddr) -> Self {
        let program = Self {
            child,
            logs,
            grpc,
            http,
            key: None,
        };
        program
            .wait_for("the index", async || program.get("/readyz").await.0 == 200)
            .await;
        program
    }

    /// The same server, whose requests over HTTP have this API key from now on.
    pub fn with_key(mut self, key: String) -> Self {
        self.key = Some(key);
        self
    }

    /// The same server, which is spoken to at these addresses from now on: for gRPC, and for HTTP.
    pub fn through(mut self, grpc: SocketAddr, http: SocketAddr) -> Self {
        (self.grpc, self.http) = (grpc, http);
        self
    }

    /// Starts a server and kills it so much later, wherever it is then.
    pub async fn killed_after(store: &str, delay: Duration) {
        let logs = TempDir::new().unwrap();
        let program = Path::new(PROGRAM);
        let mut child = spawn(program, store, &[], &logs.path().join("log"));
        sleep(delay).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Connects when it is first used, and again when that is lost.
    pub fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.grpc))
            .unwrap()
            .connect_lazy()
    }

    /// Connects now.
    pub async fn connect(&self) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.grpc)).unwrap();
        endpoint.connect().await.unwrap()
    }

    /// The address for gRPC.
    pub fn grpc(&self) -> SocketAddr {
        self.grpc
    }

    /// The address for HTTP.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How many files of a directory it has open.
    pub fn open_files(&self, directory: &Path) -> usize {
        let descriptors = std::fs::read_dir(format!("/proc/{}/fd", self.id())).unwrap();
        // One may have been closed meanwhile.
        let files = descriptors.filter_map(|descriptor| std::fs::read_link(descriptor.ok()?.path()).ok());
        files.filter(|file| file.starts_with(directory)).count()
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Asks it to read its settings again.
    pub fn reload(&self) {
        self.signal("HUP");
    }

    /// Stops it, as a hung machine would: the kernel accepts for it, and it never answers.
    pub async fn pause(&self) {
        self.signal("STOP");
        // That has been sent: threads that run on another core have yet to receive it.
        self.wait_for("a standstill", async || self.is_stopped()).await;
    }

    /// Lets it go on after [`Self::pause`].
    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        for _ in 0..LONG.as_millis() / POLL.as_millis() {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            sleep(POLL).await;
        }
        panic!("it does not end: {}", self.log());
    }

    /// Its log so far. A thread of its own writes the log, so the last lines may be missing while the program runs: see
    /// [`Self::line`].
    pub fn log(&self) -> String {
        read_log(self.logs.path())
    }

    /// Waits for a line of its log that has all these texts in it.
    pub async fn line(&self, texts: &[&str]) -> String {
        let find = || {
            let log = self.log();
            let found = log.lines().find(|line| texts.iter().all(|text| line.contains(text)));
            found.map(str::to_owned)
        };
        self.wait_for(&format!("a line with {texts:?}"), async || find().is_some())
            .await;
        find().unwrap()
    }

    /// The status and the body of an answer over HTTP; status 0 if there is none within two seconds.
    pub async fn get(&self, path: &str) -> (u16, String) {
        self.exchange(&format!("GET {path}"), "").await
    }

    /// The same, to a `POST` of JSON.
    pub async fn post(&self, path: &str, body: &str) -> (u16, String) {
        self.exchange(&format!("POST {path}"), body).await
    }

    /// The same, to any method.
    pub async fn request(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        self.exchange(&format!("{method} {path}"), body).await
    }

    /// The same, to a `PUT` of JSON.
    pub async fn put(&self, path: &str, body: &str) -> (u16, String) {
        self.exchange(&format!("PUT {path}"), body).await
    }

    /// The value of a metric without labels.
    pub async fn metric(&self, name: &str) -> f64 {
        let (_, figures) = self.get("/metrics").await;
        let line = figures
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no metric {name}")).parse().unwrap()
    }

    /// Waits until something is so.
    pub async fn wait_for(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let waited = timeout(LONG, async {
            while !is_so().await {
                sleep(POLL).await;
            }
        });
        assert!(waited.await.is_ok(), "waited in vain for {what}: {}", self.log());
    }

    async fn exchange(&self, what: &str, body: &str) -> (u16, String) {
        let answer = timeout(
            Duration::from_secs(2),
            exchange(self.http, (what, self.key.as_deref()), body),
        )
        .await;
        let Ok(Ok(answer)) = answer else {
            return (0, String::new());
        };
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.unwrap_or(0), body.to_owned())
    }

    /// Whether every thread is stopped.
    fn is_stopped(&self) -> bool {
        let mut threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        threads.all(|thread| {
            // The number, the name in brackets, the state.
            let status = std::fs::read_to_string(thread.unwrap().path().join("stat")).unwrap();
            status.rsplit(") ").next().unwrap().starts_with('T')
        })
    }

    /// Sends it this signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        // The kill of the shell: a slim system has no other.
        let command = format!("kill -{name} {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &command]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Errors say that it has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn spawn(program: &Path, store: &str, arguments: &[&str], log: &Path) -> Child {
    let mut command = command(program, store, arguments, [ANY_PORT; 2]);
    command.stderr(File::create(log).unwrap()).spawn().unwrap()
}

fn command(program: &Path, store: &str, arguments: &[&str], [grpc, http]: [&str; 2]) -> Command {
    let mut command = Command::new(program);
    command.args(["serve", "--grpc-addr", grpc, "--http-addr", http]);
    command.args(["--store", store, "--log-format", "json"]);
    command.args(arguments);
    // The machine may be busy; a test that means deadlines says so.
    command.env_clear().env("RINGWARDEN_LOOKUP_BUDGET", "10s");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// The addresses of gRPC and HTTP, from the program's log line.
async fn addresses(child: &mut Child, logs: &Path) -> (SocketAddr, SocketAddr) {
    for _ in 0..LONG.as_millis() / POLL.as_millis() {
        let log = read_log(logs);
        // An earlier release says it in plain text between the lines of JSON.
        let banner = log
            .lines()
            .find(|line| line.contains(GRPC_ON) && line.contains(HTTP_ON));
        // The last character may not have been written yet.
        if let Some(banner) = banner.filter(|_| log.ends_with('\n')) {
            let after = |name: &str| banner.split(name).nth(1).unwrap().split([',', '"']).next().unwrap();
            return (after(GRPC_ON).parse().unwrap(), after(HTTP_ON).parse().unwrap());
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended: {log}");
        sleep(POLL).await;
    }
    panic!("it does not start: {}", read_log(logs));
}

fn read_log(logs: &Path) -> String {
    std::fs::read_to_string(logs.join("log")).unwrap()
}

async fn exchange(address: SocketAddr, (what, key): (&str, Option<&str>), body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let length = body.len();
    let credential = key.map(|key| format!("Authorization: Bearer {key}\r\n"));
    let credential = credential.unwrap_or_default();
    let head = format!("{what} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n");
    let request = format!("{head}{credential}Content-Type: application/json\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
