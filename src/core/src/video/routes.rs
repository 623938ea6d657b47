//! The routes of the Stream path: what each request means, and what it is answered.

pub mod answers;
pub mod api;
mod bearer;
pub mod body;
pub mod problem;
pub mod reconcile;
pub mod source;
pub mod webhook;
