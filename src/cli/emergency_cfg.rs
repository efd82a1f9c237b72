//! `emergency-cfg`: prints the definition of emergency numbers for Kamailio, from the numbers of the server.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::error::CliError;
use crate::app;
use crate::number::{EmergencyExpressions, EmergencyNumbers, Region, RewriteStep};

/// Arguments of `emergency-cfg`.
#[derive(Args, Debug)]
pub struct EmergencyCfgArgs {
    /// File with further emergency numbers, the same as that of `serve`
    #[arg(long, value_name = "FILE")]
    emergency_numbers: Option<PathBuf>,
}

pub(super) fn run(args: &EmergencyCfgArgs) -> Result<(), CliError> {
    let numbers = app::emergency_numbers(args.emergency_numbers.as_deref())?;
    std::io::stdout().lock().write_all(render(&numbers).as_bytes())?;
    Ok(())
}

/// The head of the file, up to the expressions.
const HEAD: &str = "\
# Which calls are calls for help. `ringwarden emergency-cfg` prints this file from the numbers and the rules with which the
# service recognises such calls: do not edit it. With numbers of your own, print it again, with the file that the service has:
#   ringwarden emergency-cfg --emergency-numbers FILE > emergency.cfg
";

/// How the route begins.
const ROUTE: &str = r#"
# Sets $var(emergency) to 1 if the request URI is a call for help from RW_REGION, else to 0.
route[EMERGENCY] {
    $var(emergency) = 0;
    if ($ru =~ RW_EMERGENCY_NAMES) {
        $var(emergency) = 1;
        return;
    }
    # The keys that were dialled: an equals sign, which keeps the text from becoming empty, a plus sign or none, and digits.
    $var(dialled) = $ru;
"#;

/// How the route goes on after the keys are found.
const ABROAD: &str = r#"    if ($var(dialled) =~ RW_EMERGENCY_ABROAD) {
        $var(emergency) = 1;
        return;
    }
    $var(region) = RW_REGION;
    switch ($var(region)) {
"#;

/// How the route goes on after the numbers of the region.
const PREFIXES: &str = "    }
    if ($var(emergency) == 1) {
        return;
    }
    # The numbers of other countries behind an international prefix that is not 00.
    switch ($var(region)) {
";

/// How the route ends.
const END: &str = "    }
    if ($var(dialled) =~ RW_EMERGENCY_ABROAD) {
        $var(emergency) = 1;
    }
}
";

/// The file for Kamailio.
#[must_use]
pub fn render(numbers: &EmergencyNumbers) -> String {
    let expressions = EmergencyExpressions::of(numbers);
    let names = format!(
        "\n# The names of the emergency services.\n#!define RW_EMERGENCY_NAMES \"{}\"\n",
        EmergencyExpressions::NAMES
    );
    let abroad = format!(
        "\n# The numbers of all countries behind their codes.\n#!define RW_EMERGENCY_ABROAD \"{}\"\n",
        expressions.abroad
    );
    let steps = expressions.steps.iter().map(|step| rewriting("    ", step));
    let here = expressions.regions.iter().map(|(regions, expression)| {
        let matching = matching(expression);
        format!("{}{matching}        break;\n", cases(regions))
    });
    let elsewhere = format!("    default:\n{}", matching(&expressions.unknown));
    let prefixes = expressions.prefixes.iter().map(|(regions, step)| {
        let rewriting = rewriting("        ", step);
        format!("{}{rewriting}        break;\n", cases(regions))
    });
    let unknown_prefix = expressions.unknown_prefix.iter();
    let unknown_prefix = unknown_prefix.map(|step| format!("    default:\n{}", rewriting("        ", step)));
    let mut text = [HEAD, &names, &abroad, ROUTE].concat();
    text.extend(steps);
    text.push_str(ABROAD);
    text.extend(here);
    text.push_str(&elsewhere);
    text.push_str(PREFIXES);
    text.extend(prefixes);
    text.extend(unknown_prefix);
    text.push_str(END);
    text
}

fn cases(regions: &[Region]) -> String {
    regions
        .iter()
        .map(|region| format!("    case \"{region}\":\n"))
        .collect()
}

fn matching(expression: &str) -> String {
    format!("        if ($var(dialled) =~ \"{expression}\") {{\n            $var(emergency) = 1;\n        }}\n")
}

fn rewriting(indent: &str, step: &RewriteStep) -> String {
    let RewriteStep {
        pattern,
        replacement,
        all,
    } = step;
    let flags = if *all { "gi" } else { "i" };
    format!("{indent}$var(dialled) = $(var(dialled){{re.subst,~{pattern}~{replacement}~{flags}}});\n")
}
