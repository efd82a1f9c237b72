//! The services of the contract for tonic. Each method reads the context, checks the caller again now that the message is
//! read, calls the handler of [`Api`], and renders its error as a status.

use futures_util::stream::{BoxStream, StreamExt as _};
use prost::Message;
use tonic::{Request, Response, Status, Streaming};

use super::context::split;
use super::servers::admin_service_server::AdminService;
use super::servers::case_service_server::CaseService;
use super::servers::list_service_server::ListService;
use super::servers::lookup_service_server::LookupService;
use super::servers::note_service_server::NoteService;
use super::servers::number_service_server::NumberService;
use super::servers::principal_service_server::PrincipalService;
use super::servers::report_service_server::ReportService;
use super::servers::sharing_service_server::SharingService;
use super::status::stream_status;
use crate::api::{Api, ApiError};
use crate::edge::catch_stream_panic;
use crate::net::HeldBytes;
use crate::wire::v1;

/// The handlers as gRPC services. Clones share everything.
#[derive(Clone, Debug)]
pub(super) struct GrpcServices(pub(super) Api);

/// Calls a handler. `await` marks heavy work, which must be admitted; `turns` a handler that waits and is not heavy.
macro_rules! call {
    ($api:expr, $method:ident($message:expr, $context:expr)) => {
        $api.$method($message, $context)
    };
    ($api:expr, $method:ident($message:expr, $context:expr) turns) => {
        $api.$method($message, $context).await
    };
    ($api:expr, $method:ident($message:expr, $context:expr) await) => {{
        let _admitted = $api.admit_heavy($context)?;
        $api.$method($message, $context).await
    }};
}

/// An answer, whose memory is counted in place of that of the request. It is refused if the server has no room for it, unless
/// the request has changed something.
fn answered<T: Message>(message: T, held: Option<&HeldBytes>) -> Result<Response<T>, Status> {
    if let Some(held) = held.filter(|held| !held.is_lookup()) {
        held.answer(message.encoded_len())
            .map_err(|_over| Status::from(ApiError::overloaded()))?;
    }
    Ok(Response::new(message))
}

/// Implements a service. A line such as `create_case(CreateCaseRequest).await -> Case;` is a method with one request and
/// one response; `.await` is left out where the handler does not wait, and is `.turns` where it waits for other lookups only.
/// The methods with streams follow in braces.
macro_rules! service {
    (
        $service:ident {
            $( $method:ident($request:ident) $(. $wait:tt)? -> $response:ident; )*
        }
        { $($streams:tt)* }
    ) => {
        #[tonic::async_trait]
        impl $service for GrpcServices {
            $(
                async fn $method(
                    &self,
                    request: Request<v1::$request>,
                ) -> Result<Response<v1::$response>, Status> {
                    let held = request.extensions().get::<HeldBytes>().cloned();
                    let (message, mut context) = split(request);
                    self.0.readmit(&mut context)?;
                    let result = call!(self.0, $method(message, &context) $($wait)?);
                    answered(result?, held.as_ref())
                }
            )*

            $($streams)*
        }
    };
}

service! {
    LookupService {
        lookup(LookupRequest) -> LookupResponse;
        batch_lookup(BatchLookupRequest).turns -> BatchLookupResponse;
        get_decision(GetDecisionRequest) -> Decision;
        list_categories(ListCategoriesRequest) -> ListCategoriesResponse;
    }
    {
        type StreamLookupStream = BoxStream<'static, Result<v1::StreamLookupResponse, Status>>;

        /// The answers are made on the task of the connection. The flow control of HTTP/2 limits how many wait.
        async fn stream_lookup(
            &self,
            request: Request<Streaming<v1::LookupRequest>>,
        ) -> Result<Response<Self::StreamLookupStream>, Status> {
            let (questions, context) = split(request);
            let questions = questions.map(|question| question.map_err(stream_status));
            let answers = self.0.stream_lookup(questions, &context);
            Ok(Response::new(catch_stream_panic(context.edge, answers).boxed()))
        }
    }
}

service! {
    ReportService {
        submit_report(SubmitReportRequest).await -> SubmitReportResponse;
        batch_submit_reports(BatchSubmitReportsRequest).await -> BatchSubmitReportsResponse;
        withdraw_report(WithdrawReportRequest).await -> WithdrawReportResponse;
        withdraw_reports(WithdrawReportsRequest).await -> WithdrawReportsResponse;
        list_reports(ListReportsRequest).await -> ListReportsResponse;
        list_reporter_reports(ListReporterReportsRequest).await -> ListReporterReportsResponse;
        list_pending_comments(ListPendingCommentsRequest).await -> ListPendingCommentsResponse;
        moderate_comment(ModerateCommentRequest).await -> ModerateCommentResponse;
    }
    {
        type ExportReportsStream = BoxStream<'static, Result<v1::ExportReportsResponse, Status>>;

        /// A part is read when the client takes it. The flow control of HTTP/2 limits how many wait.
        async fn export_reports(
            &self,
            request: Request<v1::ExportReportsRequest>,
        ) -> Result<Response<Self::ExportReportsStream>, Status> {
            let (message, mut context) = split(request);
            self.0.readmit(&mut context)?;
            let parts = self.0.export_reports(message, &context).await?;
            Ok(Response::new(catch_stream_panic(context.edge, parts).boxed()))
        }

        async fn submit_call_outcomes(
            &self,
            request: Request<Streaming<v1::CallOutcome>>,
        ) -> Result<Response<v1::SubmitCallOutcomesResponse>, Status> {
            let (outcomes, context) = split(request);
            self.0.submit_call_outcomes(outcomes, &context).await.map(Response::new)
        }
    }
}

service! {
    NumberService {
        get_number(GetNumberRequest).await -> NumberDossier;
        set_number_status(SetNumberStatusRequest).await -> SetNumberStatusResponse;
        clear_number_status(ClearNumberStatusRequest).await -> ClearNumberStatusResponse;
        list_numbers(ListNumbersRequest).await -> ListNumbersResponse;
        search(SearchRequest).await -> SearchResponse;
        list_similar_numbers(ListSimilarNumbersRequest).await -> ListSimilarNumbersResponse;
        list_audit_events(ListAuditEventsRequest).await -> ListAuditEventsResponse;
        reset_number(ResetNumberRequest).await -> ResetNumberResponse;
        erase_number(EraseNumberRequest).await -> EraseNumberResponse;
    }
    {}
}

service! {
    CaseService {
        create_case(CreateCaseRequest).await -> Case;
        get_case(GetCaseRequest).await -> GetCaseResponse;
        list_cases(ListCasesRequest).await -> ListCasesResponse;
        update_case(UpdateCaseRequest).await -> Case;
        transition_case(TransitionCaseRequest).await -> Case;
        link_numbers(LinkNumbersRequest).await -> LinkNumbersResponse;
        unlink_numbers(UnlinkNumbersRequest).await -> UnlinkNumbersResponse;
    }
    {}
}

service! {
    ListService {
        get_list(GetListRequest).await -> GetListResponse;
        list_lists(ListListsRequest).await -> ListListsResponse;
    }
    {
        async fn replace_list(
            &self,
            request: Request<Streaming<v1::ReplaceListRequest>>,
        ) -> Result<Response<v1::ReplaceListResponse>, Status> {
            let (parts, context) = split(request);
            self.0.replace_list(parts, &context).await.map(Response::new)
        }
    }
}

service! {
    NoteService {
        add_note(AddNoteRequest).await -> AddNoteResponse;
        list_notes(ListNotesRequest).await -> ListNotesResponse;
    }
    {}
}

service! {
    SharingService {
        set_visibility(SetVisibilityRequest).await -> SetVisibilityResponse;
        set_acceptance(SetAcceptanceRequest).await -> SetAcceptanceResponse;
        list_sharings(ListSharingsRequest).await -> ListSharingsResponse;
        list_shared_with_me(ListSharedWithMeRequest).await -> ListSharedWithMeResponse;
    }
    {}
}

service! {
    PrincipalService {
        create_principal(CreatePrincipalRequest).await -> Principal;
        get_principal(GetPrincipalRequest).await -> Principal;
        list_principals(ListPrincipalsRequest).await -> ListPrincipalsResponse;
        update_principal(UpdatePrincipalRequest).await -> Principal;
        add_key(AddKeyRequest).await -> Principal;
        revoke_key(RevokeKeyRequest).await -> Principal;
        get_caller(GetCallerRequest) -> GetCallerResponse;
    }
    {}
}

service! {
    AdminService {
        get_index_comparison(GetIndexComparisonRequest).await -> GetIndexComparisonResponse;
    }
    {}
}
