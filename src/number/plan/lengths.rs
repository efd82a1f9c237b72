//! How many digits the numbers of a territory have.

use super::metadata::{LineTypeMetadata, TerritoryMetadata};

/// The lengths of national numbers, in digits without the country code: one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lengths {
    national: u32,
    /// The lengths of numbers that are dialled only within one area.
    local: u32,
}

/// How a number's length fits a territory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LengthFit {
    Possible,
    /// A length without the area code, within one area only.
    LocalOnly,
    TooShort,
    /// Between the shortest and the longest length, but no number has it.
    Invalid,
    TooLong,
}

impl Lengths {
    /// The lengths of a territory: of all its kinds of numbers together.
    pub(super) fn of(metadata: &TerritoryMetadata) -> Self {
        let mut lengths = Self::default();
        for kind in metadata.kinds.iter().map(Self::of_kind) {
            lengths.national |= kind.national;
            lengths.local |= kind.local;
        }
        lengths.local &= !lengths.national;
        lengths
    }

    /// The lengths of one kind of number.
    pub(super) fn of_kind(kind: &LineTypeMetadata) -> Self {
        Self {
            national: bits(kind.lengths),
            local: bits(kind.local_lengths),
        }
    }

    /// These lengths of numbers, area code included.
    pub(super) fn national(lengths: &[u16]) -> Self {
        Self {
            national: bits(lengths),
            local: 0,
        }
    }

    /// These lengths and the others.
    pub(super) fn and(self, others: Self) -> Self {
        let national = self.national | others.national;
        Self {
            national,
            local: (self.local | others.local) & !national,
        }
    }

    /// Whether numbers of `len` digits, area code included, exist.
    pub(super) fn has(self, len: usize) -> bool {
        self.national & bit(len) != 0
    }

    /// The fewest and the most digits of a number with area code.
    pub(super) fn range(self) -> (usize, usize) {
        let most = self.national.checked_ilog2().unwrap_or_default();
        (self.national.trailing_zeros() as usize, most as usize)
    }

    /// How a length of `len` digits fits.
    pub(super) fn fit(self, len: usize) -> LengthFit {
        let (shortest, longest) = self.range();
        match len {
            _ if self.local & bit(len) != 0 => LengthFit::LocalOnly,
            _ if self.has(len) => LengthFit::Possible,
            len if len < shortest => LengthFit::TooShort,
            len if len > longest => LengthFit::TooLong,
            _ => LengthFit::Invalid,
        }
    }
}

fn bits(lengths: &[u16]) -> u32 {
    lengths.iter().fold(0, |bits, &len| bits | bit(usize::from(len)))
}

/// The bit of one length; 0 for lengths beyond the bits.
fn bit(len: usize) -> u32 {
    u32::try_from(len)
        .ok()
        .and_then(|len| 1_u32.checked_shl(len))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_how_a_length_fits() {
        let lengths = Lengths {
            national: bits(&[7, 9, 10]),
            local: bits(&[5, 8]),
        };
        for (len, fit) in [
            (0, LengthFit::TooShort),
            (5, LengthFit::LocalOnly),
            (6, LengthFit::TooShort),
            (7, LengthFit::Possible),
            (8, LengthFit::LocalOnly),
            (9, LengthFit::Possible),
            (11, LengthFit::TooLong),
            (4_000, LengthFit::TooLong),
        ] {
            assert_eq!(lengths.fit(len), fit, "{len}");
        }
        let gap = Lengths {
            national: bits(&[7, 9]),
            local: 0,
        };
        assert_eq!(gap.fit(8), LengthFit::Invalid);
    }
}
