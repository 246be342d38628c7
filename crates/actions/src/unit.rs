//! One transaction for one action, run again when somebody else was quicker.

/// Times that an action is run anew after a conflict or a busy database, before the person is told.
pub(crate) const TRIES: u32 = 5;

/// Tells the compiler which error a block gives back.
pub(crate) fn typed<T, F: Future<Output = Result<T, crate::ActionError>>>(block: F) -> F {
    block
}

/// Runs a block inside one transaction: `in_unit!(haven, unit => { ... Ok(value) })`. The block may run again, so it must
/// read everything it decides by inside the transaction.
macro_rules! in_unit {
    ($haven:expr, $unit:ident => $body:block) => {{
        let mut tries = 0_u32;
        loop {
            tries += 1;
            let attempt: Result<_, $crate::ActionError> = async {
                #[allow(unused_mut, reason = "some bodies only read")]
                let mut $unit = $haven.store.begin().await?;
                let value = $crate::unit::typed(async { $body }).await?;
                $unit.commit().await?;
                Ok(value)
            }
            .await;
            match attempt {
                Err($crate::ActionError::Conflict) if tries < $crate::unit::TRIES => {}
                other => break other,
            }
        }
    }};
}
pub(crate) use in_unit;
