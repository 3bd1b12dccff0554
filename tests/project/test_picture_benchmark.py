"""The benchmark of the pictures: every row can be measured, and the table says what was found."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "pictures.py"


@pytest.fixture(scope="module")
def pictures():
    spec = importlib.util.spec_from_file_location("benchmark_of_pictures", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_median_is_what_is_held_against_the_bar(pictures):
    row = pictures.Row
    assert row("a", (0.1, 0.9, 0.2), bar=0.5).word == "holds"
    assert row("a", (0.6, 0.9, 0.2), bar=0.5).word == "OVER"
    assert row("frames", (29.0, 31.0, 32.0), "1/s", bar=30).word == "holds"
    assert row("frames", (29.0, 29.5, 32.0), "1/s", bar=30).word == "OVER"
    assert row("ratio", (3.0,), "x").word == "-"
    assert row("frames", (), "1/s", bar=30, note="no browser").word == "left out"


def test_the_table_has_a_line_for_each_row_with_median_spread_bar_and_verdict(pictures):
    rows = [
        pictures.Row("import viz", (0.1, 0.2, 0.3, 0.4, 0.5), bar=0.25),
        pictures.Row("ratio", (12.0,), "x"),
        pictures.Row("frames", (), note="no browser"),
    ]
    assert [line.split("  ") for line in pictures.table(rows).splitlines()][0][0].startswith("what")
    heading, *lines = [
        [c.strip() for c in line.split("  ") if c.strip()] for line in pictures.table(rows).splitlines()
    ]
    assert heading == ["what", "median", "spread", "bar", "verdict"]
    assert lines[0] == ["import viz", "0.300 s", "0.200 to 0.400", "at most 0.250 s", "OVER"]
    assert lines[1] == ["ratio", "12.0 x", "12.0 to 12.0", "-"]
    assert lines[2] == ["frames", "left out: no browser"]


@pytest.mark.parametrize("what, count", [("imports", 2), ("drawings", 4), ("traces", 3)])
def test_every_row_can_be_measured(pictures, what, count, monkeypatch):
    monkeypatch.setattr(pictures, "STEPS", 5)
    rows = list(getattr(pictures, what)(1))
    assert len(rows) == count == len({row.what for row in rows})
    assert all(len(row.values) == 1 and row.values[0] > 0 for row in rows)


def test_the_inspector_is_measured_whole_and_without_its_trace(pictures, monkeypatch):
    monkeypatch.setattr(pictures, "STEPS", 5)
    whole, rest = pictures.inspections(2)
    assert (whole.bar, rest.bar) == (1.5, 1.0) and len(whole.values) == len(rest.values) == 2


def test_without_a_browser_the_frames_are_left_out_and_say_so(pictures, monkeypatch):
    monkeypatch.setattr(pictures, "BROWSERS", ("no-such-browser",))
    row = pictures.frames(1)
    assert (row.word, row.note) == ("left out", "no browser (looked for no-such-browser)")


def test_it_is_a_script_with_help():
    done = subprocess.run([sys.executable, SCRIPT, "--help"], capture_output=True, text=True, check=True)
    assert "--repeats" in done.stdout
