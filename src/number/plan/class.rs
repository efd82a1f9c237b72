//! The region and the kind of line of a number, by libphonenumber's rules.

use super::super::kinds::LineType;
use super::super::region::Region;
use super::lengths::Lengths;
use super::metadata::TerritoryMetadata;
use super::newer::NewerRange;
use super::pattern::{Automaton, PatternSyntaxError, Program};

/// The region and the kind of line of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Class {
    pub(super) region: Option<Region>,
    /// [`LineType::Unknown`] if no kind of line has such numbers: the number is not valid.
    pub(super) line_type: LineType,
}

/// The classes of all numbers of the territories that share a country code, main one first. A newer range decides before
/// the metadata, and the first of several.
pub(super) fn table(metadata: &[TerritoryMetadata], newer: &[NewerRange]) -> Automaton<Class> {
    let mut sources = Sources {
        newer,
        ..Sources::default()
    };
    for (index, range) in newer.iter().enumerate() {
        sources.add(Ok(range.prefixes.clone()), index, Says::Newer, Some(range.lengths));
    }
    for (index, one) in metadata.iter().enumerate() {
        let leading = one.leading_digits.filter(|_| metadata.len() > 1);
        sources.territories.push(Claimant {
            region: one.id.parse().ok(),
            claim: match leading {
                _ if metadata.len() == 1 => ClaimScope::All,
                Some(_) => ClaimScope::Leading,
                None => ClaimScope::Valid,
            },
        });
        if let Some(pattern) = leading {
            sources.add(Program::prefix(pattern), index, Says::Belongs, None);
        }
        let general = Program::new(one.general);
        sources.add(general, index, Says::General, Some(Lengths::of(one)));
        for kind in one.kinds {
            let lengths = Some(Lengths::of_kind(kind)).filter(|lengths| *lengths != Lengths::default());
            sources.add(Program::new(kind.pattern), index, Says::Kind(kind.line_type), lengths);
        }
    }
    Automaton::new(&sources.programs, sources.class(&[], 0), |matching, len| {
        sources.class(matching, len)
    })
}

/// The patterns of a country code and the meaning of each.
#[derive(Default)]
struct Sources<'r> {
    newer: &'r [NewerRange],
    territories: Vec<Claimant>,
    programs: Vec<Program>,
    /// One for each program.
    sayings: Vec<Saying>,
}

/// A territory that may claim numbers.
struct Claimant {
    region: Option<Region>,
    claim: ClaimScope,
}

/// Which numbers a territory claims.
enum ClaimScope {
    /// All numbers: no other territory has the country code.
    All,
    /// Numbers with its leading digits, valid or not.
    Leading,
    /// Numbers that are valid in it.
    Valid,
}

/// The meaning of a program for the numbers that match it.
struct Saying {
    /// The index of the territory, or of the newer range.
    territory: usize,
    says: Says,
    /// The lengths for which it holds; all if `None`.
    lengths: Option<Lengths>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    /// The number is in a range that is newer than the metadata.
    Newer,
    /// The number belongs to the territory, valid or not.
    Belongs,
    /// The number has the general form of the territory.
    General,
    /// The number is of this kind, if it has the general form.
    Kind(LineType),
}

impl Sources<'_> {
    fn add(
        &mut self,
        program: Result<Program, PatternSyntaxError>,
        territory: usize,
        says: Says,
        lengths: Option<Lengths>,
    ) {
        debug_assert!(program.is_ok(), "a test reads every pattern of the plan");
        if let Ok(program) = program {
            self.programs.push(program);
            self.sayings.push(Saying {
                territory,
                says,
                lengths,
            });
        }
    }

    /// The class of a number of `len` digits that the programs `matching` match.
    fn class(&self, matching: &[usize], len: usize) -> Class {
        let newer = self.sayings(matching, len).find(|saying| saying.says == Says::Newer);
        if let Some(range) = newer.and_then(|saying| self.newer.get(saying.territory)) {
            return Class {
                region: Some(range.region),
                line_type: range.line_type,
            };
        }
        let claimed = self.territories.iter().enumerate().find_map(|(index, owner)| {
            let of_owner = self.sayings(matching, len).filter(|saying| saying.territory == index);
            let said: Vec<Says> = of_owner.map(|saying| saying.says).collect();
            let line_type = line_type(&said);
            let claims = match owner.claim {
                ClaimScope::All => true,
                ClaimScope::Leading => said.contains(&Says::Belongs),
                ClaimScope::Valid => line_type != LineType::Unknown,
            };
            claims.then_some(Class {
                region: owner.region,
                line_type,
            })
        });
        claimed.unwrap_or(Class {
            region: None,
            line_type: LineType::Unknown,
        })
    }

    /// The meanings of the programs `matching` for a number of `len` digits.
    fn sayings(&self, matching: &[usize], len: usize) -> impl Iterator<Item = &Saying> {
        let all = matching.iter().filter_map(|&program| self.sayings.get(program));
        all.filter(move |saying| saying.lengths.is_none_or(|lengths| lengths.has(len)))
    }
}

/// The kind of line of a number, from all descriptions of one territory.
fn line_type(said: &[Says]) -> LineType {
    let first = said.iter().find_map(|says| match says {
        Says::Kind(line_type) => Some(*line_type),
        Says::Newer | Says::Belongs | Says::General => None,
    });
    match first {
        Some(_) if !said.contains(&Says::General) => LineType::Unknown,
        Some(LineType::FixedLine) if said.contains(&Says::Kind(LineType::Mobile)) => LineType::FixedLineOrMobile,
        first => first.unwrap_or(LineType::Unknown),
    }
}
