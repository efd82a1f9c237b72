//! Reads a file into entries of a list: the pure layer, without a server. It checks every line as the server does.

mod columns;
mod owner;

use std::fmt::Display;
use std::io::Read;

use crate::cli::import::form::form_of;
use crate::cli::import::rows::{self, CsvRows, Row};
use crate::cli::import::{ImportError, Reject, RowFault};
use crate::cli::names::NamedValue as _;
use crate::cli::time::{self, NotATime};
use crate::domain::ids::{ListSource, Requester};
use crate::domain::kinds;
use crate::domain::list::{ListDraft, MAX_ENTRIES, NewEntry};
use crate::domain::time::Timestamp;
use crate::wire;
use crate::wire::v1::{Action, ListEntry, ListKind};
use columns::Columns;
pub use columns::EntryArgs;

/// The content of a file.
#[derive(Debug, Default)]
pub struct Entries {
    /// Entries, in the order of the file.
    pub entries: Vec<ListEntry>,
    /// Rejected rows. If there is one, the import sends nothing.
    pub rejects: Vec<Reject>,
    /// Number of all rows.
    pub rows: u64,
}

/// Reads a whole file with the usual columns.
///
/// # Errors
/// As [`read_as`].
pub fn read(content: Box<dyn Read + Send>, kind: ListKind, keeps_rows: bool) -> Result<Entries, ImportError> {
    read_as(content, kind, keeps_rows, &EntryArgs::default())
}

/// Reads a whole file.
///
/// # Errors
/// If the text cannot be read, if its header has other columns, or if it has more rows than a list may have entries.
pub fn read_as(
    content: Box<dyn Read + Send>,
    kind: ListKind,
    keeps_rows: bool,
    args: &EntryArgs,
) -> Result<Entries, ImportError> {
    let mut source = CsvRows::new(content);
    let unknown = || ImportError::Columns {
        problem: "no columns".to_owned(),
        met: String::new(),
    };
    let mut draft = ListDraft::new(
        u8::try_from(i32::from(kind))
            .ok()
            .and_then(kinds::ListKind::from_code)
            .ok_or_else(unknown)?,
    );
    let mut found = Entries::default();
    let columns = match source.next()? {
        Some(row) => {
            let columns = Columns::of(row.record, kind, args)?;
            if args.map.no_header {
                found.add(&row, &columns, &mut draft, (keeps_rows, args))?;
            }
            columns
        }
        None => return Err(unknown()),
    };
    while let Some(row) = source.next()? {
        found.add(&row, &columns, &mut draft, (keeps_rows, args))?;
    }
    for [(_, line), (_, earlier)] in draft.finish().err().unwrap_or_default() {
        found.rejects.push(Reject {
            line: line.into(),
            fault: fault("number", format_args!("is already in the file: line {earlier}")),
            row: None,
        });
    }
    found.rejects.sort_by_key(|reject| reject.line);
    Ok(found)
}

impl Entries {
    /// Reads a row into an entry, or into the rejected rows.
    fn add(
        &mut self,
        row: &Row<'_>,
        columns: &Columns,
        draft: &mut ListDraft,
        (keeps_rows, args): (bool, &EntryArgs),
    ) -> Result<(), ImportError> {
        if self.rows >= MAX_ENTRIES as u64 {
            return Err(ImportError::TooManyEntries { max: MAX_ENTRIES });
        }
        let place = u32::try_from(self.rows).unwrap_or(u32::MAX);
        self.rows += 1;
        let entry = row.fault.clone().map_or_else(|| columns.entry(row, draft, args), Err);
        match entry {
            Ok((entry, shown)) => {
                draft
                    .add(entry, place)
                    .map_err(|_full| ImportError::TooManyEntries { max: MAX_ENTRIES })?;
                self.entries.push(shown);
            }
            Err(fault) => self.rejects.push(Reject {
                line: row.line,
                fault,
                row: keeps_rows.then(|| rows::as_line(row.record)),
            }),
        }
        Ok(())
    }
}

impl Columns {
    fn entry(&self, row: &Row<'_>, draft: &ListDraft, args: &EntryArgs) -> Result<(NewEntry, ListEntry), RowFault> {
        let (record, line) = (row.record, row.line);
        if record.len() != self.count {
            return Err(RowFault::Columns);
        }
        let field = |column: usize| text(record.get(column).unwrap_or_default());
        let optional = |column: Option<usize>| column.map(field).filter(|text| !text.is_empty());
        let pattern = self.pattern(record, args)?;
        let source = match (optional(self.source), &args.source) {
            (None, Some(given)) => given.clone(),
            (text, _) => ListSource::parse(&text.unwrap_or_default()).map_err(|problem| fault("source", problem))?,
        };
        let entered_at = match (optional(self.date), args.date) {
            (None, Some(given)) => given,
            (text, _) => moment("date", &text.unwrap_or_default())?,
        };
        let expires_at = optional(self.expires)
            .map(|text| moment("expires", &text))
            .transpose()?;
        let requester = optional(self.requester).map(|text| Requester::parse(&text)).transpose();
        let requester = requester.map_err(|problem| fault("requester", problem))?;
        let action = optional(self.action).map(|text| action(&text)).transpose()?;
        let owner = self.owner.read(record)?;
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let shown = ListEntry {
            number: pattern.to_string(),
            source: source.as_str().to_owned(),
            entered_at: Some(entered_at),
            requester: requester
                .as_ref()
                .map_or_else(String::new, |requester| requester.as_str().to_owned()),
            expires_at,
            action: action.unwrap_or_default().into(),
            line,
            owner: owner::on_wire(&owner).map(Box::new),
        };
        let entry = NewEntry {
            pattern,
            source,
            requester,
            entered_at: inner(entered_at),
            expires_at: expires_at.map(inner),
            action: action.and_then(|action| kinds::Action::from_code(u8::try_from(i32::from(action)).ok()?)),
            owner,
            line,
        };
        draft.check(&entry).map_err(|problem| {
            let column = match problem.field() {
                "expires_at" => "expires",
                field => field.strip_prefix("owner.").unwrap_or(field),
            };
            fault(column, problem)
        })?;
        Ok((entry, shown))
    }
}

fn moment(column: &'static str, text: &str) -> Result<wire::Timestamp, RowFault> {
    let moment = time::parse(text).map_err(|problem| match problem {
        NotATime::Missing => fault(column, problem),
        NotATime::Form => fault(
            column,
            format_args!("{problem}; this one has the form {:?}", form_of(text)),
        ),
    })?;
    if inner(moment) < Timestamp::EARLIEST {
        return Err(fault(column, "must not be before the year 2000"));
    }
    Ok(moment)
}

fn action(text: &str) -> Result<Action, RowFault> {
    Action::from_name(text).ok_or_else(|| {
        let known: Vec<&str> = Action::names().collect();
        fault("action", format_args!("must be one of {}", known.join(", ")))
    })
}

fn inner(moment: wire::Timestamp) -> Timestamp {
    Timestamp::from_millis(moment.millis().unwrap_or(i64::MIN))
}

fn fault(column: &'static str, problem: impl Display) -> RowFault {
    RowFault::Entry {
        column,
        problem: problem.to_string(),
    }
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field).trim().to_owned()
}
