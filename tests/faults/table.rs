//! The table of `docs/reliability.md`.

use std::fs;
use std::path::Path;

use crate::outcome::Played;

/// The lines between which the table stands in the document.
const BEGIN: &str = "<!-- table of the fault harness -->";
const END: &str = "<!-- end of the table -->";

const HEAD: &str = "| Fault | Rounds | Acknowledged | Lost | Twice | Unknown | Lookups | Refused | Failed | Untrue | Healed within |\n\
                    |---|---|---|---|---|---|---|---|---|---|---|";

pub fn line(row: &Played) -> String {
    let Played { name, rounds, outcome } = row;
    if let Some(why) = &outcome.skipped {
        return format!("| {name} | skipped: {why} | | | | | | | | | |");
    }
    format!(
        "| {name} | {rounds} | {} | {} | {} | {} | {} | {} | {} | {} | {:.1} s |",
        outcome.acknowledged,
        outcome.lost,
        outcome.twice,
        outcome.unknown,
        outcome.lookups,
        outcome.lookups_refused,
        outcome.lookups_failed,
        outcome.untrue,
        outcome.healed_in.as_secs_f64(),
    )
}

pub fn of(rows: &[Played]) -> String {
    let lines: Vec<String> = rows.iter().map(line).collect();
    format!("{HEAD}\n{}", lines.join("\n"))
}

/// Puts the lines of what was played into the table of a document. Rows that were not played keep their lines; `names` are
/// all rows, in the order of the table.
pub fn write(path: &Path, played: &[Played], names: &[&str]) {
    let document = fs::read_to_string(path).unwrap();
    let (before, rest) = document.split_once(BEGIN).expect("a place for the table");
    let (table, after) = rest.split_once(END).expect("the end of the table");
    let lines = names
        .iter()
        .filter_map(|name| match played.iter().find(|row| row.name == *name) {
            Some(row) => Some(line(row)),
            None => {
                let begin = format!("| {name} |");
                table.lines().find(|line| line.starts_with(&begin)).map(str::to_owned)
            }
        });
    let lines: Vec<String> = lines.collect();
    let table = format!("{HEAD}\n{}", lines.join("\n"));
    fs::write(path, format!("{before}{BEGIN}\n{table}\n{END}{after}")).unwrap();
}
