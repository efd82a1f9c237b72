//! Makes new inputs from old ones: changes characters, and inserts pieces that have a meaning in a number.

use super::Input;
use crate::support::random::Random;

/// Most changes of one input.
const CHANGES_MAX: usize = 8;

/// Longest run of one character: four times as many as a text may have.
const RUN_MAX: usize = 1_000;

/// Most characters that an input keeps, so that runs of runs stay small.
const CHARS_MAX: usize = 2_000;

/// Texts with a meaning in numbers, and texts that break parsers.
const TOKENS: &[&str] = &[
    "+",
    "++",
    "\u{FF0B}",
    "00",
    "011",
    "0011",
    "810",
    "8~10",
    "1",
    "44",
    "49",
    "7",
    "39",
    "54",
    "379",
    "800",
    "888",
    "979",
    "0",
    "15",
    "9",
    "(0)",
    "*",
    "#",
    "*67",
    "%2B",
    "%",
    "%00",
    "%EF%BC%91",
    "%ff",
    "tel:",
    "TEL:",
    "sip:",
    "sips:",
    "<",
    ">",
    "@",
    ":",
    ";",
    "=",
    "?",
    "&",
    "\"",
    "\\",
    "/",
    "x",
    "X",
    "/x",
    "\\ x",
    "ext",
    " ext. ",
    ";ext=",
    " extensio\u{301}n ",
    "\u{434}\u{43e}\u{431}",
    "anexo",
    "int",
    "\u{FF58}",
    "\u{FF03}",
    "~",
    ",",
    ",,",
    ";;",
    "- ",
    "12#",
    ";isub=",
    ";phone-context=",
    ";phone-context=+1",
    ";phone-context=+44",
    ";phone-context=a.example",
    ";phone-context=+",
    ";verstat=TN-Validation-Passed",
    ";verstat=TN-Validation-Passed-A",
    ";verstat=TN-Validation-Passed-B",
    ";verstat=TN-Validation-Failed-C",
    ";verstat=No-TN-Validation",
    ";npdi",
    ";rn=+1",
    ";user=phone",
    "@10.0.0.1:5060",
    "@[2001:db8::1]",
    "@anonymous.invalid",
    "anonymous",
    "Restricted",
    "unknown",
    "unavailable",
    "FLOWERS",
    "abc",
    "911",
    "112",
    "000",
    "411",
    "4155550199",
    "+14155550199",
    "0000000000",
    "266696687",
    "\u{200b}",
    "\u{200e}",
    "\u{202a}",
    "\u{202c}",
    "\u{2066}",
    "\u{2069}",
    "\u{feff}",
    "\u{ad}",
    "\u{2060}",
    "\u{a0}",
    "\u{3000}",
    "\u{301}",
    "\u{0}",
    "\n",
    "\r\n",
    "\t",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{b2}",
    "\u{2167}",
    "\u{17f}",
    "\u{212a}",
    "\u{130}",
    "\u{df}",
    "\u{fb03}",
    "\u{1f600}",
    "\u{10ffff}",
    "\u{fffd}",
    "\u{661}",
    "\u{6f3}",
    "\u{967}",
    "\u{FF11}",
    "\u{1d7d8}",
    "\u{1fbf9}",
    "\u{e0031}",
];

/// Regions with rules of their own, and some without.
const REGIONS: &[&str] = &[
    "US", "CA", "BS", "GB", "GG", "DE", "AT", "FR", "IT", "VA", "SM", "AR", "BR", "MX", "CO", "CL", "CR", "RU", "KZ",
    "CN", "JP", "KR", "IN", "ID", "AU", "CX", "NZ", "FI", "NO", "SJ", "IL", "ZA", "CI", "HU", "UY", "LI", "SG", "AC",
    "001",
];

/// The zeros of other scripts.
const ZEROS: &[u32] = &[
    0xFF10, 0x660, 0x6F0, 0x966, 0xE50, 0x1_D7CE, 0x1_D7F6, 0x1_04A0, 0x1_FBF0,
];

pub(crate) struct Mutator(Random);

impl Mutator {
    pub(crate) fn new(random: Random) -> Self {
        Self(random)
    }

    /// An input made from one or two of `seeds`.
    pub(crate) fn input(&mut self, seeds: &[Input]) -> Input {
        let seed = &seeds[self.0.below(seeds.len())];
        let mut text: Vec<char> = seed.text.chars().collect();
        for _ in 0..=self.0.below(CHANGES_MAX) {
            self.change(&mut text, seeds);
            text.truncate(CHARS_MAX);
        }
        let region = match self.0.below(8) {
            0 => None,
            1 | 2 => Some((*self.pick(REGIONS)).to_owned()),
            _ => seed.region.clone(),
        };
        Input {
            text: text.into_iter().collect(),
            region,
        }
    }

    fn change(&mut self, text: &mut Vec<char>, seeds: &[Input]) {
        let (from, to) = self.range(text.len());
        match self.0.below(16) {
            0 => self.flip_bit(text),
            1..=3 => drop(text.splice(from..from, self.pick(TOKENS).chars())),
            4 => drop(text.splice(from..to, self.pick(TOKENS).chars())),
            5 => text.truncate(from),
            6 => drop(text.drain(..from)),
            7 => drop(text.drain(from..to)),
            8 => {
                let copy = text[from..to].to_vec();
                text.splice(to..to, copy);
            }
            9 => {
                let other: Vec<char> = seeds[self.0.below(seeds.len())].text.chars().collect();
                let (other_from, other_to) = self.range(other.len());
                text.splice(from..to, other[other_from..other_to].iter().copied());
            }
            10 => self.repeat(text),
            11 => self.other_script(&mut text[from..to]),
            12 => text[from..to].reverse(),
            13 => text.insert(from, self.any_char()),
            _ => self.other_digit(text),
        }
    }

    /// One bit of one character, if it stays a character.
    fn flip_bit(&mut self, text: &mut [char]) {
        let bit = 1 << self.0.below(21);
        if let Some(char) = self.pick_mut(text) {
            *char = char::from_u32(u32::from(*char) ^ bit).unwrap_or(*char);
        }
    }

    /// A run of one character that is there.
    fn repeat(&mut self, text: &mut Vec<char>) {
        if text.is_empty() {
            return;
        }
        let at = self.0.below(text.len());
        let most = *self.pick(&[4, 20, 250, RUN_MAX]);
        let run = vec![text[at]; self.0.below(most)];
        text.splice(at..at, run);
    }

    fn other_script(&mut self, text: &mut [char]) {
        let zero = *self.pick(ZEROS);
        for char in text {
            if let Some(digit) = char.to_digit(10) {
                *char = char::from_u32(zero + digit).unwrap_or(*char);
            }
        }
    }

    fn other_digit(&mut self, text: &mut [char]) {
        let digit = char::from(b'0' + u8::try_from(self.0.below(10)).unwrap());
        if let Some(char) = self.pick_mut(text) {
            *char = digit;
        }
    }

    fn any_char(&mut self) -> char {
        let below = *self.pick(&[0x80, 0x800, 0x3_0000, 0x11_0000]);
        u32::try_from(self.0.below(below))
            .ok()
            .and_then(char::from_u32)
            .unwrap_or('\u{fffd}')
    }

    /// Two places in `len` characters, in order.
    fn range(&mut self, len: usize) -> (usize, usize) {
        let (one, other) = (self.0.below(len + 1), self.0.below(len + 1));
        (one.min(other), one.max(other))
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.0.below(from.len())]
    }

    fn pick_mut<'t>(&mut self, text: &'t mut [char]) -> Option<&'t mut char> {
        let len = text.len().max(1);
        text.get_mut(self.0.below(len))
    }
}
