//! Facets: what numbers may have in common. A part knows the lines of each facet, so that few lines are read if few have it.

use super::Line;
use crate::domain::kinds::{Category, Source, StatusKind};
use crate::number::Region;

/// Something that lines may have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Facet {
    Category(Category),
    Source(Source),
    Status(StatusKind),
    Region(Region),
    /// A brand, by its integer.
    Brand(u32),
    /// A report with a comment.
    Comment,
}

impl Facet {
    /// The facets of a line.
    pub(super) fn of(line: &Line) -> impl Iterator<Item = Self> {
        let sources = line.sources();
        let sources = Source::ALL.iter().copied().filter(move |source| sources.holds(*source));
        let category = line.category().map(Self::Category);
        let region = line.region.map(Self::Region);
        let brand = Some(line.brand).filter(|brand| *brand != 0).map(Self::Brand);
        let comment = line.has_comment.then_some(Self::Comment);
        let single = [category, region, brand, comment].into_iter().flatten();
        single
            .chain(sources.map(Self::Source))
            .chain(line.statuses().map(Self::Status))
    }

    /// Whether a line has it.
    pub(super) fn is_of(self, line: &Line) -> bool {
        match self {
            Self::Category(category) => line.category() == Some(category),
            Self::Source(source) => line.sources().holds(source),
            Self::Status(status) => line.has_status(status),
            Self::Region(region) => line.region == Some(region),
            Self::Brand(brand) => line.brand == brand,
            Self::Comment => line.has_comment,
        }
    }
}
