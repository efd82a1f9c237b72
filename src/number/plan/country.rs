//! One country code and the territories that share it.

use std::sync::OnceLock;

use super::super::region::Region;
use super::class::{self, Class};
use super::format::Formats;
use super::metadata::TerritoryMetadata;
use super::newer::NewerRange;
use super::pattern::{Automaton, PatternSyntaxError};
use super::territory::Territory;

/// The territories of a country code.
#[derive(Debug)]
pub(super) struct Country {
    code: u16,
    /// The territory whose rules hold for the country code as a whole.
    main: Territory,
    others: Vec<Territory>,
    /// The source of the tables below, main territory first.
    metadata: &'static [TerritoryMetadata],
    /// The ranges that are newer than the metadata, the more important first.
    newer: Vec<NewerRange>,
    /// Built on first use: most programs see numbers of few countries.
    classes: OnceLock<Automaton<Class>>,
    /// Built on first use.
    formats: OnceLock<Formats>,
}

impl Country {
    /// The country with these territories, main territory first, and newer ranges of them; none if there are no
    /// territories.
    ///
    /// # Errors
    /// [`PatternSyntaxError`] if the dialling rules of a territory cannot be read.
    pub(super) fn new(
        code: u16,
        metadata: &'static [TerritoryMetadata],
        newer: Vec<NewerRange>,
    ) -> Result<Option<Self>, PatternSyntaxError> {
        let Some((main, others)) = metadata.split_first() else {
            return Ok(None);
        };
        Ok(Some(Self {
            code,
            // The rules of the main territory hold for the ranges of all.
            main: Territory::new(main, newer.clone())?,
            others: others
                .iter()
                .map(|other| Territory::new(other, of_region(&newer, other)))
                .collect::<Result<_, _>>()?,
            metadata,
            newer,
            classes: OnceLock::new(),
            formats: OnceLock::new(),
        }))
    }

    pub(super) fn code(&self) -> u16 {
        self.code
    }

    /// The territory whose rules hold for the country code as a whole.
    pub(super) fn main(&self) -> &Territory {
        &self.main
    }

    /// All territories, main territory first.
    pub(super) fn territories(&self) -> impl Iterator<Item = &Territory> {
        std::iter::once(&self.main).chain(&self.others)
    }

    /// The facts about one of its territories.
    pub(super) fn metadata_of(&self, region: Region) -> Option<&'static TerritoryMetadata> {
        self.metadata.iter().find(|one| one.id == region.as_str())
    }

    /// The region and the kind of line of a number.
    pub(super) fn class(&self, national: &[u8]) -> Class {
        self.classes().value(national)
    }

    /// The formats of its numbers.
    pub(super) fn formats(&self) -> &Formats {
        self.formats
            .get_or_init(|| self.metadata.first().map(Formats::of).unwrap_or_default())
    }

    /// The table of classes.
    pub(super) fn classes(&self) -> &Automaton<Class> {
        self.classes.get_or_init(|| class::table(self.metadata, &self.newer))
    }
}

fn of_region(newer: &[NewerRange], metadata: &TerritoryMetadata) -> Vec<NewerRange> {
    let is_of = |range: &&NewerRange| metadata.id.parse() == Ok(range.region);
    newer.iter().filter(is_of).cloned().collect()
}
