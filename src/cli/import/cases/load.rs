//! Creates the cases and links of letters on the server. Cases and links that exist already are left as they are. So a
//! second import changes nothing, even if analysts have changed a case since.

use std::collections::{BTreeMap, HashSet};

use prost::Message;
use serde::Serialize;
use tonic::Code;
use xxhash_rust::xxh3::xxh3_128;

use super::reader::{Letter, LetterNumber, Letters};
use super::{CasesArgs, read};
use crate::cli::connect::{self, Connection};
use crate::cli::error::CliError;
use crate::cli::import::ImportError;
use crate::cli::import::rejects::Rejects;
use crate::cli::output;
use crate::cli::paging::PAGE_SIZE;
use crate::cli::shared::actor;
use crate::cli::status::code_name;
use crate::domain::case::MAX_CHANGED_LINKS;
use crate::wire::v1::case_service_client::CaseServiceClient;
use crate::wire::v1::link_number_result::Result as Linked;
use crate::wire::v1::{
    Case, CaseMember, CaseRole, CaseStatus, CreateCaseRequest, GetCaseRequest, LinkNumbersRequest, NumberLink,
    Source as Origin,
};

const AGENCY: &str = "Federal Trade Commission";

/// Confidence that a number in a letter took part. It is below 1, because the number may have been spoofed.
const CONFIDENCE: f64 = 0.9;

/// The result of an import.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct CasesImportSummary {
    rows: u64,
    cases: u64,
    cases_created: u64,
    cases_merged: u64,
    links: u64,
    links_created: u64,
    links_failed: u64,
    rejected: u64,
    unknown_categories: BTreeMap<String, u64>,
}

/// Imports a file.
///
/// # Errors
/// If the file cannot be read, or if the server refuses a request.
pub(in crate::cli::import) async fn run(args: CasesArgs) -> Result<(), CliError> {
    let common = args.common;
    let source = common.open()?;
    let mut rejects = Rejects::new(common.rejects.as_deref(), &source)?;
    let found = read(source.read().0, rejects.keeps_rows())?;
    found.rejects.iter().try_for_each(|reject| rejects.add(reject))?;
    let mut load = Load {
        client: CaseServiceClient::new(common.remote.connect().await?),
        actor: actor(args.actor),
        summary: CasesImportSummary {
            rows: found.rows,
            rejected: rejects.total(),
            ..CasesImportSummary::default()
        },
    };
    let end = load.all(&found).await;
    load.summary.unknown_categories = found.unknown_categories;
    rejects.finish()?;
    load.summary.print(common.remote.json)?;
    end?;
    Ok(rejects.check_share(found.rows, args.min_accepted)?)
}

struct Load {
    client: CaseServiceClient<Connection>,
    actor: String,
    summary: CasesImportSummary,
}

impl Load {
    async fn all(&mut self, found: &Letters) -> Result<(), CliError> {
        for letter in &found.letters {
            self.one(letter).await?;
        }
        match usize::try_from(self.summary.links_failed).unwrap_or(usize::MAX) {
            0 => Ok(()),
            failed => Err(CliError::Items {
                failed,
                total: usize::try_from(self.summary.links).unwrap_or(usize::MAX),
            }),
        }
    }

    async fn one(&mut self, letter: &Letter) -> Result<(), CliError> {
        self.summary.cases += 1;
        self.summary.links += letter.links.len() as u64;
        let Some((case, members)) = self.find(&letter.case_id).await? else {
            self.create(letter).await?;
            self.summary.cases_created += 1;
            return self.link(letter, &letter.links).await;
        };
        if case.case_id != letter.case_id {
            self.summary.cases_merged += 1;
            let (from, into) = (&letter.case_id, &case.case_id);
            return output::note(format!("case {from} was merged into case {into}: not changed"));
        }
        let linked: HashSet<&str> = members
            .iter()
            .filter(|member| member.role() == CaseRole::CallerId)
            .map(|member| member.e164.as_str())
            .collect();
        let is_missing = |link: &&LetterNumber| !linked.contains(link.number.to_string().as_str());
        let missing: Vec<LetterNumber> = letter.links.iter().filter(is_missing).copied().collect();
        self.link(letter, &missing).await
    }

    /// The case with all its members; `None` if the case does not exist.
    async fn find(&mut self, case_id: &str) -> Result<Option<(Case, Vec<CaseMember>)>, CliError> {
        let mut request = GetCaseRequest {
            case_id: case_id.to_owned(),
            include_members: true,
            page_size: PAGE_SIZE,
            page_token: String::new(),
            tenant: String::new(),
        };
        let mut members = Vec::new();
        loop {
            let page = match self.client.get_case(request.clone()).await {
                Ok(page) => page.into_inner(),
                Err(status) if status.code() == Code::NotFound => return Ok(None),
                Err(status) => return Err(status.into()),
            };
            members.extend(page.members);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return Ok(page.case.map(|case| (case, members)));
            }
        }
    }

    async fn create(&self, letter: &Letter) -> Result<(), CliError> {
        let mut request = CreateCaseRequest {
            case_id: letter.case_id.clone(),
            title: format!("FTC Point of No Entry: {}", letter.title),
            category: letter.category.into(),
            impersonated_brand: letter.brand.clone(),
            summary: "Numbers of calls that the FTC named in a letter of its Project Point of No Entry.".to_owned(),
            status: CaseStatus::Corroborated.into(),
            agency: AGENCY.to_owned(),
            agency_reference: letter.file.clone(),
            source: Origin::RegulatorFeed.into(),
            // Each link has the date of its call, so the case needs no date of its own.
            last_evidence_at: None,
            actor: self.actor.clone(),
            request_id: String::new(),
        };
        request.request_id = derived_id(&request);
        connect::change(&request.request_id, || {
            let (mut client, request) = (self.client.clone(), request.clone());
            async move { client.create_case(request).await }
        })
        .await?;
        Ok(())
    }

    async fn link(&mut self, letter: &Letter, links: &[LetterNumber]) -> Result<(), CliError> {
        for part in links.chunks(MAX_CHANGED_LINKS) {
            let mut request = LinkNumbersRequest {
                case_id: letter.case_id.clone(),
                links: part.iter().map(link).collect(),
                actor: self.actor.clone(),
                request_id: String::new(),
            };
            request.request_id = derived_id(&request);
            let answer = connect::change(&request.request_id, || {
                let (mut client, request) = (self.client.clone(), request.clone());
                async move { client.link_numbers(request).await }
            })
            .await?;
            if answer.results.len() != part.len() {
                let (sent, got) = (part.len(), answer.results.len());
                return Err(ImportError::WrongAnswer { sent, got }.into());
            }
            for result in answer.results {
                self.count(&letter.case_id, result.result)?;
            }
        }
        Ok(())
    }

    fn count(&mut self, case_id: &str, result: Option<Linked>) -> Result<(), CliError> {
        match result {
            Some(Linked::Linked(linked)) => self.summary.links_created += u64::from(linked.created),
            Some(Linked::Error(error)) => {
                self.summary.links_failed += 1;
                let code = code_name(Code::from_i32(error.code));
                output::note(format!(
                    "case {case_id}: cannot link a number: {} ({code})",
                    output::clean(&error.message)
                ))?;
            }
            None => self.summary.links_failed += 1,
        }
        Ok(())
    }
}

fn link(link: &LetterNumber) -> NumberLink {
    NumberLink {
        number: link.number.to_string(),
        default_region: String::new(),
        role: CaseRole::CallerId.into(),
        confidence: Some(CONFIDENCE),
        source: Origin::RegulatorFeed.into(),
        from: link.from,
        to: None,
        expected_version: None,
    }
}

/// A request id made from the content: the same request always has the same id.
fn derived_id(request: &impl Message) -> String {
    format!("import-{:032x}", xxh3_128(&request.encode_to_vec()))
}

impl CasesImportSummary {
    fn print(&self, json: bool) -> Result<(), CliError> {
        if json {
            return output::json(self);
        }
        let parts = [
            (self.cases, "cases"),
            (self.cases_created, "of them created"),
            (self.cases_merged, "of them merged"),
            (self.links, "links"),
            (self.links_created, "of them created"),
            (self.links_failed, "of them failed"),
            (self.rejected, "rows rejected"),
        ];
        output::line(output::tally(self.rows, "rows", &parts))?;
        for (category, count) in &self.unknown_categories {
            let category = output::clean(category);
            output::line(format!("unknown category: {category} ({count} rows)"))?;
        }
        Ok(())
    }
}
