//! The part of a list that a command shows, and its form: a table, CSV or JSON. Nothing is left out in silence: a note on
//! standard error says how many items are shown of how many, and how to get the next ones.

use std::io::Write as _;

use clap::Args;
use comfy_table::Table;
use serde::Serialize;

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

/// A page, as the server sends it.
pub(super) struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The token of the next page; empty on the last one.
    pub next: String,
    /// The items on all pages.
    pub total: Total,
}

/// The items on all pages of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Total {
    /// Exactly so many at the time of the page.
    Exact(u32),
    /// At most so many.
    AtMost(u32),
}

/// The items of a list that a command shows.
pub(super) struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    total: Total,
    next: String,
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
    pub(super) async fn collect<T>(
        &self,
        mut ask: impl AsyncFnMut(u32, String) -> Result<Page<T>, CliError>,
    ) -> Result<Listed<T>, CliError> {
        let limit = if self.all {
            u32::MAX
        } else {
            self.limit.unwrap_or(DEFAULT_LIMIT)
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut listed = Listed {
            items: Vec::new(),
            total: Total::Exact(0),
            next: self.page_token.clone().unwrap_or_default(),
            goes_on: self.page_token.is_some(),
        };
        loop {
            let left = limit.saturating_sub(listed.items.len());
            let size = u32::try_from(left).unwrap_or(u32::MAX).clamp(1, PAGE_SIZE);
            let page = ask(size, std::mem::take(&mut listed.next)).await?;
            listed.items.extend(page.items);
            (listed.next, listed.total) = (page.next, page.total);
            if listed.next.is_empty() || listed.items.len() >= limit {
                break;
            }
        }
        if limit == 0 {
            listed.items.clear();
            listed.next = self.page_token.clone().unwrap_or_default();
        }
        Ok(listed)
    }

    /// Prints the items of a list: as a table, as CSV, or as JSON, one item a line. Says what is left out.
    pub(super) fn print<T: Serialize>(
        &self,
        json: bool,
        listed: &Listed<T>,
        (name, columns): (&str, Columns<T>),
        table: impl FnOnce(&[T]) -> Table,
    ) -> Result<(), CliError> {
        if json {
            listed.items.iter().try_for_each(output::json)?;
        } else if self.csv {
            csv(&listed.items, columns)?;
        } else {
            output::table(&table(&listed.items), &format!("no {name}"))?;
        }
        listed.note_rest(name)
    }
}

impl<T> Listed<T> {
    /// Says on standard error how many items are left out, and how to list them. Says nothing if all are shown.
    pub(super) fn note_rest(&self, name: &str) -> Result<(), CliError> {
        self.rest(name).map_or(Ok(()), output::note)
    }

    /// The token of the items that follow; empty if none does.
    pub(super) fn next(&self) -> &str {
        &self.next
    }

    fn rest(&self, name: &str) -> Option<String> {
        if self.next.is_empty() {
            return None;
        }
        let shown = grouped(self.items.len() as u64);
        let more = if self.goes_on { " more" } else { "" };
        let of = match self.total {
            Total::Exact(total) => grouped(total.into()),
            Total::AtMost(total) => format!("at most {}", grouped(total.into())),
        };
        Some(format!(
            "{shown}{more} of {of} {name}; next: --page-token {}, or --all",
            self.next
        ))
    }
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
    let mut out = std::io::stdout().lock();
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

    /// A list of so many items.
    async fn list(paging: &Paging, items: u32) -> Listed<u32> {
        let listed = paging.collect(async |size, token| {
            assert!((1..=PAGE_SIZE).contains(&size));
            let from: u32 = token.parse().unwrap_or(0);
            let to = items.min(from + size);
            Ok(Page {
                items: (from..to).collect(),
                next: if to < items { to.to_string() } else { String::new() },
                total: Total::Exact(items),
            })
        });
        listed.await.unwrap()
    }

    #[tokio::test]
    async fn every_list_says_what_it_leaves_out() {
        let first = list(&Paging::default(), 80).await;
        assert_eq!(first.items.len(), 50);
        let rest = "50 of 80 numbers; next: --page-token 50, or --all";
        assert_eq!(first.rest("numbers").unwrap(), rest);
        let paging = Paging {
            page_token: Some(first.next().to_owned()),
            limit: Some(10),
            ..Paging::default()
        };
        let second = list(&paging, 80).await;
        assert_eq!(second.items.first(), Some(&50));
        let rest = "10 more of 80 numbers; next: --page-token 60, or --all";
        assert_eq!(second.rest("numbers").unwrap(), rest);
        assert_eq!(list(&Paging::default(), 50).await.rest("numbers"), None);
        let none = Paging {
            limit: Some(0),
            ..Paging::default()
        };
        assert!(list(&none, 50).await.items.is_empty());
        let all = Paging {
            all: true,
            ..Paging::default()
        };
        let all = list(&all, 2_500).await;
        assert_eq!((all.items.len(), all.rest("numbers")), (2_500, None));
    }

    #[test]
    fn spreadsheets_take_no_text_for_a_formula() {
        assert_eq!(free_text("=1+1"), "'=1+1");
        assert_eq!(free_text("call back"), "call back");
    }
}
