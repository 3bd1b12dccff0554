"""What `make env` tells JupyterLab: a saved notebook keeps the name and version of the kernel in its file."""

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "tools" / "jupyter" / "jupyter_server_config.py"
HEADER = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "language_info": {"name": "python"}}
READERS = {
    "kernelspec": {"name": "python3", "display_name": "mine"},
    "language_info": {"name": "python", "version": "3.99"},
}


@pytest.fixture
def config():
    """The configuration as JupyterLab executes it, with its `get_config`."""
    settings = SimpleNamespace(ContentsManager=SimpleNamespace())
    spec = importlib.util.spec_from_file_location("jupyter_server_config", FILE)
    module = importlib.util.module_from_spec(spec)
    module.get_config = lambda: settings
    spec.loader.exec_module(module)
    return settings


def saved(config, folder, metadata, name="lesson.ipynb", kind="notebook"):
    """The metadata that arrive in the file when a notebook with these is saved."""
    model = {"type": kind, "content": {"metadata": dict(metadata), "cells": []}}
    manager = SimpleNamespace(root_dir=str(folder))
    config.ContentsManager.pre_save_hook(model=model, path=f"/{name}", contents_manager=manager)
    return model["content"]["metadata"]


def write(folder, metadata, name="lesson.ipynb"):
    (folder / name).write_text(json.dumps({"metadata": metadata, "cells": []}))


def test_a_notebook_keeps_what_its_file_says_of_the_kernel(config, tmp_path):
    write(tmp_path, HEADER)
    assert saved(config, tmp_path, {**READERS, "toc": 1}) == {**HEADER, "toc": 1}


def test_another_kernel_is_a_change_that_is_saved(config, tmp_path):
    write(tmp_path, HEADER)
    other = {**READERS, "kernelspec": {"name": "julia"}}
    assert saved(config, tmp_path, other) == other


def test_a_new_notebook_and_one_without_a_kernel_get_the_readers(config, tmp_path):
    assert saved(config, tmp_path, READERS) == READERS
    write(tmp_path, {})
    assert saved(config, tmp_path, READERS) == READERS


def test_other_files_are_not_touched(config, tmp_path):
    write(tmp_path, HEADER, "lesson.txt")
    assert saved(config, tmp_path, READERS, "lesson.txt", "file") == READERS


def test_make_env_puts_it_where_every_jupyterlab_of_the_environment_reads_it():
    makefile = (ROOT / "Makefile").read_text()
    assert f"LAB_CONFIG := {FILE.relative_to(ROOT).as_posix()}\n" in makefile
    assert "cp $(LAB_CONFIG) .venv/etc/jupyter/" in makefile
