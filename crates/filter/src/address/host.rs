//! The normal form of a host name or number.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use idna::AsciiDenyList;

use super::{AddressError, shortened};

/// Longest host name, from the domain name system.
pub const HOST_LIMIT_BYTES: usize = 253;
/// Longest part of a host name between dots, from the domain name system.
pub const LABEL_LIMIT_BYTES: usize = 63;

/// The host and every name above it, longest first. An IP address has none above it.
pub fn host_chain(host: &str, is_ip: bool) -> impl Iterator<Item = &str> {
    std::iter::successors(
        Some(host),
        move |name| {
            if is_ip { None } else { name.split_once('.').map(|(_, above)| above) }
        },
    )
}

/// Brings a host to its normal form: percent-encoding read, international names as punycode, lower case, no trailing
/// dot; numbers in octal, hexadecimal or fewer than four parts as IPv4; IPv6 compressed, without brackets.
///
/// # Errors
/// [`AddressError::NoHost`] or [`AddressError::BadHost`].
pub fn normal_host(host: &str) -> Result<(String, Option<IpAddr>), AddressError> {
    let bad = || AddressError::BadHost(shortened(host));
    if host.is_empty() {
        return Err(AddressError::NoHost);
    }
    if let Some(inside) = host.strip_prefix('[') {
        let ip: Ipv6Addr = inside.strip_suffix(']').and_then(|text| text.parse().ok()).ok_or_else(bad)?;
        return Ok(match ip.to_ipv4_mapped() {
            Some(ip) => (ip.to_string(), Some(IpAddr::V4(ip))),
            None => (ip.to_string(), Some(IpAddr::V6(ip))),
        });
    }
    let decoded: Cow<'_, [u8]> = percent_encoding::percent_decode_str(host).into();
    let ascii = idna::domain_to_ascii_cow(&decoded, AsciiDenyList::URL).map_err(|_| bad())?;
    let name = ascii.strip_suffix('.').unwrap_or(&ascii);
    if ends_in_a_number(name) {
        let ip = ipv4(name).ok_or_else(bad)?;
        return Ok((ip.to_string(), Some(IpAddr::V4(ip))));
    }
    let labels_fit = name.split('.').all(|label| !label.is_empty() && label.len() <= LABEL_LIMIT_BYTES);
    if labels_fit && name.len() <= HOST_LIMIT_BYTES { Ok((name.to_owned(), None)) } else { Err(bad()) }
}

/// Browsers read a host whose last part is a number as IPv4, or refuse it.
fn ends_in_a_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    !last.is_empty() && (last.bytes().all(|b| b.is_ascii_digit()) || ipv4_part(last).is_some())
}

fn ipv4(name: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u64> = name.split('.').map(ipv4_part).collect::<Option<_>>()?;
    let (last, leading) = parts.split_last()?;
    if leading.len() > 3 || leading.iter().any(|part| *part > 255) {
        return None;
    }
    // The last part fills all the bytes that are left.
    let free_bytes = 4_u32.checked_sub(u32::try_from(leading.len()).ok()?)?;
    if *last >= 256_u64.checked_pow(free_bytes)? {
        return None;
    }
    let high = leading.iter().enumerate().fold(0_u64, |sum, (place, part)| sum | (part << (24 - 8 * place)));
    Some(Ipv4Addr::from_bits(u32::try_from(high | last).ok()?))
}

/// One part of an IPv4 address: decimal, octal after `0`, hexadecimal after `0x`.
fn ipv4_part(text: &str) -> Option<u64> {
    let (digits, radix) = match text.as_bytes() {
        [] => return None,
        [b'0', b'x' | b'X', ..] => (text.get(2..)?, 16),
        [b'0', _, ..] => (text.get(1..)?, 8),
        _ => (text, 10),
    };
    if digits.is_empty() {
        return Some(0);
    }
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}
