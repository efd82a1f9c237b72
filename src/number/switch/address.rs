//! Parses the texts that switches send for a caller: SIP and `tel` addresses, names, parameters.

use super::super::kinds::VerstatParameter;
use super::super::text::masked::{self, Masks};
use super::super::text::unicode::{fold, is_invisible};
use super::super::text::written::is_separator;
use super::name_addr::{NameAddr, strip_scheme};
use super::{anonymous, subscriber, verstat};

/// Schemes whose addresses have a user and a host.
pub(super) const SIP_SCHEMES: [&str; 2] = ["sip:", "sips:"];

const TEL_SCHEME: &str = "tel:";

const EMERGENCY_URN: &str = "urn:service:sos";

/// The caller in an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum User {
    /// No number: the text says so, or there is no user.
    Anonymous,
    /// A name instead of a number.
    Name,
    /// Text that may hold a number, without escapes.
    Text(String),
}

/// The kind of user that the form of an address means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UserForm {
    /// A telephone number, by `user=phone` (RFC 3261 section 19.1.6).
    Phone,
    /// The user of a host: a name, an account, an extension, or a number.
    OfHost,
    /// Any text, or a `tel` address.
    Text,
}

/// A parsed address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) user: User,
    pub(super) form: UserForm,
    /// Where a local number belongs (RFC 3966): a country code after `+`, or a domain.
    pub(super) phone_context: Option<String>,
    pub(super) extension: Option<String>,
    pub(super) verstat: Option<VerstatParameter>,
}

impl Address {
    /// Parses one value: an address (RFC 3261 section 19, RFC 3966), or any other text.
    pub(super) fn new(value: &NameAddr<'_>) -> Self {
        let address = value.address;
        let mut parts = if let Some(rest) = SIP_SCHEMES.iter().find_map(|scheme| strip_scheme(address, scheme)) {
            Parts::sip(rest)
        } else if let Some(rest) = strip_scheme(address, TEL_SCHEME) {
            Parts::tel_with_host(rest).unwrap_or_else(|| Parts::tel(rest))
        } else if address.contains('@') {
            Parts::sip(address)
        } else {
            Parts::tel(address)
        };
        parts.params.extend(value.outside.split(';'));
        let user = parts.user(value.name);
        let form = if parts.letters {
            UserForm::Text
        } else {
            UserForm::OfHost
        };
        let address = Self::with_params(user, form, &parts.params);
        address.without_subscriber_identity(parts.host, value.name)
    }

    /// An IMSI is the name of a subscriber, though it has only digits.
    fn without_subscriber_identity(mut self, host: &str, name: &str) -> Self {
        let hosts = [host, self.phone_context.as_deref().unwrap_or_default()];
        if let User::Text(user) = &self.user
            && hosts.iter().any(|host| subscriber::is_identity(user, host))
        {
            self.user = Parts::name_or_withheld(name);
        }
        self
    }

    fn with_params(user: User, form: UserForm, params: &[&str]) -> Self {
        let mut address = Self {
            user,
            form,
            phone_context: None,
            extension: None,
            verstat: None,
        };
        for param in params {
            let (key, value) = param.split_once('=').unwrap_or((param, ""));
            match key.trim().to_ascii_lowercase().as_str() {
                "phone-context" => address.phone_context = Some(unescape(value.trim())),
                "user" if value.trim().eq_ignore_ascii_case("phone") => address.form = UserForm::Phone,
                "ext" => address.extension = extension(value),
                "verstat" => {
                    let all = address.verstat.into_iter().chain(verstat::read(value.trim()));
                    address.verstat = all.reduce(verstat::stricter);
                }
                _ => {}
            }
        }
        address
    }
}

/// The relevant parts of an address, still with escapes.
struct Parts<'t> {
    user: Option<&'t str>,
    /// Whether the user may be a number spelled in letters.
    letters: bool,
    host: &'t str,
    params: Vec<&'t str>,
}

impl<'t> Parts<'t> {
    /// `user[:password]@host[:port][;params][?headers]`, where the user may have parameters of its own.
    fn sip(text: &'t str) -> Self {
        // A question mark in the user is not the beginning of headers.
        let host_at = text.find('@').unwrap_or_default();
        let headers_at = text.match_indices('?').map(|(at, _)| at).find(|&at| at >= host_at);
        let text = headers_at.and_then(|at| text.get(..at)).unwrap_or(text);
        let (user, host) = match text.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, text),
        };
        let mut host_params = host.split(';');
        let host = host_params
            .next()
            .and_then(|host| host.split(':').next())
            .unwrap_or_default();
        // Some switches leave out the host.
        let user = user.or(Some(host).filter(|host| is_dialable(host) && !host.contains(['.', '['])));
        let mut user_params = user.unwrap_or_default().split(';');
        let user = user_params.next().and_then(|user| user.split(':').next());
        Self {
            user: user.filter(|user| !user.trim().is_empty()),
            letters: false,
            host,
            params: user_params.chain(host_params).collect(),
        }
    }

    /// A `tel` address with the host of a SIP address behind it, as in `tel:+14155550199@10.0.0.1:5060`.
    fn tel_with_host(text: &'t str) -> Option<Self> {
        text.contains('@').then(|| Self {
            letters: true,
            ..Self::sip(text)
        })
    }

    /// `number[;params]`. The name of a parameter begins with a letter; digits after a semicolon are an extension and
    /// stay in place.
    fn tel(text: &'t str) -> Self {
        let begins_params = |at: usize| {
            let after = text.split_at_checked(at + 1).map_or("", |(_, after)| after);
            after.starts_with(|char: char| char.is_ascii_alphabetic())
        };
        let params_at = text.match_indices(';').map(|(at, _)| at).find(|&at| begins_params(at));
        let (user, params) = params_at.and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""));
        Self {
            user: Some(user).filter(|user| !user.trim().is_empty()),
            letters: true,
            host: "",
            params: params.split(';').collect(),
        }
    }

    fn user(&self, name: &str) -> User {
        let Some(user) = self.user else {
            return User::Anonymous;
        };
        let user = unescape(user);
        if anonymous::is_host(self.host) || anonymous::is_word(&user) {
            User::Anonymous
        } else if self.letters || is_number_like(&user) {
            User::Text(user)
        } else {
            Self::name_or_withheld(name)
        }
    }

    /// A user that is no number: the display name may say that the number is withheld.
    fn name_or_withheld(display_name: &str) -> User {
        if anonymous::is_word(display_name) {
            User::Anonymous
        } else {
            User::Name
        }
    }
}

/// Whether a text is an address of the internet in four decimal numbers (RFC 791), as in `192.168.1.20`.
fn is_internet_address(text: &str) -> bool {
    let is_byte = |part: &str| part.parse::<u8>().is_ok_and(|byte| byte.to_string() == part);
    text.split('.').count() == 4 && text.split('.').all(is_byte)
}

/// Whether the user of a host may be a number, shown whole or with masks, and is no address of the internet.
fn is_number_like(user: &str) -> bool {
    let is_masked =
        || masked::find(user) != Masks::None && user.chars().all(|char| is_dial_char(char) || masked::may_mask(char));
    (is_dialable(user) || is_masked()) && !is_internet_address(user)
}

/// Whether an address is that of the emergency services: `urn:service:sos` or one below it, such as
/// `urn:service:sos.police` (RFC 5031 section 4.2).
pub(super) fn is_emergency_urn(address: &str) -> bool {
    strip_scheme(address, EMERGENCY_URN).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ';']))
}

/// The digits of an extension, which may contain separators (RFC 3966 section 3).
fn extension(value: &str) -> Option<String> {
    let digits: String = unescape(value).chars().filter(char::is_ascii_digit).collect();
    Some(digits).filter(|digits| !digits.is_empty())
}

/// Whether a text consists of characters for dialling and punctuation.
fn is_dialable(text: &str) -> bool {
    text.contains(|char: char| char.is_ascii_digit()) && text.chars().all(is_dial_char)
}

fn is_dial_char(char: char) -> bool {
    char.is_ascii_digit() || is_separator(char) || matches!(char, '+' | '*' | '#')
}

/// A text with its `%XX` escapes decoded (RFC 3986); invalid escapes stay as they are.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, after @ ..] => hex(*high).zip(hex(*low)).map(|(high, low)| (high << 4 | low, after)),
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes)
        .chars()
        .map(fold)
        .filter(|&char| !is_invisible(char))
        .collect()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::super::super::kinds::AttestationLevel;
    use super::super::name_addr::values;
    use super::*;

    fn address(text: &str) -> Address {
        Address::new(&values(text).next().unwrap())
    }

    fn user(text: &str) -> User {
        address(text).user
    }

    fn number(text: &str) -> User {
        User::Text(text.to_owned())
    }

    #[test]
    fn finds_the_user_of_any_form() {
        for (text, expected) in [
            ("+14155550199", number("+14155550199")),
            ("tel:+1-415-555-0199;ext=7", number("+1-415-555-0199")),
            ("TEL:1-800-FLOWERS", number("1-800-FLOWERS")),
            ("sip:+14155550199@carrier.example;user=phone", number("+14155550199")),
            (
                "SIPS:+14155550199:secret@carrier.example:5061?Subject=7",
                number("+14155550199"),
            ),
            (
                "sip:%2B14155550199;rn=+14155550000;npdi@10.0.0.1",
                number("+14155550199"),
            ),
            ("sip:+14155550199", number("+14155550199")),
            ("+14155550199@carrier.example", number("+14155550199")),
            ("\"A <b> 1\" <sip:911@carrier.example>;party=calling", number("911")),
            ("<+14155550199", number("+14155550199")),
            ("4155550199;5", number("4155550199;5")),
            ("\"Alice 7\" <sip:alice77@carrier.example>", User::Name),
            ("sip:carrier.example", User::Anonymous),
            ("sip:10.0.0.1:5060", User::Anonymous),
            ("sip:[2001:db8::1]", User::Anonymous),
            ("sip:@carrier.example", User::Anonymous),
            ("sip:;verstat=No-TN-Validation@carrier.example", User::Anonymous),
            ("<>", User::Anonymous),
            ("anonymous@anonymous.invalid", User::Anonymous),
            ("sip:+14155550199@Anonymous.Invalid", User::Anonymous),
            ("\"Anonymous\" <sip:gw7@carrier.example>", User::Anonymous),
            (
                "\"Anonymous\" <sip:+14155550199@carrier.example>",
                number("+14155550199"),
            ),
            ("Restricted", User::Anonymous),
        ] {
            assert_eq!(user(text), expected, "{text}");
        }
    }

    #[test]
    fn finds_the_parameters_wherever_they_stand() {
        for text in [
            "tel:5550199;phone-context=%2B1415;ext=77;verstat=TN-Validation-Passed-A",
            "sip:5550199;Phone-Context=+1415;EXT=77@carrier.example;verstat=TN-Validation-Passed-A",
            "<sip:5550199;phone-context=+1415@carrier.example;ext=77>;verstat=TN-Validation-Passed-A",
        ] {
            let address = address(text);
            assert_eq!(address.phone_context.as_deref(), Some("+1415"), "{text}");
            assert_eq!(address.extension.as_deref(), Some("77"), "{text}");
            assert_eq!(
                address.verstat,
                Some(VerstatParameter::Passed(Some(AttestationLevel::A))),
                "{text}"
            );
        }
    }

    #[test]
    fn the_strictest_of_several_signatures_counts() {
        for text in [
            "sip:+14155550199;verstat=TN-Validation-Failed@carrier.example;verstat=TN-Validation-Passed",
            "+14155550199;verstat=TN-Validation-Passed;verstat=TN-Validation-Failed;verstat=x",
        ] {
            assert_eq!(address(text).verstat, Some(VerstatParameter::Failed), "{text}");
        }
    }

    #[test]
    fn an_extension_is_digits() {
        assert_eq!(extension("7-7.(1)").as_deref(), Some("771"));
        assert_eq!(extension("%3777").as_deref(), Some("777"));
        assert_eq!(extension(" - "), None);
    }

    #[test]
    fn knows_the_emergency_services() {
        for text in ["urn:service:sos", "URN:Service:SOS.fire", "urn:service:sos;a=b"] {
            assert!(is_emergency_urn(text), "{text}");
        }
        for text in [
            "urn:service:counseling",
            "urn:service:sosx",
            "urn:service:test.sos",
            "sos",
        ] {
            assert!(!is_emergency_urn(text), "{text}");
        }
    }

    #[test]
    fn resolves_escapes_and_leaves_the_rest() {
        assert_eq!(unescape("%2B1%20415"), "+1 415");
        assert_eq!(unescape("100%"), "100%");
        assert_eq!(unescape("%zz%4"), "%zz%4");
        assert_eq!(unescape("%EF%BC%91"), "1", "a fullwidth digit");
        assert_eq!(unescape("%FF%00"), "\u{FFFD}");
    }
}
