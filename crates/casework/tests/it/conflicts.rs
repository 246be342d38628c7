//! Who is named in a text: names and posts as people really write them, and ordinary words that name nobody.

use casework::conflict::{Candidate, named_in};

use crate::waes;

fn called(name: &str, username: &str, text: &str) -> bool {
    !named_in(text, &[Candidate { person: "p", name, username, titles: Vec::new() }]).is_empty()
}

#[track_caller]
fn names(name: &str, texts: &[&str]) {
    for text in texts {
        assert!(called(name, "", text), "`{text}` names {name}");
    }
}

#[track_caller]
fn names_not(name: &str, texts: &[&str]) {
    for text in texts {
        assert!(!called(name, "", text), "`{text}` does not name {name}");
    }
}

#[track_caller]
fn title(title: &str, named: &[&str], not: &[&str]) {
    let holder = [Candidate { person: "p", name: "", username: "", titles: vec![title] }];
    for text in named {
        assert!(!named_in(text, &holder).is_empty(), "`{text}` names the {title}");
    }
    for text in not {
        assert!(named_in(text, &holder).is_empty(), "`{text}` does not name the {title}");
    }
}

#[test]
fn inv11_a_name_is_found_however_it_is_typed() {
    let plain = [
        "Holt hurt me",
        "mrs holt said no",
        "MRS HOLT",
        "about Samira.",
        "Holt's class",
        "holts class",
        "Holt\u{2019}s",
    ];
    names("Samira Holt", &plain);
    names_not("Samira Holt", &["A learner holds strong views.", "the holiday", "Same here", ""]);
}

#[test]
fn inv11_hyphens_and_apostrophes_do_not_hide_a_name() {
    names("Ann Smith-Jones", &["smith jones", "Mrs Jones", "Mr Smith\u{2013}Jones", "Smith"]);
    names("Sean O'Brien", &["O\u{2019}Brien", "obrien", "o brien shouted", "O'BRIEN", "O\u{2019}Brien\u{2019}s room"]);
    names("Maria de Souza", &["desouza", "De Souza", "Mrs Souza"]);
    names("Ali Al-Amin", &["al amin", "Alamin", "Mr Amin"]);
}

#[test]
fn inv11_accents_do_not_hide_a_name() {
    names("José Núñez", &["jose", "Nunez", "Jose\u{301}", "NU\u{d1}EZ"]);
    names("Łukasz Grøn", &["lukasz", "Gron"]);
    names("Ayşe Işık", &["ayse", "Isik", "IŞIK"]);
    names("Jurgen Strauss", &["Jürgen", "Strauß"]);
    names("Sam Ho\u{ad}lt", &["Holt"]);
}

#[test]
fn inv11_short_names_and_names_of_one_word_are_found() {
    names("Ian Lo", &["Mr Lo wrote to me", "lo wrote to me"]);
    names("Jo Ng", &["jo did it", "Ng"]);
    names("Suryani", &["suryani said"]);
    names("王伟", &["王伟打了我", "王 伟"]);
    names("สมชาย", &["ครูสมชายตีฉัน"]);
}

#[test]
fn inv11_a_letter_after_mr_names_everybody_it_may_be() {
    names("Samira Holt", &["Mrs H keeps writing", "mr h hit him", "Miss H told me"]);
    names_not("Samira Holt", &["Mrs S", "H told me", "vitamin H"]);
    names_not("Tom Usher", &["I miss u", "I miss U a lot"]);
    names_not("Tom Ali", &["Sir a boy hit me", "Miss a man came"]);
    names("Tom Ali", &["Mr A hit me"]);
}

#[test]
fn inv11_titles_of_address_name_nobody_by_themselves() {
    names_not("Dr Sam Holt", &["the dr said", "Mrs Khan", "Mr T"]);
    names_not("Mrs A. Holt", &["Mrs Khan told me", "a b c"]);
}

#[test]
fn inv11_ordinary_words_that_are_names_name_nobody_by_accident() {
    names_not(
        "Will May",
        &["I will tell you", "Will you help me?", "may I ask", "She may be 15. May I say more", "in May"],
    );
    names_not("Will May", &["I WILL NOT GO BACK", "this will hurt", "since 3 May he hides", "WILL SOMEBODY HELP"]);
    names_not(
        "April Young",
        &["since April he is sad", "a young man", "young people here", "Young people sell it", "12 April"],
    );
    names_not("Grace White", &["white powder", "with grace"]);
    names_not("Hope King", &["I hope you read this", "Hope this helps"]);
    names_not("Jan van der Berg", &["a white van", "the van stops here"]);
    names_not("Omar bin Said", &["in the bin", "he said so"]);
    names_not("Ann Hope", &["an hour ago"]);
}

#[test]
fn inv11_the_same_words_name_somebody_when_written_as_names() {
    names(
        "Will May",
        &["I saw Will hit her", "Mr Will", "mr may", "Ask Mr. May", "will may hit me", "with May at noon"],
    );
    names("April Young", &["april hit me", "Mr Young", "It was Young again", "messages from April"]);
    names("Grace White", &["Grace hit me", "miss white shouted", "grace white", "Mrs White"]);
    names("Mark Rose", &["mark keeps texting", "rose keeps texting", "Mark's phone"]);
    names_not("Mark Rose", &["there are marks on his arm"]);
}

#[test]
fn inv11_a_surname_like_a_post_counts_only_as_a_name() {
    names("Petra Principal", &["petra", "Mrs Principal", "Petra Principal said"]);
    names_not("Petra Principal", &["the principal reason", "the principal of this college", "Principal aims"]);
    names_not("Tess Tutor", &["my tutor is kind", "The Tutor said", "tutors"]);
}

#[test]
fn inv11_a_user_name_counts_unless_it_is_an_ordinary_word() {
    assert!(called("", "sholt", "sholt sent it"));
    assert!(called("", "s.holt", "write to S.Holt@practice.test"));
    assert!(called("", "holt_7", "it was holt_7"));
    assert!(!called("", "holt_7", "it was holt in room 7"));
    for (username, text) in [
        ("it", "it hurts and it will not stop"),
        ("lead", "This may lead to harm"),
        ("lead", "The lead pipe"),
        ("hr", "I told HR"),
        ("principal", "the principal reason"),
        ("board", "on the board"),
        ("", "anything"),
    ] {
        assert!(!called("", username, text), "`{text}` does not name the user {username}");
    }
}

#[test]
fn inv11_a_post_is_named_by_its_title_a_part_of_it_or_its_initials() {
    let said = [
        "The designated safeguarding lead",
        "the Safeguarding Lead hit me",
        "safeguarding leads",
        "the safeguarding lead\u{2019}s office",
        "my DSL did nothing",
        "the safeguarding officer",
        "the man who leads safeguarding",
        "someone in the safeguarding team",
        "the DSLs",
        "the DSL\u{2019}s phone",
        "the D.S.L. knows",
    ];
    let not = ["dsl broadband is slow", "This may lead to harm", "He leads a group", "She is the team lead"];
    title("Designated Safeguarding Lead", &said, &not);
    title("Deputy Designated Safeguarding Lead", &["the DSL", "DDSL", "safeguarding lead"], &["a deputy", "DS"]);
    title("Deputy DSL", &["the deputy dsl", "our DSL"], &["dsl line"]);
}

#[test]
fn inv11_a_head_of_department_is_named_in_either_way() {
    let said = ["the head of hr", "Head of Human Resources", "the HR head", "hr manager", "HEAD OF HR"];
    let not = ["one of HR", "because of it", "of course", "my head hurts", "head of the class"];
    title("Head of HR", &said, &not);
    title(
        "Head of Human Resources",
        &["head of hr", "head of human resources"],
        &["head of the class", "human beings"],
    );
    let not = [
        "because of it",
        "I thought of it",
        "it lead to this",
        "they hit it head on",
        "HI",
        "the head of a child",
        "IT is broken",
    ];
    title(
        "Head of IT",
        &["Head of IT", "head of it keeps looking", "the IT manager", "Head of Information Technology"],
        &not,
    );
    title("Head of MIS and Exams", &["head of mis and exams"], &["and exams", "HE", "he came to me"]);
    title("Managers of Vulnerable Learners", &["the manager of vulnerable learners"], &["a learner"]);
}

#[test]
fn inv11_the_principal_is_a_person_and_the_principal_reason_is_not() {
    let said = [
        "the principal hit me",
        "Principal",
        "principal's office",
        "our principals room",
        "the principle keeps texting me",
    ];
    let not = [
        "the principal reason",
        "My principal concern is her safety",
        "in principle",
        "the principle of the thing",
        "on principle",
    ];
    title("Principal", &said, &not);
}

#[test]
fn inv11_short_titles_that_are_words_need_capitals() {
    title("IT", &["IT hurt me", "ask IT"], &["it hurts", "It hurts"]);
    title("SMT", &["the smt", "SMT"], &["smith"]);
    // In a text that is all capitals, a word is no initials.
    title("Head of Additional Support", &["our HAS"], &["HE HAS HURT ME"]);
}

#[test]
fn inv11_every_post_of_the_pack_is_named_by_its_own_title_and_by_no_ordinary_report() {
    let ordinary = "A young man in my class told me that he is scared. It happened in May and again last week. He will not \
        go home, and the principal reason is money. I hope you can help. He said it may lead to harm, because of it he \
        has marks on his arm. They sit by the board and look at pictures of weapons. Please do not tell his dad.";
    for post in &waes().posts {
        title(&post.title, &[&format!("It was the {} again", post.title)], &[ordinary]);
    }
}

#[test]
fn inv11_nobody_is_named_by_nothing() {
    let nobody = Candidate { person: "p", name: "", username: "", titles: vec!["", " - "] };
    for text in ["", " ", "...", "Anything at all", "\u{0}\u{301}\u{200b}'''s"] {
        assert!(named_in(text, std::slice::from_ref(&nobody)).is_empty());
    }
}

#[test]
fn inv11_a_post_is_named_however_it_is_misspelt() {
    let written = [
        "the safe guarding lead touches me",
        "the safe-guarding lead touches me",
        "the safegarding lead touches me",
        "the Safegaurding Lead touches me",
        "the safeguardin lead touches me",
        "the safeguard lead touches me",
        "the dsl touches me",
        "our Dsl touches me",
        "the safe\u{202e}guarding lead touches me",
    ];
    title(
        "Designated Safeguarding Lead",
        &written,
        &["She guards the safe.", "We need the end of it.", "a safe place"],
    );
}

#[test]
fn inv11_a_name_is_found_run_together_or_after_mr_in_small_letters() {
    names("Sunil Guardwell", &["sunilguardwell", "@SunilGuardwell", "mr gardwell", "Su\u{202e}nil", "Su\u{2063}nil"]);
    names_not("Sunil Guardwell", &["he guards well", "a guard"]);
}
