//! The analysts' view of numbers, and their decisions on them.

mod dossier;
mod dry_run;
mod effect;
mod erase;
mod list;
mod pending;
mod search;
mod similar;
pub(super) mod status;

use std::sync::Arc;

use super::directory::Directory;
use super::page::PageKey;
use super::writer::Writer;

pub use dossier::{Dossier, DossierLink};
pub use effect::Overruled;
pub use erase::{EraseInput, Erased};
pub use list::NumberList;
pub use pending::PendingList;
pub use search::{Found, FoundBrand, MIN_PART_DIGITS};
pub use similar::{SimilarList, SimilarNumber, Similarity};
pub use status::{Expiry, NumberChanged, StatusInput};

/// The numbers, for analysts.
pub struct Numbers {
    writer: Arc<Writer>,
    page_key: PageKey,
    directory: Arc<Directory>,
}

impl Numbers {
    pub(super) fn new(writer: Arc<Writer>, page_key: PageKey, directory: Arc<Directory>) -> Self {
        Self {
            writer,
            page_key,
            directory,
        }
    }

    /// Renews a part of the lines by which numbers are found, if analysts have asked lately. Called once in
    /// [`PAUSE_BETWEEN_PARTS`](super::PAUSE_BETWEEN_PARTS), it keeps questions from renewing all of them.
    pub async fn renew_next_part(&self) {
        self.directory.renew_next_part().await;
    }
}
