//! Keeps the videos in the key-value store `default`.
//!
//! May reach the store and nothing else; nobody else may. Every rule is in `reelgate_core::video`.

use reelgate_wasi::Store;
use reelgate_wasi::core::video::{self, Trouble};

struct Catalog;

reelgate_wasi::export_catalog!(Catalog);

impl reelgate_wasi::video::KeepsRows for Catalog {
    type Store = Store;

    fn rows() -> Result<video::Catalog<Store>, Trouble> {
        Ok(video::Catalog::new(Store::open("default")?))
    }
}
