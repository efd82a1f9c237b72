//! Forms that the North American numbering plan rules out.

/// The country code of the plan.
const CODE: u16 = 1;

/// Whether no number of the plan can have these ten digits, now or later: area codes and exchanges begin with 2 to 9, and
/// an area code does not end in 11 (ATIS-0300055, ATIS-0300051). An exchange that ends in 11 exists in some area codes.
/// Other lengths are not ruled out here.
pub(super) fn is_ruled_out(code: u16, national: &[u8]) -> bool {
    match national {
        [area @ (b'0'..=b'9'), second, third, exchange, _, _, _, _, _, _] if code == CODE => {
            *area < b'2' || *exchange < b'2' || (*second == b'1' && *third == b'1')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn area_codes_and_exchanges_have_a_form() {
        for ruled_out in [
            "0175550123",
            "1175550123",
            "6170550123",
            "6171550123",
            "9115550123",
            "2115550123",
            "1111111111",
            "0000000000",
        ] {
            assert!(is_ruled_out(1, ruled_out.as_bytes()), "{ruled_out}");
            assert!(!is_ruled_out(49, ruled_out.as_bytes()), "{ruled_out}");
        }
        for open in [
            "6175550123",
            "6172110123",
            "8009110123",
            "2745550123",
            "9005550123",
            "3105550123",
            "617055012",
            "61705501234",
            "",
        ] {
            assert!(!is_ruled_out(1, open.as_bytes()), "{open}");
        }
    }
}
