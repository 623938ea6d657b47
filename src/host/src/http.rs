//! HTTP on both sides: the server that players reach, and the client that asks the bucket.

pub(crate) mod activity;
pub(crate) mod addresses;
pub(crate) mod answer_body;
pub(crate) mod answered;
pub(crate) mod client;
mod connection;
pub(crate) mod connections;
pub(crate) mod deadline;
mod head;
pub(crate) mod logged_body;
pub(crate) mod public_documents;
mod request_body;
pub(crate) mod request_id;
pub(crate) mod route;
pub(crate) mod server;
pub(crate) mod service;
pub(crate) mod timeouts;
pub(crate) mod tls;
