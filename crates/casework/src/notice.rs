//! What leaves by mail or on a lock screen: only that something waits, never what, about whom, or how grave.

/// A letter that reveals nothing (C13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub subject: String,
    pub body: String,
}

/// Why somebody is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Something new waits for the person.
    Waiting,
    /// It was not acknowledged in time and has come to the person next in order.
    PassedOn,
    /// A technical alert waits for the Head of IT.
    Technical,
    /// It has changed who can open what is sealed (S-10).
    Holders,
}

/// The letter for an occasion. It carries no reference, so that two letters cannot be told apart by what they are about.
/// `portal_address` is the address of Haven's pages, with or without a stroke at its end.
#[must_use]
pub fn letter(occasion: Occasion, portal_address: &str) -> Notice {
    let portal_address = portal_address.trim_end_matches('/');
    let page = if occasion == Occasion::Holders { "keys" } else { "today" };
    let (subject, first) = match occasion {
        Occasion::Waiting => ("Haven: something waits for you", "Something in Haven waits for you."),
        Occasion::PassedOn => (
            "Haven: something waits for you, please look now",
            "Something in Haven was not answered in time and has come to you.",
        ),
        Occasion::Technical => {
            ("Haven: something technical waits for you", "A technical notice in Haven waits for you.")
        }
        Occasion::Holders => ("Haven: who holds keys has changed", "It has changed who holds keys in Haven."),
    };
    Notice {
        subject: subject.to_owned(),
        body: format!(
            "{first}\n\nSign in to see it: {portal_address}/{page}\n\nThis letter says no more on purpose. Please do not reply to it.\n"
        ),
    }
}
