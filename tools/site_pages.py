"""The written pages of the site, and where each file of the project is in it.

Pages link to one another as they do in the project, so that they work on the web view of a repository too;
here each link is rewritten to where its page is in the site.
"""

import posixpath
import re
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: Files that do not simply move with their folder.
PLACES = {
    "README.md": "start.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "guides/contributing.md",
    "notebooks/README.md": "course/index.md",
    "docs/glossary.md": "glossary.md",
}
FOLDERS = {"docs/site/": "", "docs/": "guides/", "notebooks/": "course/"}
_LINK = re.compile(r"(?P<picture>!?)\[(?P<words>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<target>[^()\s]+)\)")
_FENCE = re.compile(r"^( *)(`{3,}|~{3,})[^\n]*\n.*?^\1\2`*~*$", re.DOTALL | re.MULTILINE)


def written_pages() -> dict[str, str | bytes]:
    """Place in the site -> content, of every page and picture that somebody wrote.

    A page of docs/ needs to be listed nowhere: it is in the guides.
    """
    texts = ["CHANGELOG.md", "CONTRIBUTING.md", "notebooks/README.md"]
    here = [path for path in sorted((ROOT / "docs").rglob("*")) if path.is_file()]
    names = [path.relative_to(ROOT).as_posix() for path in here]
    texts += [name for name in names if name.endswith(".md") and "/_" not in name]
    pictures = [name for name in names if name.endswith((".svg", ".png", ".gif"))]
    found = {place(name): rewritten((ROOT / name).read_text(encoding="utf-8"), name) for name in texts}
    return found | {place(name): (ROOT / name).read_bytes() for name in pictures}


def place(name: str) -> str | None:
    """Where a file of the project is in the site; None for one that is not there.

    Example:
        >>> place("notebooks/03_gates.ipynb"), place("docs/lstm.svg"), place("LICENSE")
        ('course/03_gates.ipynb', 'guides/lstm.svg', None)
    """
    if name in PLACES:
        return PLACES[name]
    for folder, there in FOLDERS.items():
        if name.startswith(folder):
            return there + name.removeprefix(folder)
    return None


def rewritten(text: str, name: str) -> str:
    """The Markdown of the file `name` with its links as they are in the site.

    What leads to another site or within the page stays; of a link to a file that the site does not have,
    the words stay. Programs between fences are left as they are.

    Example:
        >>> rewritten("[gates](notebooks/03_gates.ipynb), [terms](LICENSE)", "README.md")
        '[gates](course/03_gates.ipynb), terms'
    """
    return with_links(text, lambda found: _link(found, name))


def with_links(text: str, link: Callable[[re.Match], str]) -> str:
    """Markdown with each link and picture, but in programs between fences, as `link` writes it.

    Args:
        text: the Markdown.
        link: takes the match with the groups `picture` (an exclamation mark or nothing), `words`, `target`.
    """
    parts, end = [], 0
    for fence in _FENCE.finditer(text):
        parts += [_LINK.sub(link, text[end : fence.start()]), fence.group()]
        end = fence.end()
    return "".join([*parts, _LINK.sub(link, text[end:])])


def _link(found, name):
    target, hash_, part = found["target"].partition("#")
    if not target or ":" in target or target.startswith("/"):
        return found.group()
    wanted = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    there = place(wanted)
    # A link between pages of the site, such as to api/index.md, is right as it is.
    if wanted.startswith("docs/site/") or (there and (ROOT / wanted).exists()):
        path = posixpath.relpath(there, posixpath.dirname(place(name)) or ".")
        return f"{found['picture']}[{found['words']}]({path}{hash_}{part})"
    return found["words"]
