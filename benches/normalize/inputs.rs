//! The inputs: numbers of the recorded answers of libphonenumber, and forms that switches send.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use ringwarden::number::Region;
use serde::Deserialize;

/// Most numbers of one region in a set that holds numbers of all.
const PER_REGION: usize = 2;

/// The regions of the set of national numbers that are dialled most.
const BUSY: [&str; 7] = ["DE", "GB", "IT", "BR", "FR", "IN", "ES"];

/// Texts that switches and gateways send, each with its number.
const SWITCH: [(&str, &str); 10] = [
    ("sip:+14155550199@carrier.example;user=phone", "+14155550199"),
    ("<sip:+14155550199@10.0.0.1:5060>;tag=8f2c", "+14155550199"),
    (
        "\"Main Office\" <sip:+12125550123@sbc.example;user=phone>;verstat=TN-Validation-Passed",
        "+12125550123",
    ),
    ("sips:12125550123@pbx.example:5061;transport=tls", "+12125550123"),
    ("tel:+1-212-555-0123;cpc=ordinary", "+12125550123"),
    ("tel:555-0123;phone-context=+1212", "+12125550123"),
    ("tel:2125550123;phone-context=+1", "+12125550123"),
    ("sip:+442079460018;npdi@gw.example", "+442079460018"),
    ("sip:00493012345678@ims.example", "+493012345678"),
    ("<tel:+49-30-12345678>;verstat=No-TN-Validation", "+493012345678"),
];

/// A text, where it is read, and the number that libphonenumber reads in it.
pub struct Input {
    pub text: String,
    /// The default region, of the three readers each in its own type; none for E.164 texts.
    pub region: Option<Region>,
    pub bare_region: Option<phonenumber::country::Id>,
    pub rlib_region: Option<rlibphonenumber::Region>,
    pub e164: String,
}

/// Inputs of one form.
pub struct Set {
    pub name: &'static str,
    /// The goal for one number, in nanoseconds.
    pub goal_ns: f64,
    /// Whether a library that reads only numbers can read it.
    pub plain: bool,
    pub inputs: Vec<Input>,
}

#[derive(Deserialize)]
struct Recorded {
    input: String,
    region: Option<String>,
    #[serde(default)]
    e164: String,
    #[serde(default)]
    valid: bool,
    rc: Option<String>,
    ext: Option<String>,
}

/// All that is measured.
pub fn sets() -> Vec<Set> {
    let recorded = recorded();
    let of = |regions: &dyn Fn(&str) -> bool| -> Vec<&Recorded> {
        let of_regions = |line: &&Recorded| line.rc.as_deref().is_some_and(regions);
        recorded.iter().filter(of_regions).collect()
    };
    let switch = SWITCH.map(|(text, e164)| Input::new(text, Some("US"), e164));
    let set = |name, goal_ns, plain, inputs: Vec<Input>| Set {
        name,
        goal_ns,
        plain,
        inputs,
    };
    vec![
        set("E.164 of the world", 250.0, true, as_e164(&few_of_each(&recorded))),
        set("E.164 of the US", 250.0, true, as_e164(&of(&|rc| rc == "US"))),
        set("national, the world", 3_000.0, true, national(&of(&|_| true))),
        set("national, US", 3_000.0, true, national(&of(&|rc| rc == "US"))),
        set(
            "national, 7 countries",
            3_000.0,
            true,
            national(&of(&|rc| BUSY.contains(&rc))),
        ),
        set("switch forms", f64::INFINITY, false, switch.into()),
    ]
}

impl Input {
    fn new(text: &str, region: Option<&str>, e164: &str) -> Self {
        Self {
            text: text.to_owned(),
            region: region.map(|region| region.parse().unwrap()),
            bare_region: region.and_then(|region| region.parse().ok()),
            rlib_region: region.and_then(|region| region.parse().ok()),
            e164: e164.to_owned(),
        }
    }
}

impl Recorded {
    /// Whether it is in national form, with digits and punctuation only.
    fn is_national(&self) -> bool {
        let plain = |char: char| char.is_ascii_digit() || " ()./-".contains(char);
        let abroad = ["00", "011"].iter().any(|prefix| self.input.starts_with(prefix));
        self.region == self.rc && self.ext.is_none() && !abroad && self.input.chars().all(plain)
    }
}

fn as_e164(lines: &[&Recorded]) -> Vec<Input> {
    let inputs = lines.iter().map(|line| Input::new(&line.e164, None, &line.e164));
    inputs.collect()
}

/// The lines that are written as within a country, as they are written.
fn national(lines: &[&Recorded]) -> Vec<Input> {
    let lines = lines.iter().filter(|line| line.is_national());
    lines
        .map(|line| Input::new(&line.input, line.region.as_deref(), &line.e164))
        .collect()
}

fn few_of_each(recorded: &[Recorded]) -> Vec<&Recorded> {
    let mut taken: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    let few = recorded.iter().filter(|line| {
        let taken = taken.entry(line.rc.as_deref()).or_default();
        *taken += 1;
        *taken <= PER_REGION
    });
    few.collect()
}

/// The valid numbers of the recorded answers.
fn recorded() -> Vec<Recorded> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let files = ["numbers-libphonenumber.jsonl.gz", "formats-libphonenumber.jsonl.gz"];
    let lines = files.iter().flat_map(|name| {
        let file = File::open(data.join(name)).unwrap();
        BufReader::new(GzDecoder::new(file)).lines()
    });
    lines
        .map(|line| serde_json::from_str::<Recorded>(&line.unwrap()).unwrap())
        .filter(|line| line.valid)
        .collect()
}
