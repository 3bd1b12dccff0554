"""The facts of the course, each read from the one place where it stands.

Titles, minutes, memory and what a lesson needs stand in the first cell of the lesson; the order, one line
for each lesson and the paths in `tools/course.toml`; the seconds in `notebooks/course/measured.json`.
"""

import json
import math
import re
import tomllib
from dataclasses import dataclass

from execute_notebooks import FOLDER, PLAN, ROOT, measured

__all__ = ["FOLDER", "PLAN", "ROOT", "Lesson", "lessons", "needs", "paths", "in_words"]


@dataclass(frozen=True)
class Lesson:
    """One lesson of the map.

    Example:
        >>> lessons()[1].link
        '[01, Write one timestep](01_one_timestep.ipynb)'

    Attributes:
        file: the file's name; its first two characters are the number.
        can: what the reader can do afterwards.
        first: the text of the first cell; empty while there is no such file.
        seconds: CPU seconds to run it; None while nobody measured.
    """

    file: str
    can: str
    first: str
    seconds: int | None

    @property
    def number(self) -> str:
        """Two digits."""
        return self.file[:2]

    @property
    def title(self) -> str:
        """The heading of the lesson; of one that is not there yet, the file's name in words."""
        if not self.first:
            return self.file[3:].removesuffix(".ipynb").replace("_", " ").capitalize() + " (to come)"
        return self.first.splitlines()[0].removeprefix("# ").strip()

    @property
    def link(self) -> str:
        """Number and title, as a link where there is something to link to."""
        words = f"{self.number}, {self.title}"
        return f"[{words}]({self.file})" if self.first else words

    @property
    def minutes(self) -> int:
        """To read and try."""
        found = re.match(r"(\d+) minutes", self.table.get("time to read and try", ""))
        return int(found.group(1)) if found else 0

    @property
    def time_to_run(self) -> str:
        """What the first table says about a slow laptop that is busy with other programs.

        Such a laptop takes four to five times the seconds of one idle processor here. What a lesson says
        stays while it is true, so that its text does not change each time that it is measured.
        """
        said = self.table.get("time to run", "")
        return said if self.says_time_to_run() else slow_minutes(math.ceil(5 * (self.seconds or 0) / 60))

    def says_time_to_run(self) -> bool:
        """Whether the first table says minutes that hold on a busy laptop, and not many too many."""
        found = re.match(r"up to (\d+) minutes? on a slow laptop$", self.table.get("time to run", ""))
        seconds = self.seconds or 0
        return bool(found) and 4 * seconds <= 60 * int(found.group(1)) < 6 * seconds + 60

    @property
    def memory(self) -> str:
        """Such as `'1 GB'`."""
        return self.table.get("memory", "")

    @property
    def table(self) -> dict[str, str]:
        """The table of the first cell: heading -> what stands below it."""
        rows = [row for row in self.first.splitlines() if row.startswith("|")]
        return dict(zip(cells_of(rows[0]), cells_of(rows[2]), strict=True)) if rows else {}

    @property
    def named(self) -> set[str]:
        """The numbers of the lessons that it names under "What you need"; `01 to 03` names three."""
        text = self.first.partition("**What you need.**")[2].partition("\n|")[0]
        numbers = set(re.findall(r"\b[01]\d\b", text))
        for first, last in re.findall(r"\b([01]\d) ?(?:to|-|–) ?([01]\d)\b", text):
            numbers |= {f"{number:02d}" for number in range(int(first), int(last))}
        return numbers


def slow_minutes(minutes: int) -> str:
    """How a lesson says how long it runs.

    Example:
        >>> slow_minutes(2)
        'up to 2 minutes on a slow laptop'
    """
    return f"up to {minutes} minute{'s' * (minutes != 1)} on a slow laptop"


def cells_of(row: str) -> list[str]:
    """The cells of one row of a table in Markdown."""
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def lessons() -> list[Lesson]:
    """All lessons in their order, those that are not there yet too."""
    taken = measured()
    return [
        Lesson(file, can, first_cell(file), taken.get(file, {}).get("seconds"))
        for file, can in ((entry["file"], entry["can"]) for entry in _plan()["lesson"])
    ]


def first_cell(file: str) -> str:
    """The text that a lesson begins with; empty if there is no such lesson."""
    path = FOLDER / file
    return "".join(json.loads(path.read_text())["cells"][0]["source"]) if path.exists() else ""


def needs(course: list[Lesson]) -> dict[str, list[str]]:
    """Number -> the lessons to do just before it; what those need in turn is left out.

    Example:
        >>> needs(lessons())["07"]
        ['06']
    """
    earlier = {lesson.number: all_needs(lesson, course) for lesson in course}
    return {
        number: sorted(those - set().union(*(earlier[one] for one in those)))
        for number, those in earlier.items()
    }


def all_needs(lesson: Lesson, course: list[Lesson]) -> set[str]:
    """Every lesson that comes before this one, directly or through others."""
    earlier = {other.number: other for other in course if other.number < lesson.number}
    found = set()
    for number in lesson.named & earlier.keys():
        found |= {number} | all_needs(earlier[number], course)
    return found


def in_words(course: list[Lesson]) -> str:
    """What needs what, for those who do not see the picture."""
    arrows = [f"from {' and '.join(those)} to {number}" for number, those in needs(course).items() if those]
    return (
        f"The {len(course)} lessons as boxes, the first ones at the left. "
        f"Arrows lead to each lesson from those to do just before it: {', '.join(arrows)}."
    )


def paths() -> list[dict]:
    """The ways through the course: `name`, `about`, `session` and `sessions`, lists of numbers."""
    return _plan()["path"]


def _plan() -> dict:
    return tomllib.loads(PLAN.read_text())
