//! The shipped words against texts: invented and mild, some that should be found and some that never may be.

use std::sync::LazyLock;

use filter::phrases::WordPack;
use proptest::prelude::*;

/// Compiled once for the many texts that are tried on it.
static WORDS: LazyLock<WordPack> = LazyLock::new(WordPack::shipped);

const HARMFUL: &[(&str, &str)] = &[
    (
        "extremism",
        "The race war has begun. Rise up brothers, our enemies must pay. Join us tonight and spread the word.",
    ),
    ("extremism", "Pledge allegiance to the caliphate today. Join us, glory to the martyrs."),
    ("hate", "These people are vermin. Foreigners are not human and should be driven out of here."),
    ("hate", "Go back to where you came from. You people are subhuman, they are not human."),
    ("self-harm", "Nobody would miss me. I want to end my life and I have written my goodbye letter."),
    ("drugs", "Buy weed online! Discreet packaging, no prescription needed, next day."),
    ("drugs", "Pills for sale, cocaine for sale, message me, no prescription needed."),
    ("weapons", "Guns for sale, no licence asked. Untraceable gun delivered to you."),
    ("weapons", "Zombie knife for sale, no id, knives for sale all week."),
    ("gambling", "Play at our online casino! Free spins and a deposit bonus. Bet now and win the jackpot."),
    ("bullying", "Everyone hates you. Nobody likes you, loser. You are worthless."),
    ("grooming", "You are so mature for your age. It is our little secret, do not tell your parents."),
    ("pornography", "Free porn and xxx films, adult videos, over 18s only, click here."),
    ("county-lines", "Runners wanted, easy money, just hold a package for us for a day."),
    ("county-lines", "Going country this week? Trap phone ready, trap house sorted."),
];

const BENIGN: &[(&str, &str)] = &[
    (
        "news",
        "A man was sentenced on Tuesday. The court heard that he shared a manifesto before an attack was stopped by police.",
    ),
    (
        "history",
        "The caliphate of the Abbasids is part of the history of the Middle East. This lesson looks at trade and science.",
    ),
    (
        "history",
        "In the essay, compare ideas of a master race and ethnic hatred in the 1930s, and how propaganda spread. Use the museum website.",
    ),
    (
        "prevent",
        "The Prevent duty asks staff to notice signs of radicalisation. The Channel programme gives support. Safeguarding training is yearly.",
    ),
    (
        "religion",
        "Holy week begins on Sunday with prayer in the church. Martyrs are remembered in scripture and the saints are honoured.",
    ),
    ("religion", "The mosque welcomes visitors. Jihad means to strive. The Quran is read aloud and prayer is at noon."),
    (
        "lgbtq",
        "Coming out as gay, lesbian, bisexual or transgender can be hard. Our LGBT support group meets on Mondays. Talk about sex and consent.",
    ),
    (
        "lgbtq",
        "Pride month: same-sex couples share how they met. Adults only social evening at the bar, no entry under 18.",
    ),
    (
        "health",
        "Breast cancer symptoms: check your breasts and see your doctor. The nude mouse is used in research. Sexual health clinics are free.",
    ),
    (
        "health",
        "Sex education: contraception, condoms and consent explained by nurses. Porn is not real sex. NHS sexual health help.",
    ),
    (
        "health",
        "If you have thoughts of suicide, or feel you would be better off dead, call the Samaritans on 116 123. Recovery from self harm is possible.",
    ),
    (
        "gambling",
        "Gamblers Anonymous: I lost everything in an online casino. The free spins pulled me in. I have stopped gambling with their help.",
    ),
    (
        "maths",
        "What is the probability of red at roulette? In blackjack, count the cards that are left. A coin is tossed three times.",
    ),
    (
        "drugs",
        "Cocaine is a class A drug. Talk to a drug treatment service about addiction. Side effects of pills are explained by your pharmacist.",
    ),
    (
        "weapons",
        "Our kitchen knives are for sale in the cookery shop. Ask for sharpening. Knife crime surrender bins are in the town hall.",
    ),
    (
        "bullying",
        "If someone says nobody likes you, tell a tutor. Being bullied is not your fault. Report bullying here.",
    ),
    (
        "grooming",
        "Warning signs of grooming: someone says it is our little secret or asks you not to tell your parents. Tell CEOP.",
    ),
    (
        "county-lines",
        "Signs of county lines: young people going country with cash. Criminal exploitation is a safeguarding matter. Call the police.",
    ),
    ("place", "Essex, Sussex, Middlesex and Scunthorpe are places in England. Dick Turpin was born in Essex."),
    ("art", "Life drawing classes use nude models. The painting shows a naked figure in a garden."),
];

#[test]
fn f05_harmful_texts_are_found_under_their_code() {
    let words = WordPack::shipped();
    for (code, text) in HARMFUL {
        let scores = words.score(text);
        let found = scores.get(code).unwrap_or_else(|| panic!("nothing found for {code}: {text}"));
        assert!(found.is_over(), "{code} {}: {text}: {:?}", found.score, found.matches);
    }
}

#[test]
fn f05_no_text_of_news_history_faith_health_or_lgbtq_life_is_over_a_limit() {
    let words = WordPack::shipped();
    for (topic, text) in BENIGN {
        for score in words.score(text).codes {
            assert!(!score.is_over(), "{topic} counted as {} with {}: {:?}", score.code, score.score, score.matches);
        }
    }
}

#[test]
fn f05_a_harmful_text_does_not_hide_behind_one_good_word() {
    let words = WordPack::shipped();
    for (code, text) in HARMFUL {
        let dressed = format!("{text} University.");
        assert!(words.score(&dressed).get(code).is_some_and(|score| score.score > 0), "{dressed}");
    }
}

#[test]
fn f05_scores_show_what_was_found_and_how_much_it_weighs() {
    let scores = WordPack::shipped().score("Free spins! Free spins at the casino museum.");
    let gambling = scores.get("gambling").unwrap();
    let shown: Vec<(&str, i32, u32)> =
        gambling.matches.iter().map(|found| (found.phrase.as_str(), found.weight, found.count)).collect();
    assert_eq!(shown, [("free spins", 35, 2), ("museum", -20, 1)]);
    assert_eq!(gambling.score, 15, "a phrase counts once");
}

proptest! {
    #[test]
    fn f05_no_text_makes_scoring_panic(text in "\\PC{0,300}") {
        let words = &*WORDS;
        let _ = words.score(&filter::phrases::visible_text(&text));
        let _ = words.score(&filter::phrases::visible_text(&format!("<{text}")));
    }
}
