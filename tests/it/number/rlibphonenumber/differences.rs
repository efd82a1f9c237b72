//! Every known difference between this library and the other port, with its cause and with the one that is right.

use super::Answer;
use super::answer::Failure;
use super::peer::Peer;

/// A difference that metadata do not explain.
pub(crate) struct Difference {
    /// Its cause, the port that is right, and the source for that.
    pub(crate) cause: &'static str,
    /// A text and the region from which it is read.
    pub(crate) example: (&'static str, Option<&'static str>),
    /// Whether a text on which the answers differ does so for this cause. The port has our metadata.
    pub(crate) explains: fn(&Peer, &Question<'_>) -> bool,
}

/// A text on which the answers differ.
pub(crate) struct Question<'t> {
    pub(crate) text: &'t str,
    pub(crate) region: Option<&'t str>,
    pub(crate) ours: &'t Answer,
    pub(crate) theirs: &'t Answer,
}

pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        cause: "A fullwidth tilde divides a number for libphonenumber in Java, and so for us and the Python port: \
                VALID_PUNCTUATION ends with U+FF5E. The port follows the one in C++, whose list lacks it. The text \
                with an ASCII tilde is read by both as we read this one.",
        example: ("+1 415\u{FF5E}555\u{FF5E}0199", None),
        explains: |peer, question| {
            let ascii = question.text.replace('\u{FF5E}', "~");
            ascii != question.text
                && *question.theirs == Answer::Failure(Failure::NotANumber)
                && *question.ours == peer.answer(&ascii, question.region)
        },
    },
    Difference {
        cause: "Two digits with an extension are no number in Java, and so for us and the Python port: in \
                VALID_PHONE_NUMBER_PATTERN the extension belongs to the second alternative only, that of three \
                digits and more. In C++, which the port follows, it belongs to both.",
        example: ("15 ext. 4", Some("DE")),
        explains: |_, question| {
            let digit = |char: &char| char.is_numeric();
            let first: Vec<char> = question.text.chars().skip_while(|char| !digit(char)).collect();
            *question.ours == Answer::Failure(Failure::NotANumber)
                && first.iter().take_while(|char| digit(char)).count() == 2
        },
    },
    Difference {
        cause: "The port writes at most ten leading zeros of a national number. Java and C++ write as many as were \
                read (getNationalSignificantNumber), and so do we.",
        example: ("+70000000000000", None),
        explains: |_, question| match (question.ours, question.theirs) {
            (Answer::Number { e164: ours, .. }, Answer::Number { e164: theirs, .. }) => {
                let ten = "0".repeat(10);
                ours.len() > theirs.len() && theirs.contains(&ten) && squeezed(ours) == squeezed(theirs)
            }
            _ => false,
        },
    },
];

/// A text with one zero for each run of zeros.
fn squeezed(text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    chars.dedup_by(|one, other| (*one, *other) == ('0', '0'));
    chars.into_iter().collect()
}

/// Regions whose numbers changed between our metadata, 9.0.33, and those of the port, 9.0.42, with a number of
/// which they say different things. Both are right, each about its own time.
pub(crate) const NEWER_METADATA: &[(&str, &str)] = &[
    ("AC", "+24720080"),
    ("AR", "+541100184427"),
    ("AU", "+61496007124"),
    ("BD", "+8806400012339"),
    ("BW", "+2672104522"),
    ("CA", "+12734340665"),
    ("CD", "+243870581832"),
    ("CL", "+56233840000"),
    ("CM", "+237642049288"),
    ("CN", "+868078123"),
    ("CO", "+579101015154"),
    ("CR", "+50620000773"),
    ("CV", "+2385701923"),
    ("DK", "+4537010100"),
    ("EE", "+37282011000"),
    ("ES", "+34400000045"),
    ("FI", "+358494600"),
    ("FJ", "+6793614013"),
    ("FO", "+298880078"),
    ("GE", "+995522280923"),
    ("GH", "+233306002408"),
    ("GM", "+220400385947"),
    ("GY", "+5925160118"),
    ("HK", "+85240601072"),
    ("HN", "+50422686221"),
    ("IL", "+972554040946"),
    ("IN", "+917968337721"),
    ("IR", "+989983004466"),
    ("JO", "+962711000982"),
    ("KE", "+254135027887"),
    ("KW", "+96559990648"),
    ("LI", "+4232900541"),
    ("MA", "+212730079176"),
    ("ML", "+22344616688"),
    ("MZ", "+258880019871"),
    ("NG", "+2349103263692"),
    ("NO", "+4742026744"),
    ("PA", "+5079128666"),
    ("PE", "+5119005850"),
    ("PG", "+6752060504"),
    ("PT", "+351762103177"),
    ("PY", "+595988100826"),
    ("RU", "+79300000000"),
    ("SB", "+6779008019"),
    ("SE", "+46780362778"),
    ("SH", "+29090003"),
    ("SN", "+221300093769"),
    ("SR", "+5977309591"),
    ("SY", "+96324005745"),
    ("TG", "+22873035640"),
    ("TM", "+99372003154"),
    ("TR", "+905822016449"),
    ("TZ", "+255600623774"),
    ("UG", "+256202490117"),
    ("US", "+12746172665"),
    ("UZ", "+998705448391"),
    ("VN", "+84140086599"),
    ("ZW", "+26314270"),
];
