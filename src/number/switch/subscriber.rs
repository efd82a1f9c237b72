//! Identities of mobile subscribers (3GPP TS 23.003): their digits are no telephone number.

/// The domain of all mobile networks.
const DOMAIN: &str = "3gppnetwork.org";

/// Fewest digits of an IMSI as networks give them out. Fewer at a mobile network are a telephone number without plus
/// sign.
const IMSI_DIGITS_MIN: usize = 14;

/// Whether the user of a host, or the number of a phone context, is an IMSI (3GPP TS 23.003 sections 13.3, 13.4B and
/// 19.3): digits at a mobile network, at least 14, maybe with one digit before them.
pub(super) fn is_identity(user: &str, host: &str) -> bool {
    let is_digits = user.bytes().all(|byte| byte.is_ascii_digit());
    is_digits && user.len() >= IMSI_DIGITS_MIN && is_mobile_network(host)
}

fn is_mobile_network(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let Some((before, end)) = host
        .len()
        .checked_sub(DOMAIN.len())
        .and_then(|at| host.split_at_checked(at))
    else {
        return false;
    };
    end.eq_ignore_ascii_case(DOMAIN) && (before.is_empty() || before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_at_a_mobile_network_are_a_subscriber() {
        for (user, host) in [
            ("310080120073500", "ims.mnc008.mcc310.3gppnetwork.org"),
            ("26201123456789", "IMS.MNC001.MCC262.3GPPNETWORK.ORG."),
            ("0310080120073500", "nai.epc.mnc008.mcc310.3gppnetwork.org"),
            ("310080120073500", "3gppnetwork.org"),
        ] {
            assert!(is_identity(user, host), "{user}");
        }
        for (user, host) in [
            ("+14155550199", "ims.mnc008.mcc310.3gppnetwork.org"),
            ("14155550199", "ims.mnc008.mcc310.3gppnetwork.org"),
            ("911", "ims.mnc008.mcc310.3gppnetwork.org"),
            ("310080120073500", "carrier.example"),
            ("310080120073500", "not3gppnetwork.org"),
            ("310080120073500", ""),
        ] {
            assert!(!is_identity(user, host), "{user}");
        }
    }
}
