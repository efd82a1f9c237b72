//! What the program writes is for its own user, also where the umask lets others read everything.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::program::Program;

/// The program, run with umask 0. A shell writes the script: a file that this process has open for writing, or a child that it
/// forks meanwhile, cannot be run.
fn lax(folder: &Path) -> PathBuf {
    const WRITE: &str = r#"printf '#!/bin/sh\numask 0\nexec %s "$@"\n' "$1" > "$2" && chmod 700 "$2""#;
    let script = folder.join("lax.sh");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", WRITE, "sh", env!("CARGO_BIN_EXE_ringwarden")])
        .arg(&script);
    assert!(shell.status().unwrap().success());
    script
}

/// Everything below a folder that other users have rights on, and how many things there are.
fn open_to_others(folder: &Path, found: &mut Vec<String>) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            found.push(format!("{} {mode:o}", path.display()));
        }
        count += 1;
        if metadata.is_dir() {
            count += open_to_others(&path, found);
        }
    }
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_the_server_are_for_its_user_whatever_the_umask_is() {
    let folder = tempfile::tempdir().unwrap();
    let script = lax(folder.path());
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (store, log, key) = (
        format!("embedded:{}", at("data/store")),
        at("decisions.jsonl"),
        at("admin.key"),
    );
    let mut server = Program::serve_by(&script, &store, &["--decision-log", &log, "--bootstrap-admin", &key]).await;
    server.line(&["the principal `admin` was made"]).await;
    server.terminate();
    assert!(server.ended().await.success());
    let mut found = Vec::new();
    // The script, the log, the key, the store with its lock and its engine.
    assert!(open_to_others(folder.path(), &mut found) > 8);
    assert_eq!(found, Vec::<String>::new());
}

/// A list of one number, and a row that is wrong.
#[test]
fn the_file_of_rejected_rows_is_neither_the_input_nor_a_link_nor_readable() {
    let folder = tempfile::tempdir().unwrap();
    let script = lax(folder.path());
    let at = |name: &str| folder.path().join(name);
    let rows = "number,source,date\n+14155550123,own,2026-01-31\nnobody,own,2026-01-31\n";
    fs::write(at("list.csv"), rows).unwrap();
    fs::hard_link(at("list.csv"), at("hard.csv")).unwrap();
    std::os::unix::fs::symlink(at("list.csv"), at("soft.csv")).unwrap();
    fs::write(at("lax.csv"), "older rows").unwrap();
    fs::set_permissions(at("lax.csv"), fs::Permissions::from_mode(0o666)).unwrap();
    let import = |rejects: &str, input: Option<&str>| {
        let mut command = Command::new(&script);
        let list = at("list.csv");
        let file = input.map_or(list.to_str().unwrap(), |_| "-");
        command.args([
            "import",
            "list",
            file,
            "--kind",
            "tenant-block",
            "--list-id",
            "l",
            "--rejects",
        ]);
        command.arg(at(rejects)).env_clear();
        if let Some(input) = input {
            command.stdin(fs::File::open(at(input)).unwrap());
        }
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    for (rejects, input, problem) in [
        ("list.csv", None, "it is the file that is read"),
        ("hard.csv", None, "it is the file that is read"),
        ("soft.csv", None, "it is a symbolic link"),
        ("hard.csv", Some("list.csv"), "it is the file that is read"),
    ] {
        let said = import(rejects, input);
        assert!(said.contains(problem), "{rejects}: {said}");
        assert_eq!(fs::read_to_string(at("list.csv")).unwrap(), rows);
    }
    for rejects in ["new.csv", "lax.csv"] {
        let said = import(rejects, None);
        assert!(said.contains("the rejected rows are in"), "{said}");
        let mode = fs::metadata(at(rejects)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{rejects}");
        assert!(
            fs::read_to_string(at(rejects))
                .unwrap()
                .starts_with("line,reason,row\n3,")
        );
    }
}
