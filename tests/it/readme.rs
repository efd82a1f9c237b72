//! The documents for people are checked here: the tables of settings, metrics and reason codes are those of the
//! program, every link between documents leads somewhere, and the README stays short.
//!
//! A table stands between `<!-- NAME -->` and `<!-- /NAME -->`. A failing test prints the table that belongs there.
//! `RINGWARDEN_WRITE_TABLES=1 cargo test readme` writes it into the document instead.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first thing it does not expect"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use ringwarden::api::ACCESS;
use ringwarden::config::SETTINGS;
use ringwarden::domain::reason_code::ReasonCode;
use ringwarden::metrics::CATALOGUE;

/// Documents and folders of documents whose links are checked.
const DOCUMENTS: &[&str] = &[
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "docs",
    "deploy",
];

/// The README has fewer lines than this.
const README_LINES: usize = 250;

#[test]
fn settings_are_listed() {
    let rows = SETTINGS.iter().map(|setting| {
        let default = setting.default.map_or(String::new(), |default| format!("`{default}`"));
        let variable = setting.variable();
        format!(
            "| `--{}` | `{variable}` | `{}` | {default} | {} |",
            setting.flag, setting.key, setting.meaning
        )
    });
    let head = "| Flag | Variable | Key of the file | Default | Meaning |\n|---|---|---|---|---|";
    check_table("docs/settings.md", "settings", head, rows);
}

#[test]
fn metrics_are_listed() {
    let rows = CATALOGUE
        .iter()
        .map(|(name, kind, help)| format!("| `{name}` | {} | {help} |", kind.name()));
    check_table(
        "docs/metrics.md",
        "metrics",
        "| Metric | Type | Meaning |\n|---|---|---|",
        rows,
    );
}

#[test]
fn roles_of_methods_are_listed() {
    let rows = ACCESS.iter().map(|row| {
        let roles: Vec<_> = row.roles.iter().map(|role| format!("`{role}`")).collect();
        format!("| `{}.{}` | {} |", row.service, row.method, roles.join(", "))
    });
    check_table("docs/identity.md", "access", "| Method | Roles |\n|---|---|", rows);
}

/// The meanings are written by hand; every code has exactly one row.
#[test]
fn reason_codes_are_listed() {
    let text = read(Path::new("docs/scoring.md"));
    let (_, rest) = text.split_once("<!-- reasons -->").unwrap();
    let (table, _) = rest.split_once("<!-- /reasons -->").unwrap();
    let mut listed: Vec<_> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(code, _)| code)
        .collect();
    listed.sort_unstable();
    let mut codes: Vec<_> = ReasonCode::ALL.iter().map(|code| code.name()).collect();
    codes.sort_unstable();
    assert_eq!(listed, codes);
}

#[test]
fn readme_is_short_and_starts_with_two_commands() {
    let readme = read(Path::new("README.md"));
    let lines = readme.lines().count();
    assert!(
        lines < README_LINES,
        "README.md has {lines} lines: move details to docs/"
    );
    assert!(readme.contains("```sh\ncargo run --release -- demo\nbash .ci/run\n```"));
}

#[test]
fn readme_links_to_every_page() {
    let linked: BTreeSet<PathBuf> = links(&read(Path::new("README.md"))).map(PathBuf::from).collect();
    let missing: Vec<_> = documents()
        .into_iter()
        .filter(|page| page.parent() == Some(Path::new("docs")) && !linked.contains(page))
        .collect();
    assert!(missing.is_empty(), "README.md does not link to {missing:?}");
}

#[test]
fn links_have_targets() {
    let pages: BTreeMap<PathBuf, String> = documents()
        .into_iter()
        .map(|path| (path.clone(), read(&path)))
        .collect();
    assert!(pages.len() > 10, "few documents found: {:?}", pages.keys());
    let mut broken = Vec::new();
    for (page, text) in &pages {
        for link in links(text).filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                page.clone()
            } else {
                normal(&page.parent().unwrap().join(file))
            };
            let found = match pages.get(&target) {
                Some(text) => anchor.is_empty() || anchors(text).contains(anchor),
                None => anchor.is_empty() && root().join(&target).exists(),
            };
            if !found {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

/// Compares a table of a document with the program, or writes it there if `RINGWARDEN_WRITE_TABLES` is set.
pub(crate) fn check_table(document: &str, name: &str, head: &str, rows: impl Iterator<Item = String>) {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let rows: String = rows.map(|row| row + "\n").collect();
    let table = format!("\n{head}\n{rows}\n");
    let text = read(Path::new(document));
    let (before, rest) = text
        .split_once(&begin)
        .unwrap_or_else(|| panic!("{document} has no {begin}"));
    let (found, after) = rest
        .split_once(&end)
        .unwrap_or_else(|| panic!("{document} has no {end}"));
    if found == table {
        return;
    }
    if std::env::var_os("RINGWARDEN_WRITE_TABLES").is_some() {
        fs::write(root().join(document), format!("{before}{begin}{table}{end}{after}")).unwrap();
    } else {
        panic!("{document} does not hold this table:\n{begin}{table}{end}");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file of the project.
fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All documents whose links are checked, by their path from the project's folder.
pub fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = DOCUMENTS.iter().map(PathBuf::from).collect();
    while let Some(path) = open.pop() {
        if root().join(&path).is_dir() {
            let entries = fs::read_dir(root().join(&path)).unwrap();
            open.extend(entries.map(|entry| path.join(entry.unwrap().file_name())));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found
}

/// The targets of the Markdown links and images of a text, those in blocks of code excepted.
fn links(text: &str) -> impl Iterator<Item = &str> {
    prose(text).flat_map(|line| line.split("](").skip(1).filter_map(|rest| rest.split(')').next()))
}

/// The anchors that GitHub gives to the headings of a text.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let headings = prose(text).filter_map(|line| line.strip_prefix('#')?.trim_start_matches('#').strip_prefix(' '));
    headings
        .map(|heading| {
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            let slug = kept.collect::<String>().to_lowercase().replace(' ', "-");
            let before = counts.entry(slug.clone()).or_default();
            *before += 1;
            if *before == 1 {
                slug
            } else {
                format!("{slug}-{}", *before - 1)
            }
        })
        .collect()
}

/// The lines of a text that do not stand in a block of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut parts = Vec::new();
    for part in path.components() {
        if part == Component::ParentDir {
            parts.pop();
        } else if part != Component::CurDir {
            parts.push(part);
        }
    }
    parts.iter().collect()
}

/// Programs match on these names, so the document must have each of them, and no other.
#[test]
fn error_reasons_are_listed() {
    let text = read(Path::new("docs/http.md"));
    let table = text.split("| Reason | Meaning |").nth(1).unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let listed: Vec<_> = rows.map(|row| row.split('`').nth(1).unwrap()).collect();
    assert_eq!(listed, ringwarden::api::ErrorReason::NAMES);
}
