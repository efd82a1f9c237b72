//! The README's tables of settings and metrics are those of the program, word for word.
//!
//! Each table stands between `<!-- NAME -->` and `<!-- /NAME -->`. A test that fails prints what should stand there.

use std::fs;
use std::path::Path;

use ringwarden::config::SETTINGS;
use ringwarden::metrics::CATALOGUE;

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
    check(
        "settings",
        "| Flag | Variable | Key of the file | Default | Meaning |\n|---|---|---|---|---|",
        rows,
    );
}

#[test]
fn metrics_are_listed() {
    let rows = CATALOGUE
        .iter()
        .map(|(name, kind, help)| format!("| `{name}` | {} | {help} |", kind.name()));
    check("metrics", "| Metric | Type | Meaning |\n|---|---|---|", rows);
}

fn check(name: &str, head: &str, rows: impl Iterator<Item = String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(path).unwrap_or_default();
    let mut expected = format!("<!-- {name} -->\n\n{head}\n");
    for row in rows {
        expected.push_str(&row);
        expected.push('\n');
    }
    expected.push_str(&format!("\n<!-- /{name} -->"));
    assert!(
        readme.contains(&expected),
        "README.md does not hold this table:\n{expected}"
    );
}
