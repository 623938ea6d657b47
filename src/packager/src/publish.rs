//! Into the bucket and out of it: the edition, the ledger, the order in which objects go up.

pub(crate) mod edition;
pub(crate) mod film;
pub(crate) mod ledger;
pub(crate) mod published;
pub(crate) mod revise;
pub(crate) mod shelf;
pub(crate) mod standing;
pub(crate) mod told;
pub(crate) mod upload;
