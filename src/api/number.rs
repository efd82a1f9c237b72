//! Numbers: the dossier, the analysts' statuses, the lists of numbers, the search, the reset.

use super::convert::{number as convert, number_list};
use super::{Api, ApiError, RequestContext};
use crate::domain::audit::AuditMethod;
use crate::metrics::MutationLabel;
use crate::service::subject_of_number;
use crate::wire::v1;

impl Api {
    /// Reads all that is known of a number.
    ///
    /// # Errors
    /// If the text is not a number, the index is being loaded, or the store cannot be read.
    pub async fn get_number(
        &self,
        request: v1::GetNumberRequest,
        context: &RequestContext,
    ) -> Result<v1::NumberDossier, ApiError> {
        let numbers = self.numbers(context)?;
        let named = convert::named(request)?;
        self.refresh().await;
        let subject = subject_of_number(&named.text, named.region)?;
        let recorded = self.record_read(context, AuditMethod::GetNumber, Some(subject));
        let (dossier, ()) = tokio::join!(numbers.dossier(&named.text, named.region), recorded);
        let dossier = dossier.map_err(ApiError::of_a_read)?;
        let senders = self.senders(context, dossier.latest.iter())?;
        let lookups = self.lookups()?;
        let for_calls = match dossier.identity.e164 {
            Some(number) => lookups.for_calls(context.caller.tenant(), number)?,
            None => None,
        };
        let mut shown = convert::dossier(dossier, lookups.model_version(), &senders);
        shown.for_calls = for_calls.map(|told| convert::for_calls(&told, lookups.model_version()));
        Ok(shown)
    }

    /// Sets a status of a number.
    ///
    /// # Errors
    /// If the request is not valid, another change came first, or the change cannot be stored.
    pub async fn set_number_status(
        &self,
        request: v1::SetNumberStatusRequest,
        context: &RequestContext,
    ) -> Result<v1::SetNumberStatusResponse, ApiError> {
        if request.dry_run {
            let numbers = self.numbers(context)?;
            let (named, input, mutation) = convert::new_status(request, context)?;
            let foreseen = numbers.try_status(&named.text, named.region, &input, &mutation).await;
            let foreseen = foreseen.map_err(ApiError::of_a_read)?;
            let overruled = numbers.overruled(input.kind, foreseen.number, &foreseen.statuses);
            return Ok(convert::status_set(
                input.kind,
                &foreseen,
                overruled,
                self.clock().now(),
            ));
        }
        self.mutate(MutationLabel::SetNumberStatus, async {
            let numbers = self.numbers(context)?;
            let (named, input, mutation) = convert::new_status(request, context)?;
            let changed = numbers.set_status(&named.text, named.region, &input, &mutation).await?;
            let overruled = numbers.overruled(input.kind, changed.number, &changed.statuses);
            Ok(convert::status_set(input.kind, &changed, overruled, self.clock().now()))
        })
        .await
    }

    /// Clears one status of a number, or all.
    ///
    /// # Errors
    /// If the request is not valid, another change came first, or the change cannot be stored.
    pub async fn clear_number_status(
        &self,
        request: v1::ClearNumberStatusRequest,
        context: &RequestContext,
    ) -> Result<v1::ClearNumberStatusResponse, ApiError> {
        self.mutate(MutationLabel::ClearNumberStatus, async {
            let numbers = self.numbers(context)?;
            let clearance = convert::clearance(request, context)?;
            let named = &clearance.named;
            let changed = numbers
                .clear_status(
                    &named.text,
                    named.region,
                    clearance.kind,
                    &clearance.reason,
                    &clearance.mutation,
                )
                .await?;
            Ok(v1::ClearNumberStatusResponse {
                e164: changed.number.to_string(),
                statuses: convert::statuses(changed.statuses.at(self.clock().now())),
                version: changed.version,
            })
        })
        .await
    }

    /// Lists numbers.
    ///
    /// # Errors
    /// If the filter or the page is not valid, or the index is being loaded.
    pub async fn list_numbers(
        &self,
        request: v1::ListNumbersRequest,
        context: &RequestContext,
    ) -> Result<v1::ListNumbersResponse, ApiError> {
        let numbers = self.numbers(context)?;
        let (filter, page) = number_list::filter(request)?;
        self.refresh().await;
        let list = numbers.list(&filter, &page).await.map_err(ApiError::of_a_read)?;
        Ok(number_list::list(&list))
    }

    /// Finds numbers, cases and brands by a text.
    ///
    /// # Errors
    /// If the text or the size is not valid, or the index is being loaded.
    pub async fn search(
        &self,
        request: v1::SearchRequest,
        context: &RequestContext,
    ) -> Result<v1::SearchResponse, ApiError> {
        let numbers = self.numbers(context)?;
        let number_list::Search { text, size } = number_list::search(request)?;
        self.refresh().await;
        // The text is not in the event: it may be anything.
        let subject = subject_of_number(&text.text, text.region).ok();
        let found = numbers.search(&text.text, text.region, size).await;
        let found = found.map_err(ApiError::of_a_read)?;
        self.record_read(context, AuditMethod::Search, subject).await;
        Ok(number_list::found(&found))
    }

    /// Lists numbers that are similar to a number.
    ///
    /// # Errors
    /// If the number or the page is not valid, the index is being loaded, or comments cannot be read from the store.
    pub async fn list_similar_numbers(
        &self,
        request: v1::ListSimilarNumbersRequest,
        context: &RequestContext,
    ) -> Result<v1::ListSimilarNumbersResponse, ApiError> {
        let numbers = self.numbers(context)?;
        let (text, region, page) = number_list::similar(request)?;
        self.refresh().await;
        let subject = subject_of_number(&text, region)?;
        page.check()?;
        let recorded = self.record_read(context, AuditMethod::ListSimilarNumbers, Some(subject));
        let (list, ()) = tokio::join!(numbers.similar(&text, region, &page), recorded);
        Ok(number_list::similar_list(&list.map_err(ApiError::of_a_read)?))
    }

    /// Drops the history of a number.
    ///
    /// # Errors
    /// If the request is not valid, another change came first, or the change cannot be stored.
    pub async fn reset_number(
        &self,
        request: v1::ResetNumberRequest,
        context: &RequestContext,
    ) -> Result<v1::ResetNumberResponse, ApiError> {
        if request.dry_run {
            let reset = convert::reset(request, context)?;
            let (named, numbers) = (&reset.named, self.numbers(context)?);
            let foreseen = numbers.try_reset(&named.text, named.region, reset.before, &reset.mutation);
            return Ok(convert::reset_result(&foreseen.await.map_err(ApiError::of_a_read)?));
        }
        self.mutate(MutationLabel::ResetNumber, async {
            let numbers = self.numbers(context)?;
            let reset = convert::reset(request, context)?;
            let named = &reset.named;
            let done = numbers
                .reset(&named.text, named.region, reset.before, &reset.reason, &reset.mutation)
                .await?;
            Ok(convert::reset_result(&done))
        })
        .await
    }

    /// Erases a number.
    ///
    /// # Errors
    /// If the request is not valid, the number is linked to an open case, another change came first, or the erasure cannot
    /// be stored.
    pub async fn erase_number(
        &self,
        request: v1::EraseNumberRequest,
        context: &RequestContext,
    ) -> Result<v1::EraseNumberResponse, ApiError> {
        if request.dry_run {
            let erasure = convert::erasure(request, context)?;
            let (named, numbers) = (&erasure.named, self.numbers(context)?);
            let foreseen = numbers.try_erase(&named.text, named.region, &erasure.mutation).await;
            return Ok(convert::erased(&foreseen.map_err(ApiError::of_a_read)?));
        }
        self.mutate(MutationLabel::EraseNumber, async {
            let numbers = self.numbers(context)?;
            let erasure = convert::erasure(request, context)?;
            let named = &erasure.named;
            let erased = numbers
                .erase(&named.text, named.region, &erasure.input, &erasure.mutation)
                .await?;
            self.lookups()?.forget_calls(context.caller.tenant(), erased.number);
            Ok(convert::erased(&erased))
        })
        .await
    }
}
