//! The table of calls for help in `docs/number-forms.md` is true: every row is read and checked.

use ringwarden::number::{self, EmergencyNumbers, EmergencyService, Region};

const FORMS: &str = include_str!("../../../docs/number-forms.md");

/// The heads of the two columns that no other table has.
const HEAD: &str = "| Called | In | Is | Why |";

#[test]
fn every_form_of_a_call_for_help_is_recognised_as_the_table_says() {
    let (_, table) = FORMS.split_once(HEAD).expect("the table");
    let rows: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() >= 50, "only {} rows", rows.len());
    let numbers = EmergencyNumbers::default();
    let mut wrong = Vec::new();
    for row in rows {
        let columns: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(columns.len(), 4, "{row}");
        let region: Option<Region> = (!columns[1].is_empty()).then(|| columns[1].parse().expect("a region"));
        let found = number::emergency_service(columns[0].trim_matches('`'), region, &numbers);
        let is = match found {
            Some(EmergencyService::Emergency) => "emergency",
            Some(EmergencyService::PublicSafety) => "public safety",
            None => "",
        };
        if is != columns[2] {
            wrong.push(format!("{row}\n  is {is}"));
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}
