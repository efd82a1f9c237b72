//! What analysts see and say of numbers.

use tonic::{Request, Response, Status};

use super::convert::number as convert;
use super::{Api, respond};
use crate::metrics::Mutation;
use crate::service::ServiceError;
use crate::wire::v1;
use crate::wire::v1::number_service_server::NumberService;

#[tonic::async_trait]
impl NumberService for Api {
    async fn get_number(&self, request: Request<v1::GetNumberRequest>) -> Result<Response<v1::NumberDossier>, Status> {
        respond(self.dossier(request.into_inner()).await)
    }

    async fn set_number_status(
        &self,
        request: Request<v1::SetNumberStatusRequest>,
    ) -> Result<Response<v1::SetNumberStatusResponse>, Status> {
        self.mutate(Mutation::SetNumberStatus, async {
            let service = self.ready()?;
            let (named, input, mutation) = convert::new_status(request.into_inner())?;
            let (number, statuses, version) = service.set_status(&named.text, named.region, &input, &mutation).await?;
            Ok(v1::SetNumberStatusResponse {
                e164: number.to_string(),
                statuses: convert::statuses(statuses.at(service.clock().now())),
                version,
            })
        })
        .await
    }

    async fn clear_number_status(
        &self,
        request: Request<v1::ClearNumberStatusRequest>,
    ) -> Result<Response<v1::ClearNumberStatusResponse>, Status> {
        self.mutate(Mutation::ClearNumberStatus, async {
            let service = self.ready()?;
            let what = convert::clearance(request.into_inner())?;
            let (number, statuses, version) = service
                .clear_status(
                    &what.named.text,
                    what.named.region,
                    what.kind,
                    &what.reason,
                    &what.mutation,
                )
                .await?;
            Ok(v1::ClearNumberStatusResponse {
                e164: number.to_string(),
                statuses: convert::statuses(statuses.at(service.clock().now())),
                version,
            })
        })
        .await
    }

    async fn list_numbers(
        &self,
        request: Request<v1::ListNumbersRequest>,
    ) -> Result<Response<v1::ListNumbersResponse>, Status> {
        respond(self.ready().and_then(|service| {
            let (filter, page) = convert::filter(request.into_inner())?;
            Ok(convert::list(&service.list_numbers(&filter, &page)?))
        }))
    }

    async fn reset_number(
        &self,
        request: Request<v1::ResetNumberRequest>,
    ) -> Result<Response<v1::ResetNumberResponse>, Status> {
        self.mutate(Mutation::ResetNumber, async {
            let service = self.ready()?;
            let what = convert::reset(request.into_inner())?;
            let named = &what.named;
            let done = service
                .reset(&named.text, named.region, what.before, &what.reason, &what.mutation)
                .await?;
            Ok(convert::was_reset(done))
        })
        .await
    }
}

impl Api {
    async fn dossier(&self, request: v1::GetNumberRequest) -> Result<v1::NumberDossier, ServiceError> {
        let service = self.ready()?;
        let named = convert::named(request)?;
        let dossier = service.dossier(&named.text, named.region).await?;
        Ok(convert::dossier(dossier, service.model_version()))
    }
}
