//! G01, invariant 4: a line that cannot be read or is unsafe keeps the pack out, and is named exactly.

use policy::{Action, AgreementKind, Gate, Span, StepKind};

use crate::small::{change, changed, files, pack, refused, shown};

#[test]
fn g01_a_sound_pack_is_read_whole() {
    let reading = policy::read(&files());
    assert_eq!(shown(&reading.problems), [""; 0]);
    let pack = reading.pack.unwrap();
    assert_eq!((pack.id.as_str(), pack.owner.as_str(), pack.review_cycle_months), ("small", "principal", 12));
    assert_eq!(pack.clauses["2.1"].title, "What happens then");
    assert_eq!(pack.document.clause_numbers["2.1"], "2.1");
    assert_eq!(pack.clauses["2.1"].text, "A lead looks at it. See the Behaviour Policy.");
    let procedure = pack.procedure("filter-alert").unwrap();
    assert_eq!(procedure.acknowledge_within, Span::WorkingHours(1));
    let send = procedure.step("send").unwrap();
    assert_eq!((send.kind, send.gate, send.second_post.as_deref()), (StepKind::Refer, Gate::Legal, Some("principal")));
    assert_eq!(send.only_if, Some(("threshold".to_owned(), "met".to_owned())));
    let agreement = pack.agreement("learner").unwrap();
    assert_eq!(agreement.kind, AgreementKind::AcceptableUse);
    let titles: Vec<_> = agreement.sections.iter().map(|section| section.title.as_str()).collect();
    assert_eq!(titles, ["What you can do", "What to leave alone"]);
    let actions: Vec<_> = pack.rights.iter().map(|right| right.action.as_str()).collect();
    assert_eq!(
        actions,
        ["case.read", "case.act", "case.assess", "case.decide", "case.refer", "case.close", "case.second"]
    );
    assert_eq!(pack.examples[0].action, Action::Block);
    assert_eq!(pack.calendar.terms.len() + pack.calendar.closed.len(), 2);
}

#[test]
fn g01_every_byte_of_a_pack_changes_its_digest() {
    let before = pack();
    let mut files = files();
    change(&mut files, "examples/chance.md", "A learner", "One learner");
    let after = policy::read(&files).pack.unwrap();
    assert_ne!(before.digest, after.digest);
    assert_eq!(before.agreement("learner").unwrap().digest, after.agreement("learner").unwrap().digest);
    assert_eq!(before.digest.len(), 64);
}

#[test]
fn invariant_1_only_a_clause_that_exists_can_be_cited() {
    let pack = pack();
    assert_eq!(pack.cite("2.1").unwrap().to_string(), "SMALL 2.1");
    assert_eq!(pack.cite("2.1").unwrap().pack_digest(), pack.digest);
    assert!(pack.cite("9").is_none());
}

#[test]
fn g01_every_fault_of_a_table_is_named_at_once() {
    refused(
        "rights.toml",
        "actions = [\"case.read\", \"case.act\", \"case.assess\", \"case.decide\", \"case.refer\", \"case.close\"]\nrelation = \"learner-cases\"\nclause = \"1\"",
        "actions = [\"case.reed\"]\nrelation = \"friends\"\nclaus = \"1\"\nclause = \"14\"",
        &[
            "3 `case.reed` is not known in `actions`.",
            "4 `friends` is not known as `relation` of a right.",
            "5 `claus` is not a key of a right.",
            "6 There is no clause `14`.",
        ],
    );
}

#[test]
fn g01_a_line_that_is_not_toml_is_named() {
    refused(
        "rights.toml",
        "post = \"lead\"",
        "post = lead\"",
        &["2 This is not TOML: missing opening quote, expected `\"`."],
    );
    refused(
        "pack.toml",
        "owner = \"principal\"",
        "owner = \"principal\"\nowner = \"lead\"",
        &["8 This is not TOML: duplicate key."],
    );
}

#[test]
fn g01_a_missing_key_is_named_at_its_table() {
    refused("pack.toml", "version = \"3\"\nowner", "owner", &["1 The pack has no `version`."]);
    refused("vocabulary.toml", "area = \"commerce\"\n", "", &["6 The code has no `area`."]);
    refused("filtering.toml", "scanner_down = \"block\"\n", "", &["1 The defaults has no `scanner_down`."]);
    refused(
        "filtering.toml",
        "scanner_down = ",
        "records_down = \"allow\"\nscanner_down = ",
        &["1 The defaults has no `records_down_clause`."],
    );
    refused("agreements/learner.md", "version = \"1\"\n", "", &["2 The file has no `version`."]);
}

#[test]
fn g01_an_unknown_key_is_named() {
    refused("vocabulary.toml", "aliases = [", "alias = [", &["10 `alias` is not a key of a code."]);
    refused("procedures/filter-alert.toml", "[[card]]", "[[cards]]", &["12 `cards` is not a key of a file."]);
    refused("agreements/learner.md", "title =", "heading = \"x\"\ntitle =", &["5 `heading` is not a key of a file."]);
}

#[test]
fn g01_ids_dates_spans_times_and_sites_have_one_form() {
    refused("pack.toml", "id = \"small\"", "id = \"Small\"", &["2 `Small` is not an id."]);
    refused(
        "pack.toml",
        "revised_on = \"2026-05-01\"",
        "revised_on = \"1.5.2026\"",
        &["9 `revised_on` of the pack is not a day in quotes, such as \"2023-09-04\"."],
    );
    refused(
        "pack.toml",
        "next_review = \"2027-05-31\"",
        "next_review = \"May 2027\"",
        &["13 `May 2027` is neither a day nor a month."],
    );
    refused(
        "procedures/filter-alert.toml",
        "due = \"2 working hours\"",
        "due = \"soon\"",
        &["23 `soon` is not a length of time."],
    );
    refused(
        "clocks.toml",
        "every = \"12 months\"",
        "every = \"0 months\"",
        &["20 `0 months` is not a length of time."],
    );
    refused(
        "clocks.toml",
        "\"08:30\"",
        "\"8.30\"",
        &["3 `day_from` of the calendar is not a time of day in quotes, such as \"08:30\"."],
    );
    refused(
        "filtering.toml",
        "\"casino-royal.test\"",
        "\"http://casino-royal.test\"",
        &["25 `http://casino-royal.test` is not a site."],
    );
    refused("clocks.toml", "Europe/London", "Europe/Londres", &["2 `Europe/Londres` is not a time zone."]);
}

#[test]
fn g01_an_id_is_defined_once() {
    refused(
        "vocabulary.toml",
        "[[code]]",
        "[[area]]\nid = \"commerce\"\ntitle = \"Money\"\nclause = \"2\"\n\n[[code]]",
        &["6 The area `commerce` is already defined in vocabulary.toml:1."],
    );
    refused(
        "clauses/all.md",
        "## 2.1 What happens then {2.1}",
        "## 2.1 What happens then {2.1}\n\n## 2.1 Again {2.1}",
        &["15 The clause `2.1` is already defined in clauses/all.md:13."],
    );
}

#[test]
fn g01_everything_that_is_named_exists() {
    refused("pack.toml", "owner = \"principal\"", "owner = \"head\"", &["7 There is no post `head`."]);
    refused(
        "pack.toml",
        "deputies = [\"lead\"]",
        "deputies = [\"lead\", \"deputy\"]",
        &["34 There is no post `deputy`."],
    );
    refused("pack.toml", "agreement = \"learner\"", "agreement = \"pupil\"", &["70 There is no agreement `pupil`."]);
    refused(
        "filtering.toml",
        "groups = [\"learner-under-18\"",
        "groups = [\"child\"",
        &["17 There is no group `child`."],
    );
    refused(
        "filtering.toml",
        "codes = [\"gambling\"]\nsites",
        "codes = [\"games\"]\nsites",
        &["24 There is no code `games`."],
    );
    refused(
        "filtering.toml",
        "staff_procedure = \"filter-alert\"",
        "staff_procedure = \"staff\"",
        &["35 There is no procedure `staff`."],
    );
    refused(
        "procedures/filter-alert.toml",
        "agency = \"council-prevent\"",
        "agency = \"police\"",
        &["70 There is no agency `police`."],
    );
    refused(
        "procedures/filter-alert.toml",
        "after = [\"assess\"]",
        "after = [\"asses\"]",
        &["33 There is no step `asses`."],
    );
    refused(
        "procedures/filter-alert.toml",
        "only_if = \"threshold=met\"",
        "only_if = \"threshold=maybe\"",
        &["52 There is no option `threshold=maybe`."],
    );
    refused(
        "procedures/filter-alert.toml",
        "referral = \"channel\"",
        "referral = \"chanel\"",
        &["55 There is no referral `chanel`."],
    );
    refused("obligations.tsv", "S-002\t2.1", "S-002\t2.2", &["3 There is no clause `2.2`."]);
    refused("obligations.tsv", "\tC13\t", "\tC99\t", &["3 `C99` is not one of Haven's controls."]);
    refused("examples/chance.md", "learner http", "pupil http", &["4 There is no group `pupil`."]);
    refused("examples/chance.md", "block 2", "block 12", &["4 There is no clause `12`."]);
}

#[test]
fn s5_a_procedure_begins_with_exactly_one_assessment() {
    let file = "procedures/filter-alert.toml";
    refused(file, "kind = \"assess\"", "kind = \"act\"", &["18 The first step, `assess`, does not assess."]);
    refused(file, "kind = \"close\"", "kind = \"assess\"", &["59 Step `close` assesses, but only the first step may."]);
}

#[test]
fn c04_a_legal_gate_needs_a_second_post() {
    let file = "procedures/filter-alert.toml";
    refused(
        file,
        "second_post = \"principal\"\n",
        "",
        &["53 The legal gate of step `send` has no second post to let it pass."],
    );
    refused(
        file,
        "second_post = \"principal\"",
        "second_post = \"lead\"",
        &["54 Step `send` has the same post as owner and as second post."],
    );
    refused(
        file,
        "gate = \"legal\"",
        "gate = \"open\"",
        &["54 Step `send` has a second post but no legal gate, so it would do nothing."],
    );
}

#[test]
fn c04_steps_can_be_walked() {
    let file = "procedures/filter-alert.toml";
    refused(file, "referral = \"channel\"\n", "", &["48 Step `send` refers, but does not say which referral."]);
    refused(
        file,
        "after = [\"assess\"]",
        "after = [\"close\"]",
        &["27 These steps wait for one another, so none could ever begin: threshold, send, close."],
    );
    refused(file, "only_if = \"threshold=met\"", "only_if = \"met\"", &["52 `met` is not a condition."]);
}

#[test]
fn c03_a_route_has_two_different_posts() {
    let file = "procedures/filter-alert.toml";
    refused(
        file,
        "route = [\"lead\", \"principal\", \"board\"]\n",
        "",
        &["1 The procedure has no route: nobody would receive the concern."],
    );
    let few =
        "The route has fewer than two different posts: if the first is away, silent or concerned, nobody is left.";
    refused(file, "route = [\"lead\", \"principal\", \"board\"]", "route = [\"lead\"]", &[&format!("7 {few}")]);
    refused(
        file,
        "route = [\"lead\", \"principal\", \"board\"]",
        "route = [\"lead\", \"lead\"]",
        &["7 `route` of the procedure names `lead` twice.", &format!("7 {few}")],
    );
}

#[test]
fn m02_a_trigger_needs_a_code_and_a_known_theme() {
    refused(
        "filtering.toml",
        "codes = [\"gambling\"]\ngrade",
        "codes = []\ngrade",
        &["32 Trigger `gambling` has no code, so nothing can set it off."],
    );
    refused(
        "filtering.toml",
        "theme = \"gambling\"",
        "theme = \"money\"",
        &["31 `money` is not known as `theme` of a trigger."],
    );
}

#[test]
fn s8_a_learners_alert_never_begins_a_staff_procedure() {
    let reading = policy::read(&changed("procedures/filter-alert.toml", "about = \"anyone\"", "about = \"staff\""));
    assert!(reading.pack.is_none());
    assert_eq!(
        shown(&reading.problems),
        [
            "filtering.toml:29 Trigger `gambling` begins `filter-alert` for learners and visitors, but that procedure is about staff."
        ]
    );
}

#[test]
fn s4_without_a_monitoring_notice_there_is_no_pack() {
    let mut without = files();
    without.remove("agreements/monitoring-notice.md");
    let reading = policy::read(&without);
    assert_eq!(shown(&reading.problems), ["agreements/monitoring-notice.md:0 There is no monitoring notice."]);
    assert!(reading.pack.is_none());
    refused(
        "agreements/monitoring-notice.md",
        "kind = \"notice\"",
        "kind = \"acceptable-use\"",
        &["2 The monitoring notice is not of kind `notice`."],
    );
}

#[test]
fn s2_no_pack_blocks_its_own_help() {
    let file = "filtering.toml";
    let rule = |verb| {
        format!("21 Rule `gambling` {verb} `gamblersanonymous.test`, which is one of the pack's own help sites.")
    };
    refused(file, "\"casino-royal.test\"", "\"gamblersanonymous.test\"", &[&rule("would block")]);
    refused(file, "\"casino-royal.test\"", "\"www.gamblersanonymous.test/stories\"", &[&rule("would block")]);
    refused(
        file,
        "action = \"block\"\ncodes = [\"gambling\"]\nsites = [\"casino-royal.test\"]",
        "action = \"watch\"\ncodes = [\"gambling\"]\nsites = [\"gamblersanonymous.test\"]",
        &[&rule("would watch")],
    );
    refused(
        file,
        "site = \"museum-of-cards.test\"\naction = \"allow\"",
        "site = \"gamblersanonymous.test\"\naction = \"block\"",
        &["40 The exception would block `gamblersanonymous.test`, which is one of the pack's own help sites."],
    );
    let near = policy::read(&changed(file, "\"casino-royal.test\"", "\"notgamblersanonymous.test\""));
    assert!(near.pack.is_some(), "another site with a similar name may be closed: {:?}", near.problems);
}

#[test]
fn f10_extremism_is_no_matter_of_the_hour() {
    let before = "clause = \"2\"\nreason = \"Gambling sites can take money from people who cannot spare it.\"\n\n[[trigger]]\nid = \"gambling\"\ntheme = \"gambling\"";
    let timed = before.replacen("clause", "when = \"outside-class-hours\"\nclause", 1);
    let read = policy::read(&changed("filtering.toml", before, &timed));
    assert!(read.pack.is_some(), "gambling may be closed by the hour: {:?}", read.problems);
    let prevent = timed.replace("theme = \"gambling\"", "theme = \"prevent\"");
    let read = policy::read(&changed("filtering.toml", before, &prevent));
    let said = "Rule `gambling` acts on `gambling` at some hours only, and a Prevent trigger names that code.";
    let found = read.problems.iter().find(|problem| problem.message == said);
    assert!(read.pack.is_none() && found.is_some_and(|one| one.line == 21), "{:?}", read.problems);
}

#[test]
fn c04_a_calendar_needs_working_days() {
    refused(
        "clocks.toml",
        "working_days = [\"monday\", \"tuesday\", \"wednesday\", \"thursday\", \"friday\"]",
        "working_days = []",
        &["5 The calendar has no working day, so no deadline could ever fall due."],
    );
    refused("clocks.toml", "\"17:30\"", "\"08:00\"", &["4 The working day ends before it begins."]);
}

#[test]
fn g01_text_is_plain_markdown_with_a_clause_for_every_line() {
    refused(
        "clauses/all.md",
        "Sites that take",
        "Sites <b>that</b> take",
        &["11 Raw HTML is not allowed here.", "11 Raw HTML is not allowed here."],
    );
    refused("agreements/learner.md", "Learn.", "<script>go()</script>", &["11 Raw HTML is not allowed here."]);
    refused(
        "clauses/all.md",
        "# Front page {front}",
        "Words first.\n\n# Front page {front}",
        &["1 This text stands before the first heading and belongs to no clause."],
    );
    let text = crate::small::CLAUSES.replace("A lead", "### Small print\n\nA lead");
    let mut files = files();
    files.insert("clauses/all.md".to_owned(), text);
    assert_eq!(
        shown(&policy::read(&files).problems),
        ["clauses/all.md:15 The heading `### Small print` has no clause id.".replace("### ", "")]
    );
}

#[test]
fn g01_a_bad_example_keeps_the_pack_out() {
    refused(
        "examples/chance.md",
        "-> block 2",
        "-> shut",
        &["4 `shut` is not an action: use allow, block, warn or watch."],
    );
}

#[test]
fn g01_missing_surplus_large_and_binary_files_are_refused() {
    let mut spoilt = files();
    spoilt.remove("clocks.toml");
    spoilt.remove("procedures/filter-alert.toml");
    spoilt.insert("filtring.toml".to_owned(), String::new());
    spoilt.insert("clauses/large.md".to_owned(), "x".repeat(policy::read::FILE_LIMIT_BYTES + 1));
    spoilt.insert("clauses/nul.md".to_owned(), "# A {a}\n\0".to_owned());
    let reading = policy::read(&spoilt);
    assert!(reading.pack.is_none());
    assert_eq!(
        shown(&reading.problems),
        [
            "clauses/large.md:0 The file is larger than 1048576 bytes.",
            "clauses/nul.md:2 The file holds a zero byte, so it is not a text.",
            "clocks.toml:0 The file is missing.",
            "filtring.toml:0 A pack has no such file, so it would do nothing.",
            "procedures/:0 The folder has no file.",
        ]
    );
    let many = (0..=policy::read::PACK_LIMIT_FILES).map(|n| (format!("clauses/{n}.md"), String::new())).collect();
    let reading = policy::read(&many);
    assert!(reading.pack.is_none());
    assert!(reading.problems[0].message.starts_with("The pack has 501 files"), "{:?}", reading.problems);
}

#[test]
fn g01_an_unreadable_file_does_not_make_others_look_wrong() {
    let mut spoilt = files();
    change(&mut spoilt, "pack.toml", "[pack]", "[pack");
    let reading = policy::read(&spoilt);
    assert!(reading.pack.is_none());
    assert!(reading.problems.iter().all(|problem| problem.file == "pack.toml"), "{:?}", reading.problems);
}

#[test]
fn g01_no_cut_of_any_file_makes_reading_fail_badly() {
    // Each file cut at every byte: reading always returns, and never a pack with an error.
    for (name, text) in files() {
        for (cut, _) in text.char_indices().step_by(7) {
            let mut spoilt = files();
            spoilt.insert(name.clone(), text[..cut].to_owned());
            let reading = policy::read(&spoilt);
            assert_eq!(
                reading.pack.is_none(),
                !reading.problems.is_empty(),
                "{name} cut at {cut}: {:?}",
                reading.problems
            );
        }
    }
}

proptest::proptest! {
    /// Hostile bytes in any file: reading always returns, with a pack or with a problem.
    #[test]
    fn g01_no_file_makes_reading_fail_badly(which in 0..11_usize, at in 0..2_000_usize, put in "[\\PC\n\t\\[\\]\"=#{}+]{0,12}") {
        let mut files = files();
        let name = files.keys().nth(which).unwrap().clone();
        let text = files.get_mut(&name).unwrap();
        let at = (at % text.len()..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap();
        text.insert_str(at, &put);
        let reading = policy::read(&files);
        proptest::prop_assert_eq!(reading.pack.is_none(), !reading.problems.is_empty());
        let lines = files[&name].lines().count() + 1;
        for problem in reading.problems.iter().filter(|problem| problem.file == name) {
            proptest::prop_assert!(problem.line <= lines, "{}", problem);
        }
    }
}

#[test]
fn g01_a_file_of_the_largest_size_is_read_in_good_time() {
    // 1 MiB of posts: 17,000 tables, each with a place of its own. Quadratic work would take minutes here.
    let mut files = files();
    let text = files.get_mut("pack.toml").unwrap();
    let mut number = 0;
    while text.len() + 80 < policy::read::FILE_LIMIT_BYTES {
        number += 1;
        text.push_str(&format!("\n[[post]]\nid = \"post-{number}\"\ntitle = \"Post {number}\"\nclause = \"1\"\n"));
    }
    let pack = policy::read(&files).pack.unwrap();
    assert_eq!(pack.posts.len(), 4 + number);
    assert_eq!(pack.document.place("post", "post-1").line, 101);
}

#[test]
fn inv12_a_pack_that_names_nobody_behind_its_routes_is_refused() {
    refused(
        "pack.toml",
        "last_resort = [\"principal\"]\n",
        "",
        &["1 The pack does not say who stands behind every route: a case could end with nobody."],
    );
}
