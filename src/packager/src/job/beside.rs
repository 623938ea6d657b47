//! What belongs to a film beside picture and sound: captions, chapters, what is said of it.

use super::Job;
use crate::{
    Error,
    captions::embedded::Text,
    captions::rendition::{Caption, Rendition, arrange},
    hls::presentation::Presentation,
    input::chapters::Chapter,
    publish::film::Facts,
    publish::revise,
    publish::told::Told,
    publish::upload::Stored,
};

/// What belongs to a film beside picture and sound.
pub(crate) struct Beside {
    /// Captions in it.
    pub(crate) texts: Vec<Text>,
    /// Its chapters.
    pub(crate) chapters: Vec<Chapter>,
    /// What was said of it, and captions of files.
    pub(crate) told: Told,
}

impl Job<'_> {
    /// Uploads captions; gives them in the order of the playlists.
    pub(super) async fn captions(
        &self,
        renditions: Vec<Rendition>,
        stored: &mut Vec<Stored>,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<Caption>, Error> {
        let mut captions = Vec::new();
        for Rendition { caption, files, .. } in &renditions {
            for (name, content) in files {
                let content = vec![content.clone()];
                let put = self.upload.put_in(&caption.folder, name, content);
                let object = put.await?;
                // Captions that are the same to the byte share a folder.
                if !stored.iter().any(|other| other.key == object.key) {
                    stored.push(object);
                }
            }
            captions.push(caption.clone());
        }
        warnings.extend(renditions.iter().filter_map(revise::beyond));
        arrange(&mut captions);
        Ok(captions)
    }

    /// What was found out about the film.
    pub(super) fn facts(&self, presentation: &Presentation<'_>) -> Facts {
        let seconds = presentation.seconds();
        let codecs = &presentation.film().codecs;
        let mut languages: Vec<String> = Vec::new();
        let spoken = self.plan.audio.iter();
        for language in spoken.filter_map(|audio| audio.spoken.language.clone()) {
            if !languages.contains(&language) {
                languages.push(language);
            }
        }
        Facts {
            duration_seconds: (seconds * 1000.0).round() / 1000.0,
            resolution: (codecs.width, codecs.height),
            languages,
            begins_at: 0.0,
            chapters: self.beside.chapters.clone(),
            closed_captions: presentation.closed_captions(),
        }
    }

    /// All that is in the film and not in what viewers get.
    pub(super) fn left_out(
        &self,
        presentation: &Presentation<'_>,
        lost: Vec<String>,
    ) -> Vec<String> {
        let mut left_out = self.plan.left_out.clone();
        left_out.extend(lost);
        if self.plan.video.has_captions && presentation.closed_captions().is_empty() {
            left_out.push("captions in the picture (CEA-608 or CEA-708)".to_owned());
        }
        left_out
    }
}
