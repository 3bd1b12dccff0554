"""A reader's own notebooks beside the lessons, however they look, are no part of any check."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.test_project import ROOT, tracked_files

# What a reader makes: a new notebook, a copy that JupyterLab names, one that looks like a lesson, a folder.
OWN = ["Untitled.ipynb", "03_gates-Copy1.ipynb", "03_mine.ipynb", "14_mine.ipynb", "mine/Untitled.ipynb"]
SOURCE = ["import os,sys\n", "!pip install x;\n", "x=[1,\n"]
PLAN = (ROOT / "tools" / "course.toml").read_text()
LESSONS = [f"notebooks/{name}" for name in re.findall(r'^file = "(.+)"', PLAN, re.MULTILINE)]


@pytest.fixture(params=["clone", "download"])
def project(request, tmp_path):
    """A copy of the project with its lessons and a reader's own notebooks; a download knows no git."""
    for path in tracked_files():
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    if request.param == "clone":
        for command in (["init", "-q"], ["add", "-A"]):
            subprocess.run(["git", *command], cwd=tmp_path, check=True, capture_output=True)
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None}
    text = json.dumps(
        {"cells": [{**cell, "source": SOURCE}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    )
    for name in OWN:
        (tmp_path / "notebooks" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "notebooks" / name).write_text(text)
    return tmp_path


def recipe(target, project):
    """The commands of a target of the Makefile, run by this Python, as lists of words."""
    command = ["make", "-n", "-o", "env", target]
    lines = subprocess.run(command, cwd=project, capture_output=True, check=True, text=True).stdout
    words = [shlex.split(line) for line in lines.splitlines() if line.startswith(".venv/bin/python")]
    return [[sys.executable, *line[1:]] for line in words]


def test_make_lint_passes(project):
    check, form = recipe("lint", project)
    for command in (check, form):
        done = subprocess.run(command, cwd=project, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_make_lint_reads_the_lessons(project):
    """The check above is none if the lessons are left out with the rest."""
    check, _ = recipe("lint", project)
    shown = subprocess.run([*check, "--show-files"], cwd=project, capture_output=True, text=True).stdout
    read = {Path(line).relative_to(project).as_posix() for line in shown.splitlines()}
    assert {name for name in read if name.endswith(".ipynb")} == set(LESSONS)
    assert {"rshop/layers/base.py", "tests/course/test_own_notebooks.py"} <= read


def test_make_lessons_runs_the_lessons_and_no_other(project):
    (command,) = recipe("lessons", project)
    assert [word for word in command if word.endswith(".ipynb")] == LESSONS


def test_the_tools_know_the_lessons_alone(project):
    code = "import execute_notebooks as tool; print(*(path.name for path in tool.lesson_files()))"
    env = {**os.environ, "PYTHONPATH": str(project / "tools")}
    command = [sys.executable, "-c", code + "; print(tool.find('03').name)"]
    out = subprocess.run(command, env=env, capture_output=True, check=True, text=True).stdout.splitlines()
    assert out == [" ".join(Path(name).name for name in LESSONS), "03_gates.ipynb"]


def test_git_and_with_it_every_test_over_the_committed_files_leaves_them_out(project):
    if (project / ".git").exists():
        command = ["git", "status", "--porcelain"]
        left = subprocess.run(command, cwd=project, capture_output=True, check=True, text=True).stdout
        assert [line for line in left.splitlines() if line.startswith("??")] == []
    else:
        lines = (project / ".gitignore").read_text().splitlines()
        assert "/notebooks/**/*.ipynb" in lines
        assert [line[2:] for line in lines if line.startswith("!/notebooks/")] == LESSONS
