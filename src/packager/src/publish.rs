//! Into the bucket and out of it: the edition, the ledger, the order in which objects go up.

pub(crate) mod edition;
pub(crate) mod ledger;
pub(crate) mod shelf;
pub(crate) mod standing;
pub(crate) mod upload;
