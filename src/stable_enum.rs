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

            /// The value with this name, without regard to case; `-` and a blank stand for `_`.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                let wanted: String = name.trim().chars().map(|c| if c == '-' || c == ' ' { '_' } else { c.to_ascii_uppercase() }).collect();
                Self::ALL.iter().copied().find(|value| value.name() == wanted)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(self.name()) }
        }
    };
}
