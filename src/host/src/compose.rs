//! Components joined at `wasi:http/handler`, as Spin joins a middleware with what it stands before.

use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, plug};

/// Why components do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// A file that is no component.
    #[error("{name} is no WebAssembly component: {cause}")]
    NoComponent {
        /// Which one.
        name: String,
        /// Why.
        cause: String,
    },
    /// Nothing the one imports is exported by the other.
    #[error("{socket} imports nothing that {plug} exports")]
    NoFit {
        /// The one that imports.
        socket: String,
        /// The one that exports.
        plug: String,
    },
    /// The result could not be written.
    #[error("cannot compose: {0}")]
    Encode(String),
}

/// A component file and what to call it in an error.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// The file's bytes.
    pub bytes: Vec<u8>,
}

/// Gives `socket` for its imports what `plug` exports, and returns the two as one component that
/// exports what `socket` exports and imports what neither provides.
///
/// # Errors
///
/// One of them is no component, or they have nothing to do with each other.
pub fn compose(socket: &Part, plug_in: &Part) -> Result<Part, ComposeError> {
    let mut graph = CompositionGraph::new();
    let socket_id = register(&mut graph, "socket", socket)?;
    let plug_id = register(&mut graph, "plug", plug_in)?;
    plug(&mut graph, vec![plug_id], socket_id).map_err(|_| ComposeError::NoFit {
        socket: socket.name.clone(),
        plug: plug_in.name.clone(),
    })?;
    let bytes = graph
        .encode(EncodeOptions {
            define_components: true,
            validate: true,
            ..Default::default()
        })
        .map_err(|error| ComposeError::Encode(error.to_string()))?;
    Ok(Part {
        name: format!("{}+{}", socket.name, plug_in.name),
        bytes,
    })
}

fn register(
    graph: &mut CompositionGraph,
    role: &str,
    part: &Part,
) -> Result<wac_graph::PackageId, ComposeError> {
    let no_component = |cause: String| ComposeError::NoComponent {
        name: part.name.clone(),
        cause,
    };
    let package = Package::from_bytes(
        &format!("reelgate:{role}"),
        None,
        part.bytes.clone(),
        graph.types_mut(),
    )
    .map_err(|error| no_component(error.to_string()))?;
    graph
        .register_package(package)
        .map_err(|error| no_component(error.to_string()))
}
