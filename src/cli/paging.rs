//! The part of a list that a command shows, and its form: a table, CSV or JSON. Nothing is left out in silence: a note on
//! standard error says how many items are shown of how many, and how to get the next ones.

mod answer;

use std::io::Write as _;

use clap::Args;
use comfy_table::Table;
use serde::Serialize;
use serde_json::Value;

use answer::{PageAnswer, Total};

use super::data_out::DataOut;
use super::error::CliError;
use super::output;
use super::text::{clean, grouped};
use crate::wire::Timestamp;

/// Number of items in one page of a list: the maximum that the server allows.
pub(super) const PAGE_SIZE: u32 = 1_000;

/// Number of items that a command shows if it is not told otherwise.
const DEFAULT_LIMIT: u32 = 50;

/// Which items of a list to show, and in which form.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Paging {
    /// Maximum number of items to list [default: 50]
    #[arg(long, value_name = "N", conflicts_with = "all")]
    limit: Option<u32>,
    /// List all items
    #[arg(long)]
    all: bool,
    /// Go on where an earlier list ended: the token that it printed
    #[arg(long, value_name = "TOKEN")]
    page_token: Option<String>,
    /// Print CSV with a header instead of a table
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

/// The items of a list that a command shows.
pub(super) struct Listed<A> {
    /// The answer of the server with the last page. Its items are those of all pages.
    pub answer: A,
    /// Whether the first item is not that of the whole list.
    goes_on: bool,
}

/// The columns of a list in CSV.
pub(super) type Columns<T> = &'static [(&'static str, fn(&T) -> String)];

impl Paging {
    /// The same, with this number of items unless another one is given.
    pub(super) fn or_limit(mut self, limit: Option<u32>) -> Self {
        if !self.all {
            self.limit = self.limit.or(limit);
        }
        self
    }

    /// Asks for pages until enough items are there. `ask` gets the size and the token of a page. At least one page is
    /// asked for, so that an error of the server is seen.
    pub(super) async fn collect<A: PageAnswer>(
        &self,
        mut ask: impl AsyncFnMut(u32, String) -> Result<A, CliError>,
    ) -> Result<Listed<A>, CliError> {
        let limit = if self.all {
            u32::MAX
        } else {
            self.limit.unwrap_or(DEFAULT_LIMIT)
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let first = self.page_token.clone().unwrap_or_default();
        let mut items = Vec::new();
        let mut token = first.clone();
        let mut answer = loop {
            let left = limit.saturating_sub(A::count(&items));
            let size = u32::try_from(left).unwrap_or(u32::MAX).clamp(1, PAGE_SIZE);
            let mut page = ask(size, std::mem::take(&mut token)).await?;
            items.append(page.items_mut());
            if page.next().is_empty() || A::count(&items) >= limit {
                break page;
            }
            page.next().clone_into(&mut token);
        };
        if limit == 0 {
            items.clear();
            answer.set_next(first);
        }
        *answer.items_mut() = items;
        Ok(Listed {
            answer,
            goes_on: self.page_token.is_some(),
        })
    }

    /// Prints the items of a list: as a table, as CSV, or as JSON. In JSON it is the answer of the server, with its
    /// total and the token of the next page, as over HTTP. Says what is left out.
    pub(super) fn print<A: PageAnswer>(
        &self,
        json: bool,
        listed: &Listed<A>,
        (name, columns): (&str, Columns<A::Item>),
        table: impl FnOnce(&[A::Item]) -> Table,
    ) -> Result<(), CliError> {
        if json {
            output::json(&whole(&listed.answer, &[A::ITEMS], &["totalSize"])?)?;
        } else if self.csv {
            csv(listed.items(), columns)?;
        } else {
            output::table(&table(listed.items()), &format!("no {name}"))?;
        }
        listed.note_rest(name)
    }
}

impl<A: PageAnswer> Listed<A> {
    /// The items.
    pub(super) fn items(&self) -> &[A::Item] {
        self.answer.items()
    }

    /// Says on standard error how many items are left out, and how to list them. Says nothing if all are shown.
    pub(super) fn note_rest(&self, name: &str) -> Result<(), CliError> {
        self.rest(name).map_or(Ok(()), output::note)
    }

    fn rest(&self, name: &str) -> Option<String> {
        let next = self.answer.next();
        if next.is_empty() {
            return None;
        }
        let shown = grouped(A::count(self.items()) as u64);
        let more = if self.goes_on { " more" } else { "" };
        let of = match self.answer.total() {
            Total::Exact(total) => grouped(total.into()),
            Total::AtMost(total) => format!("at most {}", grouped(total.into())),
            Total::Unknown => {
                let said = format!("{shown}{more} {name}, and there may be more; next: --page-token {next}, or --all");
                return Some(said);
            }
        };
        Some(format!(
            "{shown}{more} of {of} {name}; next: --page-token {next}, or --all"
        ))
    }
}

/// A message in JSON that has these lists and counts, also if they are empty: JSON of protobuf leaves them out, and a program
/// that reads a list needs no case of its own for an empty one.
pub(super) fn whole<T: Serialize>(message: &T, lists: &[&str], counts: &[&str]) -> Result<Value, CliError> {
    let mut value = serde_json::to_value(message).map_err(std::io::Error::from)?;
    if let Some(fields) = value.as_object_mut() {
        for list in lists {
            fields
                .entry((*list).to_owned())
                .or_insert_with(|| Value::Array(Vec::new()));
        }
        for count in counts {
            fields.entry((*count).to_owned()).or_insert_with(|| 0.into());
        }
    }
    Ok(value)
}

/// Says on standard error that a part of an answer is left out, and which command shows all of it.
pub(super) fn note_part(shown: usize, total: u32, name: &str, command: &str) -> Result<(), CliError> {
    if u32::try_from(shown).is_ok_and(|shown| shown >= total) {
        return Ok(());
    }
    output::note(format!(
        "{} of {} {name}; all: {command}",
        grouped(shown as u64),
        grouped(total.into())
    ))
}

/// Prints items as CSV, with a header.
pub(super) fn csv<T>(items: &[T], columns: Columns<T>) -> Result<(), CliError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let broken = |error: csv::Error| CliError::from(std::io::Error::from(error));
    writer
        .write_record(columns.iter().map(|(name, _)| *name))
        .map_err(broken)?;
    for item in items {
        writer
            .write_record(columns.iter().map(|(_, value)| value(item)))
            .map_err(broken)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| std::io::Error::other(error.to_string()))?;
    let mut out = DataOut::stdout();
    out.write_all(&bytes)?;
    Ok(())
}

/// A text of a user for a cell of CSV. A text that a spreadsheet would take for a formula gets a quotation mark before it.
pub(super) fn free_text(text: &str) -> String {
    let text = clean(text);
    if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text
    }
}

/// A time for a cell of CSV, in RFC 3339; empty if it is not set.
pub(super) fn time(time: Option<Timestamp>) -> String {
    let json = time.and_then(|time| serde_json::to_value(time).ok());
    json.and_then(|json| json.as_str().map(str::to_owned))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::v1::{ListNotesResponse, Note};

    /// A list of so many items.
    async fn list(paging: &Paging, items: u32) -> Listed<ListNotesResponse> {
        let listed = paging.collect(async |size, token| {
            assert!((1..=PAGE_SIZE).contains(&size));
            let from: u32 = token.parse().unwrap_or(0);
            let to = items.min(from + size);
            let note = |place: u32| Note {
                note_id: place.to_string(),
                ..Note::default()
            };
            Ok(ListNotesResponse {
                notes: (from..to).map(note).collect(),
                next_page_token: if to < items { to.to_string() } else { String::new() },
                total_size: items,
            })
        });
        listed.await.unwrap()
    }

    #[tokio::test]
    async fn every_list_says_what_it_leaves_out() {
        let first = list(&Paging::default(), 80).await;
        assert_eq!(first.items().len(), 50);
        let rest = "50 of 80 numbers; next: --page-token 50, or --all";
        assert_eq!(first.rest("numbers").unwrap(), rest);
        let paging = Paging {
            page_token: Some(first.answer.next_page_token),
            limit: Some(10),
            ..Paging::default()
        };
        let second = list(&paging, 80).await;
        assert_eq!(second.items()[0].note_id, "50");
        let rest = "10 more of 80 numbers; next: --page-token 60, or --all";
        assert_eq!(second.rest("numbers").unwrap(), rest);
        assert_eq!(list(&Paging::default(), 50).await.rest("numbers"), None);
        let none = Paging {
            limit: Some(0),
            ..Paging::default()
        };
        let none = list(&none, 50).await;
        assert!(none.items().is_empty() && none.answer.next_page_token.is_empty());
        assert_eq!(none.answer.total_size, 50);
        let all = Paging {
            all: true,
            ..Paging::default()
        };
        let all = list(&all, 2_500).await;
        assert_eq!((all.items().len(), all.rest("numbers")), (2_500, None));
    }

    #[test]
    fn spreadsheets_take_no_text_for_a_formula() {
        assert_eq!(free_text("=1+1"), "'=1+1");
        assert_eq!(free_text("call back"), "call back");
    }
}
