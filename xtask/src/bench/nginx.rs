//! nginx as it is compared with the gate: generated configuration, as many workers as the gate has threads.

use std::ffi::OsStr;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::contender::{Contender, Ground};
use super::mode::Encrypted;
use crate::process;
use crate::testbed::fixture::Fixture;
use crate::testbed::server::Server;

const TEMPLATE: &str = include_str!("nginx/proxy.conf");
const TERMINATOR: &str = include_str!("nginx/terminator.conf");
const SESSION: &str = include_str!("nginx/session.lua");

/// How long nginx may take to listen.
const PATIENCE: Duration = Duration::from_secs(5);

/// What differs between the two.
#[derive(Debug, Default)]
struct Check {
    modules: String,
    init: String,
    access: &'static str,
}

/// A plain keep-alive proxy.
///
/// # Errors
/// When nginx is not installed or does not start.
pub(super) fn plain(ground: &Ground<'_>, tunables: &OsStr) -> Result<Contender> {
    start(ground, "nginx", &Check::default(), tunables)
}

/// The same with a full check of the session in LuaJIT.
///
/// # Errors
/// When nginx or its Lua module is not installed, or it does not start.
pub(super) fn with_jwt(ground: &Ground<'_>, tunables: &OsStr) -> Result<Contender> {
    let fixture = ground.fixture;
    let folder = modules_folder()?;
    for module in MODULES {
        ensure!(
            folder.join(module).is_file(),
            "nginx-jwt: no {module}; install with: sudo apt-get install libnginx-mod-http-lua lua-cjson"
        );
    }
    fs::write(fixture.folder.join("session.lua"), SESSION)?;
    let check = Check {
        modules: MODULES
            .map(|module| format!("load_module {};\n", folder.join(module).display()))
            .concat(),
        init: format!(
            "lua_package_path \"{}/?.lua;;\";\n    init_by_lua_block {{ session = require \"session\"; session.set_secret(\"{}\") }}",
            fixture.folder.display(),
            fixture.secret
        ),
        access: "set $reason \"\";\n            access_by_lua_block { session.guard() }",
    };
    start(ground, "nginx-jwt", &check, tunables)
}

const MODULES: [&str; 2] = ["ndk_http_module.so", "ngx_http_lua_module.so"];

/// Where this nginx keeps its modules: it tells how it was configured on standard error.
fn modules_folder() -> Result<std::path::PathBuf> {
    let output = Command::new(program()?).arg("-V").output()?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let folder = told
        .split_whitespace()
        .find_map(|word| word.strip_prefix("--modules-path="))
        .context("nginx -V names no --modules-path")?;
    Ok(folder.into())
}

/// Debian keeps nginx where a user's `PATH` may not look.
fn program() -> Result<std::path::PathBuf> {
    let debian = Path::new("/usr/sbin/nginx");
    process::find_program("nginx")
        .or_else(|| debian.is_file().then(|| debian.to_path_buf()))
        .context("no nginx; install with: sudo apt-get install nginx")
}

/// TLS before the bucket; gives its address.
///
/// # Errors
/// When nginx is not installed or does not start.
pub(super) fn terminator(
    fixture: &Fixture<'_>,
    certificate: &Path,
    key: &Path,
) -> Result<(SocketAddr, Server)> {
    let (name, address) = ("terminator", free_address()?);
    let configuration = common(TERMINATOR, fixture, name, address)
        .replace("{upstream}", &fixture.bucket.address().to_string())
        .replace("{certificate}", &certificate.display().to_string())
        .replace("{key}", &key.display().to_string());
    Ok((
        address,
        run(fixture, name, &configuration, address, OsStr::new(""))?,
    ))
}

fn start(
    ground: &Ground<'_>,
    name: &'static str,
    check: &Check,
    tunables: &OsStr,
) -> Result<Contender> {
    let kept = ground.fixture.folder.join(format!("{name}-cache"));
    if kept.exists() {
        // What an earlier run has left is not cold.
        fs::remove_dir_all(kept)?;
    }
    let address = free_address()?;
    let configuration = render(ground, name, check, address);
    let server = run(ground.fixture, name, &configuration, address, tunables)?;
    Ok(Contender::new(name, ground.mode.scheme(), address, server))
}

fn run(
    fixture: &Fixture<'_>,
    name: &str,
    configuration: &str,
    address: SocketAddr,
    tunables: &OsStr,
) -> Result<Server> {
    let file = fixture.folder.join(name).with_extension("conf");
    fs::write(&file, configuration)?;
    let log = fs::File::create(fixture.folder.join(name).with_extension("error.log"))?;
    let mut server = Server::spawn(
        Command::new(program()?)
            .arg("-c")
            .arg(&file)
            .arg("-p")
            .arg(&fixture.folder)
            .env("GLIBC_TUNABLES", tunables)
            .stdin(Stdio::null())
            .stderr(log),
    )?;
    wait_until_listening(&mut server, address)
        .with_context(|| format!("{name} does not start, see {name}.error.log"))?;
    Ok(server)
}

fn render(ground: &Ground<'_>, name: &str, check: &Check, address: SocketAddr) -> String {
    let folder = ground.fixture.folder.display().to_string();
    // Workers of the superuser's nginx would be another user's, who may not read this folder.
    let user = match rustix::process::geteuid().is_root() {
        true => "user root;",
        false => "",
    };
    let mut configuration = common(TEMPLATE, ground.fixture, name, address)
        .replace("{user}", user)
        .replace("{modules}", &check.modules)
        .replace("{init}", &check.init)
        .replace("{access}", check.access)
        .replace("{scheme}", ground.mode.scheme());
    let (cache, cached) = match ground.mode.cache {
        true => (
            format!(
                "proxy_cache_path {folder}/{name}-cache levels=1:2 keys_zone=hot:10m max_size=1g inactive=1h \
                 use_temp_path=off;"
            ),
            "proxy_cache hot; proxy_cache_valid 200 1h; proxy_cache_key $uri; proxy_cache_lock on;",
        ),
        false => (String::new(), ""),
    };
    configuration = configuration
        .replace("{cache}", &cache)
        .replace("{cached}", cached);
    match ground.encrypted {
        Some(Encrypted {
            certificate,
            key,
            bucket,
            ..
        }) => {
            let (certificate, key) = (certificate.display(), key.display());
            configuration
                .replace("{upstream}", &bucket.to_string())
                .replace("{ssl}", " ssl http2")
                .replace(
                    "{certificate}",
                    &format!(
                        "ssl_certificate {certificate}; ssl_certificate_key {key}; \
                         ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:sessions:10m;"
                    ),
                )
                .replace(
                    "{trust}",
                    &format!(
                        "proxy_ssl_trusted_certificate {certificate}; proxy_ssl_verify on; \
                         proxy_ssl_name 127.0.0.1; proxy_ssl_protocols TLSv1.2 TLSv1.3;"
                    ),
                )
        }
        None => configuration
            .replace("{upstream}", &ground.fixture.bucket.address().to_string())
            .replace("{ssl}", "")
            .replace("{certificate}", "")
            .replace("{trust}", ""),
    }
}

/// What every configuration has.
fn common(template: &str, fixture: &Fixture<'_>, name: &str, address: SocketAddr) -> String {
    let folder = fixture.folder.display().to_string();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{name}-{kind};"))
        .join("\n    ");
    template
        .replace("{name}", name)
        .replace("{folder}", &folder)
        .replace("{temporary}", &temporary)
        .replace("{listen}", &address.to_string())
}

/// nginx cannot say which port it was given, so one that is free a moment before is taken.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn wait_until_listening(server: &mut Server, address: SocketAddr) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        if server.has_ended() {
            bail!("it ended");
        }
        thread::sleep(Duration::from_millis(5));
    }
    bail!("nobody listens on {address} after {PATIENCE:?}")
}
