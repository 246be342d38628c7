//! The key store and the vault together: who can read a case, and what ends that.

use store::keys::{self, HolderKey};
use store::sealed::{Sealed, SealedKind};
use store::vault::{self, CaseSecret, HolderSecret, OsRandom, RecoverySecret, Secret32};
use store::{Store, StoreError, people, sealed};

use crate::support::{at, open_case, permit, person};

store::each_store!(
    s10_a_password_reset_never_gives_keys,
    a_sealed_text_opens_only_with_a_holders_key,
    d06_a_sealed_text_that_was_moved_or_relabelled_does_not_open,
    recovery_by_any_two_of_four_shares_opens_a_case,
    erasing_a_cases_wrapped_keys_makes_it_unreadable,
    a_holder_keeps_the_same_key_under_a_new_password,
    a_session_key_is_gone_after_sign_out,
    havens_own_keys_are_made_once,
);

/// A holder with a key sealed by a password, as kept.
async fn holder(store: &Store, person: &str, password: &str) -> HolderSecret {
    let secret = HolderSecret::generate(&mut OsRandom);
    keys::put_holder(store, &kept(person, password, &secret)).await.unwrap();
    secret
}

fn kept(person: &str, password: &str, secret: &HolderSecret) -> HolderKey {
    HolderKey {
        person: person.to_owned(),
        public: secret.public(),
        sealed_private: vault::seal_private(&mut OsRandom, password, person, secret).unwrap(),
        created_at: at(0),
        revoked_at: None,
    }
}

/// A case with one sealed note, its key wrapped for these people.
async fn sealed_case(store: &Store, id: &str, wrapped_for: &[(&str, [u8; 32])]) {
    let secret = CaseSecret::generate(&mut OsRandom);
    let wrapped: Vec<_> = wrapped_for
        .iter()
        .map(|(person, public)| {
            ((*person).to_owned(), vault::wrap_case_key(&mut OsRandom, &secret, id, public).unwrap())
        })
        .collect();
    keys::put_case_keys(store, id, &wrapped, at(0)).await.unwrap();
    open_case(store, id, "learner").await;
    let text = vault::seal(&mut OsRandom, &secret.public(), id.as_bytes(), b"she seemed worried").unwrap();
    let note = Sealed::new(format!("note-{id}"), id.to_owned(), SealedKind::Note, at(0), String::new(), text);
    let mut unit = store.begin().await.unwrap();
    sealed::insert(&mut unit, &permit(id), &note).await.unwrap();
    unit.commit().await.unwrap();
}

async fn note(store: &Store, id: &str) -> Vec<u8> {
    sealed::of_case(store, &permit(id), id).await.unwrap().remove(0).ciphertext
}

/// What a holder reads of a case, if their key opens it.
async fn read(store: &Store, id: &str, person: &str, secret: &HolderSecret) -> Option<String> {
    let wrapped = keys::case_key(store, id, person).await.unwrap()?;
    let case = vault::unwrap_case_key(secret, id, &wrapped).ok()?;
    let text = vault::open(&case, id.as_bytes(), &note(store, id).await).ok()?;
    Some(String::from_utf8(text.to_vec()).unwrap())
}

async fn s10_a_password_reset_never_gives_keys(store: Store) {
    let mut unit = store.begin().await.unwrap();
    people::insert(&mut unit, &person("lead")).await.unwrap();
    unit.commit().await.unwrap();
    let lead = holder(&store, "lead", "four calm otters").await;
    let deputy = holder(&store, "deputy", "five calm otters").await;
    sealed_case(&store, "c1", &[("lead", lead.public()), ("deputy", deputy.public())]).await;
    assert!(read(&store, "c1", "lead", &lead).await.is_some());

    // The administrator sets a password and signs in with it: the account opens, the key does not.
    let hash = vault::hash_password(&mut OsRandom, "set by an administrator").unwrap();
    let mut unit = store.begin().await.unwrap();
    people::set_password_hash(&mut unit, "lead", Some(&hash)).await.unwrap();
    unit.commit().await.unwrap();
    let account = people::by_id(&store, "lead").await.unwrap().unwrap();
    assert!(vault::check_password(account.password_hash.as_deref().unwrap(), "set by an administrator"));
    let key = keys::holder(&store, "lead").await.unwrap().unwrap();
    assert!(vault::open_private("set by an administrator", "lead", &key.sealed_private).is_err());
    // Nor does a new key of their own making open what was wrapped for the old one.
    assert!(keys::revoke_holder(&store, "lead", at(1)).await.unwrap());
    let made = holder(&store, "lead", "set by an administrator").await;
    assert_eq!(read(&store, "c1", "lead", &made).await, None);
    assert_eq!(read(&store, "c1", "lead", &lead).await, None);

    // Another holder re-admits.
    let wrapped = keys::wrapped_for(&store, "deputy").await.unwrap();
    let case = vault::unwrap_case_key(&deputy, "c1", &wrapped[0].1).unwrap();
    let again = vault::wrap_case_key(&mut OsRandom, &case, "c1", &made.public()).unwrap();
    keys::put_case_keys(&store, "c1", &[("lead".to_owned(), again)], at(2)).await.unwrap();
    assert_eq!(read(&store, "c1", "lead", &made).await.as_deref(), Some("she seemed worried"));
}

async fn a_sealed_text_opens_only_with_a_holders_key(store: Store) {
    let lead = holder(&store, "lead", "four calm otters").await;
    let it = holder(&store, "it", "six calm otters").await;
    sealed_case(&store, "c1", &[("lead", lead.public())]).await;
    assert_eq!(read(&store, "c1", "lead", &lead).await.as_deref(), Some("she seemed worried"));
    assert_eq!(read(&store, "c1", "it", &it).await, None);
    assert_eq!(read(&store, "c1", "lead", &it).await, None);
    assert_eq!(keys::people_with_key(&store, "c1").await.unwrap(), ["lead"]);
    assert!(!note(&store, "c1").await.windows(7).any(|bytes| bytes == b"worried"));
    assert!(keys::withdraw(&store, "c1", "lead").await.unwrap());
    assert_eq!(read(&store, "c1", "lead", &lead).await, None);
}

async fn recovery_by_any_two_of_four_shares_opens_a_case(store: Store) {
    let recovery = RecoverySecret::generate(&mut OsRandom);
    keys::put_recovery(&store, &recovery.public(), at(0)).await.unwrap();
    let shares = vault::shares(&mut OsRandom, &recovery, 4).unwrap();
    sealed_case(&store, "c1", &[(keys::RECOVERY, recovery.public())]).await;
    drop(recovery);
    let public = keys::recovery(&store).await.unwrap().unwrap();
    let wrapped = keys::case_key(&store, "c1", keys::RECOVERY).await.unwrap().unwrap();
    for (one, other) in [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)] {
        let back = vault::recover(&[&shares[one], &shares[other]], &public).unwrap();
        let case = vault::recover_case_key(&back, "c1", &wrapped).unwrap();
        assert!(vault::open(&case, b"c1", &note(&store, "c1").await).is_ok());
    }
    assert!(vault::recover(&[&shares[0]], &public).is_err());
}

async fn erasing_a_cases_wrapped_keys_makes_it_unreadable(store: Store) {
    let lead = holder(&store, "lead", "four calm otters").await;
    let recovery = RecoverySecret::generate(&mut OsRandom);
    sealed_case(&store, "c1", &[("lead", lead.public()), (keys::RECOVERY, recovery.public())]).await;
    sealed_case_of_another(&store, &lead).await;
    assert_eq!(keys::erase_case(&store, "c1").await.unwrap(), 2);
    assert_eq!(read(&store, "c1", "lead", &lead).await, None);
    assert_eq!(keys::people_with_key(&store, "c1").await.unwrap(), Vec::<String>::new());
    assert!(!note(&store, "c1").await.is_empty(), "the sealed bytes may stay in every backup");
    assert!(keys::case_key(&store, "c2", "lead").await.unwrap().is_some(), "other cases are untouched");
}

async fn sealed_case_of_another(store: &Store, lead: &HolderSecret) {
    let secret = CaseSecret::generate(&mut OsRandom);
    let wrapped = vault::wrap_case_key(&mut OsRandom, &secret, "c2", &lead.public()).unwrap();
    keys::put_case_keys(store, "c2", &[("lead".to_owned(), wrapped)], at(0)).await.unwrap();
}

async fn a_holder_keeps_the_same_key_under_a_new_password(store: Store) {
    let secret = holder(&store, "lead", "four calm otters").await;
    keys::put_holder(&store, &kept("lead", "seven calm otters", &secret)).await.unwrap();
    let key = keys::holder(&store, "lead").await.unwrap().unwrap();
    assert!(vault::open_private("four calm otters", "lead", &key.sealed_private).is_err());
    assert_eq!(
        vault::open_private("seven calm otters", "lead", &key.sealed_private).unwrap().public(),
        secret.public()
    );
    let other = HolderSecret::generate(&mut OsRandom);
    let refused = keys::put_holder(&store, &kept("lead", "p", &other)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict), "a live key is never overwritten by another: {refused:?}");
    assert_eq!(keys::holders(&store).await.unwrap().len(), 1);
}

async fn a_session_key_is_gone_after_sign_out(store: Store) {
    let secret = HolderSecret::generate(&mut OsRandom);
    let token = vault::new_token(&mut OsRandom);
    let wrapped = vault::session_wrap(&mut OsRandom, &token, "s1", &secret).unwrap();
    keys::put_session_key(&store, "s1", &wrapped, at(0)).await.unwrap();
    keys::put_session_key(&store, "s2", &wrapped, at(5)).await.unwrap();
    let back = keys::session_key(&store, "s1").await.unwrap().unwrap();
    assert_eq!(vault::session_open(&token, "s1", &back).unwrap().public(), secret.public());
    assert!(keys::drop_session_key(&store, "s1").await.unwrap());
    assert_eq!(keys::session_key(&store, "s1").await.unwrap(), None);
    assert_eq!(keys::drop_session_keys_before(&store, at(6)).await.unwrap(), 1);
}

async fn havens_own_keys_are_made_once(store: Store) {
    let fresh = || Secret32::generate(&mut OsRandom);
    let (one, other) = tokio::join!(keys::index_key(&store, fresh()), keys::index_key(&store, fresh()));
    let again = keys::index_key(&store, fresh()).await.unwrap();
    assert_eq!(one.unwrap().bytes(), again.bytes());
    assert_eq!(other.unwrap().bytes(), again.bytes());
    assert_ne!(keys::audit_key(&store, fresh()).await.unwrap().bytes(), again.bytes());
}

async fn d06_a_sealed_text_that_was_moved_or_relabelled_does_not_open(store: Store) {
    let secret = CaseSecret::generate(&mut OsRandom);
    let place = sealed::place("n1", "c1", SealedKind::Note, at(0), "lead");
    let text = vault::seal(&mut OsRandom, &secret.public(), &place, b"she seemed worried").unwrap();
    open_case(&store, "c1", "learner").await;
    let note = Sealed::new("n1".into(), "c1".into(), SealedKind::Note, at(0), "lead".into(), text);
    let mut unit = store.begin().await.unwrap();
    sealed::insert(&mut unit, &permit("c1"), &note).await.unwrap();
    unit.commit().await.unwrap();
    let kept = sealed::get(&store, &permit("c1"), "n1").await.unwrap().unwrap();
    assert!(vault::open(&secret, &kept.place(), &kept.ciphertext).is_ok(), "where it was put, it opens");
    let moved: [fn(&mut Sealed); 5] = [
        |one| one.case = "c2".into(),
        |one| one.kind = SealedKind::Decision,
        |one| one.id = "n2".into(),
        |one| one.at = at(1),
        |one| one.by = "deputy".into(),
    ];
    for change in moved {
        let mut other = kept.clone();
        change(&mut other);
        assert!(vault::open(&secret, &other.place(), &other.ciphertext).is_err(), "{other:?}");
    }
}
