//! Checks of the code's own rules: allowed imports, the folders that may use a crate, the length of files, forbidden
//! texts. Every violation is reported with its file and line.

mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use source::Named;

/// A file of the project: its path from the project's folder, with `/` between the parts, and its text.
struct File {
    path: String,
    text: String,
}

const LINES_MAX: usize = 500;

/// The allowed imports of each module of the library: a module, or one name of it. Clock, tasks, metrics and the like
/// are beside the layers: they know at most the domain, and everything above the domain may use them.
const IMPORTS: &[(&str, &[&str])] = &[
    ("number", &[]),
    ("domain", &["number"]),
    ("shard", &["domain", "number"]),
    ("codec", &["domain", "number", "shard"]),
    ("index", &["codec", "shard", "domain", "number", "clock"]),
    ("traffic", &["domain", "number"]),
    ("replay", &["index", "domain", "number"]),
    ("evaluate", &["replay", "index", "domain", "number", "shard"]),
    ("fit", &["evaluate", "replay", "index", "domain", "number", "shard"]),
    ("store", &["codec", "shard", "domain", "number"]),
    ("inspect", &["store", "codec", "shard", "domain", "number"]),
    (
        "follow",
        &[
            "inspect", "index", "store", "codec", "shard", "domain", "number", "clock", "metrics", "tasks",
        ],
    ),
    (
        "snapshot",
        &[
            "follow", "index", "store", "codec", "shard", "domain", "number", "clock", "metrics", "tasks",
        ],
    ),
    (
        "service",
        &[
            "index", "traffic", "store", "inspect", "follow", "codec", "shard", "domain", "number", "clock", "metrics",
            "tasks",
        ],
    ),
    (
        "api",
        &[
            "service",
            "index::Freshness",
            "index::StoreState",
            "domain",
            "number",
            "wire",
            "clock",
            "metrics",
            "decision_log",
            "tokens",
        ],
    ),
    (
        "decision_log",
        &["clock", "config", "domain", "lines", "metrics", "number"],
    ),
    ("edge", &["api", "clock", "metrics", "net", "tasks"]),
    // The edges do not know each other, nor what is behind the api.
    (
        "grpc",
        &["api", "edge", "wire", "clock", "config", "metrics", "net", "tasks"],
    ),
    (
        "http",
        &["api", "edge", "wire", "clock", "config", "metrics", "net", "tasks"],
    ),
    ("clock", &["domain"]),
    ("config", &["domain"]),
    ("lines", &["clock"]),
    ("metrics", &["domain", "store", "clock"]),
    ("net", &["clock", "metrics", "tasks"]),
    ("signals", &["tasks"]),
    ("stable_enum", &[]),
    ("tasks", &["clock"]),
    ("telemetry", &["clock", "config", "lines", "metrics"]),
    ("tokens", &["clock", "config", "domain"]),
    // The limits of repeated fields.
    ("wire", &["domain", "stable_enum"]),
];

/// What puts the modules together, and may import all of them.
const IMPORT_EVERYTHING: &[&str] = &["app", "cli", "lib", "main"];

/// The only places that may name a crate or a module.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("tonic", &["src/grpc/", "src/cli/", "src/wire.rs"]),
    ("tonic_types", &["src/grpc/", "src/cli/"]),
    ("tonic_health", &["src/grpc/", "src/cli/"]),
    (
        "tower",
        &[
            "src/edge.rs",
            "src/edge/",
            "src/grpc/",
            "src/http/",
            "src/app/edge_tests.rs",
        ],
    ),
    ("tower_http", &["src/edge.rs"]),
    ("governor", &["src/api/rates.rs"]),
    (
        "crate::wire",
        &[
            "src/wire.rs",
            "src/wire/",
            "src/api/",
            "src/grpc/",
            "src/http/",
            "src/cli/",
            "src/app.rs",
        ],
    ),
    ("hyper", &["src/http/"]),
    ("hyper_util", &["src/http/", "src/grpc/"]),
    ("prost_types", &["src/http/openapi/", "src/wire.rs"]),
    // A dependency of the build script and of tests alone.
    ("phonenumber", &["src/number/"]),
    ("redis", &["src/store/"]),
    ("fjall", &["src/store/"]),
    (
        "rustix",
        &[
            "src/clock.rs",
            "src/app/",
            "src/tasks/",
            "src/net/",
            "src/store/embedded/",
        ],
    ),
    ("nix", &["src/net/received.rs"]),
    ("x509_parser", &["src/net/tls/"]),
    ("clap", &["src/cli/", "src/config/", "src/main.rs"]),
    // Crates that only replays and fits need; a server does not use them.
    ("clarabel", &["src/fit/"]),
    // Files and servers of other parties.
    ("calamine", &["src/cli/import/"]),
    ("chrono_tz", &["src/cli/import/"]),
    ("encoding_rs", &["src/cli/import/"]),
    ("ureq", &["src/cli/pull/", "src/app/token_keys/"]),
    ("jsonwebtoken", &["src/tokens/"]),
    ("ring::signature", &["src/tokens/"]),
    ("zip", &["src/cli/import/"]),
    ("rayon", &["src/fit/", "src/evaluate/"]),
    ("rand_chacha", &["src/replay/", "src/fit/", "src/evaluate/"]),
    ("plotters", &["src/evaluate/plots/"]),
    ("tokio::spawn", &["src/tasks.rs"]),
    ("tokio::task::spawn", &["src/tasks.rs"]),
    ("tokio::task::JoinSet", &["src/tasks.rs"]),
];

/// Names that some places may not use, although others may.
const NEVER_IN: &[(&str, &[&str])] = &[
    (
        "tokio",
        &[
            "src/number/",
            "src/domain/",
            "src/index/",
            "src/traffic/",
            "src/replay/",
            "src/evaluate/",
            "src/fit/",
            "src/config/",
            "src/metrics/",
        ],
    ),
    // The api has no transport.
    ("http", &["src/api/", "src/service/"]),
    ("http_body_util", &["src/api/", "src/service/"]),
    ("std::fs", &["src/number/", "src/domain/", "src/index/", "src/service/"]),
    (
        "std::net",
        &["src/number/", "src/domain/", "src/index/", "src/service/"],
    ),
];

#[test]
fn imports_point_one_way() {
    check(&files(&["src"]), |file, named| {
        let own = module(&file.path).first()?.clone();
        let (_, allowed) = IMPORTS.iter().find(|(module, _)| *module == own)?;
        let imported = imported_path(file, named)?;
        let first = imported.first()?.as_str();
        let is_module = IMPORT_EVERYTHING.contains(&first) || IMPORTS.iter().any(|(module, _)| *module == first);
        let is_allowed = first == own || allowed.iter().any(|allowed| begins_with(imported, allowed));
        (is_module && !is_allowed).then(|| format!("`{own}` may not import `{}`", imported.join("::")))
    });
}

/// A new module has no imports until it is listed.
#[test]
fn every_module_has_a_rule_for_its_imports() {
    let modules: BTreeSet<String> = files(&["src"])
        .iter()
        .filter_map(|file| module(&file.path).into_iter().next())
        .collect();
    let listed: BTreeSet<String> = IMPORTS
        .iter()
        .map(|(module, _)| *module)
        .chain(IMPORT_EVERYTHING.iter().copied())
        .map(str::to_owned)
        .collect();
    assert_eq!(modules, listed);
}

/// The files of the service that answer lookups.
const LOOKUP_FILES: &[&str] = &[
    "src/service/lookup/",
    "src/service/decision/",
    "src/service/facts.rs",
    "src/service/identity.rs",
];

/// The names that these files may use. None of the modules can reach a store: `imports_point_one_way` checks that for
/// each of them.
const LOOKUP_IMPORTS: &[&str] = &[
    "index",
    "traffic",
    "domain",
    "number",
    "codec",
    "shard",
    "clock",
    "service::lookup",
    "service::decision",
    "service::facts",
    "service::identity",
    "service::key_file",
    "service::ServiceError",
];

/// The type `Lookups` has no path to a `Store`: a lookup cannot wait for one.
#[test]
fn lookups_cannot_reach_a_store() {
    for module in LOOKUP_IMPORTS.iter().filter(|module| !module.contains("::")) {
        let (_, allowed) = IMPORTS.iter().find(|(name, _)| name == module).unwrap();
        let reaches = allowed
            .iter()
            .any(|import| ["store", "follow", "service"].contains(&import.split("::").next().unwrap()));
        assert!(!reaches, "`{module}` reaches the store");
    }
    let lookup_files: Vec<File> = files(&["src"])
        .into_iter()
        .filter(|file| LOOKUP_FILES.iter().any(|part| file.path.starts_with(part)))
        .collect();
    assert!(lookup_files.len() >= 10, "the files of lookups have moved");
    check(&lookup_files, outside_of_lookups);
    for file in &lookup_files {
        assert!(!file.text.contains(".notes("), "{}: a lookup reads notes", file.path);
    }
    // The check sees a store by each of the ways that lead to one.
    for import in [
        "use crate::store::Store;",
        "use super::super::writer::Writer;",
        "use crate::service::Services;",
    ] {
        let file = File {
            path: "src/service/lookup/find.rs".to_owned(),
            text: import.to_owned(),
        };
        let found = source::paths(import)
            .iter()
            .any(|named| outside_of_lookups(&file, named).is_some());
        assert!(found, "{import}");
    }
}

fn outside_of_lookups(file: &File, named: &Named) -> Option<String> {
    let path = absolute_path(file, named)?;
    // `pub(in crate::service)` names a module that the file is in.
    let is_visibility = module(&file.path).starts_with(&path);
    let is_allowed = is_visibility || LOOKUP_IMPORTS.iter().any(|allowed| begins_with(&path, allowed));
    (!is_allowed).then(|| format!("lookups may not name `{}`", path.join("::")))
}

#[test]
fn crates_stay_where_they_belong() {
    check(&files(&["src"]), |file, named| {
        let is_in = |places: &[&str]| places.iter().any(|place| file.path.starts_with(place));
        // A name alone is a variable or a module that the file declares.
        let is_path = named.path.len() > 1;
        let outside = ONLY_IN
            .iter()
            .find(|(what, places)| begins_with(&named.path, what) && !is_in(places));
        let inside = NEVER_IN
            .iter()
            .find(|(what, places)| begins_with(&named.path, what) && is_in(places));
        let (what, _) = outside.or(inside).filter(|_| is_path)?;
        Some(format!("`{what}` may not be named here"))
    });
}

/// What the client commands print passes through `cli/output.rs` or `cli/data_out.rs`, which leave nothing in it that controls
/// a terminal. These others print only what this program makes.
const PRINTS: &[&str] = &[
    "src/cli/output.rs",
    "src/cli/data_out.rs",
    "src/cli/completions.rs",
    "src/cli/emergency_cfg.rs",
    "src/cli/normalize.rs",
    "src/cli/parse.rs",
    "src/cli/serve/mod.rs",
    // Styles and questions, whose text is made harmless there.
    "src/cli/error.rs",
    "src/cli/confirm.rs",
    // Whether it is a terminal, and the end of what was written.
    "src/cli/lookup/file/mod.rs",
    "src/cli/lookup/file/output.rs",
];

#[test]
fn texts_reach_the_terminal_through_few_files() {
    check(&files(&["src/cli"]), |file, named| {
        let [.., of, last] = named.path.as_slice() else {
            return None;
        };
        let is_stream = ["io", "anstream"].contains(&of.as_str()) && ["stdout", "stderr"].contains(&last.as_str());
        (is_stream && !PRINTS.contains(&file.path.as_str())).then(|| format!("`{of}::{last}` may not be named here"))
    });
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut violations = Vec::new();
    for File { path, text } in files(&["src", "tests", "benches"]) {
        let lines = text.lines().count();
        if lines > LINES_MAX {
            violations.push(format!("{path}:{lines}: longer than {LINES_MAX} lines"));
        }
        if !text.starts_with("//! ") {
            violations.push(format!("{path}:1: does not begin with `//!`"));
        }
    }
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn nothing_names_a_machine() {
    // In two halves, or this line would be a violation.
    let folders = [
        ("/ho", "me/"),
        ("/ro", "ot/"),
        ("/t", "mp/"),
        ("/wo", "rk/"),
        ("/Us", "ers/"),
    ];
    let mut violations = Vec::new();
    for File { path, text } in files(&["src", "tests", "benches", "proto"]) {
        for (number, line) in (1..).zip(text.lines()) {
            let named = folders.iter().map(|(one, two)| format!("{one}{two}")).find(|folder| {
                // After a letter or a dot it is part of another path.
                line.match_indices(folder)
                    .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '.'))
            });
            if let Some(folder) = named {
                violations.push(format!("{path}:{number}: names {folder}"));
            }
        }
    }
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

/// Fails with the violations that `violation` finds in the paths that files name.
fn check(files: &[File], violation: impl Fn(&File, &Named) -> Option<String>) {
    let mut violations = Vec::new();
    for file in files {
        for named in source::paths(&file.text) {
            if let Some(what) = violation(file, &named) {
                violations.push(format!("{}:{}: {what}", file.path, named.line));
            }
        }
    }
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

/// The full path of a path that begins with `crate` or `super`.
fn absolute_path(file: &File, named: &Named) -> Option<Vec<String>> {
    let climbs = named.path.iter().take_while(|part| *part == "super").count();
    if named.path.first()? == "crate" {
        return Some(named.path.get(1..)?.to_vec());
    }
    if climbs == 0 {
        return None;
    }
    let own = module(&file.path);
    let mut path = own.get(..own.len().checked_sub(climbs)?)?.to_vec();
    path.extend_from_slice(named.path.get(climbs..)?);
    Some(path)
}

/// The full path within the library, if the path begins with `crate` or climbs to it with `super`.
fn imported_path<'a>(file: &File, named: &'a Named) -> Option<&'a [String]> {
    let climbs = named.path.iter().take_while(|part| *part == "super").count();
    let is_from_top = named.path.first()? == "crate" || (climbs > 0 && climbs >= module(&file.path).len());
    named.path.get(climbs.max(1)..).filter(|_| is_from_top)
}

fn begins_with(path: &[String], beginning: &str) -> bool {
    let beginning: Vec<_> = beginning.split("::").collect();
    path.len() >= beginning.len() && path.iter().zip(beginning).all(|(part, wanted)| part == wanted)
}

/// The module that a file of `src` holds, as the names that lead to it.
fn module(path: &str) -> Vec<String> {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs");
    let path = path.trim_end_matches("/mod");
    path.split('/').map(str::to_owned).collect()
}

fn files(folders: &[&str]) -> Vec<File> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in folders {
        collect(&root, &root.join(folder), &mut found);
    }
    assert!(!found.is_empty(), "no files in {folders:?}");
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<File>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut entries: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            collect(root, &entry, found);
        } else if entry
            .extension()
            .is_some_and(|extension| extension == "rs" || extension == "proto")
        {
            let path = entry.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            let text = fs::read_to_string(&entry).unwrap();
            found.push(File { path, text });
        }
    }
}

#[test]
fn climbing_out_of_a_module_is_seen() {
    let file = File {
        path: "src/domain/score.rs".to_owned(),
        text: "use super::super::store::Store; use super::kinds::Action; use crate::{index::Index};".to_owned(),
    };
    let imported: Vec<_> = source::paths(&file.text)
        .iter()
        .filter_map(|named| imported_path(&file, named).map(|path| path.join("::")))
        .collect();
    assert_eq!(imported, ["store::Store", "index::Index"]);
}

#[test]
#[should_panic(expected = "src/domain/score.rs:2: bad")]
fn a_violation_is_reported_with_its_place() {
    let file = File {
        path: "src/domain/score.rs".to_owned(),
        text: "\nuse tokio::sync::Mutex;".to_owned(),
    };
    check(&[file], |_, named| {
        named.path.starts_with(&["tokio".to_owned()]).then(|| "bad".to_owned())
    });
}
