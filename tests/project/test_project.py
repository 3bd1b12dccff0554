"""The rules that the files keep: versions, imports, rooms, and nothing of one machine."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGES = {"rshop", "viz"}
CONSTRAINTS = ["constraints.txt", "constraints-next.txt"]

# Modules whose distribution has another name.
DISTRIBUTION_OF = {
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
    "PIL": "pillow",
    "repo2docker": "jupyter-repo2docker",
}

# Who may import what: folder -> the extras whose packages it may use beside the core's.
EXTRAS_OF = {
    "rshop": [],
    "viz": ["lab"],
    "notebooks": ["lab"],
    "tools": ["lab", "test", "bench", "site", "release"],
    "tests": ["lab", "test", "bench"],
}

# Written in parts, so that this file keeps its own rule.
ONE_MACHINE = re.compile(r"(?<!\w)/(?:tmp|root|home|work|opt|Users)/[A-Za-z0-9_.]")
PACKAGE_INDEX = re.compile(r"index" r"-url|find" r"-links|/sim" r"ple/")


def tracked_files():
    """Every file that is, or would be, committed."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def files_of(*folders, suffix=".py"):
    """The committed files with this suffix below these folders of the project."""
    here = [path for path in tracked_files() if path.suffix == suffix]
    return [path for path in here if path.relative_to(ROOT).parts[0] in folders]


def declared(*extras):
    """name -> requirement, of the core and of these extras."""
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def all_declared():
    return declared(*PROJECT["optional-dependencies"])


def pins(name):
    """distribution -> exact version, of one constraints file; the next Keras counts as Keras."""
    lines = [line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    pairs = [line.split("==") for line in lines if line]
    return {canonicalize_name(left).replace("keras-nightly", "keras"): right for left, right in pairs}


def modules_imported(tree):
    """The full names of the modules that a syntax tree imports, relative imports left out."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def notebook_code(path):
    """A notebook's Python, without the lines that are for IPython."""
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    lines = "\n".join("".join(cell["source"]) for cell in cells).splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))


def trees(*folders):
    """(path, syntax tree) of every Python file and notebook below these folders."""
    for path in files_of(*folders):
        yield path, ast.parse(path.read_text())
    for path in files_of(*folders, suffix=".ipynb"):
        yield path, ast.parse(notebook_code(path))


def dotted_names(tree):
    """Every dotted name that the code uses, such as `keras.src.ops`."""
    return {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def calls_lambda_layer(tree):
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return any(ast.unparse(function).split(".")[-1] == "Lambda" for function in calls)


def uses_module(tree, module):
    names = modules_imported(tree) | dotted_names(tree)
    return any(name == module or name.startswith(module + ".") for name in names)


def where(paths):
    return sorted({str(path.relative_to(ROOT)) for path in paths})


# Versions


@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_every_declared_dependency_is_pinned(constraints):
    assert sorted(all_declared().keys() - pins(constraints).keys()) == []


@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_every_pin_lies_in_the_declared_range(constraints):
    pinned = pins(constraints)
    outside = {
        name: (pinned[name], str(requirement.specifier))
        for name, requirement in all_declared().items()
        if not requirement.specifier.contains(pinned[name], prereleases=True)
    }
    assert outside == {}


def test_a_dependency_declared_twice_has_one_range():
    lines = PROJECT["dependencies"] + sum(PROJECT["optional-dependencies"].values(), [])
    ranges = {(Requirement(line).name, str(Requirement(line).specifier)) for line in lines}
    assert len(ranges) == len(all_declared())


def test_the_next_constraints_change_keras_alone_and_for_a_later_version():
    now, following = (pins(name) for name in CONSTRAINTS)
    changed = {name for name in now.keys() | following if now.get(name) != following.get(name)}
    assert changed == {"keras"}
    assert Version(following["keras"]).is_devrelease
    assert Version(following["keras"]) > Version(now["keras"])


def test_the_oldest_python_is_the_same_in_every_file():
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]
    oldest = PROJECT["requires-python"].removeprefix(">=")
    major, minor = oldest.split(".")
    assert ruff["target-version"] == f"py{major}{minor}"
    assert f"sys.version_info < ({major}, {minor})" in (ROOT / "Makefile").read_text()


def test_the_changelog_tells_of_this_version():
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert PROJECT["version"] in headings


def test_the_citation_names_this_version_and_licence():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
    assert [author["name"] for author in citation["authors"]] == [one["name"] for one in PROJECT["authors"]]


@pytest.mark.parametrize("form", ["bug", "idea", "lesson"])
def test_an_issue_form_has_what_its_readers_ask_of_it(form):
    """The rules of GitHub: a name, a description, and in the body fields with labels and ids of their own."""
    content = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / f"{form}.yml").read_text())
    assert content["name"] and content["description"]
    fields = [field for field in content["body"] if field["type"] != "markdown"]
    assert {field["type"] for field in fields} <= {"textarea", "input", "dropdown", "checkboxes"}
    assert all(field["attributes"]["label"] for field in fields)
    assert len({field["id"] for field in fields}) == len(fields)


# environment.yml


def conda_file():
    """(python's pin, names of the other conda packages, pip's lines, channels)."""
    content = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = [entry for entry in content["dependencies"] if isinstance(entry, str)]
    pip = next(entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict))
    python = next(entry for entry in conda if entry.startswith("python="))
    names = {re.split(r"[=<>]", entry)[0] for entry in conda} - {"python", "pip"}
    return python.removeprefix("python="), names, pip, content["channels"]


def test_the_conda_environment_has_a_supported_python_pinned_to_a_minor_version():
    python = conda_file()[0]
    assert re.fullmatch(r"3\.\d+", python)
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(python)


def test_the_conda_environment_takes_declared_packages_from_conda_forge_only():
    _, names, _, channels = conda_file()
    assert channels == ["conda-forge"]
    assert sorted(names - declared("lab").keys()) == []


def test_the_conda_environment_installs_the_lessons_as_they_were_tested():
    assert conda_file()[2] == ["-c constraints.txt", "-e .[lab]"]


def test_each_line_of_the_conda_environment_says_which_part_needs_it():
    lines = (ROOT / "environment.yml").read_text().splitlines()
    entries = [line for line in lines if line.lstrip().startswith("- ") and line.strip() != "- pip:"]
    assert len(entries) >= 6
    assert [line for line in entries if "  # " not in line] == []


# Imports


@pytest.mark.parametrize("folder", EXTRAS_OF)
def test_every_import_is_covered_by_a_declared_dependency(folder):
    local = {name for path in files_of(folder) for name in (path.stem, path.parent.name)} - PACKAGES
    own = PACKAGES - ({"viz"} if folder == "rshop" else set())
    allowed = sys.stdlib_module_names | declared(*EXTRAS_OF[folder]).keys() | local | own
    foreign = {
        (str(path.relative_to(ROOT)), name)
        for path, tree in trees(folder)
        for name in {module.split(".")[0] for module in modules_imported(tree)}
        if canonicalize_name(DISTRIBUTION_OF.get(name, name)) not in allowed and name not in allowed
    }
    assert foreign == set()


def test_the_import_reader_sees_every_form_of_import():
    tree = ast.parse("import a.b, c\ndef f():\n    from d.e import g\nfrom . import h\nc.x.y()")
    assert modules_imported(tree) == {"a.b", "c", "d.e.g"}
    assert uses_module(tree, "d.e") and uses_module(tree, "c.x")
    assert not uses_module(tree, "d.eg") and not uses_module(tree, "h")


# Rooms


def test_nothing_uses_private_keras():
    found = [path for path, tree in trees(*EXTRAS_OF) if uses_module(tree, "keras.src")]
    assert where(found) == []


def test_no_lambda_layer_because_it_does_not_reload():
    assert calls_lambda_layer(ast.parse("keras.layers.Lambda(f)"))
    assert not calls_lambda_layer(ast.parse("lambda x: Lambdas(x)"))
    assert where(path for path, tree in trees("rshop", "viz") if calls_lambda_layer(tree)) == []


# Nothing of one machine


def files_with(pattern):
    return [path for path in tracked_files() if pattern.search(path.read_bytes().decode(errors="replace"))]


def test_no_file_names_a_path_of_one_machine():
    assert ONE_MACHINE.search('open("' + "/" + 'home/ann/x.npz")')
    assert not ONE_MACHINE.search("notebooks/" + "work/one.ipynb")
    assert where(files_with(ONE_MACHINE)) == []


def test_no_file_names_a_package_index():
    assert PACKAGE_INDEX.search("--extra-" + "index" + "-url x")
    assert where(files_with(PACKAGE_INDEX)) == []


# Lessons


def test_the_notebook_reader_leaves_out_what_is_for_ipython(tmp_path):
    code = {"cell_type": "code", "source": ["%matplotlib inline\n", "import numpy\n", "!ls"]}
    text = {"cell_type": "markdown", "source": ["import this"]}
    path = tmp_path / "lesson.ipynb"
    path.write_text(json.dumps({"cells": [text, code]}))
    assert notebook_code(path) == "import numpy"
