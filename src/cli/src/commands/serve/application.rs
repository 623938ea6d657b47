//! What a host serves: read at the start, and again when it is asked to.

use crate::aws::{Chain, KeyPair};
use crate::bundle::Bundle;
use crate::commands::serve::failures::{app_failure, config_failure, manifest_failure};
use crate::commands::serve::{OriginKind, Serve, unused};
use crate::exit::{Failure, Kind};
use crate::places::Places;
use crate::settings::variable_files;
use reelgate_host::cache::Cache;
use reelgate_host::manifest::Manifest;
use reelgate_host::variables::{Sources, Variables};
use reelgate_host::{App, LoadOptions, Log, Origin, Runtime, RuntimeConfig, Stores};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often it is looked whether a key pair of AWS has been replaced; that happens minutes before it ends.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// An application, and what stays while it is read again: the engine, and stores that are open.
pub(crate) struct Application {
    args: Serve,
    manifests: Vec<PathBuf>,
    /// Where the bucket's key pair is from, if not from variables, and the one in force.
    aws: Option<(Chain, Option<KeyPair>)>,
    runtime: Runtime,
    stores: Stores,
    /// Hot objects, whatever is read again.
    objects: Option<Cache>,
}

impl Application {
    /// Nothing of it is read yet.
    pub(super) fn new(args: Serve, log: &Log) -> Result<Self, Failure> {
        let places = Places::of(args.data.clone());
        let (apps, compiled) = apps(&args, &places)?;
        let runtime = runtime(&compiled, log)?;
        let config = match &args.runtime_config_file {
            Some(path) => RuntimeConfig::read(path).map_err(config_failure)?,
            None => RuntimeConfig::default(),
        };
        let objects = args.cache.open(log)?;
        let stores = Stores::new(config, &places.state);
        Ok(Self {
            manifests: with_schedules(&args, apps),
            aws: match args.aws_credentials {
                true => Some((Chain::find()?, None)),
                false => None,
            },
            args,
            runtime,
            stores,
            objects,
        })
    }

    /// The cache of hot objects, where there is one.
    pub(super) fn objects(&self) -> Option<&Cache> {
        self.objects.as_ref()
    }

    /// Reads manifests, variables and components as they are now.
    pub(super) fn load(&mut self, log: &Log) -> Result<App, Failure> {
        let sources = self.sources()?;
        let origin = match self.args.origin {
            OriginKind::Native => Origin::Native,
            OriginKind::Component => Origin::Component,
        };
        let manifests = self.manifests()?;
        unused::log(
            manifests.iter().map(|(_, manifest)| manifest),
            &sources,
            log,
        );
        let mut app = App::default();
        for (path, manifest) in &manifests {
            let variables = Variables::resolve(manifest, &sources).map_err(|missing| {
                Failure::new(Kind::Configuration, missing).with_help(
                    "set SPIN_VARIABLE_<NAME> for each, in the environment or with --env-file",
                )
            })?;
            let options = LoadOptions {
                folder: path.parent().unwrap_or(Path::new("")),
                build_folder: self.args.build_folder.as_deref(),
                variables: &variables,
                origin,
                schedule: !self.args.no_schedule,
                runtime: &self.runtime,
                cache: self.objects.as_ref(),
                log,
            };
            app.add(manifest, &mut self.stores, &options)
                .map_err(app_failure)?;
        }
        Ok(app)
    }

    /// Waits until the bucket's key pair is another one than that in force: a temporary one ends. For ever where
    /// it is none of AWS's.
    pub(super) async fn key_pair_changes(&self) {
        let Some((chain, current)) = &self.aws else {
            return std::future::pending().await;
        };
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            // Who gives none now may give one in a minute; the one in force is still good.
            if chain
                .key_pair()
                .await
                .is_ok_and(|pair| Some(&pair) != current.as_ref())
            {
                return;
            }
        }
    }

    fn manifests(&self) -> Result<Vec<(PathBuf, Manifest)>, Failure> {
        let read = |path: &PathBuf| {
            let manifest = Manifest::read(path).map_err(|error| manifest_failure(path, error))?;
            Ok((path.clone(), manifest))
        };
        self.manifests.iter().map(read).collect()
    }

    fn sources(&mut self) -> Result<Sources, Failure> {
        let of_aws = match &mut self.aws {
            Some((chain, current)) => {
                let pair = chain.key_pair_now()?;
                *current = Some(pair.clone());
                pair.variables().to_vec()
            }
            None => Vec::new(),
        };
        Ok(Sources::default()
            .then(self.args.variable.iter().cloned())
            .then(of_aws)
            .then_environment(variable_files::of_environment()?)
            .then_environment(variable_files::of_file(self.args.env_file.as_deref())?))
    }
}

/// Where the schedule of a manifest is looked for: `spin-cron.toml` beside `spin.toml`.
fn schedule_of(app: &Path) -> PathBuf {
    let mut name = app.file_stem().unwrap_or_default().to_owned();
    name.push("-cron.toml");
    app.with_file_name(name)
}

/// The manifests to load. Spin wants a schedule in a manifest of its own, since a plain `spin up` refuses one
/// that has `trigger.cron`.
fn with_schedules(args: &Serve, apps: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut manifests = apps.clone();
    match &args.schedule {
        _ if args.no_schedule => {}
        Some(schedule) => manifests.push(schedule.clone()),
        None => {
            let beside = apps.iter().map(|app| schedule_of(app));
            let mut found: Vec<PathBuf> = beside.filter(|path| path.is_file()).collect();
            found.retain(|path| !manifests.contains(path));
            found.dedup();
            manifests.extend(found);
        }
    }
    manifests
}

/// What to run, which was named or is inside this program, and where compiled components are kept.
fn apps(args: &Serve, places: &Places) -> Result<(Vec<PathBuf>, PathBuf), Failure> {
    if !args.app.is_empty() {
        return Ok((args.app.clone(), places.cache.clone()));
    }
    let manifest = args.catalog.manifest();
    Ok(match Bundle::unpacked(&places.cache)? {
        Some(bundle) => (vec![bundle.manifest(manifest)], bundle.compiled()),
        None => (vec![manifest.into()], places.cache.clone()),
    })
}

fn runtime(compiled: &Path, log: &Log) -> Result<Runtime, Failure> {
    let cache = std::fs::create_dir_all(compiled)
        .and_then(|()| compiled.canonicalize())
        .map_err(|error| {
            Failure::new(
                Kind::Failed,
                format!("cannot use {}: {error}", compiled.display()),
            )
            .with_help("choose a folder that can be written to with --data")
        })?;
    let runtime = Runtime::new(Some(&cache)).map_err(|error| {
        Failure::new(
            Kind::Failed,
            format!("cannot start the WebAssembly engine: {error:#}"),
        )
    })?;
    if let Some((have, wanted)) = runtime.reduced() {
        log.error(
            "host",
            &format!(
                "room for {have} memories of instances instead of {wanted}: the operating system gives no \
                 more addresses (ulimit -v)"
            ),
        );
    }
    Ok(runtime)
}
