//! The resident memory of a program, as the system counts it.

use super::program::Program;

/// The resident memory of a program, in KiB.
#[derive(Clone, Copy, Debug)]
pub struct Resident {
    pub now: u64,
    /// The most since its start, or since [`forget_highest`].
    pub highest: u64,
}

impl Resident {
    pub fn of(program: &Program) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
        };
        Self {
            now: of("VmRSS:"),
            highest: of("VmHWM:"),
        }
    }
}

/// Counts the highest resident memory of a program from now on (proc(5), `clear_refs`).
pub fn forget_highest(program: &Program) {
    std::fs::write(format!("/proc/{}/clear_refs", program.id()), "5").unwrap();
}
