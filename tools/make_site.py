"""Build the site into `build/site`: the pages of docs/, the course as it was last run, the API reference.

    make site                                   # or: python tools/make_site.py
    python tools/make_site.py --into FOLDER     # somewhere else

The sources are first gathered in one folder beside it, with each link leading to where its page is in the
site; then Sphinx builds that folder. No notebook is executed. A warning is an error.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from site_api import api_pages
from site_lessons import lesson_pages, read_lesson
from site_pages import ROOT, written_pages

from viz.style.atomic_write import write

MOVING = "03_gates.ipynb"


def main(arguments: list[str]) -> int:
    """Gather the sources and build; Sphinx's exit status."""
    parser = argparse.ArgumentParser(description="Build the site.")
    parser.add_argument("--into", type=Path, default=ROOT / "build" / "site", help="the folder of the pages")
    into = parser.parse_args(arguments).into.resolve()
    source = into.with_name(into.name + "-source")
    gather(source)
    shutil.rmtree(into, ignore_errors=True)
    # Every page is read anew (-E): a page that did not change would keep its warnings to itself.
    options = ["-W", "--keep-going", "-E", "-q", "-b", "html", "-c", str(ROOT / "docs"), "-d", f"{into}-read"]
    status = subprocess.run([sys.executable, "-m", "sphinx", *options, str(source), str(into)]).returncode
    if status == 0:
        print(f"The site is in {shown(into)}: open index.html there.")
    return status


def gather(source: Path):
    """Every source of the site below `source`; a file that did not change is left as it is."""
    pages = {**written_pages(), **lesson_pages(), **api_pages(), "_moving.html": moving()}
    for path in [path for path in source.rglob("*") if path.is_file()]:
        if path.relative_to(source).as_posix() not in pages:
            os.remove(path)
    for name, content in pages.items():
        path = source / name
        data = content.encode() if isinstance(content, str) else content
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, data)


def moving() -> str:
    """The inspector that the first page shows: the LSTM of lesson 03."""
    *_, seen = read_lesson(MOVING)
    return next(one.html for one in seen if one.html)


def shown(path: Path) -> str:
    """A path as one types it from the project's folder."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
