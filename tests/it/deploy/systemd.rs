//! The unit of the server.

use std::process::Command;

use tempfile::TempDir;

use super::{run, said, seconds, settings, text};

const UNIT: &str = "systemd/ringwarden.service";
/// The highest exposure, of 100, that `systemd-analyze security` may find.
const MAX_EXPOSURE: &str = "--threshold=20";

/// The values of a setting of the unit.
fn values(name: &str) -> Vec<String> {
    let unit = text(UNIT);
    let lines = unit
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    lines.map(str::to_owned).collect()
}

/// The unit, with the lines for TLS.
fn with_tls() -> String {
    text(UNIT)
        .replace("#LoadCredential=", "LoadCredential=")
        .replace("#Environment=", "Environment=")
}

#[test]
fn systemd_accepts_the_units_and_finds_them_closed() {
    let directory = TempDir::new().unwrap();
    let units = [
        ("ringwarden.service", text(UNIT)),
        ("ringwarden-tls.service", with_tls()),
        ("ringwarden-pull.service", text("systemd/ringwarden-pull.service")),
    ];
    for (name, unit) in units {
        // systemd looks whether the program exists, so it gets the one that was built.
        let copy = directory.path().join(name);
        let unit = unit.replace("/usr/local/bin/ringwarden", env!("CARGO_BIN_EXE_ringwarden"));
        std::fs::write(&copy, unit).unwrap();
        let verified = run(Command::new("systemd-analyze").arg("verify").arg(&copy), "systemd");
        assert!(verified.status.success(), "{}", said(&verified));
        assert_eq!(said(&verified).trim(), "", "{}", copy.display());
    }
    let copy = directory.path().join("ringwarden.service");
    let mut security = Command::new("systemd-analyze");
    security.args(["security", "--offline=yes", MAX_EXPOSURE]).arg(copy);
    let security = run(&mut security, "systemd");
    assert!(security.status.success(), "{}", said(&security));
}

/// As it stands, no local user gets in without a key; with its lines for TLS, each file of the settings is a credential.
#[test]
fn the_unit_is_closed_as_it_stands() {
    let folder = format!("/var/lib/{}", values("StateDirectory")[0]);
    let admin = format!("RINGWARDEN_BOOTSTRAP_ADMIN={folder}/admin.key");
    assert!(values("Environment").contains(&admin), "{admin}");
    let (settings, unit) = (settings(), with_tls());
    let mut files = 0;
    for line in unit.lines() {
        if let Some((name, file)) = line
            .strip_prefix("Environment=")
            .and_then(|line| line.split_once("=%d/"))
        {
            assert!(settings.contains(name), "no variable {name}");
            assert!(unit.contains(&format!("\nLoadCredential={file}:")), "{file}");
            files += 1;
        }
    }
    assert_eq!(files, 3);
}

#[test]
fn the_unit_waits_for_grace_and_drain() {
    let variables = values("Environment");
    let of = |name: &str| {
        let value = variables
            .iter()
            .find_map(|variable| variable.strip_prefix(name)?.strip_prefix('='));
        value.unwrap_or_else(|| panic!("no {name}"))
    };
    let stop = seconds(of("RINGWARDEN_SHUTDOWN_GRACE")) + seconds(of("RINGWARDEN_DRAIN_DEADLINE"));
    assert!(seconds(&values("TimeoutStopSec")[0]) > stop);
}

#[test]
fn the_unit_names_settings_that_exist() {
    let settings = settings();
    for variable in values("Environment") {
        let (name, _) = variable.split_once('=').unwrap();
        assert!(settings.contains(name), "no variable {name}");
    }
    assert_eq!(values("ExecStart"), ["/usr/local/bin/ringwarden serve"]);
    let store = format!(
        "RINGWARDEN_STORE=embedded:/var/lib/{}/data",
        values("StateDirectory")[0]
    );
    assert!(values("Environment").contains(&store), "{store}");
}
