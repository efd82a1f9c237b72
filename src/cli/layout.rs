//! Lays tables out for the width of a terminal. No word is broken: a number or an id that is cut in two can be neither
//! searched nor copied.
//!
//! - A column without any text is left out.
//! - If the table is too wide, the columns with sentences are wrapped between words.
//! - If it is still too wide, each row becomes a card: one line for each value, with the name of its column.

use std::cmp::Reverse;

use comfy_table::{Attribute, Cell, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width};
use unicode_width::UnicodeWidthStr as _;

/// A style with a line under the header and no other lines.
const RULED: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
/// A column of sentences is not made narrower than this, in characters: a table of very narrow columns is hard to read.
const SENTENCE_WIDTH_MIN: usize = 16;
/// The narrowest terminal for which tables are laid out. A narrower one breaks lines by itself.
const WIDTH_MIN: usize = 40;
/// Variable that gives the width of the output, in columns. It also applies if the output is not a terminal.
const WIDTH_VARIABLE: &str = "COLUMNS";

/// Width of the output in columns; `None` if it is not a terminal, so that programs and files get unbroken lines.
pub(super) fn width() -> Option<usize> {
    let asked = std::env::var(WIDTH_VARIABLE).ok().and_then(|text| text.parse().ok());
    asked
        .or_else(|| Table::new().width().map(usize::from))
        .map(|width| width.max(WIDTH_MIN))
}

/// A table with a header.
pub(super) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = card();
    table.load_style(RULED);
    table.set_header(header.map(heading));
    table
}

/// A table of names and values without a header.
pub(super) fn card() -> Table {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_content_arrangement(ContentArrangement::Disabled)
        .enforce_styling()
        .style_text_only();
    table
}

/// A cell with the name of a value, for cards.
pub(super) fn label(name: &str) -> Cell {
    Cell::new(name).add_attribute(Attribute::Dim)
}

/// The text of a table that is at most so wide, if its words allow it.
pub(super) fn render(shown: &Table, width: Option<usize>) -> String {
    if shown.header().is_none() {
        return render_cards(&[rows(shown)], width);
    }
    let full = Grid::read(shown);
    let Some(width) = width.filter(|width| full.width() > *width) else {
        return full.render(None);
    };
    match full.wrapped_widths(width) {
        Some(widths) => full.render(Some(&widths)),
        None => render_cards(&full.into_cards(), Some(width)),
    }
}

/// A text in lines that are at most so wide, broken between words.
pub(super) fn paragraph(text: &str, width: Option<usize>) -> String {
    let mut lines = card();
    lines.add_row([text]);
    constrain(&mut lines, 0, width.map(|width| width.max(widest_word(text))));
    if let Some(column) = lines.column_mut(0) {
        column.set_padding((0, 0));
    }
    lines.trim_fmt()
}

/// The header and the rows of a table, without its empty columns.
struct Grid {
    header: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
}

impl Grid {
    fn read(table: &Table) -> Self {
        let rows = rows(table);
        let is_empty = |column: usize| {
            let texts = rows.iter().filter_map(|row| row.get(column));
            texts.map(Cell::content).all(|text| text.is_empty())
        };
        let header: Vec<Cell> = table
            .header()
            .map(|row| row.cell_iter().cloned().collect())
            .unwrap_or_default();
        let kept: Vec<usize> = (0..header.len()).filter(|column| !is_empty(*column)).collect();
        let pick = |row: &[Cell]| kept.iter().filter_map(|column| row.get(*column).cloned()).collect();
        Self {
            header: pick(&header),
            rows: rows.iter().map(|row| pick(row)).collect(),
        }
    }

    /// All texts of a column, and its name.
    fn column(&self, index: usize) -> impl Iterator<Item = String> {
        let rows = std::iter::once(&self.header).chain(&self.rows);
        rows.filter_map(move |row| row.get(index)).map(Cell::content)
    }

    /// Width of each column if nothing is wrapped.
    fn natural_widths(&self) -> Vec<usize> {
        let widest = |index| self.column(index).map(|text| text.width()).max().unwrap_or_default();
        (0..self.header.len()).map(widest).collect()
    }

    /// Width of the whole table if nothing is wrapped.
    fn width(&self) -> usize {
        self.natural_widths().iter().map(|width| width + PADDING).sum::<usize>() + gaps(self.header.len())
    }

    /// Widths of the columns with which the table fits without a broken word; `None` if there are none.
    fn wrapped_widths(&self, width: usize) -> Option<Vec<usize>> {
        let mut widths = self.natural_widths();
        let narrowest: Vec<usize> = widths
            .iter()
            .enumerate()
            .map(|(index, natural)| {
                let word = self.column(index).map(|text| widest_word(&text)).max();
                let is_of_sentences = word.is_some_and(|word| word < *natural);
                if is_of_sentences {
                    word.unwrap_or_default().max(SENTENCE_WIDTH_MIN).min(*natural)
                } else {
                    *natural
                }
            })
            .collect();
        let room = width.checked_sub(PADDING * widths.len() + gaps(widths.len()))?;
        let mut excess = widths.iter().sum::<usize>().saturating_sub(room);
        while excess > 0 {
            // The widest column gives way first, so that all columns of sentences become about equally wide.
            let shrinkable = widths.iter_mut().zip(&narrowest).filter(|(now, least)| **now > **least);
            let (widest, _) = shrinkable.min_by_key(|(now, _)| Reverse(**now))?;
            *widest -= 1;
            excess -= 1;
        }
        Some(widths)
    }

    fn render(&self, widths: Option<&[usize]>) -> String {
        let mut table = card();
        table.load_style(RULED).set_header(self.header.clone());
        for row in &self.rows {
            table.add_row(row.clone());
        }
        for (index, width) in widths.into_iter().flatten().enumerate() {
            constrain(&mut table, index, Some(width + PADDING));
        }
        table.trim_fmt()
    }

    /// One card for each row, without its empty values.
    fn into_cards(self) -> Vec<Vec<Vec<Cell>>> {
        let names: Vec<Cell> = self.header.iter().map(|name| label(&name.content())).collect();
        let card = |row: Vec<Cell>| {
            let named = names.iter().cloned().zip(row);
            named
                .filter(|(_, value)| !value.content().is_empty())
                .map(|(name, value)| vec![name, value])
                .collect()
        };
        self.rows.into_iter().map(card).collect()
    }
}

/// The columns that `comfy-table` adds to the width of each column: a space on each side.
const PADDING: usize = 2;

/// The columns between the columns of a ruled table.
const fn gaps(columns: usize) -> usize {
    columns.saturating_sub(1)
}

fn rows(table: &Table) -> Vec<Vec<Cell>> {
    table.row_iter().map(|row| row.cell_iter().cloned().collect()).collect()
}

/// Renders cards with an empty line between them. The values of all cards begin in the same column.
fn render_cards(cards: &[Vec<Vec<Cell>>], width: Option<usize>) -> String {
    let names = cards.iter().flatten().filter_map(|line| line.first());
    let names_width = names.map(|name| name.content().width()).max().unwrap_or_default();
    // A line has a space in front, and two between the name and the value.
    let room = width.map(|width| width.saturating_sub(names_width + PADDING + 1));
    let cards = cards.iter().map(|lines| {
        let lines: Vec<String> = lines.iter().map(|line| card_line(line, names_width, room)).collect();
        lines.join("\n")
    });
    cards.collect::<Vec<_>>().join("\n\n")
}

/// One line of a card. Its value is wrapped if there is not enough room for it.
fn card_line(line: &[Cell], names_width: usize, room: Option<usize>) -> String {
    let mut table = card();
    table.add_row(line.to_vec());
    constrain(&mut table, 0, Some(names_width + PADDING));
    let value = line.get(1).map(Cell::content).unwrap_or_default();
    let fits = |room: &usize| value.lines().all(|line| line.width() <= *room);
    if let Some(room) = room.filter(|room| !fits(room)) {
        constrain(&mut table, 1, Some(room.max(widest_word(&value)) + PADDING));
    }
    table.trim_fmt()
}

fn constrain(table: &mut Table, index: usize, width: Option<usize>) {
    let Some(width) = width.and_then(|width| u16::try_from(width).ok()) else {
        return;
    };
    // Widths have an effect in this arrangement only. The total is never the limit: the widths are.
    table
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::MAX);
    if let Some(column) = table.column_mut(index) {
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
    }
}

fn heading(name: &str) -> Cell {
    Cell::new(name).add_attribute(Attribute::Bold)
}

fn widest_word(text: &str) -> usize {
    text.split_whitespace()
        .map(|word| word.width())
        .max()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reports() -> Table {
        let mut reports = table(["called (UTC)", "category", "brand", "report", "comment"]);
        reports.add_row([
            "2021-07-07 19:00",
            "BUSINESS_IMPERSONATION",
            "",
            "786984c8ebcbc20ccff29621561bfa0d",
            "He said that my account was closed",
        ]);
        reports.add_row(["2021-07-07 18:31", "", "", "50eb4c7d251dbc5a022af9d65574bb66", ""]);
        reports
    }

    fn widest_line(text: &str) -> usize {
        text.lines().map(|line| line.width()).max().unwrap_or_default()
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_file_gets_unbroken_lines_without_empty_columns() {
        let text = plain(&render(&reports(), None));
        assert_eq!(
            text,
            " called (UTC)       category                 report                             comment\n\
             ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────\n \
             2021-07-07 19:00   BUSINESS_IMPERSONATION   786984c8ebcbc20ccff29621561bfa0d   He said that my account was closed\n \
             2021-07-07 18:31                            50eb4c7d251dbc5a022af9d65574bb66"
        );
    }

    #[test]
    fn sentences_are_wrapped_between_words() {
        let text = plain(&render(&reports(), Some(104)));
        assert_eq!(
            text,
            " called (UTC)       category                 report                             comment\n\
             ────────────────────────────────────────────────────────────────────────────────────────────────────────\n \
             2021-07-07 19:00   BUSINESS_IMPERSONATION   786984c8ebcbc20ccff29621561bfa0d   He said that my account\n                                                                                \
             was closed\n \
             2021-07-07 18:31                            50eb4c7d251dbc5a022af9d65574bb66"
        );
    }

    #[test]
    fn a_table_that_cannot_fit_becomes_cards() {
        let text = plain(&render(&reports(), Some(60)));
        assert_eq!(
            text,
            " called (UTC)  2021-07-07 19:00\n \
             category      BUSINESS_IMPERSONATION\n \
             report        786984c8ebcbc20ccff29621561bfa0d\n \
             comment       He said that my account was closed\n\n \
             called (UTC)  2021-07-07 18:31\n \
             report        50eb4c7d251dbc5a022af9d65574bb66"
        );
    }

    #[test]
    fn no_word_is_broken_at_any_width() {
        for width in WIDTH_MIN..140 {
            let text = plain(&render(&reports(), Some(width)));
            for word in ["786984c8ebcbc20ccff29621561bfa0d", "BUSINESS_IMPERSONATION", "account"] {
                assert!(text.contains(word), "{width}: {text}");
            }
            assert!(widest_line(&text) <= width.max(47), "{width}: {text}");
        }
    }

    #[test]
    fn the_values_of_a_card_are_wrapped_and_ids_are_not() {
        let mut shown = card();
        shown.add_row([
            label("by category"),
            Cell::new("BUSINESS_IMPERSONATION 23, TECH_SUPPORT_SCAM 7"),
        ]);
        shown.add_row([label("id"), Cell::new("x".repeat(60))]);
        let text = plain(&render(&shown, Some(40)));
        let id = "x".repeat(60);
        assert_eq!(
            text,
            format!(" by category  BUSINESS_IMPERSONATION 23,\n              TECH_SUPPORT_SCAM 7\n id           {id}")
        );
    }

    #[test]
    fn a_paragraph_is_wrapped_between_words() {
        let text = "Hang up, and do not give away passwords, codes or card details.";
        assert_eq!(paragraph(text, None), text);
        assert_eq!(
            paragraph(text, Some(40)),
            "Hang up, and do not give away passwords,\ncodes or card details."
        );
    }
}
