//! All that a component may import.

use crate::runtime::bindings::{config, keyvalue};
use crate::runtime::store::InstanceState;
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Engine, Result};
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};

/// Everything a component may import.
///
/// # Errors
///
/// Two interfaces of one name; a build that cannot work.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<InstanceState>> {
    use wasmtime_wasi::p2::bindings::cli;

    let mut linker = Linker::new(engine);
    // No filesystem and no sockets: they are not merely empty here, they are absent.
    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(&mut linker)?;
    cli::environment::add_to_linker::<_, WasiCli>(&mut linker, InstanceState::cli)?;
    cli::exit::add_to_linker::<_, WasiCli>(&mut linker, InstanceState::cli)?;
    // Rust's standard library asks whether it writes to a terminal; none of these streams is one.
    cli::terminal_input::add_to_linker::<_, WasiCli>(&mut linker, InstanceState::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(&mut linker, InstanceState::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(&mut linker, InstanceState::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(&mut linker, InstanceState::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(&mut linker, InstanceState::cli)?;
    wasmtime_wasi::p3::clocks::add_to_linker(&mut linker)?;
    wasmtime_wasi::p3::random::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    config::add_to_linker::<_, HasSelf<InstanceState>>(&mut linker, |state| state)?;
    keyvalue::store::add_to_linker::<_, HasSelf<InstanceState>>(&mut linker, |state| state)?;
    keyvalue::atomics::add_to_linker::<_, HasSelf<InstanceState>>(&mut linker, |state| state)?;
    keyvalue::batch::add_to_linker::<_, HasSelf<InstanceState>>(&mut linker, |state| state)?;
    Ok(linker)
}
