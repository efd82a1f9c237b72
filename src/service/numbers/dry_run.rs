//! Dry runs: what a change of a number would do. They read the store, and write nothing.

use super::Numbers;
use super::status::{NumberChanged, StatusInput, check_status, reset_moment};
use crate::domain::kinds::StatusKind;
use crate::domain::requests::Seen;
use crate::domain::state::is_lost_by_reset;
use crate::domain::time::Timestamp;
use crate::number::{E164, Region};
use crate::service::ServiceError;
use crate::service::identity::read_decided_number;
use crate::service::writer::{Mutation, WholeNumber};

impl Numbers {
    /// The number as it would be with this status, and how many reports it would lose.
    ///
    /// # Errors
    /// If the request is wrong or stale, or the store cannot be read.
    pub async fn try_status(
        &self,
        text: &str,
        region: Option<Region>,
        input: &StatusInput,
        mutation: &Mutation,
    ) -> Result<NumberChanged<u32>, ServiceError> {
        let number = read_decided_number("number", text, region)?;
        let now = self.writer.now();
        check_status(input, now)?;
        let mut whole = self.unchanged(number, mutation).await?;
        let dropped = if input.kind == StatusKind::Reassigned {
            dropped(&whole, now)
        } else {
            0
        };
        whole.state.statuses.set(input.entry(mutation, now));
        Ok(self.foreseen(number, whole, dropped))
    }

    /// How many reports a reset would remove.
    ///
    /// # Errors
    /// If the request is wrong or stale, or the store cannot be read.
    pub async fn try_reset(
        &self,
        text: &str,
        region: Option<Region>,
        before: Option<Timestamp>,
        mutation: &Mutation,
    ) -> Result<NumberChanged<u32>, ServiceError> {
        let number = read_decided_number("number", text, region)?;
        let moment = reset_moment(before, self.writer.now())?;
        let whole = self.unchanged(number, mutation).await?;
        let dropped = dropped(&whole, moment);
        Ok(self.foreseen(number, whole, dropped))
    }

    /// The number as it is, if it has the version that the change expects.
    async fn unchanged(&self, number: E164, mutation: &Mutation) -> Result<WholeNumber, ServiceError> {
        let whole = self.writer.read_whole(number).await?;
        mutation.check(Seen::New, self.writer.version_of_whole(number, &whole))?;
        Ok(whole)
    }

    fn foreseen(&self, number: E164, whole: WholeNumber, dropped: u32) -> NumberChanged<u32> {
        NumberChanged {
            number,
            answer: Some(dropped),
            version: self.writer.version_of_whole(number, &whole),
            statuses: whole.state.statuses,
        }
    }
}

fn dropped(whole: &WholeNumber, moment: Timestamp) -> u32 {
    let dropped = whole.rows.iter().filter(|row| is_lost_by_reset(row, moment)).count();
    u32::try_from(dropped).unwrap_or(u32::MAX)
}
