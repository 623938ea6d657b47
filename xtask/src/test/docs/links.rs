//! Every link from one document to another leads somewhere.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use anyhow::{Result, bail};

use super::markdown::Page;

/// Checks the links of all pages that stay in the checkout: the file is there, and so is the heading. Nothing is
/// asked of other hosts.
///
/// # Errors
/// When links lead nowhere; all are listed.
pub(super) fn check(root: &Path, pages: &[Page]) -> Result<()> {
    let known: HashMap<&str, &Page> = pages
        .iter()
        .map(|page| (page.name.as_str(), page))
        .collect();
    let mut checked = 0;
    let mut wrong = Vec::new();
    for page in pages {
        for link in page.links.iter().filter(|link| !link.contains(':')) {
            checked += 1;
            if let Some(why) = trouble(root, &known, page, link) {
                wrong.push(format!("{}: {link}: {why}", page.name));
            }
        }
    }
    println!("{checked} links checked");
    if !wrong.is_empty() {
        bail!("\n{}", wrong.join("\n"));
    }
    Ok(())
}

/// Why a link leads nowhere.
fn trouble(
    root: &Path,
    known: &HashMap<&str, &Page>,
    from: &Page,
    link: &str,
) -> Option<&'static str> {
    let (path, anchor) = match link.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (link, None),
    };
    let name = match path {
        "" => from.name.clone(),
        path => joined(&from.name, path),
    };
    if !root.join(&name).exists() {
        return Some("there is no such file");
    }
    let page = known.get(name.as_str())?;
    match anchor {
        Some(anchor) if !page.anchors.contains(anchor) => Some("there is no such heading"),
        _ => None,
    }
}

/// The path below the root that `path` means in the page `from`.
fn joined(from: &str, path: &str) -> String {
    let mut joined = PathBuf::new();
    let folder = Path::new(from).parent().unwrap_or(Path::new(""));
    for component in folder.join(path).components() {
        match component {
            Component::ParentDir => drop(joined.pop()),
            Component::Normal(name) => joined.push(name),
            _ => {}
        }
    }
    joined.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{HashMap, Page, Path, trouble};

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let page = Page::parse("src/a.md", "# Here it is\n");
        let known = HashMap::from([("src/main.rs", &page)]);
        for (link, is_good) in [
            ("main.rs", true),
            ("../Cargo.toml", true),
            ("main.rs#here-it-is", true),
            ("main.rs#there", false),
            ("nowhere.rs", false),
        ] {
            assert_eq!(
                trouble(root, &known, &page, link).is_none(),
                is_good,
                "{link}"
            );
        }
    }
}
