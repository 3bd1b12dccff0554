"""Run every lesson and the laws as other machines would, and print what is left of each claim's limit.

    python tools/robust.py                                     # all: about two hours on two cores
    python tools/robust.py --quick                             # the lessons on one old core: what CI runs
    python tools/robust.py --lessons 03 07 --variants one_core # some lessons, without the laws
    python tools/robust.py --document docs/robust.md           # writes the whole table there too

Writes the whole table to build/robust/table.md and prints the claims with the smallest margins. Exits with 1
if a claim fails or cannot be reached; the lessons and cells after it run all the same.
"""

import argparse
import datetime
import json
import platform
import queue
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from execute_notebooks import ROOT, find, lesson_files
from robust_laws import run_laws
from robust_table import Row, markdown, rows_of, summary, terminal
from robust_variants import ALL, IN_WORDS, VARIANTS, environment_of, is_for_laws

from viz.style.atomic_write import write

BUILD = ROOT / "build" / "robust"
QUICK = ["one_old_core"]
LESSON_PROGRAM = Path(__file__).with_name("robust_lesson.py")


def main(arguments=None) -> int:
    """Run what was asked for and print the table; the number to exit with."""
    options = parsed(arguments)
    lessons = [find(name) for name in options.lessons] if options.lessons else lesson_files()
    lines = run_lessons(lessons, options.variants, options.jobs) if lessons else {}
    rows = rows_of(lines)
    if options.laws:
        variants = [variant for variant in options.variants if is_for_laws(variant)]
        rows += rows_of({variant: run_laws(variant, BUILD / variant, options.jobs) for variant in variants})
    text = document(rows, options.variants)
    BUILD.mkdir(parents=True, exist_ok=True)
    for path in filter(None, [BUILD / "table.md", options.document]):
        write(path, text)
    print(terminal(rows, options.variants), end="")
    return int(not rows or any(row.failed for row in rows))


def parsed(arguments):
    """The options; `--lessons` alone leaves out the laws, `--quick` too."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--lessons", nargs="+", default=[], metavar="NN", help="numbers or files; by default all"
    )
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=ALL, metavar="NAME")
    parser.add_argument("--jobs", type=int, default=2, help="how many lessons run at once")
    parser.add_argument("--no-laws", dest="laws", action="store_false", help="run the lessons only")
    parser.add_argument("--quick", action="store_true", help="the lessons on one core with few instructions")
    parser.add_argument("--document", type=Path, help="write the whole table to this file too")
    options = parser.parse_args(arguments)
    if options.quick:
        options.variants = QUICK
    options.jobs = max(1, options.jobs)
    options.laws = options.laws and not options.lessons and not options.quick
    return options


def run_lessons(lessons: list[Path], variants: list[str], jobs: int) -> dict[str, list[dict]]:
    """variant -> the lines that the lessons recorded, in their order."""
    places = queue.SimpleQueue()
    for place in range(jobs):
        places.put(place)

    def one(variant, lesson):
        place = places.get()
        try:
            return run_lesson(lesson, variant, place)
        finally:
            places.put(place)

    lines = {}
    with ThreadPoolExecutor(jobs) as pool:
        started = {variant: [pool.submit(one, variant, lesson) for lesson in lessons] for variant in variants}
        for variant, runs in started.items():
            lines[variant] = [line for run in runs for line in run.result()]
    return lines


def run_lesson(lesson: Path, variant: str, place: int = 0) -> list[dict]:
    """The lines that one lesson records in a process of its own; a process that dies is one failing line.

    Args:
        place: which of the lessons that run at once it is, so that two do not share one core.
    """
    record = BUILD / variant / f"{lesson.stem}.jsonl"
    command = [sys.executable, str(LESSON_PROGRAM), str(lesson), str(record)]
    environment = {**environment_of(variant), "ROBUST_PLACE": str(place)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    lines = [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []
    if done.returncode:
        words = (done.stderr.strip().splitlines() or ["no words"])[-1][:200]
        name = f"{lesson.stem[:2]}: the run ended with {done.returncode}: {words}"
        lines.append({"name": name, "kind": "error", "margin": None, "holds": False})
    failed = len({line["name"] for line in lines if not line["holds"]})
    print(f"{lesson.stem}, {variant}: {'holds' if not failed else f'{failed} FAIL'}", flush=True)
    return lines


def document(rows: list[Row], variants: list[str]) -> str:
    """The whole table with its date and the versions, as Markdown."""
    names = ("keras", "tensorflow", "numpy")
    packages = f"Python {platform.python_version()}, " + ", ".join(f"{n} {version(n)}" for n in names)
    meanings = "\n".join(f"- `{variant}`: {IN_WORDS[variant]}." for variant in variants)
    return f"""# What holds elsewhere

Made by `make robust` on {datetime.date.today().isoformat()}: {packages}, {platform.system()} on
{platform.machine()}. {summary(rows).strip()}

{meanings}

A percentage is the part of its limit that a claim has left: 25 % for `3 < 4`; of a comparison with a
tolerance, the part of the tolerance; of a file of tests, that of its worst comparison. "exact": equality, or
true and false; "exact floats": numbers with a last bit that have to be equal. "-": not reached, or not run.

{markdown(rows, variants)}"""


if __name__ == "__main__":
    sys.exit(main())
