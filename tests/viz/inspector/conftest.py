"""What the browser tests of a module share: a folder, one JupyterLab and one Chromium.

On a machine without a browser they are skipped; where CI is set they must run.
"""

import os
from pathlib import Path

import pytest

from tests.support.browser import Page, running_browser, running_lab

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lessons")


@pytest.fixture(scope="module")
def environment(folder):
    """A JupyterLab with nothing of the user's own in it."""
    own = {f"JUPYTER_{kind}_DIR": str(folder / f".{kind.lower()}") for kind in ("CONFIG", "DATA", "RUNTIME")}
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, **own, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}


@pytest.fixture(scope="module")
def server(folder, environment):
    with running_lab(folder, environment) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with running_browser() as browser:
        yield browser


@pytest.fixture
def open_page(browser):
    pages = []

    def opened(address, **options):
        pages.append(Page(browser, address, **options))
        return pages[-1]

    yield opened
    for page in pages:
        page.context.close()
