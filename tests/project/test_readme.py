"""The programs of README and docs run as written and print the numbers that stand beside them."""

import contextlib
import io
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"


PAGES = {
    "README.md": 2,
    "docs/writing_a_step.md": 5,
    "docs/equations_and_numpy.md": 3,
    "docs/several_devices.md": 1,
    "docs/attention.md": 5,
    "docs/generation.md": 11,
    "docs/training.md": 8,
    "docs/forecasting.md": 4,
    "docs/language_models.md": 10,
    "docs/how_it_works.md": 2,
    "docs/moving_here.md": 5,
    "docs/site/start.md": 5,
}


def test_every_page_with_programs_is_run():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    with_programs = {path for path in pages if "```python\n" in path.read_text(encoding="utf-8")}
    assert {path.relative_to(ROOT).as_posix() for path in with_programs} == set(PAGES)


@pytest.mark.parametrize("page, count", PAGES.items())
def test_the_programs_of_a_page_print_what_their_comments_say(page, count, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a program may save something
    programs = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    names = {}
    expected = []
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for program in programs:
            exec(program, names)
            expected += re.findall(r"^print\(.*\)\s+# ([^:\n]*)", program, flags=re.MULTILINE)
    assert len(expected) == count
    assert printed.getvalue().splitlines() == [value.strip() for value in expected]


def test_the_pictures_of_the_pages_are_what_the_tool_draws():
    pictures = runpy.run_path(str(ROOT / "tools" / "draw_readme.py"))["pictures"]()
    pages = [README, *(ROOT / "docs").rglob("*.md")]
    shown = {
        name for page in pages for name in re.findall(r"\]\((?:[^)]*/)?([^)/]*\.svg)\)", page.read_text())
    }
    assert shown == set(pictures)
    for name, figure in pictures.items():
        assert (ROOT / "docs" / name).read_text() == figure.svg


def test_the_readme_begins_with_a_moving_picture_of_the_inspector_that_is_small_enough():
    from PIL import Image

    assert re.search(r"!\[[^\]]*\]\((.*?)\)", README.read_text())[1] == "docs/inspector.gif"
    path = ROOT / "docs" / "inspector.gif"
    tool = runpy.run_path(str(ROOT / "tools" / "draw_inspector.py"))
    assert path.stat().st_size <= tool["LARGEST"] == 2_000_000
    with Image.open(path) as picture:
        assert (picture.n_frames, picture.size) == (len(tool["STEPS"]) + 1, tool["PICTURE"])
