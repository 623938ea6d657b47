//! `wasi:http/handler` as an import: what stands behind a component when the host itself does.

use crate::fast_path::native_origin::{CoreHeaders, core_method};
use crate::runtime::bindings::handler;
use crate::runtime::store::InstanceState;
use http::uri::{Authority, Scheme};
use reelgate_core::http as core_http;
use std::sync::Arc;
use wasmtime::Result;
use wasmtime::component::{Accessor, HasData, Resource};
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::p3::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::p3::{Request, Response};

/// Gives the implementation below the whole state of the instance.
pub(crate) struct HasNext;

impl HasData for HasNext {
    type Data<'a> = &'a mut InstanceState;
}

impl handler::Host for InstanceState {}

impl handler::HostWithStore<InstanceState> for HasNext {
    async fn handle(
        accessor: &Accessor<InstanceState, Self>,
        request: Resource<Request>,
    ) -> Result<Result<Resource<Response>, ErrorCode>> {
        let (request, next) = accessor.with(|mut access| {
            let state = access.get();
            let next = state
                .next()
                .map(|(next, client)| (Arc::clone(next), client.clone()));
            let mut request = state.http().table.delete(request)?;
            // Nowhere on the network: a URI needs an authority all the same.
            request.scheme = Some(Scheme::HTTP);
            request.authority = Some(Authority::from_static("next.invalid"));
            // Takes the component's body along, of which nothing is read: left alone, it would wait
            // for a reader for ever.
            let request = request.into_http(&mut access, async { Ok(()) });
            wasmtime::error::Ok((request, next))
        })?;
        let Ok((request, _options)) = request else {
            return Ok(Err(ErrorCode::HttpProtocolError));
        };
        // Only a component that was not composed with what it needs gets here.
        let Some((next, client)) = next else {
            return Ok(Err(ErrorCode::DestinationNotFound));
        };
        let target = request.uri().path_and_query();
        let request = core_http::Request {
            method: core_method(request.method()),
            target: target.map_or("/", |target| target.as_str()),
            headers: &CoreHeaders(request.headers()),
        };
        let response = next.handle(&request, &client).await;
        accessor.with(|mut access| {
            let http = access.get().http();
            let (response, _sent) = Response::from_http(http.hooks, response);
            Ok(Ok(http.table.push(response)?))
        })
    }
}
