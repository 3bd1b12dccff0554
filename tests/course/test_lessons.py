"""The lessons: their template, their outputs, the checks that they use and the tool that runs them."""

import ast
import copy
import dataclasses
import importlib
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"

# The template: a heading starts with these words, in this order; other headings may stand between.
HEADINGS = [
    "Set up",
    "Win first",
    "The step",
    "Predict",
    "The experiment",
    "From scratch",
    "Exercises",
    "Bug hunt",
    "Recap",
    "Recall",
    "Further reading",
]
# A picture's alternative text stands below it, folded away: what it shows is an answer too.
PICTURE_IN_WORDS = "<details><summary>The picture in words</summary>\n\n{}\n\n</details>"
FIRST_CELL = ["What you will do", "What you will learn", "What you need"]
FIRST_TABLE = ["time to read and try", "time to run", "memory", "previous lesson", "next lesson"]

ABSOLUTE_PATH = re.compile(r"(?<![\w:/.])(?:/(?:home|root|tmp|usr|Users|opt|var|etc|mnt)/|[A-Za-z]:\\\\)")
INSTALLS = re.compile(
    r"^\s*[!%]\s*(?:pip|conda|mamba)|\bpip install\b|[\"']pip[\"'],\s*[\"']install\b", re.MULTILINE
)

# Not import statements: tools/ and the lessons' own package are only found from their folders.
sys.path[:0] = [str(ROOT / "tools"), str(FOLDER)]
tool = importlib.import_module("execute_notebooks")
install_cell = importlib.import_module("install_cell")
place_install_cells = importlib.import_module("place_install_cells")
LESSONS = tool.lesson_files()
NUMBERS = [path.name[:2] for path in LESSONS]
course = importlib.import_module("course")
exercises = importlib.import_module("course.exercises")
predictions = importlib.import_module("course.predictions")
outcome = importlib.import_module("course.outcome")
properties = importlib.import_module("course.properties")
quiet = importlib.import_module("course.quiet")
Outcome = outcome.Outcome
for number in NUMBERS:
    importlib.import_module(f"course.lesson_{number}")
EXERCISES = [entry for number in NUMBERS for entry in exercises.exercises_of(number)]


def cells(path, kind):
    """The cells of this kind, but for the one that installs, which is the tool's and the same everywhere."""
    found = nbformat.read(path, as_version=4).cells
    return [cell for cell in found if cell.cell_type == kind and not install_cell.is_install_cell(cell)]


def tags(cell):
    return cell.metadata.get("tags", [])


def text_of(path):
    return "\n\n".join(cell.source for cell in cells(path, "markdown"))


def headings(path):
    prose = re.sub(r"^```.*?^```", "", text_of(path), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^(#+) +(.+)$", prose, re.MULTILINE)


def calls(path, name):
    """The arguments of each call `<name>(...)` in the code of a lesson, as syntax."""
    for cell in cells(path, "code"):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
                yield cell, node.args


lessons = pytest.mark.parametrize("path", LESSONS, ids=NUMBERS)
each_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda entry: entry.name)


# The template


def test_there_are_lessons():
    assert LESSONS


@lessons
def test_a_lesson_has_one_title_and_the_headings_of_the_template_in_order(path):
    found = headings(path)
    assert [level for level, _ in found].count("#") == 1 and found[0][0] == "#"
    main = [words for level, words in found if level == "##"]
    placed = [next((i for i, words in enumerate(main) if words.startswith(h)), None) for h in HEADINGS]
    assert None not in placed, dict(zip(HEADINGS, placed, strict=True))
    assert placed == sorted(placed)


@lessons
def test_a_lesson_begins_with_what_it_takes(path):
    first = cells(path, "markdown")[0].source
    assert [words for words in FIRST_CELL if f"**{words}" not in first] == []
    assert [words for words in FIRST_TABLE if words not in first] == []


@lessons
def test_a_lesson_begins_with_the_set_up_cell(path):
    assert cells(path, "code")[0].source.startswith("import course\n\ncourse.setup(")


@lessons
def test_the_first_code_cell_is_the_one_that_installs_and_it_stands_nowhere_else(path):
    """Where this fails: make map."""
    found = nbformat.read(path, as_version=4).cells
    where = [number for number, cell in enumerate(found) if install_cell.is_install_cell(cell)]
    assert where == [1] and found[0].cell_type == "markdown"
    assert (
        found[1].source == install_cell.SOURCE and found[1].metadata == install_cell.install_cell().metadata
    )
    assert found[1].execution_count == 1 and found[1].outputs == []


@lessons
def test_a_lesson_has_five_recall_questions_with_folded_answers(path):
    recall = text_of(path).partition("## Recall")[2].partition("## Further")[0]
    folded = re.findall(r"<details><summary>\d\. .+?\?</summary>\s+\S.*?</details>", recall, re.DOTALL)
    assert len(folded) == recall.count("<details") == 5


@lessons
def test_further_reading_has_a_year_and_a_link_in_each_entry(path):
    entries = re.split(r"^- ", text_of(path).partition("## Further reading")[2], flags=re.MULTILINE)[1:]
    assert len(entries) >= 3
    pattern = re.compile(r"(?:19|20)\d\d.*https://(?:doi\.org|arxiv\.org|\w+\.\w+)", re.DOTALL)
    assert [entry for entry in entries if not pattern.search(entry)] == []


@lessons
def test_a_lesson_claims_something_in_a_visible_cell(path):
    hidden = {"hide-input", "remove-cell", "hide-cell"}
    trees = [ast.parse(c.source) for c in cells(path, "code") if not hidden & {*tags(c)}]
    claims = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    assert any(isinstance(node.test, ast.Compare) for node in claims)


# What may not be in a lesson


@lessons
def test_a_lesson_was_executed_once_from_top_to_bottom(path):
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    results = [(cell, o) for cell in code for o in cell.outputs if o.output_type == "execute_result"]
    assert all(output.execution_count == cell.execution_count for cell, output in results)
    assert all(cell.source.strip() for cell in code)


@lessons
def test_no_output_is_an_error_or_a_log_line(path):
    outputs = [(cell, output) for cell in cells(path, "code") for output in cell.outputs]
    errors = [c.id for c, o in outputs if o.output_type == "error" and "raises-exception" not in tags(c)]
    assert errors == []
    assert [cell.id for cell, output in outputs if output.get("name") == "stderr"] == []


@lessons
def test_no_output_is_a_widget_or_an_object_with_its_address(path):
    for cell in cells(path, "code"):
        for output in cell.outputs:
            assert not any("widget" in kind for kind in output.get("data", {})), cell.id
            text = output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
            assert not re.search(r"\b0x[0-9a-fA-F]{6,}", text), cell.id


@lessons
def test_no_cell_ends_with_a_semicolon_installs_or_names_an_absolute_path(path):
    for cell in cells(path, "code"):
        assert not cell.source.rstrip().endswith(";"), cell.id
        assert not INSTALLS.search(cell.source), cell.id
    assert not ABSOLUTE_PATH.search(path.read_text())


def test_the_reader_of_paths_and_installs_sees_them():
    assert ABSOLUTE_PATH.search('open("' + "/" + 'home/ann/x")')
    assert ABSOLUTE_PATH.search(json.dumps("C:" + "\\x"))
    inside = ["https://doi.org", "home", "x and notebooks", "tmp", "x"]
    assert not ABSOLUTE_PATH.search("/".join(inside))
    assert INSTALLS.search("!pip install x") and INSTALLS.search("%conda install x")
    assert INSTALLS.search('run([sys.executable, "-m", "pip", "install", "x"])')
    assert INSTALLS.search(install_cell.SOURCE)


@lessons
def test_the_metadata_does_not_change_from_machine_to_machine(path):
    content = json.loads(path.read_text())
    assert content["metadata"] == tool.METADATA
    known = {"tags", "alt"}
    others = [cell for cell in content["cells"] if not install_cell.is_install_cell(cell)]
    assert [cell["id"] for cell in others if set(cell["metadata"]) - known] == []


# Pictures and links


@lessons
def test_each_picture_has_a_text_that_is_folded_away_below_it(path):
    notebook = nbformat.read(path, as_version=4)
    for cell, following in zip(notebook.cells, [*notebook.cells[1:], None], strict=True):
        kinds = [kind for output in cell.get("outputs", []) for kind in output.get("data", {})]
        if any(kind.startswith("image/") for kind in kinds):
            assert len(cell.metadata.get("alt", "")) > 40, cell.id
            assert following is not None and PICTURE_IN_WORDS.format(cell.metadata.alt) in following.source, (
                cell.id
            )
            # Of a drawing of viz the text form is compared: it has no address and ends the cell itself.
            texts = [str(output.get("data", {}).get("text/plain", "")) for output in cell.outputs]
            if any(text.startswith("<Figure") for text in texts):
                assert cell.source.rstrip().endswith("plt.show()"), cell.id


@lessons
def test_no_picture_in_words_stands_in_sight(path):
    text = text_of(path)
    folded = text.count(PICTURE_IN_WORDS.partition("{}")[0])
    assert text.lower().count("picture in words") == folded


@lessons
def test_each_picture_and_link_in_the_text_resolves(path):
    prose = re.sub(r"`[^`]*`", "", re.sub(r"^```.*?^```", "", text_of(path), flags=re.MULTILINE | re.DOTALL))
    for mark, words, target in re.findall(r"(!?)\[([^\]]*)\]\(([^)\s]+)[^)]*\)", prose):
        assert words.strip() or not mark, f"the picture {target} has no alternative text"
        if not re.match(r"https?://|#|mailto:", target):
            assert (path.parent / target.partition("#")[0]).exists(), target
    assert re.findall(r"<img(?![^>]*\balt=\"[^\"]+\")", prose) == []


# Exercises: the lesson


@lessons
def test_a_lesson_has_four_exercises_and_a_bug_hunt(path):
    used = [ast.literal_eval(args[0]) for _, args in calls(path, "course.exercise")]
    registered = [entry.name for entry in exercises.exercises_of(path.name[:2])]
    assert used == registered and len(used) >= 5


@lessons
def test_the_empty_cell_of_an_exercise_is_made_from_its_solution(path):
    for cell, args in calls(path, "course.exercise"):
        entry = course.exercise(ast.literal_eval(args[0]))
        assert entry.stub() in cell.source
        assert f"question.check({entry.solution_function.__name__})" in cell.source
        assert "exercise" in tags(cell)


@lessons
def test_the_questions_of_a_prediction_are_the_registered_ones_and_open(path):
    asked = 0
    for cell, args in calls(path, "course.check"):
        asked += 1
        statement = ast.parse(cell.source).body[0]
        prediction = ast.literal_eval(statement.value)
        found = predictions.outcomes(ast.literal_eval(args[0]), prediction)
        assert list(found) == list(prediction)
        assert set(found.values()) == {Outcome.NOT_ATTEMPTED}
    assert asked


# Exercises: the checks


@each_exercise
def test_a_check_accepts_the_solution(exercise):
    assert exercise.outcome(exercise.solution_function) == (Outcome.MATCHES, "")


@each_exercise
def test_a_check_calls_the_empty_answer_not_attempted(exercise):
    namespace = {}
    exec(exercise.stub(), namespace)
    empty = namespace[exercise.solution_function.__name__]
    for answer in (empty, None, ...):
        assert exercise.outcome(answer) == (Outcome.NOT_ATTEMPTED, "")


@each_exercise
def test_a_body_that_returns_nothing_differs_for_want_of_a_return(exercise):
    def forgets_to_return(*args, **kwargs):
        args = list(args)

    found, reason = exercise.outcome(forgets_to_return)
    assert found is Outcome.DIFFERS and "None" in reason and "lacks a `return`" in reason


def test_a_body_is_empty_whatever_its_signature_and_docstring_are():
    exercise = EXERCISES[0]

    def one(x, h):
        """Says something."""
        ...  # your code here

    def two(*numbers, more=3):
        pass

    for empty in (one, two, lambda *args: None):
        assert exercise.outcome(empty) == (Outcome.NOT_ATTEMPTED, "")


@each_exercise
def test_a_check_rejects_plausible_wrong_answers_with_a_reason(exercise):
    assert len(exercise.wrong) >= 2
    for answer in exercise.wrong:
        found, reason = exercise.outcome(answer)
        assert found is Outcome.DIFFERS, answer.__name__
        assert reason.endswith(".")
        assert not re.search(r"\bnp\.\w+\d+\(", reason), "numbers as NumPy shows them, not as one writes them"


@each_exercise
def test_no_answer_stops_a_check_or_brings_the_solution_out(exercise, capsys):
    def stops(*args, **kwargs):
        raise RuntimeError("an error of the student's own")

    body = ast.unparse(ast.parse(exercises.source(exercise.solution_function)).body[0].body[1:])
    for answer in (stops, 3, "text", lambda *a: 3, lambda: 3, *exercise.wrong):
        assert exercise.check(answer) is None
        printed = capsys.readouterr().out
        assert "differs" in printed
        assert [line for line in body.splitlines() if line.strip() and line.strip() in printed] == []


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("", ""),
        ("wrong\nmore", "wrong"),
        ("Exception encountered when calling A.call().\n\n\x1b[1mwrong\x1b[0m\n\nArguments: x", "wrong"),
        ("\x1b[1mException encountered when calling A.\x1b[0m", "Exception encountered when calling A."),
    ],
)
def test_an_error_is_told_by_the_line_that_says_what_is_wrong(message, told):
    def stops(*args):
        raise RuntimeError(message)

    reason = f"Your code stops with RuntimeError: {told}"
    assert EXERCISES[0].outcome(stops) == (Outcome.DIFFERS, reason)


@pytest.mark.parametrize(
    ("given", "change"),
    [
        (np.zeros(3), lambda h: h.__setitem__(0, 1)),
        (np.array([np.nan, 1.0]), lambda h: h.sort()),
        ([1, 2], lambda h: h.append(3)),
        ([np.zeros(2), np.zeros(2)], lambda h: h[1].__setitem__(0, 1)),
        ({"a": 1}, lambda h: h.update(a=2)),
    ],
    ids=["array", "nan", "list", "array in a list", "dict"],
)
def test_an_input_that_is_changed_in_place_is_told_by_its_name(given, change):
    def answer(x, h):
        change(h)
        return h

    def leaves_it(x, h):
        return change(copy.deepcopy(h)) or h

    exercise = exercises.Exercise("97.x", answer, lambda f: f(1, h=given), (), ())
    reason = "It changes `h`, which it was given, in place. Work on a copy: h.copy()."
    assert exercise.outcome(leaves_it) == (Outcome.MATCHES, "")
    assert exercise.outcome(answer) == (Outcome.DIFFERS, reason)


def test_a_wrong_number_is_told_with_its_timestep_counted_from_0():
    found, truth = np.zeros((2, 3, 1)), np.zeros((2, 3, 1))
    properties.expect_timesteps(found, truth)
    found[1, 1] = 0.25
    with pytest.raises(
        outcome.DiffersError, match="^Timestep 1 of 0 to 2 is wrong: expected 0, received 0.25.$"
    ):
        properties.expect_timesteps(found, truth)
    inputs = np.arange(6).reshape(2, 3, 1)
    with pytest.raises(outcome.DiffersError, match="^For the inputs 3, 4 timestep 1 of 0 to 2 is wrong"):
        properties.expect_timesteps(found, truth, inputs=inputs)


@pytest.mark.parametrize("answer", ["8, 4, 6", None, [1, "2"], [[1], [1, 2]], object()])
def test_what_holds_no_numbers_is_told_by_its_kind(answer):
    with pytest.raises(outcome.DiffersError, match=r"^It is (the text '8, 4, 6'|an? \w+), where numbers"):
        properties.numbers(answer)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("x, mask", "the text 'x, mask', not the tuple (x, mask)."),
        (np.zeros((2, 3)), "a NumPy array, not the tuple (x, mask)."),
        ((1, 2, 3), "3 values, not the tuple (x, mask)."),
    ],
)
def test_what_is_no_tuple_is_told_by_its_kind(answer, told):
    with pytest.raises(outcome.DiffersError) as error:
        properties.parts(answer, "x", "mask")
    assert str(error.value) == f"It returns {told}"


@each_exercise
def test_hints_come_one_by_one_and_the_solution_when_asked(exercise, capsys):
    exercise, count = dataclasses.replace(exercise), len(exercise.hints)
    assert count >= 2
    for number in [*range(count), 0]:
        exercise.hint()
        assert capsys.readouterr().out.startswith(f"Hint {number + 1} of {count}: {exercise.hints[number]}")
    exercise.solution()
    assert f"def {exercise.solution_function.__name__}(" in capsys.readouterr().out


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"Received: '01\.summ'.*'01\.sum'.*Fix:"):
        course.exercise("01.summ")
    with pytest.raises(ValueError, match=r"Received: '99\.x'.*Fix:"):
        course.check("99.x", {})


# Predictions


@pytest.fixture
def question(monkeypatch):
    monkeypatch.setattr(predictions, "_REGISTERED", {})
    predictions.register_prediction("97.q", {"shape": (2, 16), "weights": 288, "grows": "no", "more": "yes"})
    return "97.q"


@pytest.mark.parametrize(
    "right",
    [
        {"shape": (2, 16), "weights": 288, "grows": "no", "more": "yes"},
        {"shape": [2, 16], "weights": 288.0, "grows": False, "more": True},
        {"shape": [2.0, 16], "weights": "288", "grows": " No. ", "more": "YES"},
    ],
)
def test_a_prediction_matches_in_any_way_of_writing_it(question, right):
    assert set(predictions.outcomes(question, right).values()) == {Outcome.MATCHES}


@pytest.mark.parametrize("empty", [{}, None, {"shape": None, "grows": ""}, {"weights": ...}])
def test_an_empty_prediction_is_not_attempted(question, empty):
    assert set(predictions.outcomes(question, empty).values()) == {Outcome.NOT_ATTEMPTED}


@pytest.mark.parametrize(
    "wrong",
    [
        {"shape": (2, 7, 16), "weights": 289, "grows": "yes", "more": False},
        {"shape": (16, 2), "weights": "many", "grows": True, "more": "no"},
        {"shape": 16, "weights": (288,), "grows": 1.5, "more": object()},
    ],
)
def test_a_wrong_prediction_differs_whatever_its_type(question, wrong, capsys):
    assert set(predictions.outcomes(question, wrong).values()) == {Outcome.DIFFERS}
    assert course.check(question, wrong) is None
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition(" (")[0] for line in printed] == [f"{name}: differs" for name in wrong]


@pytest.mark.parametrize(
    ("name", "given", "note"),
    [
        ("shape", "(2, 16)", " (this is the text '(2, 16)'; write a tuple such as (1, 2), without quotes)"),
        ("shape", 16, " (this is an int; write a tuple such as (1, 2), without quotes)"),
        ("shape", (2, 17), ""),
        ("weights", "many", " (this is the text 'many'; write one number)"),
        ("weights", (288,), " (this is a tuple; write one number)"),
        ("weights", "289", ""),
        ("grows", 3, " (this is an int; write a word in quotes)"),
        ("grows", True, ""),
    ],
)
def test_a_prediction_of_a_kind_that_cannot_be_right_is_told_so(question, name, given, note, capsys):
    course.check(question, {name: given})
    assert f"{name}: differs{note}" in capsys.readouterr().out.splitlines()


def test_digits_in_quotes_are_no_tuple(monkeypatch):
    monkeypatch.setattr(predictions, "_REGISTERED", {})
    predictions.register_prediction("97.digits", {"shape": (2, 1)})
    assert predictions.outcomes("97.digits", {"shape": "21"})["shape"] is Outcome.DIFFERS


def test_a_rounded_answer_is_matched_by_what_rounds_to_it_and_by_nothing_else(monkeypatch):
    monkeypatch.setattr(predictions, "_REGISTERED", {})
    predictions.register_prediction("97.rounded", {"h": 0.76, "pair": (0.36, 2)}, atol=0.006)
    for near in ({"h": 0.7616, "pair": (0.3634, 2)}, {"h": 0.76, "pair": ("0.36", 2.0)}):
        assert set(predictions.outcomes("97.rounded", near).values()) == {Outcome.MATCHES}
    for far in ({"h": 0.77, "pair": (0.35, 2)}, {"h": 0.75, "pair": (0.36, 2.1)}):
        assert set(predictions.outcomes("97.rounded", far).values()) == {Outcome.DIFFERS}


def test_a_count_that_is_off_by_one_differs(monkeypatch):
    monkeypatch.setattr(predictions, "_REGISTERED", {})
    predictions.register_prediction("97.count", {"weights": 1312, "shape": (2, 1312), "loss": 2.303})
    found = predictions.outcomes("97.count", {"weights": 1312.0, "shape": (2, "1312"), "loss": 2.3026})
    assert set(found.values()) == {Outcome.MATCHES}
    found = predictions.outcomes("97.count", {"weights": 1313, "shape": (2, 1311), "loss": 2.31})
    assert set(found.values()) == {Outcome.DIFFERS}


@pytest.mark.parametrize(
    ("given", "answer", "right"),
    [
        ("vanish", "vanishes", True),
        ("Explode.", "explodes", True),
        ("stay", "stays", True),
        ("vanished", "vanishes", False),
        ("y", "yes", False),
        ("stays", "vanishes", False),
    ],
)
def test_a_word_may_stand_without_its_ending(monkeypatch, given, answer, right):
    monkeypatch.setattr(predictions, "_REGISTERED", {})
    predictions.register_prediction("97.word", {"what happens": answer})
    found = predictions.outcomes("97.word", {"what happens": given})["what happens"]
    assert found is (Outcome.MATCHES if right else Outcome.DIFFERS)


@pytest.mark.parametrize("given", [0.89, 8 / 9, 0.889, 0.8889])
def test_the_schedule_on_paper_may_have_more_decimals_than_two(given):
    (question,) = predictions.outcomes("08.sigmoid", {})
    assert predictions.outcomes("08.sigmoid", {question: given})[question] is Outcome.MATCHES


def test_the_state_on_a_calculator_may_have_more_decimals_than_two():
    questions = list(predictions.outcomes("01.calculator", {}))
    h, exact = 0.0, []
    for x in (1, 0, 0):
        h = math.tanh(0.5 * h + x)
        exact.append(h)
    given = dict(zip(questions, exact, strict=True))
    assert set(predictions.outcomes("01.calculator", given).values()) == {Outcome.MATCHES}


# Setting up and executing


def test_restarting_begins_the_random_numbers_where_setting_up_began_them():
    code = (
        "import course, keras; course.setup(3); first = keras.random.normal((4,)); course.restart();"
        "import numpy as np; print(np.array_equal(first, keras.random.normal((4,))));"
        "keras.utils.set_random_seed(3); print(np.array_equal(first, keras.random.normal((4,))))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-2:] == ["True", "True"]


def test_setting_up_prints_two_lines_and_lets_no_log_through():
    code = "import course; course.setup(); import matplotlib as m; print(m.rcParams['font.size'] >= 14)"
    environment = {k: v for k, v in os.environ.items() if k not in tool.ENVIRONMENT}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True)
    assert done.stderr == "" and done.returncode == 0
    assert re.fullmatch(r"Loading Keras .+\nReady: Keras .+, seed 0\.\nTrue\n", done.stdout)


def test_quiet_stderr_silences_the_descriptor_and_gives_it_back(capfd):
    with quiet.quiet_stderr():
        os.write(2, b"a log line of C code\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_progress_prints_a_line_now_and_then(capsys):
    callback = course.progress(every=2)
    callback.set_params({"epochs": 5})
    for epoch in range(5):
        callback.on_epoch_end(epoch, {"loss": 1 / (epoch + 1)})
    assert capsys.readouterr().out.splitlines() == [
        "epoch 2 of 5: loss 0.500",
        "epoch 4 of 5: loss 0.250",
        "epoch 5 of 5: loss 0.200",
    ]


def write_notebook(path, *sources):
    code = [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
    nbformat.write(nbformat.v4.new_notebook(cells=code), path)
    return path


LOGS = "I0000 00:00:17.5   9 port.cc:153] oneDNN\n2025-01-31 10:00:00.1: I tensorflow/x.cc:1] y\n"


def test_executing_numbers_the_cells_drops_logs_and_writes_the_same_twice(tmp_path, capsys):
    log = f"import os, sys; sys.stderr.write({LOGS!r}); print(os.environ['KERAS_BACKEND'])"
    path = write_notebook(tmp_path / "lesson.ipynb", log, "1 + 1")
    assert tool.main([str(path)]) == 0
    assert re.fullmatch(r"lesson\.ipynb: \d+ s, 0\.\d\d GB, 2 cells\n", capsys.readouterr().out)
    first = path.read_bytes()
    code = cells(path, "code")
    assert [cell.execution_count for cell in code] == [1, 2]
    assert [dict(output) for output in code[0].outputs] == [
        {"output_type": "stream", "name": "stdout", "text": "tensorflow\n"}
    ]
    assert tool.main([str(path)]) == 0 and path.read_bytes() == first


def test_executing_leaves_the_cell_that_installs_without_output(tmp_path):
    path = write_notebook(tmp_path / "lesson.ipynb", "'first'", "'second'")
    notebook = install_cell.with_install_cell(nbformat.read(path, as_version=4))
    without = nbformat.read(path, as_version=4)
    assert tool.fingerprint(notebook) == tool.fingerprint(without)
    notebook.cells.insert(0, notebook.cells.pop(1))
    notebook.cells[0].source = "print('installed')"  # a run where something was missing
    nbformat.write(notebook, path)
    assert tool.main([str(path)]) == 0
    installs, *code = nbformat.read(path, as_version=4).cells
    assert (installs.execution_count, installs.outputs) == (1, [])
    assert [cell.execution_count for cell in code] == [2, 3]
    assert [cell.outputs[0].execution_count for cell in code] == [2, 3]


def test_a_lesson_gets_the_cell_that_installs_once_and_but_for_numbers_nothing_else_changes(tmp_path, capsys):
    path = tmp_path / "lesson.ipynb"
    text = LESSONS[0].read_text()
    path.write_text(text)
    place_install_cells.main([str(path)])
    assert path.read_text() == text and capsys.readouterr().out == ""
    content = json.loads(text)
    installs = content["cells"].pop(1)
    without = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    path.write_text(without)
    place_install_cells.main([str(path)])
    assert path.read_text() == text and capsys.readouterr().out.startswith("lesson.ipynb: has the cell")
    stale = [
        {**installs, "id": "old", "source": ["an older one"]},
        content["cells"][0],
        installs,
        *content["cells"][1:],
    ]
    path.write_text(json.dumps({**content, "cells": stale}))
    place_install_cells.main([str(path)])
    assert path.read_text() == text


def test_the_cell_that_installs_gives_no_numbers_to_a_lesson_that_never_ran(tmp_path):
    path = write_notebook(tmp_path / "lesson.ipynb", "'first'")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell("# A lesson", id="title"))
    nbformat.write(notebook, path)
    place_install_cells.main([str(path)])
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [None, None]


def test_a_lesson_over_its_budget_or_with_an_error_fails(tmp_path, capsys):
    good = write_notebook(tmp_path / "good.ipynb", "1")
    assert tool.main([str(good), "--max-seconds", "0", "--max-gigabytes", "0"]) == 1
    assert "FAILED: over 0 s and over 0 GB" in capsys.readouterr().out
    bad = write_notebook(tmp_path / "bad.ipynb", "x = 1", "1 / 0")
    before = bad.read_bytes()
    assert tool.main([str(bad)]) == 1 and bad.read_bytes() == before
    assert "bad.ipynb: FAILED" in capsys.readouterr().out
