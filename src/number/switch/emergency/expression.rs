//! The rules of `forms.rs` as extended regular expressions (POSIX), for a switch that must not wait for an answer.
//!
//! First the steps rewrite the request URI into a plus sign and digits. Then the expression of the region, or the one
//! for other countries, matches or not.

use super::super::super::plan;
use super::super::super::plan::emergency::EmergencyNumbers;
use super::super::super::plan::service;
use super::super::super::region::Region;
use super::super::privacy;
use super::forms::{
    INTERNATIONAL_PREFIX, INTERNATIONAL_PREFIX_NANP, LONG, OUTSIDE_LINE, SYMBOLS, UNKNOWN_NATIONAL_PREFIX, is_valid_in,
    is_valid_number, old_prefixes,
};

/// One rewriting step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewriteStep {
    /// An extended regular expression, compared without case.
    pub pattern: String,
    /// The replacement of what it matches; `\1` is its first group.
    pub replacement: &'static str,
    /// Whether every match is replaced, and not only the first.
    pub all: bool,
}

/// The definition of emergency numbers for a switch.
#[derive(Clone, Debug)]
pub struct EmergencyExpressions {
    /// What makes the request URI an equals sign, a plus sign or none, and digits, step by step.
    pub steps: Vec<RewriteStep>,
    /// The regions with the expression that matches a call for help in each; regions that share one are together.
    pub regions: Vec<(Vec<Region>, String)>,
    /// The expression where the region is not known.
    pub unknown: String,
    /// The step that makes the international prefix a plus sign where the region is not known.
    pub unknown_prefix: Option<RewriteStep>,
    /// The regions whose international prefix is not 00, with the step that makes it a plus sign.
    pub prefixes: Vec<(Vec<Region>, RewriteStep)>,
    /// The expression that matches the numbers of all countries behind their codes.
    pub abroad: String,
}

impl EmergencyExpressions {
    /// Matches a request URI that names the emergency services without a number (RFC 5031).
    pub const NAMES: &'static str =
        "^(((sips?|tel):)?urn(:|%3a)service(:|%3a)sos([.;@?]|$)|sips?:sos(;[^@?]*)?@|tel:sos([;@?]|$))";

    /// The expressions that match the forms of these numbers.
    #[must_use]
    pub fn of(numbers: &EmergencyNumbers) -> Self {
        let mut regions: Vec<(Vec<Region>, String)> = Vec::new();
        let mut prefixes: Vec<(Vec<Region>, RewriteStep)> = Vec::new();
        let mut all: Vec<Region> = plan::regions().collect();
        all.sort_unstable();
        for region in all {
            let expression = of_region(numbers, Some(region));
            gather(&mut regions, region, expression);
            if let Some(step) = own_prefix_step(Some(region)) {
                gather(&mut prefixes, region, step);
            }
        }
        Self {
            steps: steps(),
            regions,
            unknown: of_region(numbers, None),
            unknown_prefix: own_prefix_step(None),
            prefixes,
            abroad: abroad(numbers),
        }
    }
}

/// Adds a region to those that share a value.
fn gather<V: PartialEq>(groups: &mut Vec<(Vec<Region>, V)>, region: Region, value: V) {
    match groups.iter_mut().find(|(_, other)| *other == value) {
        Some((regions, _)) => regions.push(region),
        None => groups.push((vec![region], value)),
    }
}

/// What makes a request URI an equals sign, a plus sign or none, and digits. The equals sign keeps the text from becoming
/// empty, which Kamailio would not assign to a variable.
fn steps() -> Vec<RewriteStep> {
    let mut codes: Vec<String> = privacy::symbol_codes().map(any_symbols).collect();
    codes.dedup();
    let codes = codes.join("|");
    let step = |pattern: &str, replacement| RewriteStep {
        pattern: pattern.to_owned(),
        replacement,
        all: false,
    };
    let every = |pattern: &str, replacement| RewriteStep {
        all: true,
        ..step(pattern, replacement)
    };
    vec![
        // A pause behind the digit for an outside line, written as a parameter.
        step("^((sips?|tel):[09]);([0-9])", r"\1,\3"),
        // A local number behind the country code of its context.
        step(
            "^(sips?|tel):([0-9][^@:;?]*).*;phone-context=([+]|%2b)([0-9]+).*$",
            r"=+\4\2",
        ),
        // A host without a user.
        step("^sips?:[^@]*[.][^@]*$", "="),
        step("^(sips?|tel):([^@:;?]*).*$", r"=\2"),
        every("%3([0-9])", r"\1"),
        every("%23", "#"),
        every("%2a", "*"),
        every("%2b", "+"),
        every("%2c|%3b", ","),
        every("%2[089def]|[-. ()/]", ""),
        // A pause behind what is dialled for an outside line or to hide the number. Behind a number, extensions follow.
        step("^=([09]|[*#]+[0-9][0-9][*#]*)[,pw]+", r"=\1"),
        step("^=([+*#0-9]+)[,pw][,pw+*#0-9]*$", r"=\1"),
        step(&format!("^=[*#]+({codes})([+0-9])"), r"=\2"),
        step("^=[*#]+", "="),
        step("[*#]+$", ""),
        step("^=[+]+", "=+"),
    ]
}

/// The expression for one region: its own numbers behind the prefixes with which they are dialled there, and the numbers
/// that are dialled in many countries.
fn of_region(numbers: &EmergencyNumbers, region: Option<Region>) -> String {
    let own = numbers.all_of(region);
    let anywhere = service::emergency_numbers_anywhere().map(str::to_owned);
    let others = own.iter().filter(|number| !service::is_emergency_anywhere(number));
    let direct = alternatives(anywhere.chain(others.cloned()));
    let mut ways = vec![direct];
    ways.extend(behind_prefixes(region, &own));
    if region.is_none() {
        ways.push(format!("0({})", long_anywhere().join("|")));
    }
    ways.extend(behind_international_prefix(region, &own));
    ways.extend(region.and_then(|region| behind_shared_code(region, &own)));
    format!("^=[+]?({})$", ways.join("|"))
}

/// The numbers behind each prefix of digits, without those that are valid numbers then; prefixes with the same numbers
/// are together.
fn behind_prefixes(region: Option<Region>, own: &[String]) -> Vec<String> {
    let mut groups: Vec<(Vec<String>, Vec<&str>)> = Vec::new();
    for (prefix, least) in prefixes_of(region) {
        let is_free = |number: &&String| {
            let digits = format!("{prefix}{number}");
            number.len() >= least && region.is_none_or(|region| !is_valid_number(&digits, region))
        };
        let free: Vec<&str> = own.iter().filter(is_free).map(String::as_str).collect();
        match groups.iter_mut().find(|(_, other)| *other == free) {
            _ if free.is_empty() => {}
            Some((prefixes, _)) if prefixes.contains(&prefix) => {}
            Some((prefixes, _)) => prefixes.push(prefix),
            None => groups.push((vec![prefix], free)),
        }
    }
    let way = |(prefixes, free): (Vec<String>, Vec<&str>)| format!("({})({})", prefixes.join("|"), free.join("|"));
    groups.into_iter().map(way).collect()
}

/// The prefixes of digits in a region, each with the fewest digits of a number behind it.
fn prefixes_of(region: Option<Region>) -> Vec<(String, usize)> {
    let national = match region {
        Some(region) => plan::national_prefix(region),
        None => Some(UNKNOWN_NATIONAL_PREFIX),
    };
    let mut prefixes = vec![("0".to_owned(), 1)];
    prefixes.extend(national.map(|national| (national.to_owned(), 1)));
    let code = region.and_then(plan::code_of).map(|code| code.to_string());
    for first in OUTSIDE_LINE.map(String::from).into_iter().chain(code) {
        prefixes.push((first.clone(), LONG));
        prefixes.extend(national.map(|national| (format!("{first}{national}"), LONG)));
    }
    let privacy = region.into_iter().flat_map(privacy::digit_codes);
    prefixes.extend(privacy.map(|code| (code.to_owned(), 1)));
    let old = region.into_iter().flat_map(old_prefixes);
    prefixes.extend(old.map(|prefix| ((*prefix).to_owned(), 1)));
    prefixes.push((INTERNATIONAL_PREFIX.to_owned(), LONG));
    prefixes
}

/// The numbers behind the region's international prefix.
fn behind_international_prefix(region: Option<Region>, own: &[String]) -> Option<String> {
    let prefix = international_prefix(region).filter(|prefix| prefix != INTERNATIONAL_PREFIX)?;
    let long = alternatives(own.iter().filter(|number| number.len() >= LONG).cloned());
    (!long.is_empty()).then(|| format!("({prefix})({long})"))
}

/// The numbers behind the region's own country code, if the code is that of other regions too: the expression for other
/// countries has only those of the main region.
fn behind_shared_code(region: Region, own: &[String]) -> Option<String> {
    let code = plan::code_of(region)?;
    let main = plan::main_region(code).filter(|&main| main != region && !own.is_empty())?;
    let before = [INTERNATIONAL_PREFIX.to_owned()].into_iter();
    let before = alternatives(before.chain(international_prefix(Some(region))));
    let ways = behind_code(code, main, own);
    Some(format!("([+]|{before})({})", ways.join("|")))
}

/// Numbers behind a country code, also with the national prefix or 0 before them, unless 0 makes a valid number of them.
fn behind_code(code: u16, main: Region, numbers: &[String]) -> Vec<String> {
    let national = plan::national_prefix(main);
    let (taken, free): (Vec<&str>, Vec<&str>) = numbers
        .iter()
        .map(String::as_str)
        .partition(|number| national != Some("0") && is_valid_in(code, &format!("0{number}")));
    let prefixes = match national {
        None | Some("0") => "0".to_owned(),
        Some(national) => format!("{national}|0"),
    };
    let mut ways = Vec::new();
    if !free.is_empty() {
        ways.push(format!("{code}({prefixes})?({})", free.join("|")));
    }
    if !taken.is_empty() {
        let national = national.map(|national| format!("({national})?")).unwrap_or_default();
        ways.push(format!("{code}{national}({})", taken.join("|")));
    }
    ways
}

/// The numbers of [`service::emergency_numbers_anywhere`] that count behind a prefix.
fn long_anywhere() -> Vec<&'static str> {
    service::emergency_numbers_anywhere()
        .filter(|number| number.len() >= LONG)
        .collect()
}

/// The international prefix as an extended regular expression.
fn international_prefix(region: Option<Region>) -> Option<String> {
    match region {
        Some(region) => plan::international_prefix(region).map(posix),
        None => Some(INTERNATIONAL_PREFIX_NANP.to_owned()),
    }
}

/// The step that makes the international prefix of a region a plus sign, if it is not the one of every region.
fn own_prefix_step(region: Option<Region>) -> Option<RewriteStep> {
    let prefix = international_prefix(region).filter(|prefix| prefix != INTERNATIONAL_PREFIX)?;
    Some(RewriteStep {
        pattern: format!("^=[+]?({prefix})"),
        replacement: "=+",
        all: false,
    })
}

/// The expression for the numbers of all countries behind their codes.
fn abroad(numbers: &EmergencyNumbers) -> String {
    let in_many = long_anywhere();
    let codes = alternatives(plan::country_codes().map(|(code, _)| code.to_string()));
    let mut ways = vec![format!("({codes})({})", in_many.join("|"))];
    for (code, region) in plan::country_codes() {
        let Some(region) = region else { continue };
        let all = numbers.all_of(Some(region));
        if all.is_empty() {
            continue;
        }
        ways.extend(behind_code(code, region, &all));
    }
    format!("^=([+]|[+]?{INTERNATIONAL_PREFIX})({})$", ways.join("|"))
}

fn alternatives(all: impl Iterator<Item = String>) -> String {
    all.collect::<Vec<_>>().join("|")
}

/// A pattern of the plan as an extended regular expression.
fn posix(pattern: &str) -> String {
    pattern.replace("(?:", "(").replace(r"\d", "[0-9]")
}

/// The digits of a code with symbols, and any symbols behind it: at least one if the code ends in one.
fn any_symbols(code: &str) -> String {
    let end = if code.ends_with(SYMBOLS) { "[*#]+" } else { "[*#]*" };
    format!("{}{end}", code.trim_matches(SYMBOLS))
}
