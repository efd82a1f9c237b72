//! The definition of emergency numbers for Kamailio in `deploy` is the one that the program prints.

use std::fs;
use std::path::Path;

use ringwarden::cli::emergency_cfg::render;
use ringwarden::number::EmergencyNumbers;

/// `RINGWARDEN_WRITE_TABLES=1 cargo test --test it emergency_cfg` writes the file.
#[test]
fn the_emergency_numbers_of_the_switch_are_those_of_the_service() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kamailio/emergency.cfg");
    let expected = render(&EmergencyNumbers::default());
    if std::env::var_os("RINGWARDEN_WRITE_TABLES").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap();
    assert!(
        written == expected,
        "deploy/kamailio/emergency.cfg is not what `ringwarden emergency-cfg` prints"
    );
}
