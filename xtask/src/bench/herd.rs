//! Many viewers at once who ask for what nobody has asked for before.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Args;
use super::contender::{Contender, Field};
use super::table::{Budget, Row, Table};
use crate::testbed::fixture::{self, Fixture, LARGE_BYTES};
use crate::testbed::open_files;
use crate::testbed::spread::Spread;

/// Viewers at once.
const VIEWERS: usize = 500;

/// No viewer waits so long, unless something hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Adds the row: how often the bucket was asked for one segment.
///
/// # Errors
/// When a viewer is not given the whole segment.
pub(super) fn measure(
    fixture: &Fixture<'_>,
    field: &Field,
    args: &Args,
    table: &mut Table,
) -> Result<()> {
    if !args.wants("herd") {
        return Ok(());
    }
    let what = "herd of 500 on a cold segment: requests to the bucket";
    eprintln!("bench: {what}");
    open_files::raise();
    let asked = |contender: Option<&Contender>| -> Result<Option<Spread>> {
        let Some(contender) = contender else {
            return Ok(None);
        };
        Ok(Spread::of(&[herd(fixture, contender)? as f64]))
    };
    table.add(Row {
        reelgate: asked(Some(&field.reelgate))?,
        nginx_jwt: asked(field.nginx_jwt.as_ref())?,
        nginx: asked(field.nginx.as_ref())?,
        ..Row::ours("herd", what, "", &[], Budget::AtMost(1.0))
    });
    Ok(())
}

/// How often the bucket was asked while all viewers got theirs.
fn herd(fixture: &Fixture<'_>, contender: &Contender) -> Result<u64> {
    let before = fixture.bucket.asked();
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\nConnection: close\r\n\r\n",
        fixture::cold(),
        contender.address,
        fixture.cookie()
    );
    let mut viewers = Vec::new();
    for _ in 0..VIEWERS {
        let viewer = TcpStream::connect(contender.address)?;
        viewer.set_read_timeout(Some(PATIENCE))?;
        viewers.push(viewer);
    }
    for viewer in &mut viewers {
        viewer.write_all(request.as_bytes())?;
    }
    let mut buffer = vec![0; 256 * 1024];
    for mut viewer in viewers {
        let mut bytes = 0;
        loop {
            let read = viewer.read(&mut buffer).context("a viewer waits in vain")?;
            if read == 0 {
                break;
            }
            bytes += read;
        }
        ensure!(
            bytes > LARGE_BYTES,
            "a viewer of {} got {bytes} bytes",
            contender.name
        );
    }
    Ok(fixture.bucket.asked() - before)
}
