//! Haven's own small starter lists, so that nothing needs downloading to try Haven.

use super::{Builder, Lists};

/// Path and text of each starter list. INVARIANT: a test reads every line of them without a refusal.
pub(super) const FILES: &[(&str, &str)] = &[
    ("starter/ai-tools.txt", include_str!("../../data/starter/ai-tools.txt")),
    ("starter/banking.txt", include_str!("../../data/starter/banking.txt")),
    ("starter/chat.txt", include_str!("../../data/starter/chat.txt")),
    ("starter/dating.txt", include_str!("../../data/starter/dating.txt")),
    ("starter/drugs.txt", include_str!("../../data/starter/drugs.txt")),
    ("starter/education.txt", include_str!("../../data/starter/education.txt")),
    ("starter/encrypted-dns.txt", include_str!("../../data/starter/encrypted-dns.txt")),
    ("starter/extremism.txt", include_str!("../../data/starter/extremism.txt")),
    ("starter/file-hosting.txt", include_str!("../../data/starter/file-hosting.txt")),
    ("starter/gambling.txt", include_str!("../../data/starter/gambling.txt")),
    ("starter/games.txt", include_str!("../../data/starter/games.txt")),
    ("starter/government.txt", include_str!("../../data/starter/government.txt")),
    ("starter/hate.txt", include_str!("../../data/starter/hate.txt")),
    ("starter/health.txt", include_str!("../../data/starter/health.txt")),
    ("starter/jobs.txt", include_str!("../../data/starter/jobs.txt")),
    ("starter/lgbtq.txt", include_str!("../../data/starter/lgbtq.txt")),
    ("starter/malware.txt", include_str!("../../data/starter/malware.txt")),
    ("starter/music.txt", include_str!("../../data/starter/music.txt")),
    ("starter/news.txt", include_str!("../../data/starter/news.txt")),
    ("starter/pornography.txt", include_str!("../../data/starter/pornography.txt")),
    ("starter/proxy-avoidance.txt", include_str!("../../data/starter/proxy-avoidance.txt")),
    ("starter/religion.txt", include_str!("../../data/starter/religion.txt")),
    ("starter/search-engine.txt", include_str!("../../data/starter/search-engine.txt")),
    ("starter/self-harm.txt", include_str!("../../data/starter/self-harm.txt")),
    ("starter/shopping.txt", include_str!("../../data/starter/shopping.txt")),
    ("starter/social-media.txt", include_str!("../../data/starter/social-media.txt")),
    ("starter/sports.txt", include_str!("../../data/starter/sports.txt")),
    ("starter/streaming-video.txt", include_str!("../../data/starter/streaming-video.txt")),
    ("starter/translation.txt", include_str!("../../data/starter/translation.txt")),
    ("starter/violence.txt", include_str!("../../data/starter/violence.txt")),
    ("starter/weapons.txt", include_str!("../../data/starter/weapons.txt")),
    ("starter/webmail.txt", include_str!("../../data/starter/webmail.txt")),
];

impl Lists {
    /// Haven's own starter lists, compiled.
    #[must_use]
    pub fn starter() -> Self {
        let bytes = Builder::with_starter().named("starter lists").finish();
        Self::open(bytes).unwrap_or_else(|_| Self::empty())
    }
}

#[cfg(test)]
mod tests {
    use super::super::reader::Guard;
    use super::*;

    #[test]
    fn every_starter_line_is_read() {
        let mut builder = Builder::new();
        for (path, text) in FILES {
            let report = builder.add(path, text.as_bytes(), Guard::Own);
            assert_eq!(report.refused, [], "{path}");
            assert!(report.accepted > 0, "{path}");
        }
    }

    #[test]
    fn starter_lists_name_the_practice_sites() {
        let lists = Lists::starter();
        let codes = |host: &str| lists.lookup_host(host).into_iter().flat_map(|hit| hit.codes).collect::<Vec<_>>();
        assert_eq!(codes("casino-royal.test"), ["gambling"]);
        assert_eq!(codes("www.bank.test"), ["banking"]);
        assert_eq!(codes("nowhere.test"), [] as [String; 0]);
    }
}
