//! Closed lists: one place ties their values, stable integers and names together.

/// Declares an enumeration whose values have stable integers and upper-case names.
macro_rules! stable_enum {
    (
        $(#[$meta:meta])*
        $name:ident { $( $(#[$vmeta:meta])* $variant:ident = $code:literal $text:literal ),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $( $(#[$vmeta])* $variant = $code ),+ }

        impl $name {
            /// All values, in the order of their integers.
            pub const ALL: &'static [Self] = &[ $( Self::$variant ),+ ];

            /// The stable integer, as stores and the wire carry it.
            #[must_use]
            pub const fn code(self) -> u8 { self as u8 }

            /// The value with this stable integer, if this release knows it.
            #[must_use]
            pub const fn from_code(code: u8) -> Option<Self> {
                match code { $( $code => Some(Self::$variant), )+ _ => None }
            }

            /// The upper-case name, as the documentation and the JSON of command-line output write it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $text ),+ }
            }

            /// The value with this name, without regard to case; `-` and a blank stand for `_`. The name may have the name of
            /// the list in front, as the contract writes it: `CATEGORY_PHISHING`.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                let wanted = $crate::stable_enum::canonical(name);
                let short = $crate::stable_enum::without_list(&wanted, stringify!($name));
                let mut values = Self::ALL.iter().copied();
                values.find(|value| value.name() == wanted || Some(value.name()) == short)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(self.name()) }
        }
    };
}

/// The way in which names are compared: upper case, with underscores.
pub(crate) fn canonical(name: &str) -> String {
    let letters = name.trim().chars();
    letters
        .map(|c| {
            if c == '-' || c == ' ' {
                '_'
            } else {
                c.to_ascii_uppercase()
            }
        })
        .collect()
}

/// The name without that of its list in front; `None` if it has none. The list `CaseStatus` is written `CASE_STATUS_`.
pub(crate) fn without_list<'a>(name: &'a str, list: &str) -> Option<&'a str> {
    let mut rest = name;
    for (position, letter) in list.char_indices() {
        if position > 0 && letter.is_ascii_uppercase() {
            rest = rest.strip_prefix('_')?;
        }
        rest = rest.strip_prefix(letter.to_ascii_uppercase())?;
    }
    rest.strip_prefix('_')
}

/// The name that is most like a misspelt one; `None` if none is.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// From this likeness on, a person takes one name for the other.
    const ALIKE: f64 = 0.8;
    let wanted = canonical(name);
    let likeness = names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&wanted, name), name));
    let best = likeness.max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelt_name_has_a_nearest_one() {
        let names = ["PHISHING", "BANK_IMPERSONATION", "TAX_SCAM"];
        assert_eq!(nearest("bank-impersonatio", names), Some("BANK_IMPERSONATION"));
        assert_eq!(nearest("fishing", names), Some("PHISHING"));
        assert_eq!(nearest("xyz", names), None);
        assert_eq!(nearest("", names), None);
    }
}
