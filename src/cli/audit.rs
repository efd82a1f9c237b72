//! `audit`: who did what, when, to what, before and after, and why.

use std::collections::BTreeSet;

use clap::Args;
use comfy_table::Table;

use super::connect::Remote;
use super::error::CliError;
use super::names;
use super::paging::{self, Columns, Paging};
use super::shared::InRegion;
use super::{output, time};
use crate::wire::Timestamp;
use crate::wire::v1::audit_subject::Subject;
use crate::wire::v1::list_audit_events_request::Subject as Wanted;
use crate::wire::v1::number_service_client::NumberServiceClient;
use crate::wire::v1::{AuditChange, AuditEvent, AuditMethod, AuditSubject, ListAuditEventsRequest};

/// Arguments of `audit`. An event must match all given filters.
#[derive(Args, Debug)]
pub struct AuditArgs {
    /// Only events from this time on
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    from: Option<Timestamp>,
    /// Only events before this time
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    to: Option<Timestamp>,
    /// Only events of this actor
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only events of this method
    #[arg(long, value_parser = names::parser::<AuditMethod>())]
    method: Option<AuditMethod>,
    /// Only events about this number
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["case", "list", "principal", "import"])]
    number: Option<String>,
    /// Only events about this case
    #[arg(long, value_name = "ID", conflicts_with_all = ["list", "principal", "import"])]
    case: Option<String>,
    /// Only events about this list
    #[arg(long, value_name = "ID", conflicts_with_all = ["principal", "import"])]
    list: Option<String>,
    /// Only events about this principal; its own deeds are found by --actor
    #[arg(long, value_name = "NAME", conflicts_with = "import")]
    principal: Option<String>,
    /// Only events about this import
    #[arg(long, value_name = "ID")]
    import: Option<String>,
    /// Only events of the request with this id
    #[arg(long, value_name = "ID")]
    of_request: Option<String>,
    /// Events of this tenant, for administrators of the tenant `default`; left out, of your own
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: AuditArgs) -> Result<(), CliError> {
    let mut client = NumberServiceClient::new(args.remote.connect().await?);
    let subject = args.number.map(Wanted::Number);
    let subject = subject.or(args.case.map(Wanted::CaseId));
    let subject = subject.or(args.list.map(Wanted::ListId));
    let subject = subject.or(args.principal.map(Wanted::PrincipalId));
    let mut request = ListAuditEventsRequest {
        from: args.from,
        to: args.to,
        actor: args.actor.unwrap_or_default(),
        method: args.method.unwrap_or_default().into(),
        subject: subject.or(args.import.map(Wanted::ImportId)),
        default_region: args.region.for_wire(),
        of_request: args.of_request.unwrap_or_default(),
        tenant: args.tenant.unwrap_or_default(),
        ..Default::default()
    };
    let ask = async |page_size, page_token| {
        (request.page_size, request.page_token) = (page_size, page_token);
        Ok(client.list_audit_events(request.clone()).await?.into_inner())
    };
    let mut listed = args.paging.collect(ask).await?;
    if args.remote.json {
        for event in listed.items() {
            output::json(event)?;
        }
        return listed.note_rest(EVENTS);
    }
    name_hashes(&mut listed.answer.events);
    args.paging.print(false, &listed, (EVENTS, COLUMNS), table)
}

const EVENTS: &str = "audit events";

/// The columns of events in CSV.
const COLUMNS: Columns<AuditEvent> = &[
    ("at", |event| paging::time(event.at)),
    ("actor", |event| paging::free_text(&event.actor)),
    ("credential", |event| paging::free_text(&event.credential)),
    ("method", |event| names::name_of::<AuditMethod>(event.method)),
    ("subject", |event| shown(event.subject.as_ref())),
    ("related", |event| shown(event.related.as_ref())),
    ("changes", |event| paging::free_text(&changes(event))),
    ("reason", |event| paging::free_text(&event.reason)),
    ("request_id", |event| paging::free_text(&event.request_id)),
    ("event_id", |event| event.event_id.clone()),
];

/// A table of events, newest first.
fn table(events: &[AuditEvent]) -> Table {
    let mut table = output::new_table(["at (UTC)", "by", "did", "to", "changes", "why"]);
    for event in events {
        let subjects = [shown(event.subject.as_ref()), shown(event.related.as_ref())];
        let subjects: Vec<String> = subjects.into_iter().filter(|text| !text.is_empty()).collect();
        table.add_row([
            output::text(time::column(event.at)),
            output::text(&event.actor),
            output::text(names::name_of::<AuditMethod>(event.method)),
            output::text(subjects.join(", ")),
            output::text(changes(event)),
            output::text(&event.reason),
        ]);
    }
    table
}

fn changes(event: &AuditEvent) -> String {
    let one = |change: &AuditChange| match (change.old.as_str(), change.new.as_str()) {
        ("", new) => format!("{}: {new}", change.field),
        (old, new) => format!("{}: {old} -> {new}", change.field),
    };
    let all: Vec<String> = event.changes.iter().map(one).collect();
    all.join("; ")
}

/// Puts words before each hash of a number. Two kinds of numbers have a hash: erased ones, and ones without a record. A number is
/// called erased if one of these events erases it.
fn name_hashes(events: &mut [AuditEvent]) {
    let erased = |event: &AuditEvent| {
        let subject = event.subject.as_ref()?.subject.as_ref()?;
        if let Subject::ErasedNumberHash(hash) = subject
            && event.method == i32::from(AuditMethod::EraseNumber)
        {
            return Some(hash.clone());
        }
        None
    };
    let erased: BTreeSet<String> = events.iter().filter_map(erased).collect();
    let subjects = events
        .iter_mut()
        .flat_map(|event| [&mut event.subject, &mut event.related]);
    for subject in subjects.flatten() {
        if let Some(Subject::ErasedNumberHash(hash)) = &mut subject.subject {
            let kind = if erased.contains(hash) {
                "erased number"
            } else {
                "number without a record"
            };
            *hash = format!("{kind} {hash}");
        }
    }
}

fn shown(subject: Option<&AuditSubject>) -> String {
    match subject.and_then(|subject| subject.subject.as_ref()) {
        None => String::new(),
        Some(Subject::E164(number)) => number.clone(),
        Some(Subject::CaseId(id)) => format!("case {id}"),
        Some(Subject::ListId(id)) => format!("list {id}"),
        Some(Subject::NoteId(id)) => format!("note {id}"),
        Some(Subject::ReportId(id)) => format!("report {id}"),
        Some(Subject::PrincipalId(id)) => format!("principal {id}"),
        Some(Subject::ImportId(id)) => format!("import {id}"),
        Some(Subject::ReporterHash(hash)) => format!("reporter {hash}"),
        // With its words: see `name_hashes`.
        Some(Subject::ErasedNumberHash(named)) => named.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_called_erased_if_an_event_tells_of_its_erasure() {
        let event = |method: AuditMethod, hash: &str| AuditEvent {
            method: method.into(),
            subject: Some(AuditSubject {
                subject: Some(Subject::ErasedNumberHash(hash.to_owned())),
            }),
            ..AuditEvent::default()
        };
        let mut events = [
            event(AuditMethod::GetNumber, "aa"),
            event(AuditMethod::EraseNumber, "aa"),
            event(AuditMethod::SetNumberStatus, "aa"),
            event(AuditMethod::GetNumber, "bb"),
        ];
        name_hashes(&mut events);
        let named: Vec<String> = events.iter().map(|event| shown(event.subject.as_ref())).collect();
        assert_eq!(
            named,
            [
                "erased number aa",
                "erased number aa",
                "erased number aa",
                "number without a record bb"
            ]
        );
    }
}
