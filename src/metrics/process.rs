//! Figures of this process that the operating system reports.

use std::fs;

const BYTES_PER_KIB: f64 = 1_024.0;

/// Resident memory of this process, in bytes; `None` if the system has no `/proc`.
pub(super) fn resident_memory_bytes() -> Option<f64> {
    resident_of(&fs::read_to_string("/proc/self/status").ok()?)
}

/// Open file descriptors of this process, including the one that reads the list; `None` if the system has no `/proc`.
pub(super) fn open_fds() -> Option<f64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    u32::try_from(count).ok().map(f64::from)
}

/// File descriptors that this process may open.
pub(super) fn max_fds() -> Option<f64> {
    max_fds_of(&fs::read_to_string("/proc/self/limits").ok()?)
}

/// The soft limit of `/proc/PID/limits`; see proc_pid_limits(5).
fn max_fds_of(limits: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(f64::INFINITY),
        soft => soft.parse::<u32>().ok().map(f64::from),
    }
}

/// `VmRSS` of `/proc/PID/status`, in bytes. In this file, "kB" means 1,024 bytes; see proc_pid_status(5).
fn resident_of(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * BYTES_PER_KIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_from_status() {
        let status = "Name:\tringwarden\nVmHWM:\t  999 kB\nVmRSS:\t    2048 kB\nThreads:\t4\n";
        assert_eq!(resident_of(status), Some(2_097_152.0));
        assert_eq!(resident_of("Name:\tkthreadd\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_and_descriptors_are_read_on_linux() {
        assert!(resident_memory_bytes().unwrap() > 100_000.0);
        assert!(open_fds().unwrap() >= 3.0);
        assert!(max_fds().unwrap() >= open_fds().unwrap());
    }
}
