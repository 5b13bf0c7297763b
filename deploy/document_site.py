"""Build the site of the documents; every warning and every dead link is an error.

    .venv/bin/python deploy/document_site.py [FOLDER]

Documents link to files anywhere in the repository. So all documents and linked files are first copied to a
separate folder under their own paths: a link that works in a checkout works there.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r'(?:\]\(|src(?:set)?=")(?!\w+:|#)([^)#\s"]+)')
COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # the generator colours its output even without a terminal


def main(folder: Path) -> int:
    """Empty `folder`, build the site in it and return the exit code."""
    shutil.rmtree(folder, ignore_errors=True)
    copy_documents(folder / "source")
    shutil.copy(ROOT / "docs" / "zensical.toml", folder)
    program = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", "zensical.toml"]
    built = subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False)
    if built.returncode:
        print(COLOUR.sub("", built.stdout + built.stderr), file=sys.stderr)
        return 1
    site = folder / "site"
    dead = list(dead_links(site))
    print("\n".join(dead) or f"{len(list(site.rglob('*.html')))} pages: {site}/index.html")
    return 1 if dead else 0


def copy_documents(target: Path) -> None:
    """Copy every document and every linked file."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    documents = [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    wanted = set(documents)
    for document in documents:
        linked = (document.parent / found for found in LINK.findall(document.read_text(encoding="utf-8")))
        wanted |= {path.resolve() for path in linked if path.is_file()}
    for path in wanted:
        copied = target / path.relative_to(ROOT)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)


class Page(HTMLParser):
    """The links of a page, and its anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src", "srcset") and value:
                self.links.append(value)
            elif name in ("id", "name") and value:
                self.anchors.add(value)


def dead_links(site: Path) -> Iterator[str]:
    """Yield a sentence for each link inside the site without a page, file or anchor."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        for link in page.links:
            scheme, host, address, _, anchor = urlsplit(link)
            if scheme or host:
                continue
            base = site if address.startswith("/") else path.parent
            target = (base / unquote(address).lstrip("/")).resolve() if address else path
            target = target / "index.html" if target.is_dir() else target
            name = path.relative_to(site)
            if not target.is_file():
                yield f"{name}: {link} leads to no file"
            elif anchor and target in pages and unquote(anchor) not in pages[target].anchors:
                yield f"{name}: {link} leads to no heading"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve() if sys.argv[1:] else ROOT / "dist" / "docs"))
