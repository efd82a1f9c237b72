//! Takes the one file of a source without days, which its party replaces.

use super::PullError;
use super::run::Pull;
use super::take::Taken;
use crate::cli::error::CliError;
use crate::domain::day::Day;
use crate::domain::time::Timestamp;

impl Pull {
    /// Takes the file, and looks at its age.
    ///
    /// # Errors
    /// [`PullError`], or the error of an import.
    pub(super) async fn single(&mut self, now: Timestamp) -> Result<(), CliError> {
        let url = self.args.pulled.template.clone();
        if matches!(self.take(&url, None, now).await?, Taken::NoFile) {
            return Err(PullError::Status { url, status: 404 }.into());
        }
        let since = self.source.changed_at.map(|at| Day::of(Timestamp::from_secs(at)));
        let oldest = Day::of(now).plus(-i64::from(self.args.unchanged_days));
        match since.filter(|since| *since < oldest) {
            None => Ok(()),
            Some(since) => Err(PullError::Unchanged {
                name: self.args.pulled.name.clone(),
                since,
            }
            .into()),
        }
    }
}
