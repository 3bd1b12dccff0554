"""Binder builds from environment.yml: by repo2docker's rules, and by its own code where it is installed."""

import dataclasses
import importlib
import sys

import pytest
import yaml

from tests.project.test_project import ROOT, tracked_files

sys.path.insert(0, str(ROOT / "tools"))
check_binder = importlib.import_module("check_binder")

#: What repo2docker would build from before environment.yml.
BEFORE = {
    "Dockerfile",
    "Project.toml",
    "JuliaProject.toml",
    "REQUIRE",
    "default.nix",
    "install.R",
    "runtime.txt",
}
FOLDERS = {"binder", ".binder"}
GOOD = check_binder.Binder(
    "CondaBuildPack",
    "3.11",
    "environment.yml",
    "FROM x\nCOPY --chown=1000:1000 src/ y\nRUN mamba env update --file environment.yml",
)


def test_nothing_in_the_project_comes_before_environment_yml():
    top = {path.relative_to(ROOT).parts[0] for path in tracked_files()}
    assert "environment.yml" in top and top & (BEFORE | FOLDERS) == set()


def test_pip_installs_from_the_project_so_that_it_is_copied_first():
    """A file without local requirements runs before the project is there, and with it constraints.txt."""
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (pip,) = (entry["pip"] for entry in entries if isinstance(entry, dict))
    assert any(line.startswith(("-e .", ".")) for line in pip)


def test_a_build_that_fits_has_no_fault():
    assert check_binder.wrong(GOOD) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"build": "PythonBuildPack"}, "repo2docker builds with PythonBuildPack"),
        ({"file": "binder/environment.yml"}, "repo2docker reads 'binder/environment.yml'"),
        ({"python": "3.10"}, "repo2docker installs Python 3.10, not 3.11"),
        ({"dockerfile": "env update, COPY --chown=1000:1000 src/"}, "before the project is there"),
        ({"dockerfile": "env update"}, "before the project is there"),
    ],
)
def test_each_fault_is_said(change, said):
    (fault,) = check_binder.wrong(dataclasses.replace(GOOD, **change))
    assert said in fault


def test_the_address_names_a_lesson_that_is_there(tmp_path):
    (tmp_path / "environment.yml").write_text((ROOT / "environment.yml").read_text())
    assert check_binder.wrong(GOOD, tmp_path) == [
        "there is no notebooks/00_win_first.ipynb, which the address of Binder names"
    ]


def test_repo2docker_itself_finds_no_fault():
    """Its own code, where `make release-check` has installed it."""
    pytest.importorskip("repo2docker")
    found = check_binder.read()
    assert dataclasses.replace(found, dockerfile=GOOD.dockerfile) == GOOD
    assert check_binder.wrong(found) == []
