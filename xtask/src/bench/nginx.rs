//! nginx as it is compared with the gate: generated configuration, one process, ended by its id.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::contender::Contender;
use crate::process;
use crate::testbed::fixture::Fixture;
use crate::testbed::server::Server;

const TEMPLATE: &str = include_str!("nginx/proxy.conf");
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
pub(super) fn plain(fixture: &Fixture<'_>) -> Result<Contender> {
    start(fixture, "nginx", &Check::default())
}

/// The same with a full check of the session in LuaJIT.
///
/// # Errors
/// When nginx or its Lua module is not installed, or it does not start.
pub(super) fn with_jwt(fixture: &Fixture<'_>) -> Result<Contender> {
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
    start(fixture, "nginx-jwt", &check)
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

fn start(fixture: &Fixture<'_>, name: &'static str, check: &Check) -> Result<Contender> {
    let address = free_address()?;
    let configuration = fixture.folder.join(name).with_extension("conf");
    fs::write(&configuration, render(fixture, name, check, address))?;
    let log = fs::File::create(fixture.folder.join(name).with_extension("error.log"))?;
    let mut server = Server::spawn(
        Command::new(program()?)
            .arg("-c")
            .arg(&configuration)
            .arg("-p")
            .arg(&fixture.folder)
            .stdin(Stdio::null())
            .stderr(log),
    )?;
    wait_until_listening(&mut server, address)
        .with_context(|| format!("{name} does not start, see {name}.error.log"))?;
    Ok(Contender::new(name, address, server))
}

fn render(fixture: &Fixture<'_>, name: &'static str, check: &Check, address: SocketAddr) -> String {
    let folder = fixture.folder.display().to_string();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{name}-{kind};"))
        .join("\n    ");
    TEMPLATE
        .replace("{name}", name)
        .replace("{folder}", &folder)
        .replace("{temporary}", &temporary)
        .replace("{modules}", &check.modules)
        .replace("{init}", &check.init)
        .replace("{access}", check.access)
        .replace("{upstream}", &fixture.bucket.address().to_string())
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
