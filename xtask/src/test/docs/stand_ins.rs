//! What a tutorial takes for granted, for a run on this machine alone: a bucket, free ports, a program on the `PATH`.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::testbed::host::listening_address;
use crate::testbed::server::Server;
use crate::workspace::Workspace;

/// The ports that pages name, which are those of the defaults: gate, page, Stream, portal.
const PORTS: [u16; 4] = [8787, 8788, 8789, 8790];

/// The bucket, as pages name it.
const BUCKET: &str = "films";

/// Stands before the program on the `PATH`.
pub(super) struct StandIns {
    /// What a shell finds programs by.
    pub(super) path: String,
    ports: Vec<(u16, u16)>,
}

impl StandIns {
    /// Chooses ports, and puts a program `reelgate` into `folder`: the `bundled` one, on these ports where it has
    /// defaults.
    ///
    /// # Errors
    /// When no port is free, or the folder cannot be written.
    pub(super) fn new(workspace: &Workspace, bundled: &Path, folder: &Path) -> Result<Self> {
        let ports = PORTS.map(|port| Ok((port, free_port()?)));
        let ports = ports.into_iter().collect::<Result<Vec<_>>>()?;
        let kept = workspace.in_target("journeys/docs");
        fs::create_dir_all(&kept).with_context(|| format!("cannot make {}", kept.display()))?;
        let program = folder.join("reelgate");
        fs::write(&program, script(bundled, &ports, &kept))?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        let path = std::env::var("PATH").context("no PATH")?;
        let path = format!("{}:{path}", folder.display());
        Ok(Self { path, ports })
    }

    /// A block with the ports of this run.
    pub(super) fn here(&self, text: &str) -> String {
        self.ports
            .iter()
            .fold(text.to_owned(), |text, (named, ours)| {
                text.replace(&format!("127.0.0.1:{named}"), &format!("127.0.0.1:{ours}"))
            })
    }
}

/// The sample film is made once: each page that wants one gets a copy.
fn script(program: &Path, ports: &[(u16, u16)], kept: &Path) -> String {
    let ours = |port| {
        let ours = ports.iter().find(|(named, _)| *named == port);
        ours.map_or(0, |(_, ours)| *ours)
    };
    let program = program.display();
    let sample = kept.join("sample.mp4");
    let sample = sample.display();
    format!(
        "#!/usr/bin/env bash\n\
         set -euo pipefail\n\
         case \"$*\" in\n\
         *--help*) exec '{program}' \"$@\" ;;\n\
         up*--stream*) set -- \"$@\" --stream-port {} ;;&\n\
         up*) exec '{program}' \"$@\" --port {} --page-port {} --portal-port {} ;;\n\
         serve*) exec '{program}' \"$@\" --listen 127.0.0.1:{} ;;\n\
         sample*) test -e '{sample}' || '{program}' sample '{sample}'; exec cp '{sample}' \"$2\" ;;\n\
         *) exec '{program}' \"$@\" ;;\n\
         esac\n",
        ours(8789),
        ours(8787),
        ours(8788),
        ours(8790),
        ours(8787),
    )
}

/// An empty bucket, and the `gate.env` that leads to it.
///
/// # Errors
/// When it cannot be started.
pub(super) fn bucket(workspace: &Workspace, folder: &Path) -> Result<Server> {
    let data = folder.with_extension("bucket");
    let mut command = Command::new(workspace.reelgate());
    command
        .args(["s3", "--listen", "127.0.0.1:0", "--bucket", BUCKET])
        .args([
            "--access-key-id",
            "tutorial",
            "--secret-access-key",
            "tutorial",
            "--data",
        ])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut server = Server::spawn(&mut command)?;
    let address = listening_address(&mut server)?;
    let settings = format!(
        "SPIN_VARIABLE_S3_ENDPOINT=http://{address}\n\
         SPIN_VARIABLE_S3_BUCKET={BUCKET}\n\
         SPIN_VARIABLE_S3_ACCESS_KEY_ID=tutorial\n\
         SPIN_VARIABLE_S3_SECRET_ACCESS_KEY=tutorial\n\
         SPIN_VARIABLE_PLAYBACK_TOKEN_SECRET=a-secret-of-the-tutorials-0123456789\n\
         SPIN_VARIABLE_ALLOWED_ORIGINS=https://portal.example\n"
    );
    fs::write(folder.join("gate.env"), settings)?;
    Ok(server)
}

/// A port that is free now. What the kernel gives out by itself it does not give to others at once.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
    Ok(listener.local_addr()?.port())
}
