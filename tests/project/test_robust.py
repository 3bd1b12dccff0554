"""`make robust`: what a claim is, how far it is from failing, and what becomes of one that fails."""

import importlib
import json
import os
import re
import sys
import textwrap
from pathlib import Path

import nbformat
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]

# Not import statements: tools/ is only found from its folder.
sys.path.insert(0, str(ROOT / "tools"))
robust = importlib.import_module("robust")
claims = importlib.import_module("robust_claims")
laws = importlib.import_module("robust_laws")
margin = importlib.import_module("robust_margin")
table = importlib.import_module("robust_table")
variants = importlib.import_module("robust_variants")


# Margins


@pytest.mark.parametrize(
    ("left", "sign", "right", "expected"),
    [
        (3, "<", 4, ("relative", 0.25)),
        (4, "<", 4, ("relative", 0.0)),
        (5, "<=", 4, ("relative", -0.25)),
        (5.0, ">", 2, ("relative", 1.5)),
        (1, ">=", 2, ("relative", -0.5)),
        (2.5, ">", 0, ("absolute", 2.5)),
        (-3, "<", -2, ("relative", 0.5)),
        (np.array([1, 3]), "<", 4, ("relative", 0.25)),
        (np.array([1.0, 3.0]), "<", np.array([2.0, 12.0]), ("relative", 0.5)),
        ("a", "==", "a", ("exact", None)),
        ("a", "<", "b", ("exact", None)),
        (3, "==", 3, ("exact", None)),
        (0.5, "==", 0.5, ("exact floats", None)),
        ([1.0, 2.0], "==", [1.0, 2.0], ("exact floats", None)),
        (3, "in", [3], ("exact", None)),
        ({"a"}, "<=", {"a", "b"}, ("exact", None)),
    ],
)
def test_a_margin_is_the_part_of_the_limit_that_is_left(left, sign, right, expected):
    assert margin.margin_of(left, sign, right) == expected


def test_a_limit_on_the_left_is_a_limit():
    assert margin.margin_of(2, "<", 6, border="left") == ("relative", 2.0)


def test_the_share_of_a_tolerance_is_that_of_numpy():
    """At the share 1, `assert_allclose` passes; just above, it fails."""
    for rtol, atol in ((0.1, 0), (0, 0.3), (0.1, 0.3)):
        allowed = atol + rtol * 2.0
        for part in (0.5, 0.999, 1.001, 3.0):
            actual = [2.0 + part * allowed, 2.0]
            share = margin.share_of_tolerance(actual, [2.0, 2.0], rtol, atol)
            np.testing.assert_allclose(share, part, rtol=1e-9)
            assert np.allclose(actual, [2.0, 2.0], rtol, atol) == (share <= 1)
    same = [np.nan, np.inf, 1.0]
    assert margin.share_of_tolerance(same, same, 0.1, 0.1) == 0
    assert margin.share_of_tolerance([1.0], [1.5], 0, 0) == np.inf


# Claims


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """(what the code did, name -> its record) of code with its claims measured."""

    def run(source, **options):
        record = tmp_path / "record.jsonl"
        record.write_text("")
        monkeypatch.setenv("ROBUST_RECORD", str(record))
        monkeypatch.setattr(margin, "_worst", {})
        names = {"robust_margin": margin, "np": np, "calls": []}
        source = claims.Claims("01", **options).measured(textwrap.dedent(source))
        try:
            exec(source, names)
            ended = "passed"
        except Exception as error:
            ended = type(error).__name__
        lines = [json.loads(line) for line in record.read_text().splitlines()]
        return ended, {line["name"]: line for line in lines}, names

    return run


def test_a_comparison_is_a_claim_with_a_name_and_a_margin(measured):
    ended, found, _ = measured("assert 3 < 4")
    assert ended == "passed"
    assert found == {"01: 3 < 4": {"name": "01: 3 < 4", "kind": "relative", "margin": 0.25, "holds": True}}


def test_a_failing_claim_stops_the_cell_as_it_did_and_is_recorded(measured):
    ended, found, names = measured("assert 5 < 4, 'no'\ncalls.append(1)")
    assert ended == "AssertionError" and names["calls"] == []
    assert (found["01: 5 < 4"]["holds"], found["01: 5 < 4"]["margin"]) == (False, -0.25)


def test_each_part_of_an_and_is_a_claim_and_the_rest_is_not_reached_after_a_failing_one(measured):
    ended, found, _ = measured("x = 2\nassert x < 4 and 'a' == 'a' and x > 2 and x < 9")
    assert ended == "AssertionError"
    assert {name: line["holds"] for name, line in found.items()} == {
        "01: x < 4": True,
        "01: 'a' == 'a'": True,
        "01: x > 2": False,
    }
    assert found["01: x < 4"]["margin"] == 0.5 and found["01: 'a' == 'a'"]["kind"] == "exact"


def test_a_chain_is_two_claims_whose_middle_is_computed_once(measured):
    ended, found, names = measured(
        """
        def middle():
            calls.append(1)
            return 3
        assert 2 < middle() < 4
        assert 1 < 2 < 8
        """
    )
    assert ended == "passed" and names["calls"] == [1]
    # The number of a pair is the limit, on whichever side it stands.
    assert {name: line["margin"] for name, line in found.items()} == {
        "01: 2 < middle()": 0.5,
        "01: middle() < 4": 0.25,
        "01: 1 < 2": 0.5,
        "01: 2 < 8": 0.75,
    }


def test_all_takes_the_smallest_margin_and_or_and_not_are_true_or_false(measured):
    ended, found, _ = measured(
        """
        assert all(x < 4 for x in (1, 3, 2))
        assert np.all(np.array([1, 2]) < 4) and (np.array([1, 2]) <= 8).all()
        assert 3 < 4 or 1 / 0
        assert not 4 < 3
        assert [1]
        """
    )
    assert ended == "passed"
    assert {name: (line["kind"], line["margin"]) for name, line in found.items()} == {
        "01: x < 4": ("relative", 0.25),
        "01: np.array([1, 2]) < 4": ("relative", 0.5),
        "01: np.array([1, 2]) <= 8": ("relative", 0.75),
        "01: 3 < 4 or 1 / 0": ("exact", None),
        "01: not 4 < 3": ("exact", None),
        "01: [1]": ("exact", None),
    }


def test_allclose_has_what_is_left_of_its_tolerance(measured):
    ended, found, _ = measured(
        "assert np.allclose([1.0, 2.5], [1, 2], rtol=0, atol=2)\nassert np.isclose(2, 2)"
    )
    assert ended == "passed"
    assert [line["margin"] for line in found.values()] == [0.75, 1.0]
    assert {line["kind"] for line in found.values()} == {"tolerance"}
    assert measured("assert np.allclose(1, 2, 0, 0.5)")[0] == "AssertionError"


def test_a_claim_in_a_loop_keeps_its_smallest_margin_and_two_of_one_text_are_told_apart(measured):
    _, found, _ = measured("for x in (3, 1, 2):\n    assert x < 4\nassert x < 4")
    assert found["01: x < 4"]["margin"] == 0.25 and found["01: x < 4 #2"]["margin"] == 0.5


def test_what_is_no_python_stays_as_it_is():
    assert claims.Claims("01").measured("%matplotlib inline\nassert 3 < 4") == (
        "%matplotlib inline\nassert 3 < 4"
    )


def test_another_seed_reaches_the_seeds_that_a_lesson_sets_back():
    source = "keras.utils.set_random_seed(0)"
    assert claims.Claims("01").measured(source) == source
    assert claims.Claims("01", seed=2).measured(source) == "keras.utils.set_random_seed(0 + 2)"


def test_the_seed_of_a_lesson_is_that_of_the_variant(monkeypatch):
    sys.path.insert(0, str(ROOT / "notebooks"))
    settings = importlib.import_module("course.settings")
    monkeypatch.setattr(settings, "set_figures", lambda: None)

    def draw(**given):
        settings.setup(**given)
        return np.random.default_rng().random(), np.random.random()

    monkeypatch.delenv("COURSE_SEED", raising=False)
    plain, three = draw()[1], draw(seed=3)[1]
    monkeypatch.setenv("COURSE_SEED", "3")
    assert draw()[1] == three != plain


# Lessons


def write_lesson(folder, *sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    path = folder / "42_small.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


@pytest.fixture
def build(tmp_path, monkeypatch):
    monkeypatch.setattr(robust, "BUILD", tmp_path / "build")
    return tmp_path / "build"


def test_a_lesson_goes_on_after_a_failing_claim_and_after_an_error(tmp_path, build, capsys):
    path = write_lesson(
        tmp_path,
        "x = 3\nassert x < 4",
        "assert x > 4 and x < 5",
        "assert x == 'three'",
        "y = 1 / 0",
        "assert x + y < 9",
        "assert x <= 6",
    )
    arguments = [
        "--lessons",
        str(path),
        "--variants",
        "as_is",
        "seed_1",
        "--document",
        str(tmp_path / "t.md"),
    ]
    assert robust.main(arguments) == 1
    shown = capsys.readouterr().out
    lines = (tmp_path / "t.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("| `42")]
    assert rows == [
        "| `42: x < 4` | 25 % | 25 % |",
        "| `42: x > 4` | FAILS (-25 %) | FAILS (-25 %) |",
        "| `42: x == 'three'` | FAILS (exact) | FAILS (exact) |",
        "| `42: cell 4: ZeroDivisionError: division by zero` | FAILS | FAILS |",
        "| `42: cell 5: NameError: name 'y' is not defined` | FAILS | FAILS |",
        "| `42: x <= 6` | 50 % | 50 % |",
    ]
    assert (build / "table.md").read_text() == (tmp_path / "t.md").read_text()
    assert "6 claims, 4 FAIL; 0 with less than 10 % of their limit left." in shown
    assert "42_small, seed_1: 4 FAIL" in shown


def test_a_lesson_in_which_all_holds_exits_with_0(tmp_path, build, capsys):
    path = write_lesson(tmp_path, "assert 95 < 100")
    assert robust.main(["--lessons", str(path), "--variants", "as_is"]) == 0
    assert "1 claims, all hold; 1 with less than 10 % of their limit left." in capsys.readouterr().out


def test_a_kernel_that_dies_is_a_failing_row(tmp_path, build):
    path = write_lesson(tmp_path, "assert 3 < 4", "import os\nos._exit(3)")
    names = [(line["name"], line["holds"]) for line in robust.run_lesson(path, "as_is")]
    assert names[0] == ("42: 3 < 4", True)
    assert names[1][0].startswith("42: cell 2: DeadKernelError") and not names[1][1]


def test_a_variant_is_what_the_lesson_sees(tmp_path, build, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--of_the_reader")
    see = """
    import json, os
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    names = ["COURSE_SEED", "TF_ENABLE_ONEDNN_OPTS", "XLA_FLAGS", "TF_NUM_INTRAOP_THREADS"]
    with open("seen.json", "w") as file:
        json.dump([*map(os.environ.get, names), cores], file)
    assert os.environ["KERAS_BACKEND"] == "tensorflow"
    """
    path = write_lesson(tmp_path, textwrap.dedent(see))
    seen = {}
    for variant in ("as_is", "one_old_core", "seed_2"):
        assert [line["holds"] for line in robust.run_lesson(path, variant)] == [True]
        seen[variant] = json.loads((tmp_path / "seen.json").read_text())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    assert seen == {
        "as_is": [None, None, None, None, cores],
        "one_old_core": [None, "0", "--xla_cpu_max_isa=SSE4_2", "1", 1],
        "seed_2": ["2", None, None, None, cores],
    }


def test_ci_runs_every_lesson_on_one_old_core_and_no_law():
    quick, whole = robust.parsed(["--quick"]), robust.parsed([])
    assert (quick.variants, quick.laws, quick.lessons) == (["one_old_core"], False, [])
    assert (whole.variants, whole.laws, whole.lessons) == (variants.ALL, True, [])
    assert "make robust ROBUST_ARGS=--quick" in (ROOT / ".ci" / "run").read_text()


# Laws


TESTS = """
import numpy as np

def test_close():
    np.testing.assert_allclose([1.0, 2.0], [1.0, 2.5], rtol=0, atol=2)
    np.testing.assert_allclose(1.0, 1.0)

def test_plain():
    assert 3 < 4
"""
FAILING = """

def test_fails():
    np.testing.assert_allclose(1.0, 9.0, atol=2)

def test_breaks(no_such_fixture):
    pass
"""


@pytest.mark.parametrize("jobs", [0, 1])
def test_a_file_of_tests_is_a_row_with_its_worst_share_of_a_tolerance(tmp_path, jobs):
    (tmp_path / "test_good.py").write_text(TESTS)
    (tmp_path / "test_bad.py").write_text(TESTS + FAILING)
    lines = laws.run_laws("as_is", tmp_path / "record", jobs, tests=[str(tmp_path)])
    found = {Path(line["name"]).name: (line["holds"], line["margin"], line["text"]) for line in lines}
    assert found == {
        "test_good.py": (True, 0.75, "2 passed, 75 %"),
        "test_bad.py": (False, 0.75, "2 failed, 2 passed"),
    }


def test_tests_that_cannot_be_run_are_a_failing_row(tmp_path):
    (tmp_path / "test_broken.py").write_text("1 / 0")
    lines = laws.run_laws("as_is", tmp_path / "record", 0, tests=[str(tmp_path)])
    assert [line["holds"] for line in lines] == [False]


def test_a_law_runs_in_the_variants_that_are_more_than_a_seed():
    assert [name for name in variants.ALL if variants.is_for_laws(name)] == [
        "as_is",
        "one_core",
        "old_processor",
    ]
    assert [path for path in laws.NO_LAWS if not (ROOT / path).exists()] == []


# The table


def line(name, margin, holds=True, kind="relative"):
    return {"name": name, "kind": kind, "margin": margin, "holds": holds}


def test_the_terminal_shows_failures_first_then_the_smallest_margins():
    rows = table.rows_of(
        {
            "a": [line("01: wide", 5.0), line("01: close", 0.2), line("01: exact", None, kind="exact")],
            "b": [line("01: wide", 50.0), line("01: close", 0.05), line("02: " + "x" * 99, -0.5, False)],
        }
    )
    lines = table.terminal(rows, ["a", "b"], most=2).splitlines()
    assert [re.split(r" {2,}", line) for line in lines] == [
        ["claim", "a", "b"],
        ["02: " + "x" * 63 + "...", "-", "FAILS (-50 %)"],
        ["01: close", "20 %", "5 %"],
        ["01: wide", "500 %", "over 1000 %"],
        ["4 claims, 1 FAIL; 1 with less than 10 % of their limit left."],
    ]
    assert len({len(line) for line in lines[:-1]}) == 1


def test_a_cell_of_the_table_says_what_is_left():
    cells = [
        table.cell_of(given)
        for given in (
            line("n", 0.123456),
            line("n", 2.5, kind="absolute"),
            line("n", None, kind="exact floats"),
            line("n", None, False, kind="error"),
            None,
        )
    ]
    assert cells == ["12.3 %", "by 2.5", "exact floats", "FAILS", "-"]
