//! `wasi:http/handler` as an import: what stands behind a component when the host itself does.

use crate::fast_path::native_origin::{Map, rule_method};
use crate::runtime::bindings::handler;
use crate::runtime::store::Guest;
use http::uri::{Authority, Scheme};
use std::sync::Arc;
use wasmtime::Result;
use wasmtime::component::{Accessor, HasData, Resource};
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::p3::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::p3::{Request, Response};

/// Gives the implementation below the whole guest.
pub(crate) struct HasNext;

impl HasData for HasNext {
    type Data<'a> = &'a mut Guest;
}

impl handler::Host for Guest {}

impl handler::HostWithStore<Guest> for HasNext {
    async fn handle(
        accessor: &Accessor<Guest, Self>,
        request: Resource<Request>,
    ) -> Result<Result<Resource<Response>, ErrorCode>> {
        let (request, next) = accessor.with(|mut access| {
            let guest = access.get();
            let next = guest
                .next()
                .map(|(next, outbound)| (Arc::clone(next), outbound.clone()));
            let mut request = guest.http().table.delete(request)?;
            // Nowhere on the network: a URI needs an authority all the same.
            request.scheme = Some(Scheme::HTTP);
            request.authority = Some(Authority::from_static("next.invalid"));
            // Takes the guest's body along, of which nothing is read: left alone, the guest would wait
            // for a reader for ever.
            let request = request.into_http(&mut access, async { Ok(()) });
            wasmtime::error::Ok((request, next))
        })?;
        let Ok((request, _options)) = request else {
            return Ok(Err(ErrorCode::HttpProtocolError));
        };
        // Only a component that was not composed with what it needs gets here.
        let Some((next, outbound)) = next else {
            return Ok(Err(ErrorCode::DestinationNotFound));
        };
        let target = request.uri().path_and_query();
        let request = reelgate_core::http::Request {
            method: rule_method(request.method()),
            target: target.map_or("/", |target| target.as_str()),
            headers: &Map(request.headers()),
        };
        let response = next.handle(&request, &outbound).await;
        accessor.with(|mut access| {
            let http = access.get().http();
            let (response, _sent) = Response::from_http(http.hooks, response);
            Ok(Ok(http.table.push(response)?))
        })
    }
}
