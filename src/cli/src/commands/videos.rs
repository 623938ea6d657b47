//! `reelgate videos`: originals, from a terminal.

mod add;
mod name;
mod row;
mod upload;
mod wait;

#[cfg(test)]
mod tests;

use clap::Subcommand;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{
    exit::{self, Failure, Kind},
    gate_api::{Gate, GateArgs, Refused},
};
use row::{Page, Row};
use wait::WaitArgs;

/// Where the gate's API has the videos.
const PATH: &str = "/api/videos";

/// How many rows are asked for at once; the API gives no more.
const PAGE: usize = 200;

/// Arguments of `reelgate videos`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Register a film and upload it to the bucket
    Add(add::Args),
    /// List videos
    List(ListArgs),
    /// Show one video and its history
    Show(OneArgs),
    /// Have Stream encode a video whose original is in the bucket
    Encode(StepArgs),
    /// Have Stream encode a failed video again
    Retry(StepArgs),
    /// Forget videos; originals and what Stream made of them stay
    Rm(RmArgs),
}

#[derive(clap::Args)]
struct ListArgs {
    /// Only videos that are: uploading, queued, encoding, ready or failed
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// This many at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    gate: GateArgs,
}

#[derive(clap::Args)]
struct OneArgs {
    /// The video
    #[arg(value_name = "ID", value_parser = name::id)]
    id: String,
    /// Print the row as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    gate: GateArgs,
}

#[derive(clap::Args)]
struct StepArgs {
    #[command(flatten)]
    one: OneArgs,
    #[command(flatten)]
    wait: WaitArgs,
}

#[derive(clap::Args)]
struct RmArgs {
    /// The videos
    #[arg(value_name = "ID", required = true, value_parser = name::id)]
    ids: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    gate: GateArgs,
}

/// Runs the subcommand.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Add(args) => add::run(args).await,
        Command::List(args) => list(args).await,
        Command::Show(args) => show(args).await,
        Command::Encode(args) => step(args, "encode").await,
        Command::Retry(args) => step(args, "retry").await,
        Command::Rm(args) => rm(args).await,
    }
}

fn path(id: &str) -> String {
    format!("{PATH}/{id}")
}

async fn list(args: ListArgs) -> Result<(), Failure> {
    let gate = Gate::new(&args.gate)?;
    let most = args.limit.map_or(usize::MAX, |limit| limit as usize);
    let mut videos: Vec<Row> = Vec::new();
    let mut cursor = None;
    loop {
        let query = query(
            args.status.as_deref(),
            cursor.as_deref(),
            most - videos.len(),
        );
        let page: Page = gate.ask(Method::GET, &query, None).await?;
        videos.extend(page.videos);
        cursor = page.next_cursor;
        if cursor.is_none() || videos.len() >= most {
            break;
        }
    }
    videos.truncate(most);
    if args.json {
        return exit::print(&json!({"videos": videos, "next_cursor": cursor}).to_string());
    }
    exit::print(&row::table(&videos))
}

fn query(status: Option<&str>, cursor: Option<&str>, left: usize) -> String {
    let mut query = format!("{PATH}?limit={}", left.min(PAGE));
    for (name, value) in [("status", status), ("cursor", cursor)] {
        if let Some(value) = value {
            let value =
                percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            query.push_str(&format!("&{name}={value}"));
        }
    }
    query
}

async fn show(args: OneArgs) -> Result<(), Failure> {
    let gate = Gate::new(&args.gate)?;
    let row: Row = gate.ask(Method::GET, &path(&args.id), None).await?;
    print(&row, args.json)
}

async fn step(args: StepArgs, step: &str) -> Result<(), Failure> {
    let StepArgs { one, wait } = args;
    let gate = Gate::new(&one.gate)?;
    let row = start(&gate, &one.id, step).await?;
    let row = wait.until_over(&gate, row).await?;
    print(&row, one.json)?;
    row.verdict(wait.is_asked())
}

/// Starts an encoding, by `encode` or `retry`.
async fn start(gate: &Gate, id: &str, step: &str) -> Result<Row, Failure> {
    let path = format!("{}/{step}", path(id));
    let started = gate.ask(Method::POST, &path, None).await;
    started.map_err(|refused| match &refused {
        Refused::Problem(problem) if problem.status == StatusCode::CONFLICT => {
            let help = format!(
                "`reelgate videos show {id}` tells how far it is; `encode` begins with a new one, `retry` with a failed one"
            );
            Failure::new(Kind::Failed, refused).with_help(help)
        }
        _ => refused.into(),
    })
}

async fn rm(args: RmArgs) -> Result<(), Failure> {
    let gate = Gate::new(&args.gate)?;
    for id in &args.ids {
        gate.tell(Method::DELETE, &path(id)).await?;
        if !args.json {
            exit::print(&format!("{id} is forgotten"))?;
        }
    }
    if args.json {
        return exit::print(&json!({"removed": args.ids}).to_string());
    }
    Ok(())
}

fn print(row: &Row, json: bool) -> Result<(), Failure> {
    if json {
        return exit::print(&row.json()?);
    }
    exit::print(&row.text())
}
