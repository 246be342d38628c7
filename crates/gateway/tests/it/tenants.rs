//! Sign-in pages of the large suites are told whose accounts may be used, inside inspection and nowhere else.

use filter::tenants::Tenants;

use crate::client::{get, get_h2, get_secure};
use crate::world::{Plan, World};

/// Headers of a client that would like to say itself who may sign in.
const PRETENDS: &[(&str, &str)] = &[
    ("accept", "*/*"),
    ("Restrict-Access-To-Tenants", "elsewhere.example"),
    ("Restrict-Access-Context", "elsewhere"),
    ("sec-Restrict-Tenant-Access-Policy", "elsewhere"),
    ("X-GoogApps-Allowed-Domains", "elsewhere.example"),
];

async fn world(tenants: Tenants) -> World {
    World::with(Plan { tenants, ..Plan::default() }).await
}

/// What a website was sent about accounts.
fn said(text: &str) -> Vec<&str> {
    let about = ["restrict-access", "sec-restrict", "x-googapps"];
    let mut lines: Vec<&str> = text.lines().filter(|line| about.iter().any(|name| line.starts_with(name))).collect();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn f06_sign_in_pages_are_told_whose_accounts_may_be_used_whatever_the_client_says() {
    let world = world(Tenants {
        microsoft: vec!["contoso.example".to_owned(), "college.example".to_owned()],
        microsoft_directory: "8e6f4b2a-0c1d-4e5f-9a7b-1c2d3e4f5a6b".to_owned(),
        no_microsoft_personal: true,
        google: vec!["college.example".to_owned()],
        ..Tenants::default()
    })
    .await;
    let expected: [(&str, &[&str]); 4] = [
        (
            "login.microsoftonline.com",
            &[
                "restrict-access-context: 8e6f4b2a-0c1d-4e5f-9a7b-1c2d3e4f5a6b",
                "restrict-access-to-tenants: contoso.example,college.example",
            ],
        ),
        ("login.live.com", &["sec-restrict-tenant-access-policy: restrict-msa"]),
        ("accounts.google.com", &["x-googapps-allowed-domains: college.example"]),
        // Elsewhere they mean nothing, and nothing is changed.
        (
            "site.test",
            &[
                "restrict-access-context: elsewhere",
                "restrict-access-to-tenants: elsewhere.example",
                "sec-restrict-tenant-access-policy: elsewhere",
                "x-googapps-allowed-domains: elsewhere.example",
            ],
        ),
    ];
    for (host, lines) in expected {
        let reply = get_secure(world.address, &world.authority, host, "/headers", PRETENDS).await;
        assert_eq!(said(&reply.text()), lines, "{host}");
    }
    let reply =
        get_h2(world.address, &world.authority, "accounts.google.com", &["https://accounts.google.com/headers"]).await;
    assert_eq!(said(&reply[0].text()), ["x-googapps-allowed-domains: college.example"], "over HTTP/2 as well");
    let plain = get(world.address, "http://accounts.google.com/headers", PRETENDS).await;
    assert!(!plain.text().contains("college.example"), "never unencrypted");
}

#[tokio::test]
async fn f06_without_a_setting_nothing_is_said_about_accounts() {
    let world = world(Tenants::default()).await;
    let host = "login.microsoftonline.com";
    let reply = get_secure(world.address, &world.authority, host, "/headers", &PRETENDS[..1]).await;
    assert_eq!((reply.status.as_u16(), said(&reply.text())), (200, Vec::new()));
}

#[tokio::test]
async fn f06_a_sign_in_that_the_policy_leaves_closed_is_carried_as_it_is() {
    let world = world(Tenants { google: vec!["college.example".to_owned()], ..Tenants::default() }).await;
    let excepted = crate::pack::snapshot_with(|rules| {
        rules.replace("except_sites = [\"bank.test\"]", "except_sites = [\"accounts.google.com\"]")
    });
    *world.in_force.0.lock().unwrap() = Some(std::sync::Arc::new(excepted));
    let reply = get_secure(world.address, &world.practice, "accounts.google.com", "/headers", PRETENDS).await;
    assert!(reply.text().contains("x-googapps-allowed-domains: elsewhere.example"), "{}", reply.text());
}
