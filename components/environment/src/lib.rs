//! Spin's configuration interface for hosts that have none: every variable is an environment variable,
//! named as Spin names them there. Composed in front of the others for plain `wasmtime serve`.

struct Environment;

reelgate_wasi::export_configuration!(Environment);

impl reelgate_wasi::Configuration for Environment {
    fn get(name: &str) -> Option<String> {
        std::env::var(format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase())).ok()
    }
}
