//! Deciding for a host that forwards by itself: `reelgate:video/gate`, beside `wasi:http/handler`.

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
        world: "gatekeeper",
        pub_export_macro: true,
        default_bindings_module: "reelgate_wasi::gatekeeper::bindings",
    });
}

#[doc(hidden)]
pub use bindings::exports;
use bindings::exports::reelgate::video::gate;

/// Decides about requests.
pub trait Gatekeeper {
    /// What is to be done with `request`; `None` when the configuration cannot be used.
    fn decide(request: &Request<'_, [(String, Vec<u8>)]>) -> Option<Decision>;
}

/// Exports a type as `reelgate:video/gate`. It implements [`Gatekeeper`](crate::Gatekeeper).
#[macro_export]
macro_rules! export_gatekeeper {
    ($type:ident) => {
        impl $crate::gatekeeper::exports::reelgate::video::gate::Guest for $type {
            fn decide(
                request: $crate::gatekeeper::exports::reelgate::video::gate::Request,
            ) -> $crate::gatekeeper::exports::reelgate::video::gate::Decision {
                $crate::gatekeeper::decide::<$type>(&request)
            }
        }

        $crate::gatekeeper::bindings::export!($type with_types_in $crate::gatekeeper::bindings);
    };
}

#[doc(hidden)]
#[must_use]
pub fn decide<G: Gatekeeper>(request: &gate::Request) -> gate::Decision {
    let request = Request {
        method: match request.method {
            gate::Method::Get => Method::Get,
            gate::Method::Head => Method::Head,
            gate::Method::Options => Method::Options,
            gate::Method::Other => Method::Other,
        },
        target: &request.target,
        headers: request.headers.as_slice(),
    };
    match G::decide(&request) {
        None => gate::Decision::Misconfigured,
        Some(Decision::Reply(reply)) => gate::Decision::Reply(answer(&reply)),
        Some(Decision::Forward(pass)) => gate::Decision::Forward(leave(&pass)),
    }
}

fn answer(reply: &Reply) -> gate::Answer {
    let answer = reply.answer();
    gate::Answer {
        status: answer.head.status,
        headers: fields(answer.head.headers),
        body: answer.body.into_owned(),
        viewer: viewer(reply.origin(), &reply.log_fields()),
    }
}

fn leave(pass: &Pass) -> gate::Pass {
    gate::Pass {
        method: match pass.method() {
            Method::Get => gate::Method::Get,
            Method::Head => gate::Method::Head,
            Method::Options => gate::Method::Options,
            Method::Post | Method::Put | Method::Delete | Method::Other => gate::Method::Other,
        },
        target: pass.target().into(),
        headers: fields(pass.headers().clone()),
        on_success: fields(pass.on_success()),
        viewer: viewer(pass.origin(), &pass.log_fields()),
    }
}

fn viewer(origin: Option<&str>, log: &LogFields<'_>) -> gate::Viewer {
    gate::Viewer {
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
