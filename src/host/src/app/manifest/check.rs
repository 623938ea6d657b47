//! What a manifest that is well formed can still get wrong.

use super::template::{Piece, pieces};
use super::{Component, CronTrigger, Dependency, HttpTrigger, Manifest};
use std::collections::HashSet;

impl Manifest {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.spin_manifest_version != 2 {
            return Err(format!(
                "spin_manifest_version is {}: only 2 is known",
                self.spin_manifest_version
            ));
        }
        for (name, variable) in &self.variables {
            if variable.required && variable.default.is_some() {
                return Err(format!(
                    "variable `{name}` is required and has a default: leave one out"
                ));
            }
            if !variable.required && variable.default.is_none() {
                return Err(format!(
                    "variable `{name}` is neither required nor has a default"
                ));
            }
        }
        let mut routes = HashSet::new();
        for trigger in &self.trigger.http {
            self.check_trigger(trigger)?;
            if !routes.insert(&trigger.route) {
                return Err(format!("two triggers have the route `{}`", trigger.route));
            }
        }
        for trigger in &self.trigger.cron {
            self.check_schedule(trigger)?;
        }
        for (id, component) in &self.component {
            self.check_templates(id, component)?;
            self.check_dependencies(id, component)?;
        }
        Ok(())
    }

    fn check_trigger(&self, trigger: &HttpTrigger) -> Result<(), String> {
        let HttpTrigger {
            route,
            component,
            dependencies,
            ..
        } = trigger;
        let fixed = route.strip_suffix("/...").unwrap_or(route);
        if !route.starts_with('/') || fixed.contains("...") || fixed.contains([':', '*', '?', '#'])
        {
            return Err(format!(
                "route `{route}`: give a path such as `/healthz`, or `/games/...` for all below"
            ));
        }
        std::iter::once(component)
            .chain(
                dependencies
                    .middleware
                    .iter()
                    .map(|middleware| &middleware.component),
            )
            .find(|id| !self.component.contains_key(*id))
            .map_or(Ok(()), |id| {
                Err(format!(
                    "route `{route}` names component `{id}`, which is not in the manifest"
                ))
            })
    }

    fn check_schedule(&self, trigger: &CronTrigger) -> Result<(), String> {
        let id = &trigger.component;
        if !self.component.contains_key(id) {
            return Err(format!(
                "trigger.cron names component `{id}`, which is not in the manifest"
            ));
        }
        crate::app::schedule::parse(&trigger.cron_expression)
            .map(drop)
            .map_err(|error| format!("trigger.cron of `{id}`: {error}"))
    }

    fn check_dependencies(&self, id: &str, component: &Component) -> Result<(), String> {
        for (import, dependency) in &component.dependencies {
            self.check_dependency(dependency)
                .map_err(|wrong| format!("component `{id}`: its dependency `{import}` {wrong}"))?;
        }
        Ok(())
    }

    fn check_dependency(&self, dependency: &Dependency) -> Result<(), String> {
        match dependency {
            Dependency {
                path: Some(_),
                component: None,
                ..
            } => Ok(()),
            Dependency {
                path: None,
                component: Some(id),
                ..
            } if self.component.contains_key(id) => Ok(()),
            Dependency {
                component: Some(id),
                path: None,
                ..
            } => Err(format!(
                "names component `{id}`, which is not in the manifest"
            )),
            _ => Err("has either a `path` or a `component`".to_owned()),
        }
    }

    fn check_templates(&self, id: &str, component: &Component) -> Result<(), String> {
        for text in component
            .variables
            .values()
            .chain(&component.allowed_outbound_hosts)
        {
            for piece in
                pieces(text).map_err(|error| format!("component `{id}`: {error} in `{text}`"))?
            {
                if let Piece::Variable(name) = piece
                    && !self.variables.contains_key(name)
                {
                    return Err(format!(
                        "component `{id}` uses variable `{name}`, which is not under [variables]"
                    ));
                }
            }
        }
        Ok(())
    }
}
