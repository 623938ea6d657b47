//! What belongs to a film beside the film: read, and put together with what was there before.

use std::time::Duration;

use reelgate_core::key::GameId;

use crate::{
    About, Error, Source,
    bucket::Bucket,
    captions::{
        embedded::Extracted,
        rendition::{Caption, Given, Origin},
        vtt,
    },
    input::source::Found,
    publish::film::{Details, merged},
    publish::ledger::Ledger,
    publish::upload::prefix,
};

/// What is said of a film, and its captions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// As they were given.
    pub(crate) details: Details,
    /// Of files.
    pub(crate) captions: Vec<Given>,
    /// What had to be guessed, and what was lost.
    pub(crate) warnings: Vec<String>,
}

impl Told {
    /// Reads what belongs to `film`.
    ///
    /// # Errors
    /// [`Error::UnreadCaptions`], or [`Error::Captions`] with the file and the line that makes no sense.
    pub(crate) async fn read(
        about: &About,
        film: &Source,
        found: &Found,
        silence: Duration,
    ) -> Result<Self, Error> {
        let (captions, warnings) = about.captions.read(film, found, silence).await?;
        Ok(Self {
            details: about.details.clone(),
            captions,
            warnings,
        })
    }

    /// The captions that are not those of `ledger`. What was added by hand stays until it is removed
    /// by hand.
    pub(crate) fn new_captions(&self, ledger: &Ledger) -> Vec<Given> {
        let has_default = ledger.captions.iter().any(|it| it.default);
        let is_new = |given: &&Given| {
            let same = |caption: &&Caption| caption.label().is_same(&given.label);
            let Some(caption) = ledger.captions.iter().find(same) else {
                return true;
            };
            // One is the default at most, and another may have been chosen.
            let is_chosen = match given.label.is_default {
                true => caption.default || has_default,
                false => !caption.default,
            };
            caption.from != Origin::Added && (caption.blake3 != given.blake3 || !is_chosen)
        };
        self.captions.iter().filter(is_new).cloned().collect()
    }

    /// The same for a film that is packaged anew: with what `ledger` knows and nobody has said again.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub(crate) async fn with_former(
        &self,
        ledger: &Ledger,
        bucket: &Bucket,
        game: GameId<'_>,
    ) -> Result<Self, Error> {
        let mut told = Self {
            details: merged(&ledger.details, &self.details),
            captions: self.new_captions(ledger),
            warnings: self.warnings.clone(),
        };
        // The same file again is cut again.
        let again = self.captions.iter().filter(|given| {
            let is_same = |caption: &&Caption| caption.label().is_same(&given.label);
            let former = ledger.captions.iter().find(is_same);
            former.is_some_and(|caption| caption.from != Origin::Added)
                && !told.captions.contains(given)
        });
        let again: Vec<Given> = again.cloned().collect();
        told.captions.extend(again);
        let of_files = ledger.captions.iter().filter(|it| it.from != Origin::Film);
        for caption in of_files {
            if told.has(caption) {
                continue;
            }
            let key = format!("{}{}", prefix(game), caption.whole());
            let text = bucket.get(&key).await?;
            match text.and_then(|text| vtt::parse(&String::from_utf8_lossy(&text)).ok()) {
                Some(track) => told.captions.push(Given {
                    label: caption.label(),
                    title: Some(caption.name.clone()),
                    from: caption.from,
                    source: caption.source.clone(),
                    blake3: caption.blake3.clone(),
                    track,
                }),
                None => told.warnings.push(format!(
                    "captions {} are lost, for {key} cannot be read",
                    caption.label()
                )),
            }
        }
        Ok(told)
    }

    /// The same for a film that was never packaged.
    pub(crate) fn with_nothing_former(&self) -> Self {
        Self {
            details: merged(&Details::new(), &self.details),
            ..self.clone()
        }
    }

    /// All captions: those of files take the place of the film's own. Gives what is left out, too.
    pub(crate) fn captions_with(&self, of_film: Extracted) -> (Vec<Given>, Vec<String>) {
        let Extracted {
            given,
            mut left_out,
        } = of_film;
        let mut all = self.captions.clone();
        for own in given {
            let file = self.captions.iter().find(|it| it.label.is_same(&own.label));
            match file {
                Some(file) => left_out.push(format!(
                    "subtitle {} ({}): {} takes its place",
                    own.source, own.label, file.source
                )),
                None => all.push(own),
            }
        }
        (all, left_out)
    }

    fn has(&self, caption: &Caption) -> bool {
        let label = caption.label();
        self.captions
            .iter()
            .any(|given| given.label.is_same(&label))
    }
}
