//! The policy of a node that has none yet: it has no clause, so nothing can be cited by it and nothing decided.

use std::collections::BTreeMap;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::clock::Calendar;
use crate::document::Document;
use crate::model::{Filtering, Pack};

impl Pack {
    /// Stands where a policy will be, in a gateway that starts while nobody can tell it which.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            id: String::new(),
            digest: String::new(),
            title: String::new(),
            organisation: String::new(),
            reference: String::new(),
            version: String::new(),
            owner: String::new(),
            in_force_from: None,
            in_force_to: None,
            review_cycle_months: 0,
            review_triggers: Vec::new(),
            posts: Vec::new(),
            populations: Vec::new(),
            groups: Vec::new(),
            agencies: Vec::new(),
            laws: Vec::new(),
            last_resort: Vec::new(),
            linked: Vec::new(),
            clauses: BTreeMap::new(),
            areas: Vec::new(),
            codes: Vec::new(),
            filtering: Filtering::default(),
            procedures: Vec::new(),
            agreements: Vec::new(),
            rights: Vec::new(),
            calendar: Calendar {
                zone: TimeZone::UTC,
                day_from: Time::midnight(),
                day_to: Time::midnight(),
                working_days: Vec::new(),
                terms: Vec::new(),
                closed: Vec::new(),
            },
            clocks: Vec::new(),
            obligations: Vec::new(),
            examples: Vec::new(),
            document: Document::default(),
        }
    }
}
