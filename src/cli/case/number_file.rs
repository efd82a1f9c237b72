//! `case link --file` and `case unlink --file`: the numbers of a file, 1,000 in one request. Links accuse people, so the
//! command shows the column and the counts, and asks before it changes anything.

use serde_json::json;

use super::link::{LinkArgs, UnlinkArgs, without_place};
use crate::cli::confirm::{AtTerminal, Confirm};
use crate::cli::connect::{self, Connection, Remote};
use crate::cli::error::CliError;
use crate::cli::import::{ImportError, ImportProgress, NumberFile};
use crate::cli::names::name_of;
use crate::cli::output;
use crate::cli::shared::Change;
use crate::cli::status::with_arguments;
use crate::domain::case::MAX_CHANGED_LINKS;
use crate::number::E164;
use crate::wire::v1::case_service_client::CaseServiceClient;
use crate::wire::v1::link_number_result::Result as Linked;
use crate::wire::v1::unlink_number_result::Result as Unlinked;
use crate::wire::v1::{Case, CaseRole, GetCaseRequest, ItemError, LinkNumbersRequest, UnlinkNumbersRequest};

/// The change to make with the numbers of a file.
pub(super) enum FileChange<'a> {
    Link(&'a LinkArgs),
    Unlink(&'a UnlinkArgs),
}

/// Whether the link of a number was made or removed; or the message of its error.
type Changed = Result<bool, String>;

/// The counts of all requests.
struct Counts {
    rows: u64,
    numbers: u64,
    /// Rows whose number is in an earlier row.
    repeated: u64,
    changed: u64,
    unchanged: u64,
    rejected: u64,
}

/// Links or unlinks the numbers of a file.
///
/// # Errors
/// If there is no such case, if too few rows can be taken, if nobody confirms the change, or if the server refuses a request.
pub(super) async fn run(change: &FileChange<'_>, mut file: NumberFile) -> Result<(), CliError> {
    let mut counts = Counts {
        rows: file.rows,
        numbers: file.numbers.len() as u64,
        repeated: file.rows - file.rejected() - file.numbers.len() as u64,
        changed: 0,
        unchanged: 0,
        rejected: file.rejected(),
    };
    file.check_share()?;
    let client = CaseServiceClient::new(change.remote().connect().await?);
    let before = case(&client, change.id()).await?;
    let what = format!("{}: {}", change.sentence(&file, &before), counts.of_file());
    let confirm = change.confirm();
    if confirm.dry_run {
        file.finish()?;
        return match change.remote().json {
            true => output::json(&json!({
                "dryRun": true, "caseId": before.case_id, "column": file.column, "rows": counts.rows,
                "numbers": counts.numbers, "repeated": counts.repeated, "rejected": counts.rejected,
            })),
            false => output::line(format!("dry run: nothing was changed; {what}")),
        };
    }
    confirm.check(&what, &mut AtTerminal)?;
    send_all(change, &client, &mut file, &mut counts).await?;
    counts.rejected = file.rejected();
    counts.print(change)?;
    note_other_roles(change, &client, &before, counts.changed).await?;
    file.finish()
}

/// Sends the numbers, 1,000 in one request, and counts the answers.
async fn send_all(
    change: &FileChange<'_>,
    client: &CaseServiceClient<Connection>,
    file: &mut NumberFile,
    counts: &mut Counts,
) -> Result<(), CliError> {
    // A request with another id for each part, so that the command may be repeated with the same id.
    let request_id = connect::request_id(change.args().request_id.clone())?;
    let numbers = std::mem::take(&mut file.numbers);
    let progress = ImportProgress::new(numbers.len() as u64);
    let mut done = 0;
    for (part, numbers) in numbers.chunks(MAX_CHANGED_LINKS).enumerate() {
        let results = change.send(client, numbers, format!("{request_id}-{part}")).await?;
        let (sent, got) = (numbers.len(), results.len());
        if sent != got {
            return Err(ImportError::WrongAnswer { sent, got }.into());
        }
        for ((line, _), result) in numbers.iter().zip(results) {
            match result {
                Ok(true) => counts.changed += 1,
                Ok(false) => counts.unchanged += 1,
                Err(problem) => file.refused(*line, &problem)?,
            }
        }
        done += numbers.len() as u64;
        progress.advance(done, done);
    }
    progress.finish();
    Ok(())
}

async fn case(client: &CaseServiceClient<Connection>, id: &str) -> Result<Case, CliError> {
    let request = GetCaseRequest {
        case_id: id.to_owned(),
        ..GetCaseRequest::default()
    };
    let answer = client.clone().get_case(request).await?.into_inner();
    Ok(answer.case.unwrap_or_default())
}

/// Says how many of the linked numbers were in the case already, in another role. A new link adds a number to the case
/// otherwise.
async fn note_other_roles(
    change: &FileChange<'_>,
    client: &CaseServiceClient<Connection>,
    before: &Case,
    linked: u64,
) -> Result<(), CliError> {
    if matches!(change, FileChange::Unlink(_)) || linked == 0 || before.member_count == 0 {
        return Ok(());
    }
    let after = case(client, change.id()).await?;
    let new = after.member_count.saturating_sub(before.member_count);
    let in_two_roles = linked.saturating_sub(new.into());
    if in_two_roles == 0 {
        return Ok(());
    }
    output::note(format!(
        "{} in the case with another role too; `ringwarden case unlink {} --file FILE --role ROLE` removes one role",
        output::counted_as(in_two_roles, "of these numbers is", "of these numbers are"),
        before.case_id,
    ))
}

impl FileChange<'_> {
    fn id(&self) -> &str {
        match self {
            Self::Link(args) => &args.id,
            Self::Unlink(args) => &args.id,
        }
    }

    fn remote(&self) -> &Remote {
        match self {
            Self::Link(args) => &args.remote,
            Self::Unlink(args) => &args.remote,
        }
    }

    fn args(&self) -> &Change {
        match self {
            Self::Link(args) => &args.change,
            Self::Unlink(args) => &args.change,
        }
    }

    fn confirm(&self) -> Confirm {
        match self {
            Self::Link(args) => args.file.confirm(),
            Self::Unlink(args) => args.file.confirm(),
        }
    }

    /// The change as a sentence without a full stop.
    fn sentence(&self, file: &NumberFile, case: &Case) -> String {
        let numbers = output::counted(file.numbers.len() as u64, "number");
        let has = output::counted(case.member_count.into(), "number");
        let (column, id, title) = (&file.column, &case.case_id, &case.title);
        let case = format!("the case {id} ({}), which has {has} now", output::clean(title));
        match self {
            Self::Link(args) => {
                let role = name_of::<CaseRole>(args.role.into());
                format!("this links {numbers} of the column {column:?} as {role} to {case}")
            }
            Self::Unlink(args) => {
                let role = args.role.map_or_else(
                    || "in all roles".to_owned(),
                    |role| format!("as {}", name_of::<CaseRole>(role.into())),
                );
                format!("this unlinks {numbers} of the column {column:?} {role} from {case}")
            }
        }
    }

    async fn send(
        &self,
        client: &CaseServiceClient<Connection>,
        numbers: &[(u64, E164)],
        request_id: String,
    ) -> Result<Vec<Changed>, CliError> {
        match self {
            Self::Link(args) => link(args, client, numbers, request_id).await,
            Self::Unlink(args) => unlink(args, client, numbers, request_id).await,
        }
    }

    /// The names of the counts of changed and unchanged numbers, for people and in JSON.
    const fn names(&self) -> [(&'static str, &'static str); 2] {
        match self {
            Self::Link(_) => [("linked", "linked"), ("already linked", "alreadyLinked")],
            Self::Unlink(_) => [("unlinked", "unlinked"), ("not linked", "notLinked")],
        }
    }
}

async fn link(
    args: &LinkArgs,
    client: &CaseServiceClient<Connection>,
    numbers: &[(u64, E164)],
    request_id: String,
) -> Result<Vec<Changed>, CliError> {
    let request = LinkNumbersRequest {
        case_id: args.id.clone(),
        links: numbers
            .iter()
            .map(|(_, number)| args.link(&number.to_string()))
            .collect(),
        actor: args.change.actor(),
        request_id,
    };
    let answer = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.link_numbers(request).await }
    })
    .await?;
    let results = answer.results.into_iter().map(|result| match result.result {
        Some(Linked::Linked(linked)) => Ok(linked.created),
        Some(Linked::Error(error)) => Err(problem(&error)),
        None => Err("no answer".to_owned()),
    });
    Ok(results.collect())
}

async fn unlink(
    args: &UnlinkArgs,
    client: &CaseServiceClient<Connection>,
    numbers: &[(u64, E164)],
    request_id: String,
) -> Result<Vec<Changed>, CliError> {
    let request = UnlinkNumbersRequest {
        case_id: args.id.clone(),
        numbers: numbers
            .iter()
            .map(|(_, number)| args.unlink(&number.to_string()))
            .collect(),
        reason: args.reason.clone().unwrap_or_default(),
        actor: args.change.actor(),
        request_id,
    };
    let answer = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.unlink_numbers(request).await }
    })
    .await?;
    let results = answer.results.into_iter().map(|result| match result.result {
        Some(Unlinked::Unlinked(unlinked)) => Ok(unlinked.was_linked),
        Some(Unlinked::Error(error)) => Err(problem(&error)),
        None => Err("no answer".to_owned()),
    });
    Ok(results.collect())
}

fn problem(error: &ItemError) -> String {
    with_arguments(without_place(&error.message))
}

impl Counts {
    /// The counts of the file, before anything is sent.
    fn of_file(&self) -> String {
        let parts = [
            (self.numbers, "numbers"),
            (self.repeated, "repeated"),
            (self.rejected, "rejected"),
        ];
        output::tally(self.rows, "rows", &parts)
    }

    fn print(&self, change: &FileChange<'_>) -> Result<(), CliError> {
        let [(changed, changed_json), (unchanged, unchanged_json)] = change.names();
        if change.remote().json {
            return output::json(&json!({
                "rows": self.rows, "numbers": self.numbers, changed_json: self.changed, unchanged_json: self.unchanged,
                "repeated": self.repeated, "rejected": self.rejected,
            }));
        }
        let parts = [
            (self.changed, changed),
            (self.unchanged, unchanged),
            (self.repeated, "repeated"),
            (self.rejected, "rejected"),
        ];
        output::line(output::tally(self.rows, "rows", &parts))
    }
}
