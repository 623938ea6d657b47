//! The Stream path as a whole: what must hold whatever is lost, doubled, late or out of order.
#[cfg(test)]
mod bucket;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod crowds;
#[cfg(test)]
mod fake_bucket;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod model;
#[cfg(test)]
mod permutations;
#[cfg(test)]
mod place;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod sweeps;
#[cfg(test)]
mod world;
