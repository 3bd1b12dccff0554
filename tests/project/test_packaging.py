"""What is built from this project holds what it should, and is found where it is installed."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import textwrap
import tomllib
import venv
import zipfile
from pathlib import Path

import nbformat
import pytest

from tests.project.test_project import ROOT, tracked_files

#: What a user of an installed copy does first: an accumulator, and a picture that needs the data files.
PROGRAM = textwrap.dedent(
    """
    import importlib.resources, pathlib, keras, numpy as np, rshop, viz
    x, h = keras.Input((1,)), keras.Input((1,))
    n = keras.layers.Add()([x, h])
    rnn = rshop.RecurrentModel(x, n, initial_states=h, final_states=n, return_sequences=True)
    print(np.ravel(rnn(np.array([[[1.0], [2.0], [4.0]]], "float32"))).tolist())
    folder = importlib.resources.files("viz.inspector") / "js"
    print(sorted(f.name for f in folder.iterdir() if f.name.endswith((".js", ".css"))))
    print(*(pathlib.Path(module.__file__).parents[1] for module in (rshop, viz)), sep="\\n")
    """
)

PLAN = tomllib.loads((ROOT / "tools" / "course.toml").read_text())["lesson"]
LESSONS = [path for entry in PLAN if (path := ROOT / "notebooks" / entry["file"]).exists()]

# No file that is made on the way stays in the project: Python writes none, and hatchling none.
QUIET = {"PYTHONDONTWRITEBYTECODE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INDEX": "1"}


def run(*command, cwd, **environment):
    """The output of a program that knows this environment's packages, and not this checkout by PYTHONPATH."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=cwd, env={**env, **QUIET, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(project, into):
    """(sdist, wheel) of a project, as `make release-check` builds them."""
    run(sys.executable, "-m", "hatchling", "build", "-d", str(into), cwd=project)
    return next(into.glob("*.tar.gz")), next(into.glob("*.whl"))


def names_in(archive):
    """The files of a wheel, or of an sdist without its first folder."""
    if archive.suffix == ".whl":
        return set(zipfile.ZipFile(archive).namelist())
    with tarfile.open(archive) as tar:
        return {member.name.partition("/")[2] for member in tar if member.isfile()}


def tracked(*folders):
    names = {path.relative_to(ROOT).as_posix() for path in tracked_files()}
    return {name for name in names if not folders or name.split("/")[0] in folders}


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A copy of the committed files in a folder named `rshop`, with what a working copy gathers."""
    folder = tmp_path_factory.mktemp("above") / "rshop"
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for junk in JUNK:
        (folder / junk).parent.mkdir(parents=True, exist_ok=True)
        (folder / junk).write_text("junk")
    return folder


JUNK = [
    "notebooks/03_gates-Copy1.ipynb",
    "notebooks/Untitled.ipynb",
    "notebooks/.ipynb_checkpoints/00_win_first-checkpoint.ipynb",
    "rshop/__pycache__/errors.cpython-311.pyc",
    ".venv/pyvenv.cfg",
    "build/bench/results.json",
    "rshop.egg-info/PKG-INFO",
    "student/00_win_first.ipynb",
    "my_experiment.py",
]


@pytest.fixture(scope="module")
def built(clone, tmp_path_factory):
    return build(clone, tmp_path_factory.mktemp("dist"))


def test_the_wheel_holds_the_three_packages_with_their_data_files_and_nothing_else(built):
    here = {name for name in names_in(built[1]) if ".dist-info/" not in name}
    lessons_import = {name for name in tracked("notebooks") if name.startswith("notebooks/course/")}
    course = {name.removeprefix("notebooks/") for name in lessons_import}
    assert "course/settings.py" in course
    assert here == tracked("rshop", "viz") | course
    assert {"viz/inspector/js/inspector.css", "viz/inspector/js/main.js"} <= here


def test_the_sdist_holds_tests_lessons_and_documents_and_no_junk(built):
    here = names_in(built[0])
    assert here - {"PKG-INFO"} <= tracked()
    assert not here & set(JUNK)
    needed = {"README.md", "LICENSE", "CHANGELOG.md", "Makefile", "constraints.txt", "pyproject.toml"}
    needed |= tracked("rshop", "viz", "tests", "notebooks", "docs", "tools")
    assert sorted(needed - here) == []


def test_the_commands_of_the_readme_find_their_files_in_the_sdist(built, tmp_path):
    with tarfile.open(built[0]) as tar:
        tar.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    commands = re.findall(r"^make (\w+) ", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert commands == ["lab", "site"]
    recipe = run("make", "-n", "-o", "env", *commands, cwd=source)
    files = set(re.findall(r"\b(?:tools|notebooks)/[\w./]+", recipe))
    assert {"tools/make_site.py", *(f"notebooks/{path.name}" for path in LESSONS)} <= files
    assert [name for name in files if not (source / name).is_file()] == []


def test_a_wheel_made_from_the_sdist_is_the_wheel(built, tmp_path):
    with tarfile.open(built[0]) as tar:
        tar.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path / "wheels")]
    run(sys.executable, "-m", "pip", "wheel", *options, str(source), cwd=tmp_path)
    (again,) = (tmp_path / "wheels").iterdir()
    assert names_in(again) == names_in(built[1])


def test_the_wheel_installed_beside_the_packages_runs_from_there(built, tmp_path):
    target = tmp_path / "site"
    options = ["--no-deps", "--target", str(target)]
    run(sys.executable, "-m", "pip", "install", *options, str(built[1]), cwd=tmp_path)
    out = run(sys.executable, "-c", PROGRAM, cwd=tmp_path, PYTHONPATH=str(target)).splitlines()
    assert out[-4] == "[1.0, 3.0, 7.0]"
    data = {name.rpartition("/")[2] for name in tracked("viz") if name.endswith((".js", ".css"))}
    assert out[-3] == str(sorted(data))
    assert out[-2:] == [str(target)] * 2


# A lesson alone: in an empty folder, with an environment that lacks rshop, and the wheel beside it


@pytest.fixture
def alone(built, tmp_path):
    """(Python of an environment with all but rshop, an empty folder but for the wheel)."""
    folder = tmp_path / "alone"
    folder.mkdir()
    shutil.copy(built[1], folder)
    return str(environment_with(tmp_path / "env")), folder


def code_of(lesson):
    notebook = nbformat.read(lesson, as_version=4)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def installed_in(python, cwd):
    """Where the three packages are when they were installed into the environment of this Python."""
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=cwd).strip()
    return [str(Path(packages) / name / "__init__.py") for name in ("course", "rshop", "viz")]


IMPORTS = """
import ast, importlib, json, pathlib
for number, cells in json.loads(pathlib.Path("lessons.json").read_text()).items():
    for cell in cells:
        for node in ast.walk(ast.parse(cell)):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                exec(ast.unparse(node))
    importlib.import_module(f"course.lesson_{number}")
import course, rshop, viz
course.setup()
print(*(module.__file__ for module in (course, rshop, viz)), sep="\\n")
"""


def test_the_first_cell_of_a_lesson_installs_the_wheel_and_every_import_of_every_lesson_is_there(alone):
    python, folder = alone
    code = {path.name[:2]: code_of(path) for path in LESSONS}
    (folder / "lessons.json").write_text(json.dumps(code))
    installs = code["00"][0]
    said = run(python, "-c", installs, cwd=folder)
    assert re.match(r"Installing \./rshop-.*\.whl\[lab\]: .*\nInstalled\.", said)
    assert run(python, "-c", installs, cwd=folder) == "", "where rshop is there, nothing happens"
    places = run(python, "-c", IMPORTS, cwd=folder).splitlines()[-3:]
    assert places == installed_in(python, folder)


def test_without_a_wheel_the_first_cell_asks_pip_for_the_name_and_says_what_to_do_where_there_is_none(alone):
    python, folder = alone
    next(folder.glob("*.whl")).unlink()
    (folder / "pip").mkdir()
    refuses = "import sys; sys.exit(f'No matching distribution found for {sys.argv[1:]}')"
    (folder / "pip" / "__init__.py").write_text("")
    (folder / "pip" / "__main__.py").write_text(refuses)
    code = code_of(LESSONS[0])[0]
    code = f"try:\n    exec({code!r})\nexcept ModuleNotFoundError as error:\n    print(error)"
    said = run(python, "-c", code, cwd=folder)
    assert said.startswith("Installing rshop[lab]: ")
    asked = "Received from pip: No matching distribution found for ['install', '--quiet', "
    assert asked in said and "'rshop[lab]'] Expected: " in said
    assert "Fix: put the wheel of rshop into the folder of this lesson (`make wheel`" in said


@pytest.mark.slow
def test_a_lesson_alone_in_a_folder_runs_to_its_end_with_the_wheel(alone):
    """The front door; what the other lessons import is there too (above), and a release runs them all."""
    python, folder = alone
    notebook = nbformat.read(LESSONS[0], as_version=4)
    where = "import course, rshop, viz\nprint(*(m.__file__ for m in (course, rshop, viz)), sep='\\n')"
    notebook.cells.append(nbformat.v4.new_code_cell(where))
    nbformat.write(notebook, folder / "lesson.ipynb")
    run(python, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", "lesson.ipynb", cwd=folder)
    code = [
        cell
        for cell in nbformat.read(folder / "lesson.ipynb", as_version=4).cells
        if cell.cell_type == "code"
    ]
    assert "\nInstalled." in "".join(output.text for output in code[0].outputs)
    assert code[-1].outputs[0].text.split() == installed_in(python, folder)


def test_what_builds_is_declared_for_the_tests_too_and_so_pinned():
    """One range for the isolated build and for the builds above; `test_project` holds the pin against it."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert content["build-system"]["build-backend"] == "hatchling.build"
    assert set(content["build-system"]["requires"]) <= set(
        content["project"]["optional-dependencies"]["test"]
    )
    makefile = (ROOT / "Makefile").read_text()
    assert makefile.count("tools/install.py") == 1 and "-m pip install" not in makefile
    assert "PIP_CONSTRAINT=$(2) PIP_BUILD_CONSTRAINT=$(2)" in makefile


# The editable install


def environment_with(folder, *lines):
    """The Python of an empty environment with this one's packages, and with these lines as a path file."""
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    places = {"base": str(folder), "platbase": str(folder)}
    scripts, site = (Path(sysconfig.get_path(kind, "venv", places)) for kind in ("scripts", "purelib"))
    # Of a folder that a path file names, the path files are not read: no other install is seen.
    (site / "z.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (site / "_rshop.pth").write_text("".join(line + "\n" for line in lines))
    return scripts / "python"


@pytest.fixture(scope="module")
def path_file(clone, tmp_path_factory):
    """The lines of the path file in the editable wheel of the clone."""
    into = tmp_path_factory.mktemp("editable")
    code = f"from hatchling.build import build_editable; build_editable({str(into)!r})"
    run(sys.executable, "-c", code, cwd=clone)
    (wheel,) = into.iterdir()
    code = [name for name in names_in(wheel) if ".dist-info/" not in name]
    assert code == ["_rshop.pth"]
    return zipfile.ZipFile(wheel).read("_rshop.pth").decode().splitlines()


def test_an_editable_install_is_a_path_and_no_finder(path_file, clone):
    assert path_file == [str(clone), str(clone / "notebooks")]


def test_a_clone_named_rshop_is_imported_from_the_folder_above_it(path_file, clone, tmp_path):
    """`rshop/` in the working directory comes first, as a namespace; a package later on the path wins."""
    python = environment_with(tmp_path / "env", *path_file)
    assert (clone.parent / "rshop").is_dir() and not (clone / "__init__.py").exists()
    out = run(str(python), "-c", PROGRAM, cwd=clone.parent).splitlines()
    assert out[-4] == "[1.0, 3.0, 7.0]" and out[-2:] == [str(clone)] * 2


def test_without_the_path_the_folder_above_gives_a_namespace(clone, tmp_path):
    """What the test before would see, were there no path: the trap is there."""
    python = environment_with(tmp_path / "env")
    code = "import rshop; print(rshop.__file__, hasattr(rshop, 'RecurrentModel'))"
    assert run(str(python), "-c", code, cwd=clone.parent).split() == ["None", "False"]
