//! The fake from outside: over HTTP, with a source and a listener for webhooks at its side.

mod copies;
mod films;
mod mischief;
mod neighbour;
mod stage;
