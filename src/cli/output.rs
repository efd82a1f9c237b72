//! The output of commands: tables and sentences for people, JSON for programs.
//!
//! All code here writes styles. `anstream` removes them if the output is not a terminal or if `NO_COLOR` is set, so
//! that this decision is made in one place.

use std::fmt::Display;
use std::io::Write as _;

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, LineStyle, Table, TableStyle};
use serde::Serialize;

use super::error::CliError;
pub(super) use super::text::{clean, grouped};
use crate::wire::v1::RiskLevel;

/// A style with a line under the header and no other lines.
const RULED: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Prints a message as one line of JSON.
pub(super) fn json<T: Serialize>(message: &T) -> Result<(), CliError> {
    let text = serde_json::to_string(message).map_err(std::io::Error::from)?;
    line(text)
}

/// Prints one line.
pub(super) fn line(text: impl Display) -> Result<(), CliError> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(())
}

/// Prints a table, or a sentence if the table is empty.
pub(super) fn table(table: &Table, if_empty: &str) -> Result<(), CliError> {
    if table.is_empty() {
        return note(if_empty);
    }
    line(table.trim_fmt())
}

/// A count with its noun: `1 report`, `4,805 reports`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    counted_as(count, noun, &format!("{noun}s"))
}

/// A count with its noun, whose plural is not that of `report`.
pub(super) fn counted_as(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// Prints a note on standard error, apart from the output. A note that cannot be written is dropped, since it must not
/// end a command that changes something. It always succeeds; it returns a result as the other functions here do.
pub(super) fn note(text: impl Display) -> Result<(), CliError> {
    let mut err = anstream::stderr().lock();
    let _written = writeln!(err, "{text}");
    Ok(())
}

/// A table with a header. It is not wider than the terminal.
pub(super) fn new_table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = bare_table();
    table.load_style(RULED);
    table.set_header(header.map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
    table
}

/// A table of names and values without a header.
pub(super) fn card() -> Table {
    bare_table()
}

/// Adds a line to a card, unless the value is empty.
pub(super) fn add(card: &mut Table, name: &str, value: impl Display) {
    let value = clean(&value.to_string());
    if !value.is_empty() {
        card.add_row([label(name), Cell::new(value)]);
    }
}

/// Adds a line whose value has its own style.
pub(super) fn add_cell(card: &mut Table, name: &str, value: Cell) {
    card.add_row([label(name), value]);
}

/// A cell of text that may come from a user. Control characters are removed.
pub(super) fn text(value: impl Display) -> Cell {
    Cell::new(clean(&value.to_string()))
}

/// A right-aligned cell, for figures.
pub(super) fn figure(value: impl Display) -> Cell {
    Cell::new(value).set_alignment(CellAlignment::Right)
}

/// A cell with a score: one decimal, or `-` if there is no score.
pub(super) fn score(value: Option<f64>) -> Cell {
    figure(value.map_or_else(|| "-".to_owned(), |score| format!("{score:.1}")))
}

/// A cell in the colour of a risk level.
pub(super) fn by_level(text: impl Display, level: RiskLevel) -> Cell {
    let cell = Cell::new(clean(&text.to_string()));
    match level {
        RiskLevel::Critical => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        RiskLevel::High => cell.fg(Color::Red),
        RiskLevel::Medium => cell.fg(Color::Yellow),
        RiskLevel::Low | RiskLevel::Trusted => cell.fg(Color::Green),
        RiskLevel::Unspecified | RiskLevel::Unknown | RiskLevel::NotScored => cell.add_attribute(Attribute::Dim),
    }
}

/// A cell with an error message.
pub(super) fn failure(text: impl Display) -> Cell {
    Cell::new(clean(&text.to_string())).fg(Color::Red)
}

fn bare_table() -> Table {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_content_arrangement(ContentArrangement::Dynamic)
        .enforce_styling();
    table
}

fn label(name: &str) -> Cell {
    Cell::new(name).add_attribute(Attribute::Dim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_values_are_not_in_a_card() {
        let mut table = card();
        add(&mut table, "brand", "");
        assert!(table.is_empty());
        add(&mut table, "brand", "Amazon");
        assert_eq!(table.row_count(), 1);
    }
}
