//! The analysts' view of numbers, and their decisions on them.

mod dossier;
mod dry_run;
mod effect;
mod list;
pub(super) mod status;

use std::sync::Arc;

use super::page::PageKey;
use super::writer::Writer;

pub use dossier::{Dossier, DossierLink};
pub use effect::Overruled;
pub use list::{NumberFilter, NumberList, NumberRow};
pub use status::{Expiry, NumberChanged, StatusInput};

/// The numbers, for analysts.
pub struct Numbers {
    writer: Arc<Writer>,
    page_key: PageKey,
}

impl Numbers {
    pub(super) fn new(writer: Arc<Writer>, page_key: PageKey) -> Self {
        Self { writer, page_key }
    }
}
