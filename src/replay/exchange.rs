//! Exchanges: the blocks of 10,000 that North American numbers are given out in.

use hashbrown::HashSet;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use xxhash_rust::xxh3::xxh3_64;

use crate::domain::day::Day;
use crate::number::E164;

/// Numbers of an exchange.
const NUMBERS: u64 = 10_000;

/// The exchange of a number: all its digits but the last four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Exchange(u64);

/// One of two halves that exchanges are split into. Legitimate numbers must be split so, not number by number: those of
/// one exchange share their neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Exchanges whose hash is even.
    Zero,
    /// Exchanges whose hash is odd.
    One,
}

impl Exchange {
    /// The exchange of a number.
    #[must_use]
    pub fn of(number: E164) -> Self {
        Self(number.without_last(4))
    }

    /// Its half: the lowest bit of the 64-bit XXH3 (seed 0) of its digits as ASCII, without country code: `415555`.
    #[must_use]
    pub fn half(self) -> Half {
        let digits = format!("{:06}", self.0 % 1_000_000);
        if xxh3_64(digits.as_bytes()) & 1 == 0 {
            Half::Zero
        } else {
            Half::One
        }
    }
}

impl Half {
    /// 0 or 1.
    #[must_use]
    pub const fn index(self) -> u8 {
        match self {
            Self::Zero => 0,
            Self::One => 1,
        }
    }

    /// The half with this number.
    #[must_use]
    pub const fn from_index(index: u8) -> Option<Self> {
        match index {
            0 => Some(Self::Zero),
            1 => Some(Self::One),
            _ => None,
        }
    }
}

/// The exchanges that complaints have named so far.
#[derive(Debug, Default)]
pub struct Exchanges {
    /// In the order in which they were first named, so that a draw is the same every time.
    known: Vec<Exchange>,
    all: HashSet<Exchange, foldhash::fast::RandomState>,
}

impl Exchanges {
    /// Notes the exchange of a North American number.
    pub fn note(&mut self, number: E164) {
        let is_nanp = number.country_code() == 1 && number.national_len() == 10;
        let exchange = Exchange::of(number);
        if is_nanp && self.all.insert(exchange) {
            self.known.push(exchange);
        }
    }

    /// So many numbers, drawn evenly from all exchanges: the same for the same day and exchanges.
    #[must_use]
    pub fn random_numbers(&self, day: Day, count: usize) -> Vec<E164> {
        let mut random = ChaCha8Rng::seed_from_u64(day.number().unsigned_abs());
        let exchanges = self.known.len() as u64;
        let mut below = |bound: u64| random.next_u64() % bound; // the bias of a remainder is below 1e-13
        let mut numbers = Vec::with_capacity(count);
        while exchanges > 0 && numbers.len() < count {
            let place = usize::try_from(below(exchanges)).unwrap_or_default();
            let number = self
                .known
                .get(place)
                .map_or(0, |exchange| exchange.0 * NUMBERS + below(NUMBERS));
            numbers.extend(E164::from_digits(number));
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(digits: u64) -> E164 {
        E164::from_digits(digits).unwrap()
    }

    #[test]
    fn numbers_of_one_exchange_are_of_one_half() {
        let halves: Vec<Half> = (0..100)
            .map(|n| Exchange::of(number(14_155_550_000 + n * 97)).half())
            .collect();
        assert!(halves.iter().all(|half| *half == halves[0]));
        let zeros = (200..999).filter(|nxx| Exchange::of(number(14_150_000_000 + nxx * 10_000)).half() == Half::Zero);
        assert!((300..500).contains(&zeros.count()));
    }

    #[test]
    fn a_draw_is_the_same_every_time() {
        let mut exchanges = Exchanges::default();
        assert!(
            exchanges
                .random_numbers(Day::of(crate::domain::time::Timestamp::EARLIEST), 5)
                .is_empty()
        );
        exchanges.note(number(14_155_550_000));
        exchanges.note(number(4_930_123_456)); // not of the North American plan
        exchanges.note(number(12_125_550_000));
        let day: Day = "2020-11-03".parse().unwrap();
        let drawn = exchanges.random_numbers(day, 100);
        assert_eq!(drawn, exchanges.random_numbers(day, 100));
        assert_ne!(drawn, exchanges.random_numbers(day.plus(1), 100));
        assert!(
            drawn
                .iter()
                .all(|number| [1_415_555, 1_212_555].contains(&number.without_last(4)))
        );
    }
}
