//! Lines of a dnsmasq configuration that close names: `address=/host/`, `local=/host/`, `server=/host/`.

use std::net::IpAddr;

use super::names::{host_entry, leads_elsewhere, leads_nowhere};
use super::{Guard, Line, text_of};

pub(super) fn dnsmasq(raw: &[u8], guard: Guard) -> Line {
    let text = match text_of(raw) {
        Ok(text) => text,
        Err(refused) => return refused,
    };
    let rest = ["address=/", "server=/", "local=/"].iter().find_map(|start| text.strip_prefix(start));
    let Some((names, to)) = rest.and_then(|rest| rest.rsplit_once('/')) else {
        return Line::refused("only address=/host/, local=/host/ and server=/host/ are used");
    };
    // `#` is dnsmasq's own word for an address that leads nowhere.
    let closes = matches!(to, "" | "#") || to.parse::<IpAddr>().is_ok_and(leads_nowhere);
    if !closes {
        return Line::Refused(leads_elsewhere(to));
    }
    let mut entries = Vec::new();
    for name in names.split('/') {
        let name = name.strip_prefix("*.").or_else(|| name.strip_prefix('.')).unwrap_or(name);
        match host_entry(name, guard) {
            Ok(entry) => entries.push(entry),
            Err(why) => return Line::Refused(why),
        }
    }
    Line::Entries(entries)
}
