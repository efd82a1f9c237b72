//! System calls of a running process that fail, by strace.

use std::fs;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::sleep;

/// The most checks whether strace has attached itself, and the pause between them.
const MAX_CHECKS: usize = 1_000;
const POLL: Duration = Duration::from_millis(10);

/// Lets calls of a process fail until it is dropped.
pub struct Strace(Child);

impl Strace {
    /// Lets all threads of a process fail as `inject` says, such as `fsync:error=EIO`.
    ///
    /// # Errors
    /// Why that cannot be done here.
    pub async fn attach(process: u32, inject: &str) -> Result<Self, String> {
        let (calls, _) = inject.split_once(':').unwrap();
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o", "/dev/null", "-p", &process.to_string()]);
        command.args(["-e", &format!("trace={calls}"), "-e", &format!("inject={inject}")]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let child = command.spawn().map_err(|error| format!("strace: {error}"))?;
        let mut strace = Self(child);
        for _ in 0..MAX_CHECKS {
            if is_traced(process) {
                return Ok(strace);
            }
            if strace.0.try_wait().unwrap().is_some() {
                let mut said = String::new();
                strace.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
                return Err(said.trim().replace('\n', " "));
            }
            sleep(POLL).await;
        }
        Err("strace does not attach itself".to_owned())
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        // Asked to end, it leaves the process as it was.
        let command = format!("kill -INT {}", self.0.id());
        Command::new("sh").args(["-c", &command]).status().ok();
        self.0.wait().ok();
    }
}

/// Whether all threads of a process are traced.
fn is_traced(process: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else {
        return false;
    };
    let mut threads = threads.flatten();
    threads.all(|thread| {
        let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        !status.contains("TracerPid:\t0\n")
    })
}
