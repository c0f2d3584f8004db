"""Configure the site that `make docs` builds from the Markdown files of the repository.

The files read well on a forge too: what only the site needs, such as the menu, is in `MENU` here. A link that leads
nowhere and a heading that is missing are errors. A page that stands in no group of the menu comes under "More".
"""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx

project = "Tandem"
html_title = "Tandem"
project_copyright = "2026 the Tandem founders, EUPL-1.2"
extensions = ["myst_parser"]
language = "en"

root_doc = "docs/index"
include_patterns = [
    "*.md",
    "docs/**.md",
    "services/**README.md",
    "shared/**README.md",
    "deploy/**README.md",
    "tests/**README.md",
]
exclude_patterns = ["node_modules", "build", ".*"]

# Headings are named in addresses as on a forge.
myst_heading_anchors = 4
highlight_language = "none"
nitpicky = True
suppress_warnings = ["misc.highlighting_failure"]  # a block may be part of a template

html_theme = "furo"
html_static_path = ["site"]
html_css_files = ["site.css"]
html_favicon = "../shared/web/static/mark.svg"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#173f5f",
        "color-brand-content": "#173f5f",
        "color-brand-visited": "#4c2c92",
    },
}
# The site begins at build/docs/index.html, one folder above its first page.
html_extra_path = ["site/index.html"]

MENU = {
    "docs/index": {
        "Your role": """
            docs/roles/officer docs/roles/host-and-mentor docs/roles/national-coordinator
            docs/roles/programme-coordinator docs/roles/evaluator-and-donor docs/roles/operator docs/roles/developer""",
        "Begin": "README CHANGELOG",
        "Figures": "docs/figures docs/disclosure docs/feeds",
        "Operating": "docs/operating docs/limits docs/file-formats deploy/cli/README docs/benchmarks",
        "API": "docs/api docs/webhooks docs/contracts/README",
        "Security": "docs/security SECURITY docs/threats/*",
        "Development": """
            docs/architecture CONTRIBUTING docs/glossary docs/recipes/README docs/design docs/decisions/README
            services/*/README services/matching/engine/README shared/*/README deploy/README deploy/local/README
            tests/readers/README docs/moved-modules""",
    },
    "docs/recipes/README": {"": "docs/recipes/add-*"},
    "docs/decisions/README": {"": "docs/decisions/0*"},
}
"""The menu: for a page, the groups of pages below it, each with its title and its pages in their order."""

TITLES = {
    "README": "Story and tour",
    "SECURITY": "Reporting a weakness",
    "deploy/cli/README": "Command line",
    "docs/disclosure": "Disclosure control",
    "docs/feeds": "Files for donors",
    "docs/file-formats": "File formats",
    "docs/operating": "Installing and operating",
}
"""Titles in the menu of pages whose headings are longer, or say too little there."""


def unlisted(pages: Iterable[str]) -> str:
    """Return the pages that stand nowhere in the menu, so that a new one can be found until it has its place."""
    listed = " ".join(" ".join(groups.values()) for groups in MENU.values()).split()
    return " ".join(sorted(page for page in pages if not any(fnmatch(page, each) for each in (root_doc, *listed))))


def add_menu(app: Sphinx, page: str, source: list[str]) -> None:
    """Add the pages below a page to the end of its text, for the menu only."""
    groups = dict(MENU.get(page, {}))
    if page == root_doc and (others := unlisted(app.env.found_docs)):
        groups["More"] = others
    for caption, pages in groups.items():
        options = f":caption: {caption}\n" if caption else ""
        lines = "\n".join(f"{TITLES[name]} </{name}>" if name in TITLES else f"/{name}" for name in pages.split())
        source[0] += f"\n\n```{{toctree}}\n:hidden:\n:glob:\n{options}\n{lines}\n```\n"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register what is ours."""
    app.connect("source-read", add_menu)
    return {"parallel_read_safe": True}
