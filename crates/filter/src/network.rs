//! A range of addresses, as people write it.

use std::net::IpAddr;
use std::str::FromStr;

/// A range of addresses, written `10.20.0.0/16` or `fd00:1::/48`; a plain address is a network of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    prefix_bits: u8,
}

/// The text was not a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a network: write it as 10.20.0.0/16 or fd00:1::/48")]
pub struct NetworkError;

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (base, bits) = text.split_once('/').map_or((text, None), |(base, bits)| (base, Some(bits)));
        let base: IpAddr = base.trim().parse().map_err(|_| NetworkError)?;
        let widest = if base.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match bits {
            Some(bits) => bits.trim().parse().map_err(|_| NetworkError)?,
            None => widest,
        };
        if prefix_bits > widest { Err(NetworkError) } else { Ok(Self { base, prefix_bits }) }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let widest = if self.base.is_ipv4() { 32 } else { 128 };
        if self.prefix_bits == widest { self.base.fmt(f) } else { write!(f, "{}/{}", self.base, self.prefix_bits) }
    }
}

impl Network {
    /// How many leading bits the network fixes: of two that hold an address, the one with more is closer.
    #[must_use]
    pub fn prefix_bits(&self) -> u8 {
        self.prefix_bits
    }

    /// Whether another one is the very same range, however it is written.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.prefix_bits == other.prefix_bits && self.contains(other.base)
    }

    /// Whether it is of the old kind of addresses (IPv4).
    #[must_use]
    pub fn is_v4(&self) -> bool {
        self.base.is_ipv4()
    }

    /// Whether an address lies in this network.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix_bits)).unwrap_or(0);
                (u32::from(base) & mask) == (u32::from(address) & mask)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix_bits)).unwrap_or(0);
                (u128::from(base) & mask) == (u128::from(address) & mask)
            }
            _ => false,
        }
    }
}
