//! Texts that are easily misread. Accounts and extensions stay names, masked numbers name nobody, and one line has one
//! key. The tables of `docs/number-forms.md` have more of each class, with the answer in every field.

use ringwarden::number::{self, NumberError, Parsed, ParsedNumber, Region, ServiceKind};

const REGIONS: [&str; 5] = ["", "US", "DE", "GB", "IN"];

fn region(text: &str) -> Option<Region> {
    (!text.is_empty()).then(|| text.parse().expect("a region"))
}

fn parse(text: &str, place: &str) -> Result<Parsed, NumberError> {
    number::parse(text, region(place))
}

/// The number of a text, without its plus sign.
fn key(text: &str, place: &str) -> String {
    match parse(text, place) {
        Ok(Parsed::Number(number)) => number.e164_text(),
        other => panic!("{text} in {place:?} is {other:?}"),
    }
}

fn is_short_code(text: &str, place: &str) -> bool {
    matches!(parse(text, place), Ok(Parsed::Service(service)) if service.kind() == ServiceKind::ShortCode)
}

#[test]
fn a_user_that_is_no_telephone_number_is_a_name() {
    for place in REGIONS {
        for text in [
            "sip:310080120073500@ims.mnc008.mcc310.3gppnetwork.org",
            "sips:310080120073500@ims.mnc008.mcc310.3gppnetwork.org:5061;transport=tls",
            "sip:310080120073500@IMS.MNC008.MCC310.3GPPNETWORK.ORG;user=phone",
            "310080120073500@ims.mnc008.mcc310.3gppnetwork.org",
            "sip:26201123456789@ims.mnc001.mcc262.3gppnetwork.org",
            "sip:0262011234567890@nai.epc.mnc001.mcc262.3gppnetwork.org",
            "<sip:404910000000001@ims.mnc091.mcc404.3gppnetwork.org>;tag=1",
            "tel:310080120073501;phone-context=ims.mnc008.mcc310.3gppnetwork.org",
            "sip:12345678901234567890@pbx.example",
            "sip:c0ffee1234567890@pbx.example",
            "+14155550199\u{0}",
            "+1415\u{1}5550199",
            "sip:user4155550199@pbx.example",
            "sip:10.1.2.3@pbx.example",
            "sip:310080120073500;phone-context=ims.mnc008.mcc310.3gppnetwork.org@ims.mnc008.mcc310.3gppnetwork.org",
        ] {
            assert_eq!(parse(text, place), Err(NumberError::NotANumber), "{text} in {place:?}");
        }
    }
    for digits in ["12345678", "123456789012", "1234567890123", "12345678901234567"] {
        let text = format!("sip:{digits}@pbx.example");
        assert_eq!(parse(&text, "US"), Err(NumberError::NotANumber), "{text}");
        let text = format!("tel:{digits};phone-context=pbx.example");
        assert_eq!(parse(&text, "US"), Err(NumberError::NotANumber), "{text}");
        for marked in [
            format!("sip:+{digits}@pbx.example"),
            format!("sip:{digits}@pbx.example;user=phone"),
        ] {
            assert!(matches!(parse(&marked, "US"), Ok(Parsed::Number(_))), "{marked}");
        }
    }
    for text in ["sip:2001@gw.example", "sip:201@gw.example", "sip:123456@pbx.example"] {
        for place in REGIONS.iter().filter(|place| !place.is_empty()) {
            assert!(is_short_code(text, place), "{text} in {place}");
        }
    }
    for text in [
        "sip:+14155550199@ims.mnc008.mcc310.3gppnetwork.org;user=phone",
        "sip:14155550199@ims.mnc008.mcc310.3gppnetwork.org",
        "sip:4155550199@carrier.example",
        "tel:+14155550199@10.0.0.1:5060",
        "<tel:+1-415-555-0199;ext=7@carrier.example;user=phone>",
    ] {
        assert_eq!(key(text, "US"), "+14155550199", "{text}");
    }
}

#[test]
fn of_several_identities_the_most_certain_number_counts() {
    let certain = "<tel:+14155550199>";
    for other in [
        "<sip:1234567890123@pbx.example>",
        "<sip:2001@pbx.example>",
        "<sip:911@pbx.example>",
        "<sip:4155550123@pbx.example>",
        "<sip:310080120073500@ims.mnc008.mcc310.3gppnetwork.org>",
        "<sip:+1415555xxxx@pbx.example>",
        "<sip:alice@pbx.example>",
        "<sip:anonymous@anonymous.invalid>",
        "\"Doe, John\" <sip:030901820@pbx.example>",
        "<tel:+1415555019>",
    ] {
        for place in REGIONS {
            for text in [format!("{other}, {certain}"), format!("{certain}, {other}")] {
                assert_eq!(key(&text, place), "+14155550199", "{text} in {place:?}");
            }
        }
    }
    assert_eq!(
        key("<sip:2001@pbx.example>, <sip:4155550199@pbx.example>", "US"),
        "+14155550199"
    );
    assert_eq!(
        parse("<sip:anonymous@anonymous.invalid>, <sip:alice@pbx.example>", ""),
        Ok(Parsed::Anonymous)
    );
}

#[test]
fn words_behind_a_number_are_no_digits() {
    for behind in [
        " ext.",
        " ext",
        " x",
        " extension",
        " (Axel)",
        " (\u{c5}sa)",
        ", mobile",
        " - call me",
        " \"home\"",
        " моб",
        " Suite 1204",
        " 24h",
        " 24/7",
        " (2)",
        "#",
    ] {
        for (number, place, expected) in [
            ("+14155550199", "", "+14155550199"),
            ("415-555-0199", "US", "+14155550199"),
            ("070 123 45 67", "SE", "+46701234567"),
            ("+49 30 901820", "", "+4930901820"),
            ("+33 1 99 00 12 34", "", "+33199001234"),
        ] {
            let text = format!("{number}{behind}");
            assert_eq!(key(&text, place), expected, "{text}");
        }
    }
    for (text, place, expected) in [
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("1-800-GOT-JUNK", "US", "+18004685865"),
        ("1-800-EXXON-00", "US", "+18003996600"),
        ("1-800-LINUX-00", "US", "+18005468900"),
        ("1-800-NYNEX-00", "US", "+18006963900"),
        ("1800 MICROSOFT", "US", "+18006427676"),
        ("1300 FLOWERS", "AU", "+611300356937"),
    ] {
        assert_eq!(key(text, place), expected, "{text}");
    }
}

#[test]
fn a_masked_number_names_nobody() {
    for (shown, place) in [
        ("415-555-", "US"),
        ("+1415555", ""),
        ("+1 415 5", ""),
        ("+33 1 62 ", ""),
        ("+49 30 90", ""),
        ("+49 30 901820", ""),
        ("0171 123", "DE"),
    ] {
        for mask in [
            "XXXX",
            "xxxx",
            "xx xx",
            "****",
            "** **",
            "????",
            "####",
            "____",
            "••••",
            "●●●●",
            "....",
            "----",
            "…",
            "NNXX",
            "nnnn",
            "хххх",
            "χχχχ",
            "××××",
            "x x x x",
            "-X-X-X-X",
            "X.X.X.X",
            "n n n n",
            "N-N-N-N",
            "QQ",
            "0 x x x",
            "? ?",
            "(?)",
            "[?]",
            "# #",
            "!!",
            "$$$$",
            "^^^^",
            "++++",
            "★☆",
            "⬤⬤⬤⬤",
            "hidden",
            "(redacted)",
            "-NULL",
            "*",
        ] {
            for text in [
                format!("{shown}{mask}"),
                format!("tel:{shown}{mask}"),
                format!("<tel:{shown}{mask}>"),
            ] {
                assert_eq!(parse(&text, place), Err(NumberError::Masked), "{text}");
            }
        }
    }
    for text in [
        "XXX-XXX-0199",
        "***-***-0199",
        "+1415***0199",
        "+1 (XXX) 555-0199",
        "+XX 415 555 0199",
        "1-800-XXX-CARS",
        "415-555-01X9",
        "415|555|0199",
        "+1 415 555 019 x",
        "+1 415 555 [4 digits]",
        "sip:+1415555xxxx@carrier.example",
        "sip:415555****@carrier.example",
    ] {
        assert_eq!(parse(text, "US"), Err(NumberError::Masked), "{text}");
    }
    for text in [
        "631627197.0",
        "+4155550199.0",
        "4155550199.00",
        "6.31627197E8",
        "6,31627197E+08",
        "4.15556e9",
        "4155550199.50",
        "911.0",
        "2001.0",
    ] {
        for place in REGIONS {
            assert_eq!(
                parse(text, place),
                Err(NumberError::DecimalNumber),
                "{text} in {place:?}"
            );
        }
    }
}

#[test]
fn withheld_callers_are_known_in_every_spelling() {
    for spelled in ["266696687", "86282452253", "8656696", "2562533"] {
        for text in [
            format!("+{spelled}"),
            format!("00{spelled}"),
            format!("sip:+{spelled}@gw.example"),
            format!("tel:{spelled}"),
            format!("sip:{spelled}@gw.example;user=phone"),
            spelled.to_owned(),
        ] {
            for place in ["", "US", "DE", "GB"] {
                assert_eq!(parse(&text, place), Ok(Parsed::Anonymous), "{text} in {place:?}");
            }
        }
    }
    for text in [
        "0000000000",
        "+0000000000",
        "+0",
        "+000",
        "+10000000000",
        "+1 000 000 0000",
        "+4900000000",
        "sip:+10000000000@gw.example",
    ] {
        for place in REGIONS {
            assert_eq!(parse(text, place), Ok(Parsed::Anonymous), "{text} in {place:?}");
        }
    }
    for (text, place, expected) in [
        ("7378742833", "US", "+17378742833"),
        ("266696687", "PT", "+351266696687"),
        ("02666 96687", "DE", "+49266696687"),
        ("+26622123456", "", "+26622123456"),
        ("+49 2562533", "", "+492562533"),
    ] {
        assert_eq!(key(text, place), expected, "{text}");
    }
    for place in ["AU", ""] {
        assert!(
            matches!(parse("000", place), Ok(Parsed::Service(service)) if service.kind() == ServiceKind::Emergency)
        );
    }
}

#[test]
fn short_numbers_that_no_list_has_are_short_codes() {
    for (text, place) in [
        ("*5287", "IL"),
        ("*5287", ""),
        ("5287", "IL"),
        ("*2700", "IL"),
        ("sip:*5287@gw.example", "IL"),
        ("sip:%2A5287@gw.example", "IL"),
        ("+9725287", ""),
        ("+972*5287", ""),
        ("tel:+972-5287", ""),
        ("+20 19666", ""),
        ("0020 19666", "DE"),
        ("19666", "EG"),
        ("+4911833", ""),
        ("+49116117", ""),
        ("+3312345", ""),
        ("#250", "US"),
        ("*1234", "DE"),
        ("*69", "US"),
        ("*98", ""),
        ("#69", "US"),
        ("sip:*69@gw.example", "US"),
        ("*5287#", "IL"),
        ("*12345678", "US"),
        ("sip:2001@gw.example", ""),
    ] {
        assert!(
            is_short_code(text, place),
            "{text} in {place:?} is {:?}",
            parse(text, place)
        );
    }
    for (text, place) in [
        ("030", "DE"),
        ("+49", ""),
        ("+4930", ""),
        ("415", "US"),
        ("+1415", ""),
        ("*67", "US"),
        ("*31#", ""),
    ] {
        assert!(parse(text, place).is_err(), "{text} in {place:?}");
    }
}

#[test]
fn all_numbers_of_a_line_have_one_key() {
    for (expected, others) in [
        (
            "+4915123233241",
            &[
                ("4915123233241", "DE"),
                ("sip:4915123233241@trunk.example", "DE"),
                ("49(0)15123233241", ""),
            ][..],
        ),
        (
            "+493451234567",
            &[
                ("49(0)345 1234567", "DE"),
                ("49 (0) 345 1234567", "DE"),
                ("+49(0)345/1234567", ""),
                ("0049(0)3451234567", "US"),
            ],
        ),
        (
            "+525512345678",
            &[
                ("+5215512345678", ""),
                ("5215512345678", "MX"),
                ("0052 1 55 1234 5678", "DE"),
                ("01 55 1234 5678", "MX"),
            ],
        ),
        (
            "+5491155551234",
            &[
                ("+54 9 11 15 5555 1234", ""),
                ("+54 11 15 5555 1234", ""),
                ("011 15 5555 1234", "AR"),
            ],
        ),
        (
            "+5511987654321",
            &[
                ("+55 11 8765 4321", ""),
                ("+55 0 15 11 98765 4321", ""),
                ("+55 15 11 98765 4321", ""),
                ("0 11 8765 4321", "BR"),
            ],
        ),
        (
            "+864001234567",
            &[("+4001234567", ""), ("4001234567", "CN"), ("+86 400 123 4567", "")],
        ),
        (
            "+442896496012",
            &[
                ("048 9649 6012", "IE"),
                ("+353 48 9649 6012", ""),
                ("028 9649 6012", "GB"),
            ],
        ),
        (
            "+3780549886377",
            &[
                ("+39 0549 886377", ""),
                ("0549 886377", "IT"),
                ("886377", "SM"),
                ("+378 886377", ""),
            ],
        ),
        (
            "+262262161234",
            &[
                ("0262 16 12 34", "FR"),
                ("+33 262 16 12 34", ""),
                ("0262 16 12 34", "RE"),
            ],
        ),
    ] {
        assert_eq!(key(expected, ""), expected);
        for (text, place) in others {
            assert_eq!(key(text, place), expected, "{text} in {place:?}");
        }
    }
    for text in [
        "+40211234567",
        "+541155551234",
        "+551133334444",
        "+390612345678",
        "+33199001234",
        "+35312345678",
    ] {
        assert_eq!(key(text, ""), text);
    }
    let list: ParsedNumber = match parse("+390549886377", "") {
        Ok(Parsed::Number(number)) => number,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        list.e164().map(number::describe).map(|number| number.e164_text()),
        Some("+3780549886377".to_owned())
    );
}
