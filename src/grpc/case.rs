//! Fraud cases, and the numbers on them.

use tonic::{Request, Response, Status};

use super::convert::case as convert;
use super::convert::check_batch;
use super::{Api, error, respond};
use crate::metrics::Mutation;
use crate::service::{LinkOutcome, ServiceError};
use crate::wire::v1;
use crate::wire::v1::case_service_server::CaseService;

#[tonic::async_trait]
impl CaseService for Api {
    async fn create_case(&self, request: Request<v1::CreateCaseRequest>) -> Result<Response<v1::Case>, Status> {
        self.mutate(Mutation::CreateCase, async {
            let service = self.ready()?;
            let (new, mutation) = convert::new_case(request.into_inner())?;
            Ok(convert::case(&service.create_case(&new, &mutation).await?))
        })
        .await
    }

    async fn get_case(&self, request: Request<v1::GetCaseRequest>) -> Result<Response<v1::GetCaseResponse>, Status> {
        respond(self.show_case(request.into_inner()))
    }

    async fn list_cases(
        &self,
        request: Request<v1::ListCasesRequest>,
    ) -> Result<Response<v1::ListCasesResponse>, Status> {
        respond(self.ready().and_then(|service| {
            let (filter, page) = convert::filter(request.into_inner())?;
            let list = service.list_cases(&filter, &page)?;
            Ok(v1::ListCasesResponse {
                cases: list.cases.iter().map(convert::line).collect(),
                next_page_token: list.next_page_token,
            })
        }))
    }

    async fn update_case(&self, request: Request<v1::UpdateCaseRequest>) -> Result<Response<v1::Case>, Status> {
        self.mutate(Mutation::UpdateCase, async {
            let service = self.ready()?;
            let (id, change, mutation) = convert::change(request.into_inner())?;
            Ok(convert::case(&service.update_case(&id, &change, &mutation).await?))
        })
        .await
    }

    async fn transition_case(&self, request: Request<v1::TransitionCaseRequest>) -> Result<Response<v1::Case>, Status> {
        self.mutate(Mutation::TransitionCase, async {
            let service = self.ready()?;
            let (id, input, mutation) = convert::transition(request.into_inner())?;
            Ok(convert::case(&service.transition_case(&id, &input, &mutation).await?))
        })
        .await
    }

    async fn link_numbers(
        &self,
        request: Request<v1::LinkNumbersRequest>,
    ) -> Result<Response<v1::LinkNumbersResponse>, Status> {
        self.mutate(Mutation::LinkNumbers, self.link_all(request.into_inner()))
            .await
    }

    async fn unlink_numbers(
        &self,
        request: Request<v1::UnlinkNumbersRequest>,
    ) -> Result<Response<v1::UnlinkNumbersResponse>, Status> {
        self.mutate(Mutation::UnlinkNumbers, self.unlink_all(request.into_inner()))
            .await
    }
}

impl Api {
    fn show_case(&self, request: v1::GetCaseRequest) -> Result<v1::GetCaseResponse, ServiceError> {
        let service = self.ready()?;
        let (id, page) = convert::wanted(request)?;
        let details = service.case_details(&id)?;
        let (members, next_page_token) = match page {
            Some(page) => service.case_members(&id, &page)?,
            None => (Vec::new(), String::new()),
        };
        Ok(v1::GetCaseResponse {
            case: Some(convert::case(&details)),
            members: members.iter().map(convert::member).collect(),
            next_page_token,
        })
    }

    async fn link_all(&self, request: v1::LinkNumbersRequest) -> Result<v1::LinkNumbersResponse, ServiceError> {
        use v1::link_number_result::Result;
        let service = self.ready()?;
        check_batch("links", request.links.len(), convert::MAX_NUMBERS)?;
        let (id, mutation) = convert::linking(&request.case_id, &request.actor, &request.request_id)?;
        let links: Vec<_> = request.links.into_iter().map(convert::link).collect();
        let outcomes = service.link_numbers(&id, &links, &mutation).await?;
        let results = results(outcomes, "links", convert::linked, Result::Linked, Result::Error);
        Ok(v1::LinkNumbersResponse {
            results: results
                .map(|result| v1::LinkNumberResult { result: Some(result) })
                .collect(),
        })
    }

    async fn unlink_all(&self, request: v1::UnlinkNumbersRequest) -> Result<v1::UnlinkNumbersResponse, ServiceError> {
        use v1::unlink_number_result::Result;
        let service = self.ready()?;
        check_batch("numbers", request.numbers.len(), convert::MAX_NUMBERS)?;
        let (id, mutation) = convert::unlinking(&request.case_id, &request.actor, &request.request_id, request.reason)?;
        let numbers: Vec<_> = request.numbers.into_iter().map(convert::unlink).collect();
        let outcomes = service.unlink_numbers(&id, &numbers, &mutation).await?;
        let results = results(outcomes, "numbers", convert::unlinked, Result::Unlinked, Result::Error);
        Ok(v1::UnlinkNumbersResponse {
            results: results
                .map(|result| v1::UnlinkNumberResult { result: Some(result) })
                .collect(),
        })
    }
}

/// The results of a batch, each as it is shown or with what was wrong with it.
fn results<T, R>(
    outcomes: Vec<Result<LinkOutcome, ServiceError>>,
    field: &str,
    show: impl Fn(LinkOutcome) -> T,
    done: impl Fn(T) -> R,
    failed: impl Fn(v1::ItemError) -> R,
) -> impl Iterator<Item = R> {
    outcomes
        .into_iter()
        .enumerate()
        .map(move |(place, outcome)| match outcome {
            Ok(outcome) => done(show(outcome)),
            Err(fault) => failed(error::item(&error::within(&format!("{field}[{place}]"), fault))),
        })
}
