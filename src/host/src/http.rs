//! HTTP on both sides: the server that players reach, and the client that asks the bucket.

pub(crate) mod answered;
pub(crate) mod asked;
pub(crate) mod balance;
pub(crate) mod body;
pub(crate) mod client;
pub(crate) mod connection;
pub(crate) mod current;
pub(crate) mod deadline;
mod head;
pub(crate) mod public_documents;
pub(crate) mod request_id;
pub(crate) mod route;
pub(crate) mod server;
pub(crate) mod service;
pub(crate) mod tls;
