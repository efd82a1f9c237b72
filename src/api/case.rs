//! Fraud cases and the numbers linked to them.

use super::convert::case as convert;
use super::convert::{check_batch, note, total};
use super::sharing::unseen;
use super::{Api, ApiError, RequestContext};
use crate::domain::audit::{AuditMethod, AuditSubject};
use crate::domain::case::MAX_CHANGED_LINKS;
use crate::domain::visibility::SharedThing;
use crate::metrics::{EdgeLabel, MutationLabel};
use crate::service::{LinkOutcome, ServiceError};
use crate::wire::v1;

impl Api {
    /// Creates a case.
    ///
    /// # Errors
    /// If the request is not valid, the id is used by a different case, or the case cannot be stored.
    pub async fn create_case(
        &self,
        request: v1::CreateCaseRequest,
        context: &RequestContext,
    ) -> Result<v1::Case, ApiError> {
        self.mutate(MutationLabel::CreateCase, async {
            let cases = self.cases(context)?;
            let (new, mutation) = convert::new_case(request, context)?;
            Ok(convert::case(&cases.create(&new, &mutation).await?))
        })
        .await
    }

    /// Reads a case with its latest notes, and a page of its numbers if the request asks for it.
    ///
    /// # Errors
    /// If the case does not exist, or the page is not valid.
    pub async fn get_case(
        &self,
        request: v1::GetCaseRequest,
        context: &RequestContext,
    ) -> Result<v1::GetCaseResponse, ApiError> {
        let named = request.tenant.clone();
        let (id, page) = convert::wanted(request)?;
        let is_current = self.refresh().await;
        let asked = SharedThing::Case(id.clone());
        let (services, viewer) = self.owner(&named, Some(&asked), context, is_current)?;
        let cases = &services.cases;
        let details = cases.get(&id).await.map_err(ApiError::of_a_read)?;
        let thing = SharedThing::Case(details.case.id.clone());
        if viewer.is_some_and(|viewer| !services.sharings.allows(&thing, viewer)) {
            return Err(unseen("case", is_current)); // it was merged into a private one
        }
        let page_total = page.as_ref().map_or(0, |_| total(details.member_count));
        let (members, next_page_token) = match page {
            Some(page) => cases.members(&id, &page).await.map_err(ApiError::of_a_read)?,
            None => (Vec::new(), String::new()),
        };
        let mut notes = services.notes.latest_of_case(&details.case.id);
        let mut note_count = services.notes.count_of_case(&details.case.id);
        if let Some(viewer) = viewer {
            notes.retain(|note| services.sharings.allows(&SharedThing::Note(note.id), viewer));
            note_count = notes.len();
        }
        // A case without notes has no personal text; that of another tenant is recorded all the same.
        if viewer.is_some() || !notes.is_empty() {
            let owner = viewer.map(|_| services.tenant());
            let subject = Some(AuditSubject::Case(details.case.id.clone()));
            self.record_read_of(owner, context, AuditMethod::GetCase, subject).await;
        }
        Ok(v1::GetCaseResponse {
            case: Some(convert::case(&details)),
            members: members.iter().map(convert::member).collect(),
            total_size: page_total,
            next_page_token,
            notes: note::notes(&notes),
            note_count: total(note_count),
        })
    }

    /// Lists cases.
    ///
    /// # Errors
    /// If the filter or the page is not valid, or the index is being loaded.
    pub async fn list_cases(
        &self,
        request: v1::ListCasesRequest,
        context: &RequestContext,
    ) -> Result<v1::ListCasesResponse, ApiError> {
        let cases = self.cases(context)?;
        let (filter, page) = convert::filter(request)?;
        self.refresh().await;
        let list = cases.list(&filter, &page).await?;
        Ok(v1::ListCasesResponse {
            cases: list.cases.iter().map(convert::line).collect(),
            next_page_token: list.next_page_token,
            total_size: total(list.total),
        })
    }

    /// Changes fields of a case.
    ///
    /// # Errors
    /// If the request is not valid, another change came first, or the change cannot be stored.
    pub async fn update_case(
        &self,
        request: v1::UpdateCaseRequest,
        context: &RequestContext,
    ) -> Result<v1::Case, ApiError> {
        self.mutate(MutationLabel::UpdateCase, async {
            let cases = self.cases(context)?;
            let (id, change, mutation) = convert::change(request, context)?;
            Ok(convert::case(&cases.update(&id, &change, &mutation).await?))
        })
        .await
    }

    /// Changes the status of a case.
    ///
    /// # Errors
    /// If the request is not valid, the status does not allow the step, another change came first, or the change cannot be
    /// stored.
    pub async fn transition_case(
        &self,
        request: v1::TransitionCaseRequest,
        context: &RequestContext,
    ) -> Result<v1::Case, ApiError> {
        self.mutate(MutationLabel::TransitionCase, async {
            let cases = self.cases(context)?;
            let (id, input, mutation) = convert::transition(request, context)?;
            Ok(convert::case(&cases.transition(&id, &input, &mutation).await?))
        })
        .await
    }

    /// Links numbers to a case, with a result for each.
    ///
    /// # Errors
    /// If the batch is not valid, or the case does not exist.
    pub async fn link_numbers(
        &self,
        request: v1::LinkNumbersRequest,
        context: &RequestContext,
    ) -> Result<v1::LinkNumbersResponse, ApiError> {
        use v1::link_number_result::Result;
        self.mutate(MutationLabel::LinkNumbers, async {
            let cases = self.cases(context)?;
            check_batch("links", request.links.len(), MAX_CHANGED_LINKS)?;
            let (id, mutation) = convert::linking(&request.case_id, &request.actor, &request.request_id, context)?;
            let links: Vec<_> = request.links.into_iter().map(convert::link).collect();
            let outcomes = cases.link_numbers(&id, &links, &mutation).await?;
            let results = results(
                outcomes,
                (context.edge, "links"),
                convert::linked,
                Result::Linked,
                Result::Error,
            );
            Ok(v1::LinkNumbersResponse {
                results: results
                    .map(|result| v1::LinkNumberResult { result: Some(result) })
                    .collect(),
            })
        })
        .await
    }

    /// Unlinks numbers from a case, with a result for each.
    ///
    /// # Errors
    /// If the batch is not valid, or the case does not exist.
    pub async fn unlink_numbers(
        &self,
        request: v1::UnlinkNumbersRequest,
        context: &RequestContext,
    ) -> Result<v1::UnlinkNumbersResponse, ApiError> {
        use v1::unlink_number_result::Result;
        self.mutate(MutationLabel::UnlinkNumbers, async {
            let cases = self.cases(context)?;
            check_batch("numbers", request.numbers.len(), MAX_CHANGED_LINKS)?;
            let (id, reason, mutation) = convert::unlinking(
                &request.case_id,
                &request.actor,
                &request.request_id,
                request.reason,
                context,
            )?;
            let numbers: Vec<_> = request.numbers.into_iter().map(convert::unlink).collect();
            let outcomes = cases.unlink_numbers(&id, &numbers, &reason, &mutation).await?;
            let results = results(
                outcomes,
                (context.edge, "numbers"),
                convert::unlinked,
                Result::Unlinked,
                Result::Error,
            );
            Ok(v1::UnlinkNumbersResponse {
                results: results
                    .map(|result| v1::UnlinkNumberResult { result: Some(result) })
                    .collect(),
            })
        })
        .await
    }
}

/// The results of a batch: each item as it is shown, or its error.
fn results<T, R>(
    outcomes: Vec<Result<LinkOutcome, ServiceError>>,
    (edge, field): (EdgeLabel, &str),
    show: impl Fn(LinkOutcome) -> T,
    done: impl Fn(T) -> R,
    failed: impl Fn(v1::ItemError) -> R,
) -> impl Iterator<Item = R> {
    outcomes
        .into_iter()
        .enumerate()
        .map(move |(position, outcome)| match outcome {
            Ok(outcome) => done(show(outcome)),
            Err(error) => {
                let error = ApiError::from(error).in_field(&format!("{field}[{position}]"));
                failed(error.item(edge))
            }
        })
}
