//! The string of keys that was dialled: digits, `+`, `*` and `#`.

use std::ops::Deref;

use super::super::super::plan;
use super::super::super::text::unicode::{fold, is_invisible};
use super::super::super::text::written::is_separator;
use super::super::address::SIP_SCHEMES;
use super::super::name_addr::{NameAddr, strip_scheme};
use super::forms::{OUTSIDE_LINE, SYMBOLS};

/// The most keys: more than any form of an emergency number has.
const CAPACITY: usize = 32;

/// The keys that were dialled, on the stack.
pub(super) struct DialString {
    keys: [u8; CAPACITY],
    len: usize,
    pause: Pause,
}

/// The pause that was found: what follows is dialled later.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pause {
    None,
    /// Behind so many keys, which are dialled for an outside line or to hide the number: the number follows.
    Before(usize),
    /// Behind the number: an extension follows.
    Behind,
}

impl DialString {
    /// The keys of an address or of a bare text, up to a pause. `None` if it has other characters, or more keys than fit. A
    /// bare text may have words around the number. A local number with a context is written after the country code of the
    /// context (RFC 3966).
    pub(super) fn of(value: &NameAddr<'_>) -> Option<Self> {
        let sip = SIP_SCHEMES
            .iter()
            .find_map(|scheme| strip_scheme(value.address, scheme));
        let address = sip.or_else(|| strip_scheme(value.address, "tel:"));
        let address = address
            .unwrap_or_else(|| without_words(value.address))
            .split('?')
            .next()?;
        let (user, host) = match address.rsplit_once('@') {
            Some((user, host)) => (user, host),
            None if sip.is_some() && address.contains(['.', '[']) => return None,
            None => (address, ""),
        };
        let mut params = user.split(';').chain(host.split(';').skip(1));
        let number = params.next()?.split(':').next()?.trim();
        let mut dialled = Self {
            keys: [0; CAPACITY],
            len: 0,
            pause: Pause::None,
        };
        if let Some(context) = params.chain(value.outside.split(';')).find_map(global_context)
            && number.starts_with(|first: char| first.is_ascii_digit())
        {
            dialled.push_context(context)?;
        }
        dialled.push_number(number)?;
        if let Some(rest) = user
            .split(';')
            .nth(1)
            .filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
            && OUTSIDE_LINE.iter().any(|&line| number.strip_prefix(line) == Some(""))
        {
            dialled.pause()?;
            dialled.push_number(rest)?;
        }
        Some(dialled)
    }

    /// The country code of a context, with its plus sign.
    fn push_context(&mut self, context: &str) -> Option<()> {
        let (_, _, behind) = plan::behind_country_code(context)?;
        let code = context.strip_suffix(behind)?;
        self.push('+')?;
        code.chars().try_for_each(|digit| self.push(digit))
    }

    fn push_number(&mut self, number: &str) -> Option<()> {
        let mut rest = number;
        while let Some(first) = rest.chars().next() {
            let (char, behind) = match escaped(rest) {
                Some(found) => found,
                None => (fold(first), rest.get(first.len_utf8()..)?),
            };
            rest = behind;
            if matches!(char, ',' | ';' | 'p' | 'P' | 'w' | 'W') {
                self.pause()?;
            } else if !is_separator(char) && !is_invisible(char) {
                self.push(char)?;
            }
        }
        Some(())
    }

    /// Meets a pause. A name may begin with its letter, a number may not.
    fn pause(&mut self) -> Option<()> {
        let digits = self.trim_matches(SYMBOLS);
        if self.is_empty() {
            return None;
        }
        let is_outside_line = self.len == 1 && digits.starts_with(OUTSIDE_LINE);
        let is_code =
            self.starts_with(SYMBOLS) && digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
        self.pause = match self.pause {
            Pause::None if is_outside_line || is_code => Pause::Before(self.len),
            Pause::Before(len) if len == self.len => Pause::Before(len),
            Pause::None | Pause::Before(_) | Pause::Behind => Pause::Behind,
        };
        Some(())
    }

    fn push(&mut self, char: char) -> Option<()> {
        let key = u8::try_from(char).ok()?;
        if !key.is_ascii_digit() && !matches!(key, b'+' | b'*' | b'#') {
            return None;
        }
        if self.pause == Pause::Behind {
            return Some(());
        }
        *self.keys.get_mut(self.len)? = key;
        self.len += 1;
        Some(())
    }
}

impl Deref for DialString {
    type Target = str;

    fn deref(&self) -> &str {
        let keys = self.keys.get(..self.len).unwrap_or_default();
        // ASCII by construction.
        str::from_utf8(keys).unwrap_or_default()
    }
}

/// A text without the words before and behind the keys, as in `call 988` or `911 (police)`.
fn without_words(text: &str) -> &str {
    let is_word = |part: &str| !part.contains(|char: char| char.is_numeric() || matches!(char, '+' | '*' | '#'));
    let mut text = text;
    while let Some((_, rest)) = text.split_once(char::is_whitespace).filter(|(first, _)| is_word(first)) {
        text = rest;
    }
    while let Some((rest, _)) = text.rsplit_once(char::is_whitespace).filter(|(_, last)| is_word(last)) {
        text = rest;
    }
    text
}

/// The digits of a parameter `phone-context=+...`; none if the context is a domain.
fn global_context(param: &str) -> Option<&str> {
    let (key, value) = param.split_once('=')?;
    let value = value.trim();
    let digits = value.strip_prefix('+').or_else(|| strip_scheme(value, "%2b"))?;
    key.trim().eq_ignore_ascii_case("phone-context").then_some(digits)
}

/// The ASCII character of an escape at the start of a text (RFC 3986), and the text after it.
fn escaped(text: &str) -> Option<(char, &str)> {
    let hex = text.strip_prefix('%')?.get(..2)?;
    let char = char::from(u8::from_str_radix(hex, 16).ok()?);
    char.is_ascii().then_some((char, text.get(3..)?))
}

#[cfg(test)]
mod tests {
    use super::super::super::name_addr::values;
    use super::*;

    #[test]
    fn finds_the_keys_of_any_address() {
        for (text, keys) in [
            ("911", Some("911")),
            ("9-1-1", Some("911")),
            ("(9) 1.1", Some("911")),
            ("911#", Some("911#")),
            ("sip:911%23@h.example", Some("911#")),
            ("sip:%39%31%31@h.example;user=phone", Some("911")),
            ("SIPS:+1911:secret@h.example:5061?Subject=7", Some("+1911")),
            ("tel:911@h.example", Some("911")),
            ("tel:%2B1-911;ext=5", Some("+1911")),
            ("tel:112;phone-context=+49", Some("+49112")),
            ("sip:112;phone-context=%2B49@h.example", Some("+49112")),
            ("tel:911;phone-context=+1415", Some("+1911")),
            ("tel:+44999;phone-context=+49", Some("+44999")),
            ("tel:911;phone-context=carrier.example", Some("911")),
            ("\"Help\" <sip:*67911@h.example>;tag=1", Some("*67911")),
            ("９１１", Some("911")),
            ("\u{202a}911\u{202c}", Some("911")),
            ("sip:1.9.1.1", None),
            ("sip:911", Some("911")),
            ("sip:alice@h.example", None),
            ("911p", Some("911")),
            ("911,,5", Some("911")),
            ("sip:911%2C@h.example", Some("911")),
            ("9,911", Some("9911")),
            ("9 w w 911", Some("9911")),
            ("9,911,5", Some("9911")),
            ("9;911", Some("9911")),
            ("sip:9;911@h.example", Some("9911")),
            ("*67,911", Some("*67911")),
            ("20,112", Some("20")),
            ("4155550199;5", Some("4155550199")),
            ("sip:pw@h.example", None),
            ("sip:p911@h.example", None),
            ("sip:911pat@h.example", None),
            ("call 988", Some("988")),
            ("911 (police)", Some("911")),
            ("112 Notruf", Some("112")),
            ("911-HELP", None),
            ("9%zz", None),
        ] {
            let value = values(text).next().unwrap();
            assert_eq!(DialString::of(&value).as_deref(), keys, "{text}");
        }
        let long = "1".repeat(CAPACITY + 1);
        assert!(DialString::of(&values(&long).next().unwrap()).is_none());
    }
}
