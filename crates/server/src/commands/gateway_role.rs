//! `haven gateway role`: what the owner of the database runs so that a gateway alone reaches its part and nothing else.

use clap::Subcommand;

use crate::say::{Ending, Failure, Out, Outcome};

#[derive(Debug, Subcommand)]
pub(crate) enum GatewayWord {
    /// Prints the SQL that gives a PostgreSQL role what a gateway alone needs, and takes everything else from it.
    Role {
        /// The role, e.g. haven_gateway; make it before with CREATE ROLE.
        name: String,
    },
}

pub(crate) fn run(word: &GatewayWord) -> Outcome {
    let GatewayWord::Role { name } = word;
    let sql = store::gateway::grants(name).ok_or_else(|| {
        Failure::new(format!(
            "'{name}' is no plain name for a role. Use small letters, digits and underscores, such as haven_gateway."
        ))
    })?;
    let mut out = Out::new();
    out.line(format_args!(
        "-- Run as the owner of Haven's database, after Haven's pages have run once, and again after each update:"
    ))?;
    out.line(format_args!("--   CREATE ROLE {name} LOGIN;   and then in psql:   \\password {name}"))?;
    out.line(format_args!("--   haven gateway role {name} | psql YOUR-DATABASE"))?;
    out.line(sql.trim_end())?;
    out.end(Ending::Done)
}
