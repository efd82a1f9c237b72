//! Complaints in the format of a feed. They are made up, and the same every time: blocks with many bad numbers, numbers
//! used for one call, repeated callers, numbers with many complaints, toll-free numbers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use chrono::{Days, NaiveDate};
use tempfile::TempDir;

use super::random::Random;

/// The header of the layout of three columns.
pub const THREE: &str = "created_date,number,consumer_area_code";
/// The header of the FTC's own eight columns.
pub const EIGHT: &str = "Company_Phone_Number,Created_Date,Violation_Date,Consumer_City,Consumer_State,\
                         Consumer_Area_Code,Subject,Recorded_Message_Or_Robocall";
/// The first day of the sample.
pub const FIRST: &str = "2020-03-01";
/// The number of its days.
pub const DAYS: u64 = 60;

/// Blocks of 10,000, in four area codes.
const EXCHANGES: u64 = 40;
/// Blocks of 1,000 that a campaign draws its numbers from.
const HOT: u64 = 8;
/// Complaints a day about numbers that are new as a rule.
const NEW_A_DAY: usize = 240;
/// Numbers that call again and again.
const REPEATED: u64 = 60;

/// A complaint: the day on which it was filed, and the number.
pub type Filed = (NaiveDate, u64);

/// Files in a directory that goes away with them.
pub struct Files {
    folder: TempDir,
}

/// A day of the sample, counted from 0.
pub fn day(place: u64) -> NaiveDate {
    FIRST.parse::<NaiveDate>().unwrap() + Days::new(place)
}

/// The sample, by day.
pub fn sample() -> Vec<Filed> {
    let mut random = Random::new(7);
    let mut filed = Vec::new();
    for place in 0..DAYS {
        let today = day(place);
        for _ in 0..NEW_A_DAY {
            filed.push((today, new_number(&mut random, place)));
        }
        for repeated in 0..REPEATED {
            // Each is used for three weeks, and then given up.
            if (place + repeated * 7) % 45 < 21 && random.below(5) == 0 {
                filed.push((today, repeated_number(repeated)));
            }
        }
        for _ in 0..6 + random.below(4) {
            filed.push((today, loud_number(place)));
        }
        filed.push((today, toll_free_number(random.below(8) as u64)));
    }
    filed
}

/// Legitimate numbers of the same exchanges, some of them complained about by mistake, and of quiet ones.
pub fn legitimate() -> Vec<u64> {
    let busy =
        (0..EXCHANGES).flat_map(|exchange| (0..3).map(move |n| of_exchange(exchange) * 10_000 + 137 + n * 2_900));
    let quiet = (0..30).map(|n| (5_035_550 + n) * 1_000 + 400);
    busy.chain(quiet)
        .chain([8_005_550_100, 8_885_550_100])
        .chain([repeated_number(59)])
        .collect()
}

/// A file of three columns.
pub fn three_columns(filed: &[Filed]) -> String {
    let mut text = format!("{THREE}\n");
    for (date, number) in filed {
        writeln!(text, "{date},{number},{}", area(*number)).unwrap();
    }
    text
}

/// The same complaints in eight columns: calls at noon, filed at once.
pub fn eight_columns(filed: &[Filed]) -> String {
    let mut text = format!("{EIGHT}\n");
    for (date, number) in filed {
        let moment = format!("{date} 12:00:00");
        writeln!(text, "{number},{moment},{moment},,,{},,", area(*number)).unwrap();
    }
    text
}

impl Files {
    /// An empty directory, but for the legitimate numbers.
    pub fn new() -> Self {
        let files = Self {
            folder: TempDir::new().unwrap(),
        };
        let numbers: Vec<String> = legitimate().iter().map(u64::to_string).collect();
        files.write("legitimate.csv", &format!("number\n{}\n", numbers.join("\n")));
        files
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Reads one.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The path of a file.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program in the directory.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
        command.current_dir(self.folder.path()).args(arguments);
        command.env_clear().output().unwrap()
    }

    /// Runs it, and returns its output.
    pub fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs it; it must fail. Returns its error output.
    pub fn fail(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

/// The complaints about each number on each day.
pub fn by_number_and_day(filed: &[Filed]) -> BTreeMap<(u64, NaiveDate), usize> {
    let mut counts = BTreeMap::new();
    for (date, number) in filed {
        *counts.entry((*number, *date)).or_default() += 1;
    }
    counts
}

fn of_exchange(exchange: u64) -> u64 {
    let areas = [212, 415, 617, 713];
    areas[usize::try_from(exchange % 4).unwrap()] * 1_000 + 234 + exchange * 17
}

/// Three in four are of a hot block, which moves on after ten days; the others lie anywhere.
fn new_number(random: &mut Random, place: u64) -> u64 {
    if random.below(4) > 0 {
        let block = (place / 10 + random.below(usize::try_from(HOT).unwrap()) as u64) % EXCHANGES;
        return of_exchange(block) * 10_000 + 4_000 + random.below(1_000) as u64;
    }
    of_exchange(random.below(usize::try_from(EXCHANGES).unwrap()) as u64) * 10_000 + random.below(10_000) as u64
}

fn repeated_number(place: u64) -> u64 {
    of_exchange(place % EXCHANGES) * 10_000 + 8_100 + place
}

fn loud_number(place: u64) -> u64 {
    of_exchange(place / 20) * 10_000 + 9_999
}

fn toll_free_number(place: u64) -> u64 {
    8_665_550_140 + place * 3
}

fn area(number: u64) -> u64 {
    match number / 10_000_000 {
        800..=899 => 305,
        area => area,
    }
}
