//! Every `sh` block of the tutorials and guides runs, as a reader would run it (CONTRIBUTING.md, "Documents").

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::markdown::{Block, Page};
use super::shell::{Service, Shell, missing, terminal};
use super::stand_ins::{self, StandIns};
use crate::bundle;
use crate::workspace::Workspace;

/// The folders of pages that are run.
const FOLDERS: [&str; 2] = ["docs/tutorials/", "docs/guides/"];

/// Runs the pages, each as for somebody who has nothing but the program and ffmpeg.
///
/// # Errors
/// When a command of one fails, or prints something else than the page says; every such page is listed.
pub(super) fn run(workspace: &Workspace, pages: &[Page]) -> Result<()> {
    let folder = workspace.in_target("journeys/docs/pages");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    let program = bundle::run(workspace)?;
    let is_run = |page: &&Page| FOLDERS.iter().any(|folder| page.name.starts_with(folder));
    let mut wrong = Vec::new();
    for page in pages.iter().filter(is_run) {
        let start = Instant::now();
        let outcome = follow(
            workspace,
            &program,
            page,
            &folder.join(page.name.replace('/', "-")),
        );
        match outcome {
            Ok(0) => {}
            Ok(blocks) => println!(
                "{}: {blocks} blocks, {:.1} s",
                page.name,
                start.elapsed().as_secs_f64()
            ),
            Err(error) => wrong.push(format!("{}: {error:#}", page.name)),
        }
    }
    if !wrong.is_empty() {
        bail!("\n{}", wrong.join("\n"));
    }
    Ok(())
}

/// How many blocks of the page were run.
fn follow(workspace: &Workspace, program: &Path, page: &Page, place: &Path) -> Result<usize> {
    let steps = steps(page)?;
    if steps.is_empty() {
        return Ok(0);
    }
    let (bin, folder) = (place.join("bin"), place.join("folder"));
    fs::create_dir_all(&bin)?;
    fs::create_dir_all(&folder)?;
    let stand_ins = StandIns::new(workspace, program, &bin)?;
    let needs_bucket = steps
        .iter()
        .any(|step| step.block.text.contains("gate.env"));
    let _bucket = match needs_bucket {
        true => Some(stand_ins::bucket(workspace, &folder)?),
        false => None,
    };
    let terminal = terminal(&folder, &stand_ins.path);
    let mut shell = Shell::open(&terminal)?;
    let mut services = Vec::new();
    for step in &steps {
        let commands = stand_ins.here(&step.block.text);
        let expected = stand_ins.here(step.output.unwrap_or_default());
        let failed = || format!("in\n{commands}");
        if step.block.says("service") {
            services.push(Service::start(&terminal, &commands, &expected).with_context(failed)?);
            continue;
        }
        let printed = shell.run(&commands).with_context(failed)?;
        if let Some(line) = missing(&expected, &printed) {
            bail!(
                "in\n{commands}\nit does not print `{line}`, but\n{}",
                printed.join("\n")
            );
        }
    }
    Ok(steps.len())
}

/// A block that is run, and what the page says that it prints.
struct Step<'a> {
    block: &'a Block,
    output: Option<&'a str>,
}

/// The blocks of a page that are run, in order.
///
/// # Errors
/// When it cannot be known when a service is ready, or output belongs to no block.
fn steps(page: &Page) -> Result<Vec<Step<'_>>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for block in &page.blocks {
        if block.is("sh") && !block.says("checked") {
            steps.push(Step {
                block,
                output: None,
            });
        } else if block.is("text") && block.says("output") {
            let step = steps.last_mut().filter(|step| step.output.is_none());
            step.context("output of no block")?.output = Some(&block.text);
        }
    }
    let silent = steps
        .iter()
        .find(|step| step.block.says("service") && step.output.is_none());
    if let Some(step) = silent {
        bail!("nothing says when this is ready:\n{}", step.block.text);
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::{Page, steps};

    #[test]
    fn a_page_is_read_as_steps() {
        let page = "```sh\necho a\n```\n```text output\na\n```\n```text\nb\n```\n```sh checked\nspin up\n```\n```sh\ntrue\n```\n";
        let page = Page::parse("page.md", page);
        let steps = steps(&page).unwrap();
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[0].output, Some("a\n"));
        assert_eq!(steps[1].output, None);
    }

    #[test]
    fn a_service_says_when_it_is_ready() {
        assert!(steps(&Page::parse("page.md", "```sh service\nreelgate up\n```\n")).is_err());
        assert!(steps(&Page::parse("page.md", "```text output\na\n```\n")).is_err());
    }
}
