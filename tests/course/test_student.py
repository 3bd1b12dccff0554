"""What students get: empty notebooks that run, say "not attempted", and match once they are filled in."""

import ast
import contextlib
import importlib
import importlib.util
import re
import shutil
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"

# Not import statements: tools/ and the lessons' own package are only found from their folders.
sys.path[:0] = [str(ROOT / "tools"), str(FOLDER)]
make_student = importlib.import_module("make_student")
leave_out_solutions = importlib.import_module("leave_out_solutions")
execute_notebooks = importlib.import_module("execute_notebooks")
LESSONS = execute_notebooks.lesson_files()
course = importlib.import_module("course")
exercises = importlib.import_module("course.exercises")

lessons = pytest.mark.parametrize("name", [path.name for path in LESSONS], ids=lambda name: name[:2])


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    """A student's folder."""
    folder = tmp_path_factory.mktemp("made") / "student"
    make_student.main(["--into", str(folder)])
    return folder


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The course package of a student's folder without solutions, beside the one with them."""
    folder = tmp_path_factory.mktemp("made") / "student"
    make_student.main(["--into", str(folder), "--without-solutions"])
    name = "course_without_solutions"
    package = folder / "course"
    spec = importlib.util.spec_from_file_location(
        name, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
    yield importlib.import_module(f"{name}.exercises")
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        del sys.modules[module]


def code_cells(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def is_exercise(cell):
    return "exercise" in cell.metadata.get("tags", [])


def exercise_in(cell):
    """The exercise that a cell asks for."""
    return course.exercise(re.search(r'course\.exercise\("(.+?)"\)', cell.source)[1])


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def names_above(path):
    """What an answer may use: the lesson's imports, functions, classes and plain numbers.

    The lesson itself does not run: nothing is trained, and a function whose defaults come from a run
    is left out.
    """
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    names = {}
    for cell in code_cells(path):
        for node in [] if is_exercise(cell) else ast.parse(cell.source).body:
            if isinstance(node, kinds) or (isinstance(node, ast.Assign) and is_plain(node.value)):
                with contextlib.suppress(NameError):
                    exec(ast.unparse(node), names)
    return names


def is_plain(node):
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


# The files


def test_making_it_twice_gives_the_same_bytes(student, tmp_path, capsys):
    before = content(student)
    assert make_student.main(["--into", str(student)]) == 0
    assert make_student.main(["--into", str(tmp_path / "student")]) == 0
    assert content(student) == content(tmp_path / "student") == before
    assert capsys.readouterr().out == f"student/: {len(LESSONS)} lessons\n" * 2


def test_it_holds_each_lesson_and_the_package_as_it_is(student):
    assert sorted(path.name for path in student.glob("*.ipynb")) == [path.name for path in LESSONS]
    copied = {path.name: path.read_bytes() for path in (student / "course").iterdir()}
    assert copied == {path.name: path.read_bytes() for path in (FOLDER / "course").glob("*.py")}


@lessons
def test_a_student_notebook_differs_from_the_lesson_in_its_outputs_only(student, name):
    lesson, made = (nbformat.read(folder / name, as_version=4) for folder in (FOLDER, student))
    for cell in (cell for cell in lesson.cells if cell.cell_type == "code"):
        cell.outputs, cell.execution_count = [], None
    assert made == lesson
    assert all(cell.outputs == [] for cell in made.cells if cell.cell_type == "code")


@lessons
def test_its_exercises_are_empty(student, name):
    cells = [cell for cell in code_cells(student / name) if is_exercise(cell)]
    assert len(cells) >= 5
    for cell in cells:
        stub = exercise_in(cell).stub()
        assert stub in cell.source and stub.endswith("    ...  # your code here")


@lessons
def test_its_links_lead_somewhere(student, name):
    cells = nbformat.read(student / name, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    targets = re.findall(r"\]\(((?!https?:|#|mailto:)[\w./-]+)\)", text)
    # Beside notebooks/ a link upwards leads where it led from there.
    places = [FOLDER / target if target.startswith("..") else student / target for target in targets]
    assert [str(place) for place in places if not place.exists()] == []


def test_a_notebook_that_somebody_has_run_is_not_written_over(tmp_path):
    run = nbformat.v4.new_code_cell("1", id="one", execution_count=1)
    nbformat.write(nbformat.v4.new_notebook(cells=[run]), tmp_path / "01_one_timestep.ipynb")
    before = content(tmp_path)
    with pytest.raises(SystemExit, match=r"Received: outputs in \['01_one_timestep.ipynb'\].*Fix:"):
        make_student.main(["--into", str(tmp_path)])
    assert content(tmp_path) == before


# The exercises, without the lesson around them


@lessons
def test_empty_exercises_say_not_attempted(student, name, capsys):
    names = names_above(student / name)
    for cell in (cell for cell in code_cells(student / name) if is_exercise(cell)):
        exec(cell.source, names)
        assert capsys.readouterr().out == f"Exercise {exercise_in(cell).name}: not attempted.\n"


@lessons
def test_exercises_filled_with_the_printed_solution_match(student, name, capsys):
    names = names_above(student / name)
    for cell in (cell for cell in code_cells(student / name) if is_exercise(cell)):
        exercise = exercise_in(cell)
        exercise.solution()
        solution = capsys.readouterr().out
        exec(cell.source.replace(exercise.stub(), solution), names)
        assert capsys.readouterr().out == f"Exercise {exercise.name}: matches.\n"


# A whole notebook


def cheapest():
    taken = execute_notebooks.measured()
    return min(LESSONS, key=lambda path: taken.get(path.name, {}).get("seconds", 1000)).name


@pytest.mark.slow
def test_an_unfilled_notebook_runs_to_its_end(student, tmp_path):
    shutil.copytree(student, tmp_path / "student")
    path = tmp_path / "student" / cheapest()
    execute_notebooks.execute(path)
    found = [cell for cell in code_cells(path) if is_exercise(cell)]
    printed = ["".join(output.get("text", "") for output in cell.outputs) for cell in found]
    assert printed == [f"Exercise {exercise_in(cell).name}: not attempted.\n" for cell in found]


# Without solutions


@lessons
def test_without_solutions_the_checks_and_the_empty_cells_are_the_same(bare, name):
    for exercise in all_exercises(name):
        other = bare.exercise(exercise.name)
        assert other.outcome(exercise.solution_function)[0].value == "matches"
        assert other.stub() == exercise.stub()
        assert other.hints == exercise.hints


@lessons
def test_without_solutions_there_is_none_to_print_and_no_wrong_answer(bare, name, capsys):
    for exercise in all_exercises(name):
        other = bare.exercise(exercise.name)
        other.solution()
        # A solution that is printed here is one that a check calls: give that check a function of its own.
        empty = exercise.stub().replace("your code here", "this copy comes without solutions")
        assert capsys.readouterr().out == f"{empty}\n"
        assert other.wrong == ()


def all_exercises(name):
    importlib.import_module(f"course.lesson_{name[:2]}")
    return exercises.exercises_of(name[:2])


def test_what_a_check_needs_stays():
    source = '''
LIMIT, UNUSED = 3, 4
SEEN = 5


def answer(x):
    """Twice x."""
    return helper(x)


def helper(x):
    return 2 * x


def wrong(x):
    return SEEN


def truth(x):
    return x + x


def check(f):
    expect(f(LIMIT) == truth(LIMIT), "It differs.")


register_exercise("01.x", answer, check, hints=["Twice."], wrong=[wrong, helper])
'''
    left = leave_out_solutions.without_solutions(source)
    assert "def truth" in left and "def check" in left and "LIMIT" in left
    assert not any(gone in left for gone in ("helper", "def wrong", "SEEN", "2 * x"))
    assert '    """Twice x."""\n    ...  # this copy comes without solutions\n' in left
    assert 'hints=["Twice."], wrong=[])' in left
