//! Components joined to one: at `wasi:http/handler`, as Spin joins a middleware with what it stands
//! before, or at any import that a dependency provides.

use std::collections::BTreeSet;
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, PackageId, plug};

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
    /// A dependency under a name that nothing imports.
    #[error("component `{socket}` imports nothing named `{import}`")]
    NoSuchImport {
        /// The component that should import it.
        socket: String,
        /// The name its manifest gives.
        import: String,
    },
    /// A dependency without what it is to provide.
    #[error("{dependency} has no export `{export}` for component `{socket}`")]
    NoSuchExport {
        /// The component that imports it.
        socket: String,
        /// The dependency.
        dependency: String,
        /// What it lacks.
        export: String,
    },
    /// One import for which two dependencies stand ready.
    #[error("component `{socket}` has two dependencies for its import `{import}`")]
    Ambiguous {
        /// The component that imports it.
        socket: String,
        /// What it imports.
        import: String,
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
    Ok(Part {
        name: format!("{}+{}", socket.name, plug_in.name),
        bytes: encode(&graph)?,
    })
}

/// A component that provides what another imports.
#[derive(Clone, Debug)]
pub struct Provider {
    /// What it provides: `ns:package/interface@version`, without the version, `ns:package` for all
    /// interfaces of a package, or a plain name.
    pub import: String,
    /// The name of the export, where it differs from that of the import.
    pub export: Option<String>,
    /// The component.
    pub part: Part,
}

/// Gives `socket` for its imports what `providers` export, and returns all as one component.
///
/// # Errors
///
/// One is no component; a provider that nothing asks for, that lacks what it is to provide or provides
/// another type, or that stands for what another provides.
pub fn provide(socket: &Part, providers: &[Provider]) -> Result<Part, ComposeError> {
    let mut graph = CompositionGraph::new();
    let socket_id = register(&mut graph, "socket", socket)?;
    let instance = graph.instantiate(socket_id);
    let imports = imports_of(&graph, socket_id);
    let mut provided = BTreeSet::new();
    for (number, provider) in providers.iter().enumerate() {
        let package = register(&mut graph, &format!("provider{number}"), &provider.part)?;
        let exports = exports_of(&graph, package);
        let provider_instance = graph.instantiate(package);
        for (import, export) in pairs(socket, provider, &imports, &exports)? {
            if !provided.insert(import.clone()) {
                return Err(ComposeError::Ambiguous {
                    socket: socket.name.clone(),
                    import,
                });
            }
            let node = graph
                .alias_instance_export(provider_instance, &export)
                .map_err(|error| ComposeError::Encode(error.to_string()))?;
            graph
                .set_instantiation_argument(instance, &import, node)
                .map_err(|error| ComposeError::Encode(error.to_string()))?;
        }
    }
    export_all(&mut graph, socket_id, instance)?;
    Ok(Part {
        name: socket.name.clone(),
        bytes: encode(&graph)?,
    })
}

/// What `provider` gives for which import.
fn pairs(
    socket: &Part,
    provider: &Provider,
    imports: &[String],
    exports: &[String],
) -> Result<Vec<(String, String)>, ComposeError> {
    let Provider {
        import,
        export,
        part,
    } = provider;
    let wanted: Vec<&String> = imports.iter().filter(|name| covers(import, name)).collect();
    if wanted.is_empty() {
        return Err(ComposeError::NoSuchImport {
            socket: socket.name.clone(),
            import: import.clone(),
        });
    }
    // A package's types are imported and need no provider.
    let whole_package = import.contains(':') && !import.contains('/');
    let pair = |name: &String| (name.clone(), export.as_ref().unwrap_or(name).clone());
    let pairs: Vec<(String, String)> = wanted.iter().copied().map(pair).collect();
    let (there, missing): (Vec<_>, Vec<_>) = pairs
        .into_iter()
        .partition(|(_, export)| exports.contains(export));
    match missing.into_iter().next() {
        Some((_, export)) if there.is_empty() || !whole_package => {
            Err(ComposeError::NoSuchExport {
                socket: socket.name.clone(),
                dependency: part.name.clone(),
                export,
            })
        }
        _ => Ok(there),
    }
}

/// Whether the name a manifest gives a dependency stands for the import `name`.
fn covers(dependency: &str, name: &str) -> bool {
    let (interface, version) = split_version(name);
    let (wanted, wanted_version) = split_version(dependency);
    let package = interface.split('/').next().unwrap_or(interface);
    let same = wanted == interface || (wanted.contains(':') && wanted == package);
    same && (wanted_version.is_none() || wanted_version == version)
}

fn split_version(name: &str) -> (&str, Option<&str>) {
    match name.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (name, None),
    }
}

/// The names of what `part` imports, sorted.
///
/// # Errors
///
/// It is no component.
pub fn imports(part: &Part) -> Result<Vec<String>, ComposeError> {
    let mut graph = CompositionGraph::new();
    let package = register(&mut graph, "part", part)?;
    let mut imports = imports_of(&graph, package);
    imports.sort();
    Ok(imports)
}

fn imports_of(graph: &CompositionGraph, package: PackageId) -> Vec<String> {
    let world = &graph.types()[graph[package].ty()];
    world.imports.keys().cloned().collect()
}

fn exports_of(graph: &CompositionGraph, package: PackageId) -> Vec<String> {
    let world = &graph.types()[graph[package].ty()];
    world.exports.keys().cloned().collect()
}

fn export_all(
    graph: &mut CompositionGraph,
    package: PackageId,
    instance: NodeId,
) -> Result<(), ComposeError> {
    for name in exports_of(graph, package) {
        let node = graph
            .alias_instance_export(instance, &name)
            .map_err(|error| ComposeError::Encode(error.to_string()))?;
        graph
            .export(node, &name)
            .map_err(|error| ComposeError::Encode(error.to_string()))?;
    }
    Ok(())
}

fn encode(graph: &CompositionGraph) -> Result<Vec<u8>, ComposeError> {
    graph
        .encode(EncodeOptions {
            define_components: true,
            validate: true,
            ..Default::default()
        })
        .map_err(|error| ComposeError::Encode(error.to_string()))
}

fn register(
    graph: &mut CompositionGraph,
    role: &str,
    part: &Part,
) -> Result<PackageId, ComposeError> {
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

#[cfg(test)]
mod tests;
