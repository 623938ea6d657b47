//! Joins components by what they import and export.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, PackageId};

use super::{HANDLER, words};
use crate::workspace::Workspace;

/// A composition in the making.
pub(super) struct Composer<'a> {
    workspace: &'a Workspace,
    graph: CompositionGraph,
    /// Each component stands in the file once, however many instances it has.
    packages: BTreeMap<String, PackageId>,
}

/// An instance of a component in a composition.
#[derive(Clone, Copy)]
pub(super) struct Instance {
    node: NodeId,
    package: PackageId,
}

impl<'a> Composer<'a> {
    pub(super) fn new(workspace: &'a Workspace) -> Self {
        Self {
            workspace,
            graph: CompositionGraph::new(),
            packages: BTreeMap::new(),
        }
    }

    /// An instance of a component, which is given for each of its imports what the first of `providers`
    /// that exports it has. What nobody provides the composition imports.
    ///
    /// # Errors
    /// When it is not built, or a provider's export is of another type.
    pub(super) fn instance(&mut self, name: &str, providers: &[Instance]) -> Result<Instance> {
        let file = self.workspace.wasm(name);
        let read = || fs::read(&file).with_context(|| format!("cannot read {}", file.display()));
        let package = self.package(name, read)?;
        self.instantiate(package, |composer, import| {
            let provider = providers
                .iter()
                .find(|provider| composer.exports(**provider).contains(import));
            provider.map(|provider| (*provider, import.clone()))
        })
    }

    /// An instance of a component whose imports are handlers under names of their own.
    ///
    /// # Errors
    /// As [`Composer::instance`].
    pub(super) fn instance_of_handlers(
        &mut self,
        name: &str,
        handlers: &[(&str, Instance)],
    ) -> Result<Instance> {
        let file = self.workspace.wasm(name);
        let read = || fs::read(&file).with_context(|| format!("cannot read {}", file.display()));
        let package = self.package(name, read)?;
        self.instantiate(package, |composer, import| {
            let (_, handler) = handlers.iter().find(|(name, _)| is(import, name))?;
            let export = composer
                .exports(*handler)
                .into_iter()
                .find(|export| is(export, HANDLER))?;
            Some((*handler, export))
        })
    }

    /// The words that `world` exports, see [`words::provider`].
    ///
    /// # Errors
    /// When there is no such world.
    pub(super) fn words(&mut self, world: &str) -> Result<Instance> {
        let wit = self.workspace.path("wit");
        let package = self.package(world, || words::provider(&wit, world))?;
        self.instantiate(package, |_, _| None)
    }

    /// Has the composition export what an instance exports under a name, given without its version.
    ///
    /// # Errors
    /// When it exports nothing of that name.
    pub(super) fn export(&mut self, instance: Instance, name: &str) -> Result<()> {
        let exports = self.exports(instance);
        let full = exports.iter().find(|export| is(export, name));
        let full =
            full.with_context(|| format!("there is no export {name} but {}", exports.join(", ")))?;
        let node = self.graph.alias_instance_export(instance.node, full)?;
        Ok(self.graph.export(node, full)?)
    }

    /// The composition as a file.
    ///
    /// # Errors
    /// When it would be no valid component.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let options = EncodeOptions {
            define_components: true,
            validate: true,
            ..Default::default()
        };
        Ok(self.graph.encode(options)?)
    }

    fn package(&mut self, name: &str, read: impl FnOnce() -> Result<Vec<u8>>) -> Result<PackageId> {
        if let Some(known) = self.packages.get(name) {
            return Ok(*known);
        }
        let package = Package::from_bytes(
            &format!("reelgate:{name}"),
            None,
            read()?,
            self.graph.types_mut(),
        )?;
        let id = self.graph.register_package(package)?;
        self.packages.insert(name.to_owned(), id);
        Ok(id)
    }

    fn instantiate(
        &mut self,
        package: PackageId,
        provider: impl Fn(&Self, &String) -> Option<(Instance, String)>,
    ) -> Result<Instance> {
        let node = self.graph.instantiate(package);
        let world = &self.graph.types()[self.graph[package].ty()];
        let imports: Vec<String> = world.imports.keys().cloned().collect();
        for import in imports {
            let Some((provider, export)) = provider(self, &import) else {
                continue;
            };
            let argument = self.graph.alias_instance_export(provider.node, &export)?;
            self.graph
                .set_instantiation_argument(node, &import, argument)?;
        }
        Ok(Instance { node, package })
    }

    fn exports(&self, instance: Instance) -> Vec<String> {
        let world = &self.graph.types()[self.graph[instance.package].ty()];
        world.exports.keys().cloned().collect()
    }
}

/// Whether `full`, the name of an import or export, is `name` in some version.
fn is(full: &str, name: &str) -> bool {
    full.split('@').next() == Some(name)
}
