"""What holds the lessons together: links, needs, the map, names taught, time and memory within the budget."""

import ast
import dataclasses
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import rshop
import viz

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"

# Not import statements: tools/ is only found from its folder.
sys.path.insert(0, str(ROOT / "tools"))
facts = importlib.import_module("course_facts")
draw_course = importlib.import_module("draw_course")
execute_notebooks = importlib.import_module("execute_notebooks")
link_lessons = importlib.import_module("link_lessons")
write_map = importlib.import_module("write_map")

COURSE = facts.lessons()
THERE = [lesson for lesson in COURSE if lesson.first]
README = FOLDER / "README.md"

# Shown as text only: a live widget is no stored output, and the old name is no longer to be used.
AS_TEXT = {"viz.edit", "rshop.RecurrentContainer"}

each_lesson = pytest.mark.parametrize("lesson", THERE, ids=lambda lesson: lesson.number)


def notebook(lesson):
    return nbformat.read(FOLDER / lesson.file, as_version=4)


def text_of(lesson):
    return "\n\n".join(cell.source for cell in notebook(lesson).cells if cell.cell_type == "markdown")


def a_lesson(number, needs="", minutes=60):
    """A lesson of a small course for the tests below."""
    first = f"# Title {number}\n\n**What you need.** {needs}\n\n" if number else ""
    table = ["| time to read and try | memory | previous lesson | next lesson |", "|---|---|---|---|"]
    first += "\n".join([*table, f"| {minutes} minutes | 1 GB | before | after |"])
    return facts.Lesson(f"{number}_file.ipynb", "do it", first, 11)


# The plan and the files


def test_the_plan_names_the_lessons_that_are_there():
    command = ["git", "ls-files", "-co", "--exclude-standard", "--", "notebooks/*.ipynb"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split()
    assert [f"notebooks/{lesson.file}" for lesson in COURSE] == sorted(names)


def test_the_lessons_are_numbered_in_their_order():
    # A number is the name of a lesson, in links and in keys: one that is not there leaves a gap.
    numbers = [lesson.number for lesson in COURSE]
    assert numbers[:15] == [f"{number:02d}" for number in range(15)]
    assert numbers == sorted(set(numbers))


@each_lesson
def test_a_lesson_says_how_long_it_takes_and_what_it_holds(lesson):
    assert 10 <= lesson.minutes <= 120
    assert re.fullmatch(r"0\.5 GB|1(\.5)? GB", lesson.memory)


# Links


@each_lesson
def test_the_first_table_links_the_previous_and_the_next_lesson(lesson):
    place = COURSE.index(lesson)
    around = [None, *COURSE, None]
    assert link_lessons.linked(lesson.first, around[place], around[place + 2]) == lesson.first


@each_lesson
def test_a_link_to_a_lesson_leads_to_the_lesson_that_it_names(lesson):
    for words, target in re.findall(r"\[([^\]]*)\]\((\d\d_[^)#]*\.ipynb)[^)]*\)", text_of(lesson)):
        assert (FOLDER / target).exists()
        assert target[:2] in re.findall(r"\d\d", words) or words in text_of(by_number(target[:2])), words


@each_lesson
def test_a_lesson_speaks_only_of_lessons_that_there_are(lesson):
    spoken = set(re.findall(r"[Ll]essons? (\d\d)\b", text_of(lesson)))
    assert spoken <= {other.number for other in COURSE}


def by_number(number):
    return next(lesson for lesson in COURSE if lesson.number == number)


def test_linking_changes_two_cells_of_the_first_table_and_nothing_else():
    before, after = a_lesson("01"), a_lesson("03")
    here = a_lesson("02").first
    there = link_lessons.linked(here, before, after)
    row = "| 60 minutes | 1 GB | [01, Title 01](01_file.ipynb) | [03, Title 03](03_file.ipynb) |"
    assert there == here.replace("| 60 minutes | 1 GB | before | after |", row)
    assert link_lessons.linked(there, before, after) == there
    to_come = dataclasses.replace(after, first="")
    assert "| before | none, this is the last |" in link_lessons.linked(here, to_come, None)
    assert "| none, start here | after |" in link_lessons.linked(here, None, to_come)


def test_linking_leaves_every_other_byte_of_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(link_lessons, "FOLDER", tmp_path)
    source = (FOLDER / THERE[0].file).read_text()
    (tmp_path / "x.ipynb").write_text(source)
    new = THERE[0].first.replace("|\n", '| "quoted"\n') + "\nünd so"
    link_lessons.write_first_cell("x.ipynb", THERE[0].first, new)
    expected = json.loads(source)
    expected["cells"][0]["source"] = new.splitlines(keepends=True)
    assert json.loads((tmp_path / "x.ipynb").read_text()) == expected
    link_lessons.write_first_cell("x.ipynb", new, THERE[0].first)
    assert (tmp_path / "x.ipynb").read_text() == source
    with pytest.raises(SystemExit, match=r"Received: .*Expected: .*Fix: make notebooks"):
        link_lessons.write_first_cell("x.ipynb", "words that are not there", "")


# The time to run


def a_timed_lesson(said, seconds):
    head = "| time to run | previous lesson | next lesson |\n|---|---|---|\n"
    return facts.Lesson("01_file.ipynb", "do it", f"# Title\n\n{head}| {said} | before | after |", seconds)


@each_lesson
def test_a_lesson_says_the_minutes_of_a_slow_laptop_that_is_busy(lesson):
    assert lesson.says_time_to_run(), f"make map; it says {lesson.table['time to run']!r}"


@pytest.mark.parametrize(
    ("seconds", "minutes", "right", "wrong"),
    [(12, 1, {1, 2}, {0, 3}), (15, 2, {1, 2}, {0, 3}), (29, 3, {2, 3}, {1, 4}), (45, 4, {3, 4, 5}, {2, 6})],
)
def test_the_minutes_follow_from_the_seconds_and_stay_while_they_hold(seconds, minutes, right, wrong):
    unsaid = a_timed_lesson("under 1 minute", seconds)
    said = link_lessons.timed(unsaid)
    assert not unsaid.says_time_to_run()
    assert said == unsaid.first.replace("under 1 minute", facts.slow_minutes(minutes))
    for count in right:
        held = a_timed_lesson(facts.slow_minutes(count), seconds)
        assert link_lessons.timed(held) == held.first
    for count in wrong:
        assert facts.slow_minutes(minutes) in link_lessons.timed(
            a_timed_lesson(facts.slow_minutes(count), seconds)
        )


def test_a_lesson_that_nobody_measured_keeps_its_time():
    unmeasured = a_timed_lesson("some time", None)
    assert link_lessons.timed(unmeasured) == unmeasured.first


# What a lesson needs


def test_needs_are_read_from_the_lessons_and_what_others_need_is_left_out():
    course = [
        a_lesson("00"),
        a_lesson("01", "Arrays."),
        a_lesson("02", "Lesson 01 (a step), 20 minutes."),
        a_lesson("03", "Lessons 01 to 02; more in lesson 04."),
        a_lesson("04", "Lessons 00, 01 and 02."),
    ]
    assert facts.needs(course) == {"00": [], "01": [], "02": ["01"], "03": ["02"], "04": ["00", "02"]}
    assert "from 01 to 02, from 02 to 03, from 00 and 02 to 04." in facts.in_words(course)


@each_lesson
def test_a_lesson_needs_only_earlier_ones(lesson):
    assert [number for number in lesson.named if number >= lesson.number] == []


@pytest.mark.parametrize("path", facts.paths(), ids=lambda path: path["name"])
def test_on_a_path_each_lesson_comes_after_those_it_needs(path):
    order = sum(path["sessions"], [])
    assert len(order) == len(set(order))
    for place, number in enumerate(order):
        assert facts.all_needs(by_number(number), COURSE) <= set(order[:place]), number


# The map


def test_the_readme_says_what_the_lessons_say():
    assert README.read_text() == write_map.filled(README.read_text(), COURSE), "make map"


def test_the_picture_shows_what_the_lessons_need():
    assert draw_course.PICTURE.read_text() == draw_course.svg(COURSE), "make map"


def test_the_links_of_the_readme_resolve():
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README.read_text())
    assert len(targets) > len(THERE)
    assert [target for target in targets if not (FOLDER / target).exists()] == []


def test_the_map_has_a_row_for_each_lesson_and_sums_its_minutes(monkeypatch):
    course = [a_lesson("00", minutes=20), a_lesson("01", "Lesson 00.", minutes=45)]
    path = {"name": "A day", "session": "hour", "about": "Both.", "sessions": [["00", "01"]]}
    monkeypatch.setattr(write_map, "paths", lambda: [path])
    places = ["lessons", "picture", "paths", "total"]
    text = "".join(f"<!-- {name} -->\n<!-- end of {name} -->\n" for name in places)
    filled = write_map.filled(text, course)
    assert "| [01, Title 01](01_file.ipynb) | do it | 45 | 20 | 1 GB | 00 |" in filled
    assert "### A day: 65 minutes" in filled and "| 1 | 00 Title 00, 01 Title 01 | 65 |" in filled
    assert "All together: 65 minutes to read and try, 30 seconds" in filled
    assert write_map.filled(filled, course) == filled
    with pytest.raises(SystemExit, match=r"Received: .*Expected: .*Fix:"):
        write_map.filled("", course)


# Every public name is taught


def names_used(code):
    """`rshop.x` and `viz.x` for each name that a program takes from these packages and uses."""
    tree = ast.parse(code)
    nodes = list(ast.walk(tree))
    known = {node.id for node in nodes if isinstance(node, ast.Name)}
    taken = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module in ("rshop", "viz"):
            taken |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    dotted = {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)}
    return {full for name, full in taken.items() if name in known} | dotted


def all_names_used():
    found = set()
    for lesson in THERE:
        cells = notebook(lesson).cells
        found |= names_used("\n".join(cell.source for cell in cells if cell.cell_type == "code"))
        shown = "".join(re.findall(r"^```.*?^```", text_of(lesson), re.MULTILINE | re.DOTALL))
        found |= {name for name in AS_TEXT if re.search(rf"\b{name.removeprefix('rshop.')}\b", shown)}
    return found


def test_the_reader_of_names_sees_what_is_used_and_not_what_is_only_imported():
    code = (
        "import viz\nfrom rshop import trace, Stepper as S, RNNCell\nviz.gates(trace)\nS(1)\nx = 'viz.edit'"
    )
    found = names_used(code)
    assert found == {"rshop.trace", "rshop.Stepper", "viz.gates"}


def test_every_public_name_is_used_in_a_lesson():
    public = {f"rshop.{name}" for name in rshop.__all__} | {f"viz.{name}" for name in viz.__all__}
    assert sorted(public - all_names_used()) == []


# Time and memory


def over_budget(entries):
    """What is wrong with the measured seconds and gigabytes, in words."""
    wrong = [
        f"{name}: {entry[unit]} {unit}, at most {limit}"
        for name, entry in entries.items()
        for unit, limit in [
            ("seconds", execute_notebooks.max_seconds(name)),
            ("gigabytes", execute_notebooks.MAX_GIGABYTES),
        ]
        if not 0 < entry[unit] <= limit
    ]
    together = sum(entry["seconds"] for entry in entries.values())
    most = execute_notebooks.MAX_SECONDS_OF_THE_COURSE
    return wrong + ([f"all: {together} seconds, at most {most}"] if together > most else [])


def test_the_lessons_take_no_more_than_their_budget():
    entries = execute_notebooks.measured()
    assert over_budget({name: entry for name, entry in entries.items() if (FOLDER / name).exists()}) == []


@each_lesson
def test_a_lesson_was_measured_as_it_is_now(lesson):
    entry = execute_notebooks.measured().get(lesson.file)
    assert entry is not None, f"make notebooks LESSONS={lesson.number}"
    now = execute_notebooks.fingerprint(notebook(lesson))
    assert entry["code"] == now, f"make notebooks LESSONS={lesson.number}"


@each_lesson
def test_a_lesson_says_its_memory_to_half_a_gigabyte(lesson):
    entry = execute_notebooks.measured().get(lesson.file)
    assert entry is not None, f"make notebooks LESSONS={lesson.number}"
    # A little more than half a step, so that a run between two steps may keep the one it has.
    assert abs(float(lesson.memory.removesuffix(" GB")) - entry["gigabytes"]) <= 0.3


def test_a_lesson_over_its_budget_is_found():
    def entries(**taken):
        return {f"{name}.ipynb": {"seconds": s, "gigabytes": g} for name, (s, g) in taken.items()}

    assert over_budget(entries(a=(60, 1.5), b=(1, 0.1))) == []
    assert over_budget(entries(a=(61, 1.0))) == ["a.ipynb: 61 seconds, at most 60"]
    assert over_budget({"14_attention.ipynb": {"seconds": 90, "gigabytes": 1}}) == []
    assert over_budget(entries(a=(3, 1.51))) == ["a.ipynb: 1.51 gigabytes, at most 1.5"]
    assert over_budget(entries(a=(3, 0))) == ["a.ipynb: 0 gigabytes, at most 1.5"]
    many = {f"lesson{number}": (55, 1) for number in range(17)}
    assert over_budget(entries(**many)) == ["all: 935 seconds, at most 900"]


def test_what_a_lesson_takes_is_kept_beside_it_with_the_code_it_was_measured_for(tmp_path):
    (tmp_path / "course").mkdir()
    path = tmp_path / "01_x.ipynb"
    cells = [nbformat.v4.new_code_cell("x = sum(range(10**6))", id="one")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    (tmp_path / "course" / "measured.json").write_text('{"00_gone.ipynb": {}}')
    assert execute_notebooks.main([str(path)]) == 0
    entries = execute_notebooks.measured(tmp_path / "course")
    assert list(entries) == ["01_x.ipynb"] and sorted(
        path.name for path in (tmp_path / "course").iterdir()
    ) == ["measured.json"]
    entry, now = entries["01_x.ipynb"], nbformat.read(path, as_version=4)
    assert 0 <= entry["seconds"] < 60 and 0.01 < entry["gigabytes"] < 0.5
    assert entry["code"] == execute_notebooks.fingerprint(now)
    now.cells[0].outputs = []
    assert entry["code"] == execute_notebooks.fingerprint(now)
    now.cells[0].source += "  "
    assert entry["code"] != execute_notebooks.fingerprint(now)


def test_the_most_seconds_of_a_lesson_are_kept_until_it_is_measured_anew(tmp_path):
    (tmp_path / "course").mkdir()
    path = tmp_path / "01_x.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)
    kept = []
    for seconds, anew in ((20, False), (35, False), (30, False), (30, True)):
        execute_notebooks.record(path, seconds, 1.0, anew=anew)
        kept.append(execute_notebooks.measured(tmp_path / "course")["01_x.ipynb"]["seconds"])
    assert kept == [20, 35, 35, 30]


def test_a_lesson_is_found_by_its_number():
    assert execute_notebooks.find(THERE[0].number).name == THERE[0].file
    with pytest.raises(SystemExit, match=r"Received: '99'\. Expected: .*'01'.*Fix:"):
        execute_notebooks.find("99")
