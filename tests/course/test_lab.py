"""A lesson that is opened in JupyterLab, run by nobody and saved, is the file that it was, byte for byte."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from tests.support.browser import NEEDS_BROWSER, Page, lab, running_browser, running_lab, wait_for

pytestmark = NEEDS_BROWSER

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "tools" / "jupyter"
OPENED = ["06_readout.ipynb"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebooks")
    for name in OPENED:
        shutil.copy(ROOT / "notebooks" / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def environment(folder):
    """A JupyterLab with the configuration of `.venv`, which saves after two seconds."""
    own = {f"JUPYTER_{kind}_DIR": str(folder / f".{kind.lower()}") for kind in ("CONFIG", "DATA", "RUNTIME")}
    settings = folder / ".settings" / "@jupyterlab" / "docmanager-extension"
    settings.mkdir(parents=True)
    (settings / "plugin.jupyterlab-settings").write_text(json.dumps({"autosaveInterval": 2}))
    own |= {"JUPYTERLAB_SETTINGS_DIR": str(folder / ".settings"), "JUPYTER_CONFIG_PATH": str(CONFIG)}
    return {**os.environ, **own}


@pytest.mark.parametrize("name", OPENED)
def test_an_opened_lesson_is_saved_as_it_was(folder, environment, name):
    path = folder / name
    before, when = path.read_bytes(), path.stat().st_mtime_ns
    with running_lab(folder, environment) as server, running_browser() as browser:
        page = Page(browser, lab(server, name)).page
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
        # The kernel's metadata makes it a changed file, which JupyterLab saves by itself.
        wait_for(lambda: path.stat().st_mtime_ns != when)
        time.sleep(1)
    assert path.read_bytes() == before
