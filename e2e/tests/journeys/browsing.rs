//! Point 2 of the story: an allowed site is inspected, a bank is not, and a closed site says why and what to do.

use e2e::{Browser, House, on_both};

use crate::people;

on_both!(f07_browsing, f07_browsing_sqlite, f07_browsing_postgres);

async fn f07_browsing(house: &mut House) {
    let mut lena = people::through_the_gate(house, "lena", "Lena Learner").await;

    // An allowed site over HTTPS: opened with Haven's own authority.
    lena.go("https://library.test/books").await;
    lena.says("A shelf of stories").await;
    assert_eq!(
        lena.issuer("https://library.test").await,
        "Haven certificate authority, Practice College",
        "a leaf of Haven's own authority"
    );

    // A bank is passed through: its certificate is its own, and Haven's is nowhere in it.
    lena.go("https://bank.test/accounts").await;
    lena.says("twelve pounds and forty pence").await;
    assert_eq!(
        lena.issuer("https://bank.test").await,
        "Haven certificate authority, Practice websites",
        "the bank's own certificate: nobody opened it"
    );

    // A closed site, plain and encrypted: the same page with the clause and what to do.
    for address in ["http://casino-royal.test/", "https://casino-royal.test/roulette"] {
        lena.go(address).await;
        for words in
            ["WAES 7.1", "Gambling sites can take money", "You have not done anything wrong", "Gamblers Anonymous"]
        {
            lena.says(words).await;
        }
        lena.says_not("A wheel with a little ball").await;
    }
    let page = lena.source().await;
    assert!(page.len() < 30_000, "the block page is {} bytes", page.len());
    for outside in ["<script", "src=\"http", "rel=\"stylesheet\"", "@import"] {
        assert!(!page.contains(outside), "the block page needs nothing from elsewhere: {outside}");
    }
    lena.also_on_a_phone("block-page").await;

    // This was an accident.
    lena.press("This was an accident").await;
    lena.says("casino-royal.test does not open here").await;
    lena.says("not your fault").await;
    lena.also_on_a_phone("blocked-what-you-can-do").await;
    lena.fill("What happened? (you can leave this empty)", "I typed the wrong name.").await;
    lena.press("Tell us it was an accident").await;
    lena.says("Your reference is").await;

    // Ask for this site; the Head of IT says yes, and it opens.
    lena.go("http://casino-royal.test/").await;
    lena.press("Ask for this site").await;
    lena.fill("What do you need it for?", "We compare odds in the maths class.").await;
    lena.press("Ask for this site").await;
    lena.says("Your reference is").await;
    lena.go("http://haven.test/my").await;
    lena.says("Nobody has decided yet").await;

    // Report a concern, from the block page.
    lena.go("http://casino-royal.test/").await;
    lena.press("Report a concern").await;
    if lena.address().await.contains("/blocked/") {
        lena.press("Report a concern").await;
    }
    lena.says("Is someone in danger now?").await;

    // A help site that real lists hold as gambling opens: here the practice one, there it is never decided against.
    lena.go("https://help-line.test/").await;
    lena.says("The practice help line").await;
    lena.go_anywhere("http://gamblersanonymous.org/").await;
    lena.says_not("You have not done anything wrong").await;
    decided(house).await;
    lena.go("http://casino-royal.test/").await;
    lena.says("If you can read it, the filter let you through").await;
    closed_by_hand(house, &mut lena).await;
    lena.close().await;
}

/// Whoever decides about sites opens this one for a while.
async fn decided(house: &House) {
    let ines = people::at_work(house, "ines", "Ines Network").await;
    ines.go("http://haven.test/requests").await;
    ines.picture("requests").await;
    ines.press("Decide about casino-royal.test").await;
    ines.choose("May it open?", "Yes").await;
    ines.fill("Why?", "The maths class compares odds this week.").await;
    ines.press("Write this down").await;
    ines.says("The maths class compares odds this week.").await;
    ines.close().await;
}

/// A colleague says that a site is trouble: the Head of IT asks the filter, looks what a rule would change, makes it, and
/// takes it back.
async fn closed_by_hand(house: &House, lena: &mut Browser) {
    let ines = people::at_work(house, "ines", "Ines Network").await;
    ines.go("http://haven.test/what-if").await;
    ines.fill("Address", "library.test/books").await;
    ines.press("Ask").await;
    for words in ["Allowed", "What no other rule names", "Sealed lists are not asked"] {
        ines.says(words).await;
    }
    ines.press("Close library.test by a rule of our own").await;
    ines.pick("For whom?", "Learners").await;
    ines.fill("Why?", "They are cleaning their server today.").await;
    ines.press("Look first what it changes").await;
    ines.says("What it would change").await;
    ines.says("Not opened").await;
    ines.press("Make the rule").await;
    ines.says("The rule is in force").await;
    people::soon(20, async || {
        lena.go("https://library.test/books").await;
        lena.text().await.contains("it was closed").then_some(())
    })
    .await
    .expect("the site is closed for somebody who browses already");
    ines.press("Take the rule about library.test back").await;
    ines.fill("Why?", "Their server is clean.").await;
    ines.press("Take it back").await;
    ines.says("The rule was taken back").await;
    people::soon(20, async || {
        lena.go("https://library.test/books").await;
        lena.text().await.contains("A shelf of stories").then_some(())
    })
    .await
    .expect("the site is open again");
    ines.close().await;
}
