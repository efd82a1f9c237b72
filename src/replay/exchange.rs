//! Exchanges: the blocks of 10,000 numbers in which North American numbers are assigned.

use hashbrown::HashSet;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use xxhash_rust::xxh3::xxh3_64;

use crate::domain::day::Day;
use crate::number::E164;

/// Numbers in an exchange.
const NUMBERS: u64 = 10_000;

/// The exchange of a number: all its digits without the last four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Exchange(u64);

/// One of two halves of all numbers, so that a model is not tested on legitimate numbers that it was fitted on.
///
/// Numbers are split by exchange, because the numbers of one exchange are neighbours. Toll-free numbers of North America
/// are split by number: they are assigned one by one, and there are too few of their exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// An even hash.
    Zero,
    /// An odd hash.
    One,
}

impl Exchange {
    /// The exchange of a number.
    #[must_use]
    pub fn of(number: E164) -> Self {
        Self(number.without_last(4))
    }
}

impl Half {
    /// The half of a number: the lowest bit of the 64-bit XXH3 (seed 0) of digits as ASCII without country code. They
    /// are the six digits of the exchange, such as `415555`, or all ten of a toll-free number, such as `8005550199`.
    #[must_use]
    pub fn of(number: E164) -> Self {
        let digits = if number.is_toll_free_shape() {
            format!("{:010}", number.digits() % 10_000_000_000)
        } else {
            format!("{:06}", Exchange::of(number).0 % 1_000_000)
        };
        if xxh3_64(digits.as_bytes()) & 1 == 0 {
            Self::Zero
        } else {
            Self::One
        }
    }

    /// The index of the half, 0 or 1.
    #[must_use]
    pub const fn index(self) -> u8 {
        match self {
            Self::Zero => 0,
            Self::One => 1,
        }
    }

    /// The half with this index.
    #[must_use]
    pub const fn from_index(index: u8) -> Option<Self> {
        match index {
            0 => Some(Self::Zero),
            1 => Some(Self::One),
            _ => None,
        }
    }
}

/// The exchanges of the complaints so far.
#[derive(Debug, Default)]
pub struct Exchanges {
    /// In the order of their first complaint, so that a draw is reproducible.
    known: Vec<Exchange>,
    /// Those of toll-free numbers, likewise.
    toll_free: Vec<Exchange>,
    all: HashSet<Exchange, foldhash::fast::RandomState>,
}

impl Exchanges {
    /// Adds the exchange of a North American number.
    pub fn note(&mut self, number: E164) {
        let is_nanp = number.country_code() == 1 && number.national_len() == 10;
        let exchange = Exchange::of(number);
        if is_nanp && self.all.insert(exchange) {
            self.known.push(exchange);
            if number.is_toll_free_shape() {
                self.toll_free.push(exchange);
            }
        }
    }

    /// Draws `count` numbers evenly from all exchanges. The same day and the same exchanges give the same numbers.
    #[must_use]
    pub fn random_numbers(&self, day: Day, count: usize) -> Vec<E164> {
        draw(&self.known, day, count)
    }

    /// The same from the exchanges of toll-free numbers alone.
    #[must_use]
    pub fn random_toll_free_numbers(&self, day: Day, count: usize) -> Vec<E164> {
        draw(&self.toll_free, day, count)
    }
}

fn draw(known: &[Exchange], day: Day, count: usize) -> Vec<E164> {
    let mut random = ChaCha8Rng::seed_from_u64(day.number().unsigned_abs());
    let exchanges = known.len() as u64;
    let mut below = |bound: u64| random.next_u64() % bound; // the bias of the remainder is below 1e-13
    let mut numbers = Vec::with_capacity(count);
    while exchanges > 0 && numbers.len() < count {
        let place = usize::try_from(below(exchanges)).unwrap_or_default();
        let number = known
            .get(place)
            .map_or(0, |exchange| exchange.0 * NUMBERS + below(NUMBERS));
        numbers.extend(E164::from_digits(number));
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(digits: u64) -> E164 {
        E164::from_digits(digits).unwrap()
    }

    #[test]
    fn numbers_of_one_exchange_are_of_one_half() {
        let halves: Vec<Half> = (0..100).map(|n| Half::of(number(14_155_550_000 + n * 97))).collect();
        assert!(halves.iter().all(|half| *half == halves[0]));
        let zeros = (200..999).filter(|nxx| Half::of(number(14_150_000_000 + nxx * 10_000)) == Half::Zero);
        assert!((300..500).contains(&zeros.count()));
    }

    #[test]
    fn toll_free_numbers_of_one_exchange_are_of_both_halves() {
        let zeros = (0..1_000).filter(|n| Half::of(number(18_005_550_000 + n)) == Half::Zero);
        assert!((400..600).contains(&zeros.count()));
        // The published rule, so that others can split their numbers in the same way.
        assert_eq!(
            Half::of(number(18_005_550_199)).index(),
            (xxh3_64(b"8005550199") & 1) as u8
        );
        assert_eq!(Half::of(number(14_155_550_199)).index(), (xxh3_64(b"415555") & 1) as u8);
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
        exchanges.note(number(4_930_123_456)); // not in the North American plan
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
        assert!(exchanges.random_toll_free_numbers(day, 5).is_empty());
        exchanges.note(number(18_005_550_000));
        let drawn = exchanges.random_toll_free_numbers(day, 5);
        assert!(drawn.len() == 5 && drawn.iter().all(|number| number.without_last(4) == 1_800_555));
    }
}
