"""What MkDocs makes of pages that are also read in the repository."""

import os
import re

FENCE = re.compile(r"^(```\w+) [\w ]+$", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#:\s]+)(#[^)\s]*)?\)")


def on_page_markdown(markdown, page, config, **_):
    """Takes the words behind a fence's language away, and names files outside the book instead of linking to them."""
    folder = os.path.dirname(page.file.abs_src_path)
    book = config["docs_dir"]

    def named(link):
        target = os.path.normpath(os.path.join(folder, link[2]))
        if target.startswith(book + os.sep):
            return link[0]
        return f"{link[1]} (`{os.path.relpath(target, os.path.dirname(book))}`)"

    return LINK.sub(named, FENCE.sub(r"\1", markdown))
