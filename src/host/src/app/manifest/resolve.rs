//! From a manifest as it is written to one that can be run: what is well formed can still be wrong.

use crate::app::manifest::document::{self, Document};
use crate::app::manifest::{
    Component, ComponentId, CronTrigger, HttpTrigger, Manifest, Template, Times, Variable,
};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// What is wrong, as a sentence.
type Wrong = String;
type Variables = BTreeMap<String, Variable>;

/// What to do about middleware and dependencies.
const COMPOSE: &str = "this host composes nothing; join the components to one file first, as `wac plug` does, and name that";

impl Document {
    pub(super) fn resolve(self) -> Result<Manifest, Wrong> {
        if self.spin_manifest_version != 2 {
            return Err(format!(
                "spin_manifest_version is {}: only 2 is known",
                self.spin_manifest_version
            ));
        }
        check_variables(&self.variables)?;
        let components = Components::resolve(self.component, &self.variables)?;
        let http = self.trigger.http.into_iter();
        let http: Vec<HttpTrigger> = http
            .map(|trigger| components.http_trigger(trigger))
            .collect::<Result<_, _>>()?;
        check_routes(&http)?;
        let cron = self.trigger.cron.into_iter();
        let cron = cron
            .map(|trigger| components.cron_trigger(trigger))
            .collect::<Result<_, _>>()?;
        Ok(Manifest {
            variables: self.variables,
            http,
            cron,
            components: components.0.into_values().collect(),
        })
    }
}

fn check_variables(variables: &Variables) -> Result<(), Wrong> {
    for (name, variable) in variables {
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
    Ok(())
}

fn check_routes(triggers: &[HttpTrigger]) -> Result<(), Wrong> {
    let mut routes = HashSet::new();
    match triggers
        .iter()
        .find(|trigger| !routes.insert(&trigger.route))
    {
        Some(HttpTrigger { route, .. }) => Err(format!("two triggers have the route `{route}`")),
        None => Ok(()),
    }
}

/// The components of a manifest, by id.
struct Components(BTreeMap<ComponentId, Arc<Component>>);

impl Components {
    fn resolve(
        components: BTreeMap<String, document::Component>,
        variables: &Variables,
    ) -> Result<Self, Wrong> {
        let components = components.into_iter().map(|(id, written)| {
            let id = ComponentId(id);
            let component = component(id.clone(), written, variables)
                .map_err(|wrong| format!("component `{id}`{wrong}"))?;
            Ok((id, Arc::new(component)))
        });
        components.collect::<Result<_, _>>().map(Self)
    }

    fn get(&self, id: &str) -> Option<Arc<Component>> {
        self.0.get(id).cloned()
    }

    fn http_trigger(&self, trigger: document::HttpTrigger) -> Result<HttpTrigger, Wrong> {
        let route = trigger.route;
        check_route(&route)?;
        if trigger.dependencies.is_some() {
            return Err(format!("route `{route}` has `dependencies`: {COMPOSE}"));
        }
        let id = &trigger.component;
        let component = self.get(id).ok_or_else(|| {
            format!("route `{route}` names component `{id}`, which is not in the manifest")
        })?;
        Ok(HttpTrigger { route, component })
    }

    fn cron_trigger(&self, trigger: document::CronTrigger) -> Result<CronTrigger, Wrong> {
        let id = &trigger.component;
        let component = self.get(id).ok_or_else(|| {
            format!("trigger.cron names component `{id}`, which is not in the manifest")
        })?;
        let times = Times::parse(&trigger.cron_expression)
            .map_err(|error| format!("trigger.cron of `{id}`: {error}"))?;
        Ok(CronTrigger { component, times })
    }
}

fn check_route(route: &str) -> Result<(), Wrong> {
    let fixed = route.strip_suffix("/...").unwrap_or(route);
    if route.starts_with('/') && !fixed.contains("...") && !fixed.contains([':', '*', '?', '#']) {
        return Ok(());
    }
    Err(format!(
        "route `{route}`: give a path such as `/healthz`, or `/games/...` for all below"
    ))
}

/// What is wrong follows the component's name.
fn component(
    id: ComponentId,
    written: document::Component,
    variables: &Variables,
) -> Result<Component, Wrong> {
    if written.dependencies.is_some() {
        return Err(format!(" has `dependencies`: {COMPOSE}"));
    }
    let template = |text: String| template(text, variables);
    let component_variables = written.variables.into_iter();
    let allowed = written.allowed_outbound_hosts.into_iter();
    Ok(Component {
        id,
        source: written.source,
        variables: component_variables
            .map(|(name, text)| Ok((name, template(text)?)))
            .collect::<Result<_, Wrong>>()?,
        environment: written.environment,
        allowed_outbound_hosts: allowed.map(template).collect::<Result<_, _>>()?,
        key_value_stores: written.key_value_stores,
    })
}

fn template(text: String, variables: &Variables) -> Result<Template, Wrong> {
    let template =
        Template::parse(text).map_err(|(text, error)| format!(": {error} in `{text}`"))?;
    let unknown = template
        .variables()
        .find(|name| !variables.contains_key(*name));
    if let Some(name) = unknown {
        return Err(format!(
            " uses variable `{name}`, which is not under [variables]"
        ));
    }
    Ok(template)
}
