//! Deciding for a host that forwards by itself: `reelgate:gate/decision`, beside `wasi:http/handler`.

use crate::incoming::Fields;
use reelgate_core::gate::{Decision, LogFields, Pass, Reply};
use reelgate_core::http::{Headers, Method, Request};

#[allow(
    unsafe_code,
    missing_docs,
    clippy::all,
    reason = "generated: foreign calls need it"
)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "gate-decision",
        pub_export_macro: true,
        default_bindings_module: "reelgate_wasi::gate::bindings",
    });
}

#[doc(hidden)]
pub use bindings::exports;
use bindings::exports::reelgate::gate::decision;

/// Decides about requests.
pub trait Gate {
    /// What is to be done with `request`; `None` when the configuration cannot be used.
    fn decide(request: &Request<'_, [(String, Vec<u8>)]>) -> Option<Decision>;
}

/// Exports a type as `reelgate:gate/decision`. It implements [`Gate`](crate::Gate).
#[macro_export]
macro_rules! export_gate {
    ($type:ident) => {
        impl $crate::gate::exports::reelgate::gate::decision::Guest for $type {
            fn decide(
                request: $crate::gate::exports::reelgate::gate::decision::Request,
            ) -> $crate::gate::exports::reelgate::gate::decision::Decision {
                $crate::gate::decide::<$type>(&request)
            }
        }

        $crate::gate::bindings::export!($type with_types_in $crate::gate::bindings);
    };
}

#[doc(hidden)]
#[must_use]
pub fn decide<G: Gate>(request: &decision::Request) -> decision::Decision {
    let request = Request {
        method: match request.method {
            decision::Method::Get => Method::Get,
            decision::Method::Head => Method::Head,
            decision::Method::Options => Method::Options,
            decision::Method::Other => Method::Other,
        },
        target: &request.target,
        headers: request.headers.as_slice(),
    };
    match G::decide(&request) {
        None => decision::Decision::Misconfigured,
        Some(Decision::Reply(reply)) => decision::Decision::Reply(answer(&reply)),
        Some(Decision::Forward(pass)) => decision::Decision::Forward(forward(&pass)),
    }
}

fn answer(reply: &Reply) -> decision::Answer {
    let answer = reply.answer();
    decision::Answer {
        status: answer.head.status,
        headers: fields(answer.head.headers),
        body: answer.body.into_owned(),
        viewer: viewer(reply.origin(), &reply.log_fields()),
    }
}

fn forward(pass: &Pass) -> decision::Pass {
    decision::Pass {
        method: match pass.method() {
            Method::Get => decision::Method::Get,
            Method::Head => decision::Method::Head,
            Method::Options => decision::Method::Options,
            Method::Post | Method::Put | Method::Delete | Method::Other => decision::Method::Other,
        },
        target: pass.target().into(),
        headers: fields(pass.headers().clone()),
        on_success: fields(pass.on_success()),
        viewer: viewer(pass.origin(), &pass.log_fields()),
    }
}

fn viewer(origin: Option<&str>, log: &LogFields<'_>) -> decision::Viewer {
    decision::Viewer {
        origin: origin.map(String::from),
        log: log.to_header(),
    }
}

fn fields(headers: Headers) -> Fields {
    headers
        .into_iter()
        .map(|(name, value)| (name.into(), value.into_owned()))
        .collect()
}
