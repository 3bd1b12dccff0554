"""Write the parts of notebooks/README.md that follow from the lessons: the table, the picture, the paths.

Each part stands between `<!-- NAME -->` and `<!-- end of NAME -->`; the rest of the file is written by hand.
"""

import math
import re

from course_facts import FOLDER, Lesson, in_words, lessons, needs, paths

from viz.style.atomic_write import write

README = FOLDER / "README.md"


def main():
    """Write the parts."""
    write(README, filled(README.read_text(), lessons()))


def filled(text: str, course: list[Lesson]) -> str:
    """The README's text with its generated parts as the lessons are now."""
    for name, part in parts(course).items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        if len(pattern.findall(text)) != 1:
            raise SystemExit(
                f"notebooks/README.md lacks a place. Received: not one '<!-- {name} -->' with its end. "
                f"Expected: '<!-- {name} -->' and '<!-- end of {name} -->' below. Fix: write the two lines."
            )
        text = pattern.sub(lambda found, part=part: f"{found[1]}\n{part}\n\n{found[2]}", text)
    return text


def parts(course: list[Lesson]) -> dict[str, str]:
    """Name of the place -> what stands there."""
    return {
        "lessons": table(course),
        "picture": picture(course),
        "paths": "\n\n".join(path_in_words(path, course) for path in paths()),
        "total": total(course),
    }


def table(course: list[Lesson]) -> str:
    """One row for each lesson."""
    direct = needs(course)
    rows = [
        "| lesson | afterwards you can | minutes | seconds to run | memory | needs |",
        "|---|---|--:|--:|--:|---|",
    ]
    for lesson in course:
        need = ", ".join(direct[lesson.number]) or ("nothing" if lesson.first else "")
        facts = [lesson.minutes or "", rounded(lesson.seconds), lesson.memory, need]
        rows.append("| " + " | ".join([lesson.link, lesson.can, *map(str, facts)]) + " |")
    return "\n".join(rows)


def rounded(seconds: int | None) -> str:
    """Up to the next ten, so that the text stays as it is when a lesson is measured again."""
    return "" if seconds is None else str(10 * math.ceil(seconds / 10))


def picture(course: list[Lesson]) -> str:
    """The drawing of `tools/draw_course.py`, and the same in words."""
    words = in_words(course)
    folded = f"<details><summary>The picture in words</summary>\n\n{words}\n\n</details>"
    return f"![{words}](../docs/course_map.svg)\n\n{folded}"


def path_in_words(path: dict, course: list[Lesson]) -> str:
    """A heading, one sentence, and a row for each session."""
    by_number = {lesson.number: lesson for lesson in course}
    chosen = [[by_number[number] for number in session] for session in path["sessions"]]
    head = f"### {path['name']}: {minutes(sum(chosen, []))} minutes\n\n{path['about']}\n"
    rows = [f"| {path['session']} | lessons | minutes |", "|--:|---|--:|"]
    for count, session in enumerate(chosen, 1):
        names = ", ".join(f"{lesson.number} {lesson.title}" for lesson in session)
        rows.append(f"| {count} | {names} | {minutes(session)} |")
    return "\n".join([head, *rows])


def minutes(course: list[Lesson]) -> int:
    """How long it takes to read and try these lessons."""
    return sum(lesson.minutes for lesson in course)


def total(course: list[Lesson]) -> str:
    """How long the whole course takes."""
    seconds = sum(lesson.seconds or 0 for lesson in course)
    read = f"{minutes(course)} minutes to read and try"
    return f"All together: {read}, {rounded(seconds)} seconds of one processor to run."


if __name__ == "__main__":
    main()
