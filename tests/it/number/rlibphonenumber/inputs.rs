//! Texts that hold numbers of all regions, as people and programs write them.
//!
//! All regions and kinds of number have the same weight. National numbers come from the patterns of the plan. Some are
//! then changed, so that they are just outside a pattern or a length.

use phonenumber::Metadata;
use phonenumber::metadata::DATABASE;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::string::string_regex;

use super::COUNTRY_CODES;
use super::peer::{kinds, plain};

/// A text and the region from which it is read.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) text: String,
    pub(crate) region: Option<String>,
}

/// One region's ways to write a number.
#[derive(Clone, Debug)]
struct Source {
    region: String,
    code: String,
    national: BoxedStrategy<String>,
    /// The national prefix.
    trunk: BoxedStrategy<String>,
    /// The international prefix.
    abroad: BoxedStrategy<String>,
}

/// Inputs of all regions.
pub(crate) fn input() -> impl Strategy<Value = Input> {
    let sources: Vec<Source> = (0..COUNTRY_CODES)
        .filter_map(|code| DATABASE.by_code(&code))
        .flatten()
        .map(Source::new)
        .collect();
    let regions: Vec<String> = sources.iter().map(|source| source.region.clone()).collect();
    let foreign = select(regions);
    select(sources).prop_flat_map(move |source| {
        let own = source.region.clone();
        let region = prop_oneof![
            6 => Just(Some(own)),
            1 => Just(None),
            2 => foreign.clone().prop_map(Some),
        ];
        (source.text(), region).prop_map(|(text, region)| Input { text, region })
    })
}

impl Source {
    fn new(metadata: &Metadata) -> Self {
        let patterns: Vec<BoxedStrategy<String>> = kinds(metadata)
            .into_iter()
            .chain([metadata.descriptors().general()])
            .map(|kind| digits_of(kind.national_number().as_str()))
            .collect();
        let national = (any::<Index>(), any::<Index>(), any::<Index>());
        let national = national
            .prop_flat_map(move |(kind, bend, at)| {
                let bend = BENDS[bend.index(BENDS.len())];
                kind.get(&patterns).clone().prop_map(move |number| bend(number, &at))
            })
            .boxed();
        let trunk = metadata
            .national_prefix_for_parsing()
            .map(|one| digits_of(one.as_str()));
        let plain_trunk = Just(metadata.national_prefix().unwrap_or_default().to_owned());
        let abroad = metadata.international_prefix().map(|one| digits_of(one.as_str()));
        Self {
            region: metadata.id().to_owned(),
            code: metadata.country_code().to_string(),
            national,
            trunk: prop_oneof![
                2 => plain_trunk.clone(),
                4 => trunk.unwrap_or_else(|| plain_trunk.boxed()),
                1 => select(vec!["0", "1", "8", "00", "15", "044", "045", "9"]).prop_map(str::to_owned),
            ]
            .boxed(),
            abroad: prop_oneof![
                3 => abroad.unwrap_or_else(|| Just("00".to_owned()).boxed()),
                1 => select(vec!["00", "011", "810", "8~10", "0011", "00 ", "+00", "++"]).prop_map(str::to_owned),
            ]
            .boxed(),
        }
    }

    /// The numbers of this region as text.
    fn text(self) -> impl Strategy<Value = String> {
        let code = self.code;
        let form = any::<Index>();
        (form, self.national, self.trunk, self.abroad, garnish()).prop_map(
            move |(form, national, trunk, abroad, garnish)| {
                let bare = match form.index(8) {
                    0 | 1 => format!("+{code}{national}"),
                    2 => format!("{code}{national}"),
                    3 => format!("{abroad}{code}{national}"),
                    4 => format!("+{code} ({trunk}) {national}"),
                    5 => national,
                    _ => format!("{trunk}{national}"),
                };
                garnish.applied_to(bare)
            },
        )
    }
}

/// Texts that an expression matches, of ASCII digits. Its anchors say nothing of them.
fn digits_of(pattern: &str) -> BoxedStrategy<String> {
    let pattern = plain(pattern).replace(r"\d", "[0-9]").replace(['^', '$'], "");
    string_regex(&pattern).expect("an expression").boxed()
}

type Bend = fn(String, &Index) -> String;

/// Changes of a number; most leave it as it is.
const BENDS: [Bend; 8] = [
    |number, _| number,
    |number, _| number,
    |number, _| number,
    |number, _| number,
    |number, at| replaced(&number, at, 1),
    |number, at| replaced(&number, at, 9),
    |mut number, at| {
        number.truncate(at.index(number.len() + 1));
        number
    },
    |mut number, at| {
        let digit = b'0' + u8::try_from(at.index(10)).expect("a digit");
        number.insert(at.index(number.len() + 1), char::from(digit));
        number
    },
];

/// The number with one of its first digits moved on: at the edge of a range, out of it.
fn replaced(number: &str, at: &Index, by: u8) -> String {
    let mut digits = number.as_bytes().to_vec();
    let first = digits.len().min(6);
    if let Some(digit) = digits[..first].get_mut(at.index(first.max(1))) {
        *digit = (*digit - b'0' + by) % 10 + b'0';
    }
    String::from_utf8(digits).expect("digits")
}

/// Texts around and between the digits of a number.
#[derive(Clone, Debug)]
struct Garnish {
    before: &'static str,
    after: String,
    separators: Vec<(Index, &'static str)>,
    /// The first of ten digits in which the number is written, and whether all are.
    script: Option<(u32, bool)>,
}

const BEFORE: &[&str] = &[
    "Tel: ", "tel:", "(", "\u{202a}", "\u{200b}", " ", "fax ", "*", "#", "+", "\u{FF0B}", "a1 ",
];

const AFTER: &[&str] = &[
    "#",
    ")",
    " ",
    "\u{202c}",
    "/5",
    " or 5",
    "\u{b2}",
    "\u{e9}",
    "ab",
    "abc",
    "ABCDEF",
    "/x5",
    "\0",
    ";isub=12",
    ";npdi",
    ";phone-context=+1",
    ";phone-context=+49",
    ";phone-context=a.example",
    ";phone-context=",
    ";phone-context=+",
    ";phone-context=1.2",
    ";phone-context=+44;ext=5",
    ";ext=7;phone-context=+39",
];

const EXTENSION_LABELS: &[&str] = &[
    " ext. ",
    " ext",
    "x",
    " X ",
    ";ext=",
    ";EXT=",
    " extension ",
    " extensi\u{f3}n ",
    " extensio\u{301}n: ",
    " EXTENSI\u{d3}N ",
    " \u{434}\u{43e}\u{431}. ",
    " \u{414}\u{41e}\u{411} ",
    " anexo ",
    " int ",
    "#",
    "~",
    ",",
    ",,",
    ", ",
    ";",
    "\u{FF1B}",
    " - ",
    "\u{FF45}\u{FF58}\u{FF54}",
    "\u{FF58}",
    "\u{FF03}",
    " \u{FF49}\u{FF4E}\u{FF54} ",
    " xtn ",
    " e",
    "ext.\u{FF0E}",
];

const SEPARATORS: &[&str] = &[
    " ", "-", ".", "/", "(", ")", "\u{a0}", "\u{2010}", "\u{2011}", "\u{FF0D}", "\u{3000}", "\u{2060}", "\u{ad}",
    "\u{200b}", "~", "\u{FF5E}", "\u{2053}", "x", "*", "[", "]", "\u{30FC}", "+", "\t", ",", "_", "A",
];

/// The zeros of other scripts: fullwidth, Arabic, Persian, Devanagari, Thai, mathematical, Osmanya, segmented.
const SCRIPTS: &[u32] = &[0xFF10, 0x660, 0x6F0, 0x966, 0xE50, 0x1_D7D8, 0x1_04A0, 0x1_FBF0];

fn garnish() -> impl Strategy<Value = Garnish> {
    let extension = (
        select(EXTENSION_LABELS),
        "[0-9]{1,4}|[0-9]{5,22}",
        select(vec!["", "", "#", " ", ";"]),
    )
        .prop_map(|(label, digits, end)| format!("{label}{digits}{end}"));
    let after = prop_oneof![
        5 => Just(String::new()),
        2 => select(AFTER).prop_map(str::to_owned),
        3 => extension,
    ];
    let before = prop_oneof![5 => Just(""), 1 => select(BEFORE)];
    let separators = prop_oneof![
        3 => Just(Vec::new()),
        2 => prop::collection::vec((any::<Index>(), select(&SEPARATORS[..6])), 1..5),
        1 => prop::collection::vec((any::<Index>(), select(SEPARATORS)), 1..4),
    ];
    let script = prop_oneof![
        9 => Just(None),
        1 => (select(SCRIPTS), any::<bool>()).prop_map(Some),
    ];
    (before, after, separators, script).prop_map(|(before, after, separators, script)| Garnish {
        before,
        after,
        separators,
        script,
    })
}

impl Garnish {
    fn applied_to(&self, mut text: String) -> String {
        for (at, separator) in &self.separators {
            let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            text.insert_str(*at.get(&ends), separator);
        }
        let text = format!("{}{text}{}", self.before, self.after);
        match self.script {
            None => text,
            Some((zero, all)) => text
                .chars()
                .enumerate()
                .map(|(at, char)| match char.to_digit(10) {
                    Some(digit) if all || at % 2 == 0 => char::from_u32(zero + digit).expect("a digit"),
                    _ => char,
                })
                .collect(),
        }
    }
}
