//! What OpenTelemetry's variables say, under the names and with the defaults of its specification.

use http::Uri;
use opentelemetry_sdk::trace::Sampler;
use std::io;
use std::str::FromStr;
use std::time::Duration;

/// Where a collector takes traces, below the address that is for all signals.
const PATH: &str = "v1/traces";
/// Spans that may wait, unless `OTEL_BSP_MAX_QUEUE_SIZE` says otherwise.
const QUEUE: usize = 2048;
/// A span of a request has about a kilobyte: more than this would be memory that nobody reckons with.
const LONGEST_QUEUE: usize = 65_536;
/// For a batch, unless `OTEL_EXPORTER_OTLP_TIMEOUT` says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where traces go, and which.
#[derive(Clone, Debug)]
pub struct TracesSettings {
    pub(super) endpoint: Uri,
    /// For one batch.
    pub(super) timeout: Duration,
    /// Spans that may wait.
    pub(super) queue: usize,
    pub(super) sampler: Sampler,
}

/// Why traces cannot be sent as the environment wants it. Holds no value: an address may have a password.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// A variable with a value that cannot be used.
    #[error("{name} is not {expected}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What it could be.
        expected: &'static str,
    },
    /// Headers or compression that cannot be used.
    #[error("cannot send traces: {0}")]
    Exporter(String),
    /// The operating system has no thread.
    #[error("cannot send traces: {0}")]
    Thread(io::Error),
}

impl TracesSettings {
    /// What `lookup` says, which knows the environment's variables; `endpoint` is where a collector takes all
    /// signals, by OTLP over HTTP. `None` where no collector is named, or traces are turned off. An empty value
    /// is none.
    ///
    /// Names, service and limits that are not read here are read by [`Traces::start`](super::Traces::start).
    ///
    /// # Errors
    ///
    /// The first variable that cannot be used: the specification would have it ignored, and nobody would learn
    /// why there are no traces.
    pub fn from_lookup(
        endpoint: Option<&str>,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, TracesError> {
        let get = |name: &'static str| lookup(name).filter(|value| !value.is_empty());
        let Some(endpoint) = of_signal(endpoint, &get)? else {
            return Ok(None);
        };
        if is_turned_off(&get)? {
            return Ok(None);
        }
        speaks_protobuf(&get)?;
        Ok(Some(Self {
            endpoint,
            timeout: timeout(&get)?,
            queue: number(&get, "OTEL_BSP_MAX_QUEUE_SIZE", 1..=LONGEST_QUEUE)?.unwrap_or(QUEUE),
            sampler: sampler(&get)?,
        }))
    }

    /// The collector, without what else its address may hold.
    #[must_use]
    pub fn collector(&self) -> &str {
        self.endpoint.host().unwrap_or_default()
    }
}

type Get<'a> = dyn Fn(&'static str) -> Option<String> + 'a;

fn of_signal(endpoint: Option<&str>, get: &Get<'_>) -> Result<Option<Uri>, TracesError> {
    const OF_TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    if let Some(own) = get(OF_TRACES) {
        return address(OF_TRACES, &own).map(Some);
    }
    let Some(of_all) = endpoint.filter(|endpoint| !endpoint.is_empty()) else {
        return Ok(None);
    };
    let own = format!("{}/{PATH}", of_all.trim_end_matches('/'));
    address("OTEL_EXPORTER_OTLP_ENDPOINT", &own).map(Some)
}

fn address(name: &'static str, text: &str) -> Result<Uri, TracesError> {
    let is_fit = |uri: &Uri| {
        let has_scheme = matches!(uri.scheme_str(), Some("http" | "https"));
        // hyper would not send a name and a password: they belong in OTEL_EXPORTER_OTLP_HEADERS.
        let has_user = uri
            .authority()
            .is_some_and(|all| all.as_str().contains('@'));
        has_scheme && !has_user
    };
    let expected = "an address such as http://127.0.0.1:4318";
    let uri = text.parse().ok().filter(is_fit);
    uri.ok_or(TracesError::Variable { name, expected })
}

fn is_turned_off(get: &Get<'_>) -> Result<bool, TracesError> {
    let is_disabled =
        get("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let name = "OTEL_TRACES_EXPORTER";
    match get(name).as_deref() {
        Some("none") => Ok(true),
        Some("otlp") | None => Ok(is_disabled),
        Some(_) => Err(TracesError::Variable {
            name,
            expected: "otlp or none",
        }),
    }
}

/// gRPC would bring a second HTTP stack.
fn speaks_protobuf(get: &Get<'_>) -> Result<(), TracesError> {
    let names = [
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
    ];
    let first = names.iter().find_map(|name| Some((*name, get(name)?)));
    match first {
        Some((name, protocol)) if protocol != "http/protobuf" => Err(TracesError::Variable {
            name,
            expected: "http/protobuf, the one protocol that is spoken here",
        }),
        _ => Ok(()),
    }
}

fn timeout(get: &Get<'_>) -> Result<Duration, TracesError> {
    let milliseconds = 1..=600_000;
    let own = number(
        get,
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        milliseconds.clone(),
    )?;
    let of_all = number(get, "OTEL_EXPORTER_OTLP_TIMEOUT", milliseconds)?;
    Ok(own.or(of_all).map_or(TIMEOUT, Duration::from_millis))
}

fn sampler(get: &Get<'_>) -> Result<Sampler, TracesError> {
    let name = "OTEL_TRACES_SAMPLER";
    let by_ratio = || ratio(get).map(Sampler::TraceIdRatioBased);
    let or_parent = |sampler| Sampler::ParentBased(Box::new(sampler));
    Ok(match get(name).as_deref() {
        None | Some("parentbased_always_on") => or_parent(Sampler::AlwaysOn),
        Some("parentbased_always_off") => or_parent(Sampler::AlwaysOff),
        Some("parentbased_traceidratio") => or_parent(by_ratio()?),
        Some("always_on") => Sampler::AlwaysOn,
        Some("always_off") => Sampler::AlwaysOff,
        Some("traceidratio") => by_ratio()?,
        Some(_) => {
            return Err(TracesError::Variable {
                name,
                expected: "always_on, always_off or traceidratio, or one of them after parentbased_",
            });
        }
    })
}

fn ratio(get: &Get<'_>) -> Result<f64, TracesError> {
    let name = "OTEL_TRACES_SAMPLER_ARG";
    let Some(text) = get(name) else {
        return Ok(1.0);
    };
    let ratio = text
        .parse()
        .ok()
        .filter(|ratio| (0.0..=1.0).contains(ratio));
    let expected = "a number from 0 to 1";
    ratio.ok_or(TracesError::Variable { name, expected })
}

fn number<T: FromStr + PartialOrd>(
    get: &Get<'_>,
    name: &'static str,
    range: std::ops::RangeInclusive<T>,
) -> Result<Option<T>, TracesError> {
    let Some(text) = get(name) else {
        return Ok(None);
    };
    let number = text.parse().ok().filter(|number| range.contains(number));
    let expected = "a whole number in its range";
    number
        .map(Some)
        .ok_or(TracesError::Variable { name, expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = "http://127.0.0.1:4318/";

    fn read(
        endpoint: Option<&str>,
        variables: &[(&str, &str)],
    ) -> Result<Option<TracesSettings>, TracesError> {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(own, _)| *own == name)?;
            Some(found.1.to_owned())
        };
        TracesSettings::from_lookup(endpoint, &lookup)
    }

    /// The specification of OTLP's exporter: `v1/traces` is put behind the address for all signals, and that for
    /// traces is taken as it is and goes before.
    #[test]
    fn the_address_is_that_of_traces_or_made_of_that_of_all() {
        const OF_TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
        let endpoint = |endpoint, variables: &[(&str, &str)]| {
            let settings = read(endpoint, variables).unwrap();
            settings.map(|settings| settings.endpoint.to_string())
        };
        let own = "https://traces.example/in";
        for (of_all, of_traces, expected) in [
            (None, "", None),
            (Some(""), "", None),
            (Some(ALL), "", Some("http://127.0.0.1:4318/v1/traces")),
            (
                Some("https://a.example/b"),
                "",
                Some("https://a.example/b/v1/traces"),
            ),
            (None, own, Some(own)),
            (Some(ALL), own, Some(own)),
        ] {
            let found = endpoint(of_all, &[(OF_TRACES, of_traces)]);
            assert_eq!(found.as_deref(), expected, "{of_all:?} {of_traces}");
        }
    }

    #[test]
    fn what_turns_traces_off_does() {
        for (name, value, is_on) in [
            ("OTEL_SDK_DISABLED", "true", false),
            ("OTEL_SDK_DISABLED", "False", true),
            ("OTEL_TRACES_EXPORTER", "none", false),
            ("OTEL_TRACES_EXPORTER", "otlp", true),
        ] {
            let settings = read(Some(ALL), &[(name, value)]).unwrap();
            assert_eq!(settings.is_some(), is_on, "{name}={value}");
        }
    }

    #[test]
    fn which_are_sampled_is_said_in_the_words_of_the_specification() {
        let sampler = |name: &str, argument: &str| {
            let variables = [
                ("OTEL_TRACES_SAMPLER", name),
                ("OTEL_TRACES_SAMPLER_ARG", argument),
            ];
            format!(
                "{:?}",
                read(Some(ALL), &variables).unwrap().unwrap().sampler
            )
        };
        for (name, argument, expected) in [
            ("", "", "ParentBased(AlwaysOn)"),
            ("parentbased_always_off", "", "ParentBased(AlwaysOff)"),
            ("traceidratio", "0.25", "TraceIdRatioBased(0.25)"),
            ("traceidratio", "", "TraceIdRatioBased(1.0)"),
            (
                "parentbased_traceidratio",
                "0.01",
                "ParentBased(TraceIdRatioBased(0.01))",
            ),
            ("always_on", "", "AlwaysOn"),
            ("always_off", "", "AlwaysOff"),
        ] {
            assert_eq!(sampler(name, argument), expected);
        }
    }

    #[test]
    fn what_cannot_be_used_is_named_without_its_value() {
        let named = |endpoint, name, value| {
            let error = read(Some(endpoint), &[(name, value)])
                .unwrap_err()
                .to_string();
            assert!(error.starts_with(&format!("{name} is not ")), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        };
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "s3cret"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://s3cret"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://jo:s3cret@a"),
            ("OTEL_TRACES_EXPORTER", "zipkin"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
            ("OTEL_TRACES_SAMPLER", "xray"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "many"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "-1"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "1s"),
        ] {
            named(ALL, name, value);
        }
        let nowhere = read(Some("collector"), &[]).unwrap_err().to_string();
        assert!(nowhere.starts_with("OTEL_EXPORTER_OTLP_ENDPOINT is not "));
        let ratio = [
            ("OTEL_TRACES_SAMPLER", "traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ];
        let ratio = read(Some(ALL), &ratio).unwrap_err().to_string();
        assert!(ratio.starts_with("OTEL_TRACES_SAMPLER_ARG is not "));
    }
}
