//! The Stream path as a whole: what must hold whatever is lost, doubled, late or out of order.
mod model;
mod permutations;
mod rows;
mod world;
