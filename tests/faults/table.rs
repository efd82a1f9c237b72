//! The table of `docs/reliability.md`.

use std::fs;
use std::path::Path;

use crate::outcome::Played;

/// The lines between which the table stands in the document.
const BEGIN: &str = "<!-- table of the fault harness -->";
const END: &str = "<!-- end of the table -->";

const HEAD: &str = "| Fault | Rounds | Acknowledged | Lost | Twice | Unknown | Lookups | Failed | Untrue | Healed within |\n\
                    |---|---|---|---|---|---|---|---|---|---|";

pub fn line(row: &Played) -> String {
    let Played { name, rounds, outcome } = row;
    if let Some(why) = &outcome.skipped {
        return format!("| {name} | skipped: {why} | | | | | | | | |");
    }
    format!(
        "| {name} | {rounds} | {} | {} | {} | {} | {} | {} | {} | {:.1} s |",
        outcome.acknowledged,
        outcome.lost,
        outcome.twice,
        outcome.unknown,
        outcome.lookups,
        outcome.lookups_failed,
        outcome.untrue,
        outcome.healed_in.as_secs_f64(),
    )
}

pub fn of(rows: &[Played]) -> String {
    let lines: Vec<String> = rows.iter().map(line).collect();
    format!("{HEAD}\n{}", lines.join("\n"))
}

/// Replaces the table of a document.
pub fn write(path: &Path, table: &str) {
    let document = fs::read_to_string(path).unwrap();
    let (before, rest) = document.split_once(BEGIN).expect("a place for the table");
    let (_, after) = rest.split_once(END).expect("the end of the table");
    fs::write(path, format!("{before}{BEGIN}\n{table}\n{END}{after}")).unwrap();
}
