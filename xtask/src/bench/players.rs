//! What viewers notice: 200 players of a real ladder, how soon each begins and how often one waits.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use m3u8_rs::{AlternativeMediaType, MasterPlaylist, MediaPlaylist};

use super::Args;
use super::contender::{Contender, Field, Ground};
use super::mode::Mode;
use super::packaging::ffmpeg;
use super::table::{Budget, Row, Table};
use crate::bundle;
use crate::process;
use crate::testbed::client::Client;
use crate::testbed::fixture::{BUCKET, Fixture, GAME};
use crate::testbed::spread::Spread;

/// Players at once.
const PLAYERS: u32 = 200;
/// From one player's first request to that of the next.
const APART: Duration = Duration::from_millis(10);
/// How far a player reads ahead.
const AHEAD: Duration = Duration::from_secs(12);
/// How long the film is, and each player watches.
const FILM: Duration = Duration::from_secs(24);

/// Adds the rows of all who check a session, one after the other, each with a cache.
///
/// # Errors
/// When the film cannot be packaged, or a player is not given all of it.
pub(super) fn measure(fixture: &Fixture<'_>, args: &Args, table: &mut Table) -> Result<()> {
    if !args.wants("players") {
        return Ok(());
    }
    if process::find_program("ffmpeg").is_none() {
        eprintln!("bench: no players without ffmpeg; install with: sudo apt-get install ffmpeg");
        return Ok(());
    }
    eprintln!("bench: players");
    let objects = packaged(fixture)?;
    let fixture = Fixture::with(fixture.workspace, "bench", &args.serve, objects)?;
    let field = Field::start(&Ground {
        fixture: &fixture,
        mode: Mode::PLAIN_HOT,
        encrypted: None,
    })?;
    let reelgate = crowd(&fixture, &field.reelgate)?;
    let nginx_jwt = field.nginx_jwt.as_ref();
    let nginx_jwt = nginx_jwt.map(|other| crowd(&fixture, other)).transpose()?;
    type Figure = fn(&[Viewed]) -> f64;
    let figures: [(&str, &str, Budget, Figure); 3] = [
        (
            "200 players of a ladder: half begin within",
            "ms",
            Budget::None,
            |all| begun(all, 50),
        ),
        ("… 99 of 100 begin within", "ms", Budget::None, |all| {
            begun(all, 99)
        }),
        (
            "… stalls of all together",
            "",
            Budget::AtMost(0.0),
            |all| f64::from(all.iter().map(|viewed| viewed.stalls).sum::<u32>()),
        ),
    ];
    for (what, unit, budget, figure) in figures {
        let of = |all: &Vec<Viewed>| Spread::of(&[figure(all)]);
        table.add(Row {
            reelgate: of(&reelgate),
            nginx_jwt: nginx_jwt.as_ref().and_then(of),
            ..Row::ours("players", what, unit, &[], budget)
        });
    }
    Ok(())
}

/// What one viewer noticed.
#[derive(Clone, Copy, Debug)]
struct Viewed {
    /// From the first request to the first segment of every track.
    begun: Duration,
    /// How often the picture stood because the next segment was not there.
    stalls: u32,
}

/// Milliseconds within which so many of 100 players began.
fn begun(all: &[Viewed], of_100: usize) -> f64 {
    let mut begun: Vec<Duration> = all.iter().map(|viewed| viewed.begun).collect();
    begun.sort();
    let last = (begun.len() * of_100).div_ceil(100).saturating_sub(1);
    begun
        .get(last)
        .map_or(0.0, |begun| begun.as_secs_f64() * 1e3)
}

/// Has all players watch the film.
fn crowd(fixture: &Fixture<'_>, contender: &Contender) -> Result<Vec<Viewed>> {
    let cookie = fixture.cookie();
    thread::scope(|scope| {
        let players: Vec<_> = (0..PLAYERS)
            .map(|number| {
                let player = Player::new(contender.address, &cookie, number);
                thread::sleep(APART);
                scope.spawn(move || player.watch())
            })
            .collect();
        let viewed = players.into_iter().map(|player| match player.join() {
            Ok(viewed) => viewed,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        viewed.collect::<Result<_>>()
    })
    .with_context(|| format!("a player of {}", contender.name))
}

/// A player that keeps the quality it began with.
struct Player<'a> {
    address: SocketAddr,
    cookie: &'a str,
    number: u32,
}

/// One track: where its playlist is, and what is in it.
struct Track {
    folder: String,
    playlist: MediaPlaylist,
}

impl<'a> Player<'a> {
    fn new(address: SocketAddr, cookie: &'a str, number: u32) -> Self {
        Self {
            address,
            cookie,
            number,
        }
    }

    fn watch(&self) -> Result<Viewed> {
        let mut client = Client::connect(self.address)?;
        let start = Instant::now();
        let tracks = self.tracks(&mut client)?;
        let picture = tracks.first().context("no picture")?;
        let mut viewed = Viewed {
            begun: Duration::ZERO,
            stalls: 0,
        };
        // When the picture stands, unless more comes; and how much is there.
        let (mut ends, mut there) = (start, Duration::ZERO);
        for (number, segment) in picture.playlist.segments.iter().enumerate() {
            for track in &tracks {
                if let Some(segment) = track.playlist.segments.get(number) {
                    self.get(&mut client, &format!("{}{}", track.folder, segment.uri))?;
                }
            }
            let now = Instant::now();
            if number == 0 {
                viewed.begun = now - start;
                ends = now;
            } else if now > ends {
                viewed.stalls += 1;
                ends = now;
            }
            let length = Duration::from_secs_f32(segment.duration);
            ends += length;
            there += length;
            thread::sleep(ends.saturating_duration_since(now).saturating_sub(AHEAD));
        }
        ensure!(
            there + Duration::from_secs(1) > FILM,
            "only {there:?} of the film"
        );
        Ok(viewed)
    }

    /// The picture in one of the qualities, each player in the next, and its sound.
    fn tracks(&self, client: &mut Client) -> Result<Vec<Track>> {
        let master = format!("/games/{GAME}/master.m3u8");
        let text = self.get(client, &master)?;
        let (
            _,
            MasterPlaylist {
                variants,
                alternatives,
                ..
            },
        ) = m3u8_rs::parse_master_playlist(&text)
            .map_err(|error| anyhow::anyhow!("no master playlist: {error}"))?;
        let variants: Vec<_> = variants.iter().filter(|it| !it.is_i_frame).collect();
        let variant = variants
            .get(self.number as usize % variants.len().max(1))
            .context("a ladder without rungs")?;
        let sound = alternatives.iter().find(|it| {
            it.media_type == AlternativeMediaType::Audio
                && Some(&it.group_id) == variant.audio.as_ref()
        });
        let addresses =
            std::iter::once(&variant.uri).chain(sound.and_then(|sound| sound.uri.as_ref()));
        addresses
            .map(|address| self.track(client, &format!("/games/{GAME}/{address}")))
            .collect()
    }

    fn track(&self, client: &mut Client, path: &str) -> Result<Track> {
        let text = self.get(client, path)?;
        let (_, playlist) = m3u8_rs::parse_media_playlist(&text)
            .map_err(|error| anyhow::anyhow!("{path} is no playlist: {error}"))?;
        let (folder, _) = path.rsplit_once('/').unwrap_or_default();
        let folder = format!("{folder}/");
        let init = playlist
            .segments
            .first()
            .and_then(|first| first.map.as_ref());
        if let Some(init) = init {
            self.get(client, &format!("{folder}{}", init.uri))?;
        }
        Ok(Track { folder, playlist })
    }

    fn get(&self, client: &mut Client, path: &str) -> Result<Vec<u8>> {
        let answer = client.get(path, self.cookie)?;
        ensure!(answer.status == 200, "{path} is {}", answer.status);
        Ok(answer.body)
    }
}

/// The film as `reelgate package --ladder abr` leaves it in a bucket, made once: paths and contents.
fn packaged(fixture: &Fixture<'_>) -> Result<Vec<(String, Vec<u8>)>> {
    let data = fixture.folder.join("ladder");
    let bucket = data.join(BUCKET);
    if !bucket
        .join("games")
        .join(GAME)
        .join("master.m3u8")
        .is_file()
    {
        let words = ["--game", GAME, "--ladder", "abr", "--no-thumbnails"];
        let program = fixture.workspace.reelgate();
        bundle::package(&program, &film(fixture)?, &data, BUCKET, &words)?;
    }
    let files = bundle::files(&bucket.join("games"))?;
    files
        .iter()
        .map(|file| {
            let path = file.strip_prefix(&bucket)?;
            Ok((format!("/{}", path.display()), fs::read(file)?))
        })
        .collect()
}

fn film(fixture: &Fixture<'_>) -> Result<PathBuf> {
    let film = fixture.folder.join("ladder.mp4");
    let seconds = FILM.as_secs().to_string();
    ffmpeg(|ffmpeg| {
        ffmpeg
            .args(["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25"])
            .args(["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"])
            .args(["-t", &seconds, "-c:v", "libx264", "-preset", "ultrafast"])
            .args([
                "-b:v", "5M", "-pix_fmt", "yuv420p", "-g", "50", "-c:a", "aac",
            ])
            .arg(&film)
    })?;
    Ok(film)
}
