//! `reelgate videos add`: registered, uploaded, and encoded if it is wished.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    PATH, name, path, print,
    row::Row,
    start,
    upload::{self, Ticket},
    wait::WaitArgs,
};
use crate::{
    exit::{Failure, Kind},
    gate_api::{Gate, GateArgs, Refused},
    signals,
};

/// Arguments of `reelgate videos add`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The film; none where the original is in the bucket already, which --key then names
    #[arg(value_name = "FILE", required_unless_present = "key")]
    film: Option<PathBuf>,
    /// What the video is called; made from the film's name unless given
    #[arg(long, value_name = "ID", value_parser = name::id)]
    id: Option<String>,
    /// Where it goes in the bucket; uploads/ID/FILE unless given
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Something to keep with it; may be given more than once
    #[arg(long, value_name = "NAME=VALUE", value_parser = meta)]
    meta: Vec<(String, String)>,
    /// Have Stream encode it when it is in the bucket
    #[arg(long)]
    encode: bool,
    #[command(flatten)]
    wait: WaitArgs,
    /// Print the row as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    gate: GateArgs,
}

/// The answer to a registration.
#[derive(Deserialize)]
struct Registered {
    upload: Option<Ticket>,
    #[serde(flatten)]
    row: Row,
}

/// A film, and what it shall be.
struct Film {
    /// On this machine, with its size in bytes; `None` when it is in the bucket already.
    file: Option<(PathBuf, u64)>,
    id: String,
    key: String,
}

/// Registers, uploads, and encodes if it is wished.
pub(super) async fn run(args: Args) -> Result<(), Failure> {
    if args.wait.is_asked() && !args.encode {
        let failure = Failure::new(Kind::Usage, "there is nothing to wait for without --encode");
        return Err(failure.with_help("give --encode too, or leave --wait out"));
    }
    let gate = Gate::new(&args.gate)?;
    let film = Film::find(&args)?;
    let stop = signals::stop_requested().map_err(|error| Failure::new(Kind::Failed, error))?;
    let registered = register(&gate, &film, &args.meta).await?;
    let uploaded = tokio::select! {
        uploaded = bring(&gate, &film, registered.upload.as_ref()) => uploaded,
        () = stop => Err(Failure::new(Kind::Failed, "interrupted")),
    };
    if let Err(failure) = uploaded {
        return Err(take_back(&gate, &film, failure).await);
    }
    let mut row = registered.row;
    if args.encode {
        row = encode(&gate, &film).await?;
        row = args.wait.until_over(&gate, row).await?;
    }
    print(&row, args.json)?;
    row.verdict(args.wait.is_asked())
}

/// Uploads the film if it is on this machine.
async fn bring(gate: &Gate, film: &Film, ticket: Option<&Ticket>) -> Result<(), Failure> {
    let Some((path, size)) = &film.file else {
        return Ok(());
    };
    let uploaded = match ticket {
        Some(ticket) => upload::upload(gate.client(), ticket, path, *size).await,
        None => Err(upload::Error::Ticket),
    };
    uploaded.map_err(|error| refused(gate, error))
}

impl Film {
    fn find(args: &Args) -> Result<Self, Failure> {
        let path = args.film.clone();
        let file = path.map(|path| size(&path).map(|size| (path, size)));
        let file = file.transpose()?;
        let named = file.as_ref().map(|(path, _)| path.as_path());
        let named = named.or(args.key.as_deref().map(Path::new));
        let id = args.id.clone().or_else(|| name::id_of(named?));
        let id = id.ok_or_else(|| {
            usage(
                "no id can be made from the film's name",
                "give one with --id",
            )
        })?;
        let key = args.key.clone().or_else(|| name::key_of(&id, named?));
        let key = key.ok_or_else(|| {
            usage(
                "no key can be made from the film's name",
                "give one with --key",
            )
        })?;
        Ok(Self { file, id, key })
    }
}

fn usage(error: &'static str, help: &str) -> Failure {
    Failure::new(Kind::Usage, error).with_help(help)
}

fn size(path: &Path) -> Result<u64, Failure> {
    let wrong = |what: String| {
        let error = format!("{} {what}", path.display());
        Failure::new(Kind::Failed, error).with_help("name a film that you may read")
    };
    let metadata = std::fs::metadata(path);
    let metadata = metadata.map_err(|error| wrong(format!("cannot be read: {error}")))?;
    match metadata.len() {
        _ if !metadata.is_file() => Err(wrong("is not a file".to_owned())),
        0 => Err(wrong("is empty".to_owned())),
        size => Ok(size),
    }
}

async fn register(
    gate: &Gate,
    film: &Film,
    meta: &[(String, String)],
) -> Result<Registered, Failure> {
    let meta = meta
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)));
    let mut body = json!({
        "id": film.id,
        "source_key": film.key,
        "meta": meta.collect::<Map<String, Value>>(),
    });
    if let Some((path, size)) = &film.file {
        body["upload"] = json!(true);
        body["size"] = json!(size);
        body["content_type"] = json!(name::content_type(path));
    }
    let registered = gate.ask(Method::POST, PATH, Some(&body)).await;
    registered.map_err(|refused| match &refused {
        Refused::Problem(problem) if problem.status == StatusCode::CONFLICT => {
            let id = &film.id;
            let help = format!(
                "give another --id, or look at the one there is with `reelgate videos show {id}`, or forget it with `reelgate videos rm {id}`"
            );
            Failure::new(Kind::Failed, refused).with_help(help)
        }
        _ => refused.into(),
    })
}

/// The film is in the bucket by now, whatever becomes of this.
async fn encode(gate: &Gate, film: &Film) -> Result<Row, Failure> {
    let started = start(gate, &film.id, "encode").await;
    started.inspect_err(|_| {
        let (id, key) = (&film.id, &film.key);
        // Who does not read it has the error yet.
        let _ = writeln!(
            io::stderr().lock(),
            "{id} is uploaded as {key}; to begin later: reelgate videos encode {id}"
        );
    })
}

fn refused(gate: &Gate, error: upload::Error) -> Failure {
    let help = match &error {
        upload::Error::Film(_) | upload::Error::Changed => "add it again when it is complete",
        upload::Error::Ticket => "use a `reelgate` of the gate's version",
        upload::Error::Unreached(_) => {
            "check that this machine reaches the gate's bucket (s3_endpoint), then add it again"
        }
        upload::Error::Refused { .. } => {
            "check that the gate's key pair may write objects to the bucket, then add it again"
        }
    };
    let failure = Failure::new(Kind::Failed, error);
    failure.with_help(format!("{help} (gate: {})", gate.base()))
}

/// A video without a film would be in the way of the next try.
async fn take_back(gate: &Gate, film: &Film, failure: Failure) -> Failure {
    match gate.tell(Method::DELETE, &path(&film.id)).await {
        Ok(()) => failure,
        Err(_) => failure.with_help(format!(
            "forget it with `reelgate videos rm {}`, then add it again",
            film.id
        )),
    }
}

fn meta(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("give it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
