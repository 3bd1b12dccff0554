"""Write the time to run and the links to the neighbours into the first table of each lesson.

    python tools/link_lessons.py        # in all lessons
    python tools/link_lessons.py 06 07  # in these

The time is what a slow, busy laptop takes, from the seconds in `notebooks/course/measured.json`. A neighbour
that is not there yet keeps its plain words. Nothing else in the file changes.
"""

import json
import sys

from course_facts import FOLDER, Lesson, cells_of, lessons

from viz.style.atomic_write import write


def main(numbers: list[str]):
    """Set times and links, and name the lessons that changed."""
    course = [None, *lessons(), None]
    for before, lesson, after in zip(course, course[1:], course[2:], strict=False):
        if lesson and lesson.first and (not numbers or lesson.number in numbers):
            new = linked(timed(lesson), before, after)
            if new != lesson.first:
                write_first_cell(lesson.file, lesson.first, new)
                print(f"{lesson.file}: linked")


def timed(lesson: Lesson) -> str:
    """The text of a first cell with its time to run set; as it is while nobody measured the lesson."""
    said = lesson.table["time to run"]
    return lesson.first if lesson.seconds is None else lesson.first.replace(said, lesson.time_to_run, 1)


def linked(first: str, before: Lesson | None, after: Lesson | None) -> str:
    """The text of a first cell with its last two columns set.

    Args:
        first: the text.
        before: the previous lesson, None for the first one of the course.
        after: the next lesson, None for the last one.
    """
    row = [line for line in first.splitlines() if line.startswith("|")][2]
    *kept, previous, following = cells_of(row)
    previous = _words(before, "none, start here", previous)
    following = _words(after, "none, this is the last", following)
    return first.replace(row, "| " + " | ".join([*kept, previous, following]) + " |")


def _words(neighbour, at_the_end, otherwise):
    if neighbour is None:
        return at_the_end
    return neighbour.link if neighbour.first else otherwise


def write_first_cell(file: str, old: str, new: str):
    """Replace the text of the first cell, and not one byte else of the file."""
    text = (FOLDER / file).read_text()
    before, after = (_as_json(words) for words in (old, new))
    if text.count(before) != 1:
        raise SystemExit(
            f"The first cell of {file} cannot be replaced. Received: a file that nbformat did not write. "
            f"Expected: its lines as nbformat writes them. Fix: make notebooks LESSONS={file[:2]}"
        )
    write(FOLDER / file, text.replace(before, after))


def _as_json(text):
    # As nbformat writes the source of a cell: one line a line, indented by four.
    lines = json.dumps(text.splitlines(keepends=True), indent=1, ensure_ascii=False)
    return '"source": ' + lines.replace("\n", "\n   ")


if __name__ == "__main__":
    main(sys.argv[1:])
