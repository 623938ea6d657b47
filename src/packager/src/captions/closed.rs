//! Captions that are hidden in the picture: CEA-608 and CEA-708 in the SEI messages of H.264 and HEVC.
//! Which channels carry any is seen in the segments themselves, for no container says it for certain.

mod dtvcc;
mod line21;
mod sei;

use std::collections::BTreeSet;

use dtvcc::Services;
use line21::Field;

use crate::mp4::pictures::{Fragment, Pictures};

/// Looks for captions in the fragments of one picture.
#[derive(Default)]
pub(crate) struct Closed {
    pictures: Option<Pictures>,
    begins_at: Option<f64>,
    fields: [Field; 2],
    services: Services,
}

impl Closed {
    /// Takes the init section. What cannot be read has no captions.
    pub(crate) fn init(&mut self, init: &[u8]) {
        self.pictures = Pictures::read(init);
    }

    /// Takes the next fragment.
    pub(crate) fn fragment(&mut self, content: &[u8]) {
        let Some(pictures) = &self.pictures else {
            return;
        };
        let Some(Fragment { begins_at, samples }) = pictures.fragment(content) else {
            return;
        };
        self.begins_at.get_or_insert(begins_at);
        let mut found: Vec<(i64, Vec<[u8; 3]>)> = Vec::new();
        for sample in &samples {
            let triples = sei::captions(pictures.family(), sample.nal_units(content));
            if !triples.is_empty() {
                found.push((sample.shown_at, triples));
            }
        }
        // They are meant for the order in which pictures are shown.
        found.sort_by_key(|(shown_at, _)| *shown_at);
        for [kind, first, second] in found.into_iter().flat_map(|(_, triples)| triples) {
            match kind {
                0 | 1 => self.fields[usize::from(kind)].push(first, second),
                _ => self.services.push(kind == 3, first, second),
            }
        }
    }

    /// When the film begins by the clock of its media, in seconds.
    pub(crate) fn begins_at(&self) -> f64 {
        self.begins_at.unwrap_or_default().max(0.0)
    }

    /// INSTREAM-ID of every channel that carries something (rfc8216bis §4.4.6.1): `CC1`, `SERVICE1`.
    pub(crate) fn channels(&self) -> BTreeSet<String> {
        let [first, second] = &self.fields;
        let line21 = first.channels().map(|channel| format!("CC{channel}"));
        let more = second
            .channels()
            .map(|channel| format!("CC{}", channel + 2));
        let services = self
            .services
            .found()
            .map(|service| format!("SERVICE{service}"));
        line21.chain(more).chain(services).collect()
    }
}
