//! A container image, written without a daemon: an OCI image layout in a tar (OCI image format specification
//! 1.1), which `docker load`, `podman load` and `skopeo copy oci-archive:` read.
//!
//! It holds the program for glibc, the libraries that it is linked with, and the certificates of public authorities;
//! no shell, no package manager. It runs as user 65532, and its root may be read-only: state and cache are volumes.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::archive::{self, Packing};
use super::platform::GLIBC;
use super::{Release, hex};
use crate::process;

/// The certificates of public authorities, as Debian has them.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Under which terms the libraries are that come from Debian, and the texts that are named there.
const COPYRIGHT: [&str; 6] = [
    "/usr/share/common-licenses/GFDL-1.2",
    "/usr/share/common-licenses/GPL-2",
    "/usr/share/common-licenses/GPL-3",
    "/usr/share/common-licenses/LGPL-2.1",
    "/usr/share/doc/libc6/copyright",
    "/usr/share/doc/libgcc-s1/copyright",
];

/// Where the program's own papers are.
const PAPERS: &str = "usr/share/doc/reelgate";

/// Whoever it runs as; nobody else's number on most systems.
const USER: &str = "65532:65532";

/// Writes `NAME.oci.tar`.
///
/// # Errors
/// When a tool fails.
pub(super) fn write(release: &Release<'_>) -> Result<()> {
    let layout = release.workspace.in_target("distribution-image");
    if layout.exists() {
        fs::remove_dir_all(&layout)?;
    }
    let blobs = layout.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    let (layer, layer_tar) = layer(release, &layout)?;
    let layer = Blob::new(layer, "application/vnd.oci.image.layer.v1.tar+gzip");
    let config = Blob::json(
        &config(release, &layer_tar),
        "application/vnd.oci.image.config.v1+json",
    )?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config.descriptor(),
        "layers": [layer.descriptor()],
    });
    let manifest = Blob::json(&manifest, "application/vnd.oci.image.manifest.v1+json")?;
    let mut descriptor = manifest.descriptor();
    descriptor["annotations"] = json!({
        "org.opencontainers.image.ref.name": release.version,
        "io.containerd.image.name": format!("reelgate:{}", release.version),
    });
    for blob in [&layer, &config, &manifest] {
        fs::write(blobs.join(&blob.digest), &blob.bytes)?;
    }
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [descriptor],
    });
    fs::write(layout.join("index.json"), index.to_string())?;
    fs::write(
        layout.join("oci-layout"),
        json!({ "imageLayoutVersion": "1.0.0" }).to_string(),
    )?;
    write_layout(release, &layout)
}

/// What the container runs and as whom.
fn config(release: &Release<'_>, layer_tar: &[u8]) -> Value {
    let seconds = 1_000_000_000_u64;
    json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "User": USER,
            "ExposedPorts": { "8787/tcp": {} },
            "Env": [
                "STATE_DIRECTORY=/var/lib/reelgate",
                "CACHE_DIRECTORY=/var/cache/reelgate",
                format!("SSL_CERT_FILE={AUTHORITIES}"),
            ],
            "Entrypoint": ["/reelgate"],
            "Cmd": ["serve", "--listen", "0.0.0.0:8787"],
            "Volumes": { "/var/lib/reelgate": {}, "/var/cache/reelgate": {} },
            "StopSignal": "SIGTERM",
            // Of Docker's image format; OCI runtimes leave it alone.
            "Healthcheck": {
                "Test": ["CMD", "/reelgate", "health"],
                "Interval": 30 * seconds,
                "Timeout": 6 * seconds,
                "StartPeriod": 10 * seconds,
                "Retries": 3,
            },
            "Labels": {
                "org.opencontainers.image.title": "reelgate",
                "org.opencontainers.image.licenses": "Apache-2.0",
                "org.opencontainers.image.version": release.version,
                "org.opencontainers.image.revision": release.commit,
            },
        },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", hex(&Sha256::digest(layer_tar)))] },
    })
}

/// The one layer: compressed, and as it is.
fn layer(release: &Release<'_>, layout: &Path) -> Result<(Vec<u8>, Vec<u8>)> {
    let root = layout.with_extension("root").join("root");
    let outside = root.parent().context("no folder for the root")?;
    if outside.exists() {
        fs::remove_dir_all(outside)?;
    }
    for folder in ["tmp", "var/lib/reelgate", "var/cache/reelgate"] {
        fs::create_dir_all(root.join(folder))?;
    }
    let unpacked = release.out.join(release.name(GLIBC));
    let (program, papers) = (root.join("reelgate"), root.join(PAPERS));
    fs::copy(unpacked.join("reelgate"), &program)?;
    fs::create_dir_all(&papers)?;
    for paper in [
        "LICENSE",
        "NOTICE",
        "THIRD-PARTY-LICENSES.txt",
        "reelgate.cdx.json",
    ] {
        fs::copy(unpacked.join(paper), papers.join(paper))?;
    }
    copy_in(AUTHORITIES, &root).context("install with: sudo apt-get install ca-certificates")?;
    let linked = process::capture(Command::new("ldd").arg(&program))?;
    for file in libraries(&linked).chain(COPYRIGHT) {
        copy_in(file, &root)?;
    }
    let tar = layout.with_extension("layer.tar");
    tar_of_root(release, &root, &tar)?;
    let plain = fs::read(&tar)?;
    process::run(
        Command::new("gzip")
            .args(["-9", "--no-name", "--force"])
            .arg(&tar),
    )?;
    let packed = tar.with_extension("tar.gz");
    let layer = fs::read(&packed)?;
    fs::remove_file(packed)?;
    fs::remove_dir_all(outside)?;
    Ok((layer, plain))
}

/// Copies a file of this machine to the same place below `root`.
fn copy_in(file: &str, root: &Path) -> Result<()> {
    let copy = root.join(file.trim_start_matches('/'));
    fs::create_dir_all(copy.parent().unwrap_or(root))?;
    fs::copy(file, copy).with_context(|| format!("{file} is not there"))?;
    Ok(())
}

/// The files that `ldd` lists; the kernel brings the one that has no path.
fn libraries(linked: &str) -> impl Iterator<Item = &str> {
    linked
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
}

/// The folders that the program writes to are its own user's; the rest is root's.
fn tar_of_root(release: &Release<'_>, root: &Path, tar: &Path) -> Result<()> {
    let (user, _) = USER.split_once(':').unwrap_or((USER, USER));
    let of_root = Packing {
        folder: root,
        names: &["etc", "lib", "lib64", "reelgate", "usr"],
        owner: "0",
        append: false,
    };
    let of_user = Packing {
        folder: root,
        names: &["tmp", "var/cache/reelgate", "var/lib/reelgate"],
        owner: user,
        append: true,
    };
    archive::pack(release, &of_root, tar)?;
    archive::pack(release, &of_user, tar)
}

fn write_layout(release: &Release<'_>, layout: &Path) -> Result<()> {
    let packing = Packing {
        folder: layout,
        // Readers want the files at the archive's root.
        names: &["blobs", "index.json", "oci-layout"],
        owner: "0",
        append: false,
    };
    let tar = release.out.join(format!("{}.oci.tar", release.name(GLIBC)));
    archive::pack(release, &packing, &tar)
}

/// Something that is named by its hash.
struct Blob {
    bytes: Vec<u8>,
    digest: String,
    media_type: &'static str,
}

impl Blob {
    fn new(bytes: Vec<u8>, media_type: &'static str) -> Self {
        Self {
            digest: hex(&Sha256::digest(&bytes)),
            bytes,
            media_type,
        }
    }

    fn json(value: &Value, media_type: &'static str) -> Result<Self> {
        Ok(Self::new(serde_json::to_vec(value)?, media_type))
    }

    fn descriptor(&self) -> Value {
        json!({
            "mediaType": self.media_type,
            "digest": format!("sha256:{}", self.digest),
            "size": self.bytes.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::libraries;

    /// What `ldd` of glibc 2.36 prints.
    #[test]
    fn libraries_are_the_files_that_a_program_is_linked_with() {
        let linked = "\
	linux-vdso.so.1 (0x00007ffd2f5f9000)
	libgcc_s.so.1 => /lib/x86_64-linux-gnu/libgcc_s.so.1 (0x00007f1c2a6d0000)
	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f1c27a1f000)
	/lib64/ld-linux-x86-64.so.2 (0x00007f1c2a70b000)
";
        let files: Vec<_> = libraries(linked).collect();
        assert_eq!(
            files,
            [
                "/lib/x86_64-linux-gnu/libgcc_s.so.1",
                "/lib/x86_64-linux-gnu/libc.so.6",
                "/lib64/ld-linux-x86-64.so.2",
            ]
        );
    }
}
