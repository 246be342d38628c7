//! S-10: when nobody can open a case any more, two shares from two sheets let one named person in, and everybody is told.

use store::Store;
use store::testing::{places, sqlite};

use crate::office::{Office, PASSWORD, office};
use crate::run::{Ended, haven, haven_reading};

const FRESH: &str = "another plain password";

/// The shares that `haven init` printed.
fn shares(office: &Office) -> Vec<String> {
    let lines = office.init.out.lines().filter_map(|line| line.trim_start().strip_prefix("share "));
    lines.map(|line| line.split_once(": ").unwrap().1.to_owned()).collect()
}

fn recover(office: &Office, username: &str, shares: &[&str]) -> Ended {
    let words = ["keys", "recover", username, "--reason", "All three left.", "--config", &office.config];
    haven_reading(&(shares.join("\n") + "\n"), &words)
}

fn status(office: &Office) -> Ended {
    haven(&["keys", "status", "--config", &office.config])
}

async fn sign_in(office: &Office, store: &Store, username: &str, password: &str) -> actions::Session {
    let hub = office.hub(store).await;
    let token = actions::session::sign_in(&hub, username, password, None).await.unwrap();
    actions::session::session(&hub, &token.0, None).await.unwrap().unwrap()
}

async fn letters(store: &Store, username: &str) -> usize {
    let person = store::people::by_username(store, username).await.unwrap().unwrap();
    store::outbox::of_person(store, &person.id).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn s10_two_shares_open_what_nobody_can_open_any_more() {
    for place in places().await {
        let office = self::office(place);
        let store = office.store().await;
        let sheets = shares(&office);
        office.a_concern(&store).await;
        sign_in(&office, &store, "dana", PASSWORD).await;
        assert_eq!(status(&office).code, 0);
        recover(&office, "dana", &[&sheets[0], &sheets[1]]).refused(&["No shares are needed", "petra Invented"]);

        // Every password is reset: the keys are gone, and nobody is left to let anybody in.
        for username in ["dana", "sunil", "petra"] {
            let ended = haven_reading(&format!("{FRESH}\n"), &["user", "reset", username, "--config", &office.config]);
            assert_eq!(ended.code, 0, "{}", ended.err);
        }
        let said = status(&office);
        assert!(said.code == 1 && said.out.contains("1 case opens for nobody, and 0 are held by"), "{}", said.out);
        recover(&office, "dana", &[&sheets[0], &sheets[1]]).refused(&["no key yet"]);
        recover(&office, "ines", &[&sheets[0], &sheets[1]]).refused(&["No case would come to this person"]);
        recover(&office, "nobody", &[&sheets[0], &sheets[1]]).refused(&["no such person"]);
        let dana = sign_in(&office, &store, "dana", FRESH).await;
        let hub = office.hub(&store).await;
        let query = || actions::today::CaseQuery { page: 1, ..Default::default() };
        let reference = actions::today::cases(&hub, &dana, query()).await.unwrap().items[0].reference.clone();
        assert!(actions::case::case(&hub, &dana, &reference).await.is_err());

        // One sheet is not enough, a mistake is named, and shares of another Haven open nothing.
        let mistyped = sheets[0].replace(&sheets[0][7..9], "zz");
        let stranger = shares(&self::office(sqlite()));
        for (typed, why) in [
            (vec![sheets[0].as_str()], "there is none"),
            (vec![&sheets[0], &sheets[0]], "the same share again"),
            (vec![&mistyped, &sheets[1]], "typing mistake"),
            (vec![&stranger[0], &stranger[1]], "do not open the recovery key"),
            (vec![&stranger[0], &sheets[1]], "do not open the recovery key"),
        ] {
            let ended = recover(&office, "dana", &typed);
            assert!(ended.code == 2 && ended.err.contains(why), "{why}: {} {}", ended.out, ended.err);
        }
        assert!(actions::case::case(&hub, &dana, &reference).await.is_err(), "nothing has opened");

        let told = letters(&store, "ines").await;
        let ended = recover(&office, "dana", &[&sheets[3], &sheets[1]]);
        assert!(ended.code == 0 && ended.out.contains("Opened: 1 case."), "{}{}", ended.out, ended.err);
        let dana = sign_in(&office, &store, "dana", FRESH).await;
        let case = actions::case::case(&hub, &dana, &reference).await.unwrap();
        assert_eq!(case.person.as_deref(), Some("Nobody Real"));
        assert!(case.chronology.iter().any(|row| row.what.contains("recovery shares")), "{:?}", case.chronology);
        assert_eq!(letters(&store, "ines").await, told + 1, "whoever manages people is told");
        let entries = store::audit::entries(&store, 1, 10_000).await.unwrap();
        let entry = entries.iter().find(|entry| entry.new.action == "keys.recovered").unwrap();
        assert!(entry.new.detail.contains("[4,2]") && entry.new.detail.contains("All three left."));
        assert_eq!(haven(&["audit", "verify", "--config", &office.config]).code, 0);

        // She lets the others in, as ever; shares are not needed for that.
        sign_in(&office, &store, "petra", FRESH).await;
        recover(&office, "petra", &[&sheets[3], &sheets[1]]).refused(&["No shares are needed", "dana Invented"]);
        let petra = store::people::by_username(&store, "petra").await.unwrap().unwrap();
        actions::keys::readmit(&hub, &dana, &petra.id).await.unwrap();
        store.close().await;
        office.place.remove().await;
    }
}
