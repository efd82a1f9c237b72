//! Reads a file into entries of a list: the pure layer, without a server. It checks every line as the server does.

mod owner;

use std::fmt::Display;
use std::io::Read;

use csv::ByteRecord;

use crate::cli::import::form::{columns_of, form_of};
use crate::cli::import::rows::{self, CsvRows, Row};
use crate::cli::import::{ImportError, Reject, RowFault};
use crate::cli::names::NamedValue as _;
use crate::cli::time::{self, NotATime};
use crate::domain::ids::{ListSource, Requester};
use crate::domain::kinds;
use crate::domain::list::{ListDraft, MAX_ENTRIES, NewEntry, Pattern};
use crate::domain::time::Timestamp;
use crate::wire;
use crate::wire::v1::{Action, ListEntry, ListKind};
use owner::OwnerColumns;

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

/// Positions of the columns.
struct Columns {
    number: usize,
    source: usize,
    date: usize,
    requester: Option<usize>,
    expires: Option<usize>,
    action: Option<usize>,
    owner: OwnerColumns,
    count: usize,
}

/// Reads a whole file.
///
/// # Errors
/// If the text cannot be read, if its header has other columns, or if it has more rows than a list may have entries.
pub fn read(content: Box<dyn Read + Send>, kind: ListKind, keeps_rows: bool) -> Result<Entries, ImportError> {
    let mut source = CsvRows::new(content);
    let columns = match source.next()? {
        Some(row) => Columns::of(row.record, kind).ok_or_else(|| unknown(columns_of(row.record)))?,
        None => return Err(unknown(String::new())),
    };
    let kind = u8::try_from(i32::from(kind)).ok().and_then(kinds::ListKind::from_code);
    let mut draft = ListDraft::new(kind.ok_or_else(|| unknown(String::new()))?);
    let mut found = Entries::default();
    while let Some(Row { line, record, fault }) = source.next()? {
        if found.rows >= MAX_ENTRIES as u64 {
            return Err(ImportError::TooManyEntries { max: MAX_ENTRIES });
        }
        let place = u32::try_from(found.rows).unwrap_or(u32::MAX);
        found.rows += 1;
        match fault.map_or_else(|| columns.entry(record, line, &draft), Err) {
            Ok((entry, shown)) => {
                draft
                    .add(entry, place)
                    .map_err(|_full| ImportError::TooManyEntries { max: MAX_ENTRIES })?;
                found.entries.push(shown);
            }
            Err(fault) => found.rejects.push(Reject {
                line,
                fault,
                row: keeps_rows.then(|| rows::as_line(record)),
            }),
        }
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

impl Columns {
    /// The positions of the columns in a header; `None` if a column is unknown, missing, or there twice.
    fn of(header: &ByteRecord, kind: ListKind) -> Option<Self> {
        let names: Vec<String> = header.iter().map(|name| text(name).to_ascii_lowercase()).collect();
        let find = |name: &str| names.iter().position(|found| found == name);
        let columns = Self {
            number: find("number")?,
            source: find("source")?,
            date: find("date")?,
            requester: find("requester"),
            expires: find("expires"),
            action: find("action"),
            owner: OwnerColumns::of(find),
            count: names.len(),
        };
        let optional = [columns.requester, columns.expires, columns.action];
        let known = 3 + optional.iter().flatten().count() + columns.owner.count();
        let has_action = columns.action.is_some() == (kind == ListKind::TenantPrefix);
        let has_owner = columns.owner.are_for(kind);
        (known == names.len() && has_action && has_owner).then_some(columns)
    }

    fn entry(&self, record: &ByteRecord, line: u64, draft: &ListDraft) -> Result<(NewEntry, ListEntry), RowFault> {
        if record.len() != self.count {
            return Err(RowFault::Columns);
        }
        let field = |column: usize| text(record.get(column).unwrap_or_default());
        let optional = |column: Option<usize>| column.map(field).filter(|text| !text.is_empty());
        let pattern = Pattern::parse(&field(self.number)).map_err(|problem| fault("number", problem))?;
        let source = ListSource::parse(&field(self.source)).map_err(|problem| fault("source", problem))?;
        let entered_at = moment("date", &field(self.date))?;
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

fn unknown(met: String) -> ImportError {
    ImportError::Columns { met }
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
