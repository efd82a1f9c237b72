//! `share`: what the own tenant lets other tenants of the server see.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use comfy_table::Table;

use super::connect::{self, Remote};
use super::error::CliError;
use super::paging::{self, Columns, Paging};
use super::shared::{Change, InRegion};
use super::{output, time};
use crate::wire::v1::shared_thing::Thing;
use crate::wire::v1::sharing_service_client::SharingServiceClient;
use crate::wire::v1::{
    ListSharedWithMeRequest, ListSharingsRequest, SetAcceptanceRequest, SetVisibilityRequest, SharedKind, SharedThing,
    Sharing, VisibilityScope,
};

/// A command on what tenants share.
#[derive(Args, Debug)]
pub struct ShareArgs {
    #[command(subcommand)]
    command: ShareCommand,
}

#[derive(Debug, Subcommand)]
enum ShareCommand {
    /// Say which tenants may see something of yours. It holds at once, also when the sharing ends
    Set(SetArgs),
    /// List what your tenant shares, or once shared
    List(ListArgs),
    /// List what another tenant shares with yours, and whether it counts in your decisions
    From(FromArgs),
    /// Say what counts in your decisions of all that another tenant shares with yours. At first nothing does
    Accept(AcceptArgs),
}

/// Arguments of `share set`.
#[derive(Args, Debug)]
struct SetArgs {
    #[command(flatten)]
    thing: ThingArgs,
    #[command(flatten)]
    viewers: ViewerArgs,
    /// Number that the note is on
    #[arg(long, value_name = "NUMBER", requires = "note", conflicts_with = "on_case")]
    on_number: Option<String>,
    /// Case that the note is on
    #[arg(long, value_name = "ID", requires = "note")]
    on_case: Option<String>,
    /// Reason, at most 1,000 characters, for the audit log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    remote: Remote,
}

/// Arguments of `share accept`.
#[derive(Args, Debug)]
struct AcceptArgs {
    /// Name of the other tenant
    tenant: String,
    #[command(flatten)]
    kinds: KindArgs,
    /// Reason, at most 1,000 characters, for the audit log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    remote: Remote,
}

/// All that is accepted from now on.
#[derive(Args, Debug)]
#[group(id = "kinds", required = true, multiple = true)]
struct KindArgs {
    /// The evidence of its reports counts in your scores
    #[arg(long)]
    reports: bool,
    /// Its statuses count for numbers on which you have set none; PROTECTED always
    #[arg(long)]
    statuses: bool,
    /// Its lists decide on your calls
    #[arg(long)]
    lists: bool,
    /// Its cases count in your scores
    #[arg(long)]
    cases: bool,
    /// Nothing counts any more
    #[arg(long, conflicts_with_all = ["reports", "statuses", "lists", "cases"])]
    nothing: bool,
}

/// What is shared.
#[derive(Args, Debug)]
#[group(id = "thing", required = true, multiple = false)]
struct ThingArgs {
    /// The evidence of all reports: counts, kinds and weights, never reporters or comments
    #[arg(long)]
    reports: bool,
    /// All statuses of numbers
    #[arg(long)]
    statuses: bool,
    /// A case with its links
    #[arg(long, value_name = "ID")]
    case: Option<String>,
    /// A list
    #[arg(long, value_name = "ID")]
    list: Option<String>,
    /// A note
    #[arg(long, value_name = "ID")]
    note: Option<String>,
}

/// Who may see it.
#[derive(Args, Debug)]
#[group(id = "viewers", required = true, multiple = false)]
struct ViewerArgs {
    /// A tenant that may see it. May be given several times
    #[arg(long = "with", value_name = "TENANT")]
    with: Vec<String>,
    /// All tenants of the server may see it
    #[arg(long)]
    with_all: bool,
    /// No other tenant may see it
    #[arg(long)]
    private: bool,
}

/// Arguments of `share list`.
#[derive(Args, Debug)]
struct ListArgs {
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    remote: Remote,
}

/// Arguments of `share from`.
#[derive(Args, Debug)]
struct FromArgs {
    /// Name of the other tenant
    tenant: String,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: ShareArgs) -> Result<(), CliError> {
    match args.command {
        ShareCommand::Set(args) => set(args).await,
        ShareCommand::List(args) => list(args).await,
        ShareCommand::From(args) => from(args).await,
        ShareCommand::Accept(args) => accept(args).await,
    }
}

async fn set(args: SetArgs) -> Result<(), CliError> {
    let client = SharingServiceClient::new(args.remote.connect().await?);
    let scope = if args.viewers.with_all {
        VisibilityScope::All
    } else if args.viewers.private {
        VisibilityScope::Private
    } else {
        VisibilityScope::Named
    };
    let request = SetVisibilityRequest {
        thing: Some(args.thing.for_wire()),
        note_number: args.on_number.unwrap_or_default(),
        default_region: args.region.for_wire(),
        note_case_id: args.on_case.unwrap_or_default(),
        scope: scope.into(),
        tenants: args.viewers.with,
        reason: args.reason.unwrap_or_default(),
        actor: args.change.actor(),
        request_id: connect::request_id(args.change.request_id)?,
        expected_version: None,
    };
    let response = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.set_visibility(request).await }
    })
    .await?;
    if args.remote.json {
        return output::json(&response);
    }
    let sharing = response.sharing.unwrap_or_default();
    output::line(format!(
        "{}: visible to {}",
        thing(sharing.thing.as_ref()),
        viewers(&sharing)
    ))?;
    response.unknown_tenants.iter().try_for_each(|tenant| warn_of(tenant))
}

async fn accept(args: AcceptArgs) -> Result<(), CliError> {
    let client = SharingServiceClient::new(args.remote.connect().await?);
    let request = SetAcceptanceRequest {
        tenant: args.tenant,
        kinds: args.kinds.for_wire(),
        reason: args.reason.unwrap_or_default(),
        actor: args.change.actor(),
        request_id: connect::request_id(args.change.request_id)?,
        expected_version: None,
    };
    let response = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.set_acceptance(request).await }
    })
    .await?;
    if args.remote.json {
        return output::json(&response);
    }
    let accepted: Vec<&str> = KINDS
        .iter()
        .filter(|(kind, _)| response.kinds().any(|accepted| accepted == *kind))
        .map(|(_, name)| *name)
        .collect();
    let accepted = if accepted.is_empty() {
        "nothing".to_owned()
    } else {
        accepted.join(", ")
    };
    output::line(format!("accepted from {}: {accepted}", response.tenant))?;
    if response.tenant_is_unknown {
        warn_of(&response.tenant)?;
    }
    Ok(())
}

/// Warns of a name that may be misspelt.
fn warn_of(tenant: &str) -> Result<(), CliError> {
    output::note(format!(
        "there is no tenant {tenant} yet: check the name, unless its first principal is still to be made"
    ))
}

async fn list(args: ListArgs) -> Result<(), CliError> {
    let mut client = SharingServiceClient::new(args.remote.connect().await?);
    let ask = async |page_size, page_token| {
        let request = ListSharingsRequest { page_size, page_token };
        Ok(client.list_sharings(request).await?.into_inner())
    };
    let listed = args.paging.collect(ask).await?;
    args.paging.print(args.remote.json, &listed, ("things", COLUMNS), table)
}

async fn from(args: FromArgs) -> Result<(), CliError> {
    let mut client = SharingServiceClient::new(args.remote.connect().await?);
    let tenant = args.tenant;
    let ask = async |page_size, page_token| {
        let request = ListSharedWithMeRequest {
            tenant: tenant.clone(),
            page_size,
            page_token,
        };
        Ok(client.list_shared_with_me(request).await?.into_inner())
    };
    let listed = args.paging.collect(ask).await?;
    let accepted: Vec<SharedKind> = listed.answer.accepted().collect();
    args.paging
        .print(args.remote.json, &listed, ("things", THING_COLUMNS), |things| {
            things_table(things, &accepted)
        })?;
    if args.remote.json {
        return Ok(());
    }
    let waits = |one: &SharedThing| kind(one).is_some_and(|kind| !accepted.contains(&kind));
    let waiting: BTreeSet<&str> = KINDS
        .iter()
        .filter(|(of, _)| listed.items().iter().any(|one| waits(one) && kind(one) == Some(*of)))
        .map(|(_, name)| *name)
        .collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let all = KINDS
        .iter()
        .filter(|(of, name)| accepted.contains(of) || waiting.contains(name));
    let flags: String = all.map(|(_, name)| format!(" --{name}")).collect();
    output::note(format!(
        "an administrator of your tenant makes all of it count in your decisions: `ringwarden share accept {tenant}{flags}`"
    ))
}

impl KindArgs {
    fn for_wire(&self) -> Vec<i32> {
        let wanted = [self.reports, self.statuses, self.lists, self.cases];
        let kinds = KINDS.iter().zip(wanted).filter(|(_, is_wanted)| *is_wanted);
        kinds.map(|((kind, _), _)| (*kind).into()).collect()
    }
}

/// The kinds that count in decisions, with their names.
const KINDS: [(SharedKind, &str); 4] = [
    (SharedKind::Reports, "reports"),
    (SharedKind::Statuses, "statuses"),
    (SharedKind::Lists, "lists"),
    (SharedKind::Cases, "cases"),
];

/// The kind of a thing; none if it never counts in a decision.
fn kind(one: &SharedThing) -> Option<SharedKind> {
    match one.thing.as_ref()? {
        Thing::Reports(_) => Some(SharedKind::Reports),
        Thing::Statuses(_) => Some(SharedKind::Statuses),
        Thing::CaseId(_) => Some(SharedKind::Cases),
        Thing::ListId(_) => Some(SharedKind::Lists),
        Thing::NoteId(_) => None,
    }
}

impl ThingArgs {
    fn for_wire(&self) -> SharedThing {
        let named = |id: &Option<String>, of: fn(String) -> Thing| id.clone().map(of);
        let thing = named(&self.case, Thing::CaseId)
            .or_else(|| named(&self.list, Thing::ListId))
            .or_else(|| named(&self.note, Thing::NoteId))
            .unwrap_or(if self.reports {
                Thing::Reports(true)
            } else {
                Thing::Statuses(true)
            });
        SharedThing { thing: Some(thing) }
    }
}

const COLUMNS: Columns<Sharing> = &[
    ("thing", |one| thing(one.thing.as_ref())),
    ("visible_to", viewers),
    ("changed_at", |one| paging::time(one.changed_at)),
    ("version", |one| one.version.to_string()),
];

const THING_COLUMNS: Columns<SharedThing> = &[("thing", |one| thing(Some(one)))];

fn table(sharings: &[Sharing]) -> Table {
    let mut table = output::new_table(["thing", "visible to", "changed (UTC)"]);
    for one in sharings {
        table.add_row([
            output::text(thing(one.thing.as_ref())),
            output::text(viewers(one)),
            output::text(time::column(one.changed_at)),
        ]);
    }
    table
}

fn things_table(things: &[SharedThing], accepted: &[SharedKind]) -> Table {
    let mut table = output::new_table(["thing", "counts in your decisions"]);
    for one in things {
        let counts = match kind(one) {
            Some(kind) if accepted.contains(&kind) => "yes",
            Some(_) => "no",
            None => "notes never do",
        };
        table.add_row([output::text(thing(Some(one))), output::text(counts)]);
    }
    table
}

fn thing(thing: Option<&SharedThing>) -> String {
    match thing.and_then(|thing| thing.thing.as_ref()) {
        Some(Thing::Reports(_)) => "reports".to_owned(),
        Some(Thing::Statuses(_)) => "statuses".to_owned(),
        Some(Thing::CaseId(id)) => format!("case {id}"),
        Some(Thing::ListId(id)) => format!("list {id}"),
        Some(Thing::NoteId(id)) => format!("note {id}"),
        None => String::new(),
    }
}

fn viewers(sharing: &Sharing) -> String {
    match sharing.scope() {
        VisibilityScope::All => "all tenants".to_owned(),
        VisibilityScope::Named if !sharing.tenants.is_empty() => sharing.tenants.join(", "),
        VisibilityScope::Named | VisibilityScope::Private | VisibilityScope::Unspecified => "nobody else".to_owned(),
    }
}
