//! The output of commands: tables and sentences for people, JSON for programs.
//!
//! All code here writes styles. `anstream` removes them if the output is not a terminal or if `NO_COLOR` is set, so
//! that this decision is made in one place.

use std::fmt::Display;
use std::io::Write as _;

use comfy_table::{Attribute, Cell, CellAlignment, Color, Table};
use serde::Serialize;

use super::error::CliError;
use super::layout;
pub(super) use super::layout::card;
pub(super) use super::text::{clean, grouped};
use super::text::{harmless, visible_json};
use crate::wire::v1::{Action, RiskLevel};

/// Prints a message as one line of JSON.
pub(super) fn json<T: Serialize>(message: &T) -> Result<(), CliError> {
    let text = serde_json::to_string(message).map_err(std::io::Error::from)?;
    line(visible_json(text))
}

/// Prints one line. No text in it can control the terminal.
pub(super) fn line(text: impl Display) -> Result<(), CliError> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", harmless(&text.to_string()))?;
    Ok(())
}

/// Prints a table or a card, in the width of the terminal.
pub(super) fn show(table: &Table) -> Result<(), CliError> {
    line(layout::render(table, layout::width()))
}

/// The same, after an empty line.
pub(super) fn section(table: &Table) -> Result<(), CliError> {
    line("")?;
    show(table)
}

/// Prints a table, or a sentence if the table is empty.
pub(super) fn table(table: &Table, if_empty: &str) -> Result<(), CliError> {
    if table.is_empty() {
        return note(if_empty);
    }
    show(table)
}

/// Prints a heading after an empty line.
pub(super) fn heading(text: &str) -> Result<(), CliError> {
    let bold = anstyle::Style::new().bold();
    let text = layout::paragraph(&clean(text), layout::width());
    line(format!("\n{bold}{text}{bold:#}"))
}

/// Prints a text for people in lines that fit the terminal.
pub(super) fn paragraph(text: &str) -> Result<(), CliError> {
    line(layout::paragraph(&clean(text), layout::width()))
}

/// A sentence about a number of things and its parts, such as `5,105 rows: 4,805 accepted, 300 rejected`. Parts of zero
/// are left out.
pub(super) fn tally(total: u64, things: &str, parts: &[(u64, &str)]) -> String {
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{} {name}", grouped(*count)))
        .collect();
    let colon = if parts.is_empty() { "" } else { ": " };
    format!("{} {things}{colon}{}", grouped(total), parts.join(", "))
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
    let _written = writeln!(err, "{}", harmless(&text.to_string()));
    Ok(())
}

/// Prints a table on standard error, apart from the output.
pub(super) fn note_table(table: &Table) -> Result<(), CliError> {
    note(layout::render(table, layout::width()))
}

/// A table with a header.
pub(super) fn new_table<const N: usize>(header: [&str; N]) -> Table {
    layout::table(header)
}

/// Adds a line to a card, unless the value is empty.
pub(super) fn add(card: &mut Table, name: &str, value: impl Display) {
    let value = clean(&value.to_string());
    if !value.is_empty() {
        card.add_row([layout::label(name), Cell::new(value)]);
    }
}

/// Adds a line whose value has its own style.
pub(super) fn add_cell(card: &mut Table, name: &str, value: Cell) {
    card.add_row([layout::label(name), value]);
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

/// A cell in the style of a risk level. Readers who do not see colours tell HIGH from CRITICAL by the marks in front.
pub(super) fn by_level(text: impl Display, level: RiskLevel) -> Cell {
    let text = clean(&text.to_string());
    match level {
        RiskLevel::Critical => Cell::new(format!("!! {text}"))
            .fg(Color::Red)
            .add_attribute(Attribute::Bold),
        RiskLevel::High => Cell::new(format!("! {text}")).fg(Color::Red),
        RiskLevel::Medium => Cell::new(text).fg(Color::Yellow),
        RiskLevel::Low | RiskLevel::Trusted => Cell::new(text).fg(Color::Green),
        RiskLevel::Unspecified | RiskLevel::Unknown | RiskLevel::NotScored => {
            Cell::new(text).add_attribute(Attribute::Dim)
        }
    }
}

/// A cell in the style of an action.
pub(super) fn by_action(text: impl Display, action: Action) -> Cell {
    let cell = Cell::new(clean(&text.to_string()));
    match action {
        Action::Allow => cell.fg(Color::Green).add_attribute(Attribute::Bold),
        Action::Label | Action::Challenge | Action::SendToVoicemail | Action::WarnBeforeDial => {
            cell.fg(Color::Yellow).add_attribute(Attribute::Bold)
        }
        Action::Block => cell
            .fg(Color::Red)
            .add_attribute(Attribute::Bold)
            .add_attribute(Attribute::Reverse),
        Action::Unspecified => cell,
    }
}

/// A cell with an error message.
pub(super) fn failure(text: impl Display) -> Cell {
    Cell::new(clean(&text.to_string())).fg(Color::Red)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_leaves_out_parts_of_zero() {
        assert_eq!(
            tally(
                5_105,
                "rows",
                &[(4_805, "accepted"), (0, "already known"), (300, "rejected")]
            ),
            "5,105 rows: 4,805 accepted, 300 rejected"
        );
        assert_eq!(tally(0, "rows", &[(0, "accepted")]), "0 rows");
    }

    #[test]
    fn empty_values_are_not_in_a_card() {
        let mut table = card();
        add(&mut table, "brand", "");
        assert!(table.is_empty());
        add(&mut table, "brand", "Amazon");
        assert_eq!(table.row_count(), 1);
    }
}
