//! `cargo xtask compose`: components joined to the files that manifests name and hosts run.
//!
//! Each file has all that it needs in it but what a host offers: WASI 0.3, configuration, and for the
//! key-value catalog its store. So no host needs to know middleware or dependencies (docs/adr/0002).

mod composer;
mod words;

use std::fs;

use anyhow::{Context, Result, bail};

use self::composer::{Composer, Instance};
use crate::build;
use crate::workspace::Workspace;

const HANDLER: &str = "wasi:http/handler";

/// Where the catalog keeps its rows: as objects in a bucket, or in a key-value store.
const CATALOGS: [(&str, &str); 2] = [("", "catalog-bucket"), ("-keyvalue", "catalog")];

/// Options of `cargo xtask compose`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to compose, with its components built first; everything when nothing is named
    names: Vec<String>,
}

/// A file that is composed.
struct Composition {
    name: String,
    /// The packages it is made of.
    components: Vec<&'static str>,
    /// Joins them, with a catalog that is one of these packages.
    join: fn(&mut Composer<'_>, catalog: &'static str) -> Result<()>,
    catalog: &'static str,
}

/// Builds the components of what `args` name, and composes them.
///
/// # Errors
/// When a name is unknown, a component does not build, or a part does not fit.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let mut wanted = compositions();
    if let Some(unknown) = args
        .names
        .iter()
        .find(|name| wanted.iter().all(|known| known.name != **name))
    {
        let known: Vec<&str> = wanted.iter().map(|known| known.name.as_str()).collect();
        bail!(
            "nothing is called {unknown}: choose of {}",
            known.join(", ")
        );
    }
    if !args.names.is_empty() {
        wanted.retain(|composition| args.names.contains(&composition.name));
    }
    let mut packages: Vec<String> = wanted
        .iter()
        .flat_map(|composition| &composition.components)
        .map(|name| (*name).to_owned())
        .collect();
    packages.sort();
    packages.dedup();
    build::wasm(workspace, &packages)?;
    write(workspace, &wanted)
}

/// Writes every composition, of components already built, and leaves nothing that is composed no more.
///
/// # Errors
/// When a part is missing or does not fit.
pub(crate) fn all(workspace: &Workspace) -> Result<()> {
    let folder = workspace.composed_folder();
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    write(workspace, &compositions())
}

fn write(workspace: &Workspace, compositions: &[Composition]) -> Result<()> {
    let folder = workspace.composed_folder();
    fs::create_dir_all(&folder)?;
    for composition in compositions {
        let out = folder.join(format!("{}.wasm", composition.name));
        println!(
            "compose: {} -> {}",
            composition.components.join(" + "),
            out.display()
        );
        let mut composer = Composer::new(workspace);
        (composition.join)(&mut composer, composition.catalog)
            .and_then(|()| composer.encode())
            .and_then(|bytes| Ok(fs::write(&out, bytes)?))
            .with_context(|| format!("cannot compose {}", composition.name))?;
    }
    Ok(())
}

fn compositions() -> Vec<Composition> {
    let stateless = |name: &str, components: &[&'static str], join| Composition {
        name: name.to_owned(),
        components: components.to_vec(),
        join,
        catalog: "",
    };
    let mut all = vec![
        stateless("games", &["gate", "origin"], |composer, _| {
            games(composer, &[])
        }),
        stateless(
            "stream-source",
            &["source", "originals", "origin"],
            |composer, _| {
                let source = stream_source(composer, &[])?;
                composer.export(source, HANDLER)
            },
        ),
        stateless("playback", &["playback", "origin"], |composer, _| {
            let origin = composer.instance("origin", &[])?;
            let playback = composer.instance("playback", &[origin])?;
            composer.export(playback, HANDLER)
        }),
        stateless(
            "gate-origin",
            &["gate", "origin", "environment"],
            |composer, _| {
                let environment = composer.instance("environment", &[])?;
                games(composer, &[environment])
            },
        ),
    ];
    for (suffix, catalog) in CATALOGS {
        let stateful = |name: &str, components: &[&'static str], join| Composition {
            name: format!("{name}{suffix}"),
            components: [components, &[catalog]].concat(),
            join,
            catalog,
        };
        all.extend([
            stateful("webhook", &["webhook"], |composer, catalog| {
                let catalog = self::catalog(composer, catalog, &[])?;
                let webhook = composer.instance("webhook", &catalog)?;
                composer.export(webhook, HANDLER)?;
                export_readiness(composer, &catalog)
            }),
            stateful("videos", &["videos", "transcoder"], |composer, catalog| {
                let behind = catalog_and_transcoder(composer, catalog, &[])?;
                let videos = composer.instance("videos", &behind)?;
                composer.export(videos, HANDLER)?;
                export_readiness(composer, &behind)
            }),
            stateful(
                "reconciler",
                &["reconciler", "transcoder"],
                |composer, catalog| {
                    let behind = catalog_and_transcoder(composer, catalog, &[])?;
                    let reconciler = composer.instance("reconciler", &behind)?;
                    composer.export(reconciler, HANDLER)?;
                    export_readiness(composer, &behind)
                },
            ),
            stateful(
                "cron",
                &["schedule", "reconciler", "transcoder"],
                |composer, catalog| {
                    let behind = catalog_and_transcoder(composer, catalog, &[])?;
                    let reconciler = composer.instance("reconciler", &behind)?;
                    let schedule = composer.instance("schedule", &[reconciler])?;
                    composer.export(schedule, "handle-cron-event")
                },
            ),
        ]);
    }
    all.push(Composition {
        name: "reelgate".to_owned(),
        components: vec![
            "router",
            "gate",
            "origin",
            "source",
            "originals",
            "playback",
            "webhook",
            "videos",
            "reconciler",
            "transcoder",
            "catalog-bucket",
            "environment",
        ],
        join: application,
        catalog: "catalog-bucket",
    });
    all
}

/// A gate and the origin behind it. The gate's decision is exported too, for a host that forwards by itself.
fn games(composer: &mut Composer<'_>, given: &[Instance]) -> Result<()> {
    let origin = composer.instance("origin", given)?;
    let gate = composer.instance("gate", &[given, &[origin]].concat())?;
    composer.export(gate, HANDLER)?;
    composer.export(gate, "reelgate:gate/decision")
}

/// The source route, before an origin that serves originals and no game.
fn stream_source(composer: &mut Composer<'_>, given: &[Instance]) -> Result<Instance> {
    let originals = composer.instance("originals", given)?;
    let origin = composer.instance("origin", &[originals])?;
    composer.instance("source", &[given, &[origin]].concat())
}

/// A catalog, and the words that it shares with those who ask it.
fn catalog(composer: &mut Composer<'_>, name: &str, given: &[Instance]) -> Result<Vec<Instance>> {
    let words = composer.words("catalog-words-provider")?;
    let catalog = composer.instance(name, &[given, &[words]].concat())?;
    Ok(vec![words, catalog])
}

fn catalog_and_transcoder(
    composer: &mut Composer<'_>,
    catalog: &str,
    given: &[Instance],
) -> Result<Vec<Instance>> {
    let words = composer.words("transcoder-words-provider")?;
    let transcoder = composer.instance("transcoder", &[given, &[words]].concat())?;
    let mut behind = self::catalog(composer, catalog, given)?;
    behind.extend([words, transcoder]);
    Ok(behind)
}

/// So that a host can ask at its start whether the catalog can do its work.
fn export_readiness(composer: &mut Composer<'_>, behind: &[Instance]) -> Result<()> {
    let [_, catalog, ..] = behind else {
        bail!("there is no catalog");
    };
    composer.export(*catalog, "reelgate:catalog/readiness")
}

/// Every route in one file, with its configuration from the environment.
fn application(composer: &mut Composer<'_>, catalog: &'static str) -> Result<()> {
    let environment = [composer.instance("environment", &[])?];
    let origin = composer.instance("origin", &environment)?;
    let games = composer.instance("gate", &[environment[0], origin])?;
    let playback = composer.instance("playback", &[environment[0], origin])?;
    let stream_source = stream_source(composer, &environment)?;
    let behind = catalog_and_transcoder(composer, catalog, &environment)?;
    let given = [environment.as_slice(), &behind].concat();
    let webhook = composer.instance("webhook", &given)?;
    let videos = composer.instance("videos", &given)?;
    let reconciler = composer.instance("reconciler", &given)?;
    let router = composer.instance_of_handlers(
        "router",
        &[
            ("reelgate:routes/games", games),
            ("reelgate:routes/stream-source", stream_source),
            ("reelgate:routes/playback", playback),
            ("reelgate:routes/webhook", webhook),
            ("reelgate:routes/videos", videos),
            ("reelgate:routes/reconciler", reconciler),
        ],
    )?;
    composer.export(router, HANDLER)
}
