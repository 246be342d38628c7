//! Point 7 of the story: the record of what people did is proven against the last head that was held outside.

use e2e::{Base, House, on_both};

use crate::people;

on_both!(d06_the_record_is_proven, d06_proof_sqlite, d06_proof_postgres);

async fn d06_the_record_is_proven(house: &mut House) {
    let lena = people::through_the_gate(house, "lena", "Lena Learner").await;
    lena.go(people::PREVENT_SEARCH).await;
    lena.close().await;
    people::first_case(house, "sunil").await;
    house.stop().await;
    let data = house.data.display().to_string();
    let (code, head, errors) = house.haven(&["audit", "head", "--data", &data], "").await;
    assert_eq!(code, 0, "{errors}");
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("head.txt");
    std::fs::write(&file, &head).unwrap();
    let file = file.display().to_string();
    let (code, out, errors) = house.haven(&["audit", "verify", "--data", &data, "--head", &file], "").await;
    assert_eq!(code, 0, "a record that nobody touched is proven: {out}{errors}");

    // More is added, and the old head still fits.
    house.start().await;
    people::cases(house, "sunil").await;
    house.stop().await;
    let (code, out, errors) = house.haven(&["audit", "verify", "--data", &data, "--head", &file], "").await;
    assert_eq!(code, 0, "what was added keeps the old head true: {out}{errors}");
    if house.base == Base::Sqlite {
        altered_byte(house, &data, &file).await;
    }
    house.start().await;
}

/// Somebody with the file in hand changes one letter of an entry.
async fn altered_byte(house: &House, data: &str, head: &str) {
    let file = house.data.join("haven.db");
    let kept = std::fs::read(&file).unwrap();
    let rows = e2e::kept::rows(house).await;
    let entry = rows.iter().find(|row| row.table == "audit" && row.column("action").starts_with("case."));
    let word = entry.expect("the record has an entry about a case").column("action");
    let mut bytes = kept.clone();
    let places: Vec<usize> =
        (0..bytes.len() - word.len()).filter(|at| bytes[*at..].starts_with(word.as_bytes())).collect();
    for at in places {
        bytes[at] ^= 1;
    }
    std::fs::write(&file, &bytes).unwrap();
    let (code, out, errors) = house.haven(&["audit", "verify", "--data", data, "--head", head], "").await;
    std::fs::write(&file, kept).unwrap();
    assert_eq!(code, 1, "an altered letter is found: {out}{errors}");
}
