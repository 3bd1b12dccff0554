"""`python -m benchmarks`: measure, print the tables beside the bars, write JSON, Markdown and a plot."""

import argparse
import datetime
import json
import sys
import time
from pathlib import Path

from viz.style.atomic_write import write as write_whole

from . import environment, others, plot, processes, report, timing, verdicts, workloads
from .generation import report as of_generation
from .generation import tasks

FOLDER = Path("build") / "bench"


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; 1 if a system's results differ, else 0 (a bar that is missed is printed)."""
    arguments = parser().parse_args(argv)
    names = arguments.only or []
    figures = chosen_figures(names, arguments.quick)
    rows = [name for name in names if name not in processes.FIGURES and name not in tasks.TASKS]
    listed = workloads.chosen(rows or None, arguments.quick) if rows or not names else []
    generated = tasks.chosen(names, arguments.quick)
    environment.prepare(arguments.threads)
    results = measure(listed, generated, figures, arguments)
    print("\n" + report.screen(results) + "\n", flush=True)
    print(f"{results['seconds']:.0f} s. Written: {', '.join(map(str, write(results, arguments)))}")
    rows = [*results["workloads"].values(), *results["generation"].values()]
    return int(any(row["differs"] for row in rows))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    made.add_argument("--quick", action="store_true", help="a few workloads and systems, in two minutes")
    known = [*workloads.WORKLOADS, *tasks.TASKS, *processes.FIGURES]
    made.add_argument(
        "--only", action="append", metavar="NAME", help=f"only this; may be repeated: {', '.join(known)}"
    )
    made.add_argument("--repeats", type=_positive, help="rounds of each timing (more is steadier)")
    made.add_argument(
        "--threads", type=_positive, default=environment.THREADS, help="for every library (default 2)"
    )
    made.add_argument("--json", type=Path, default=FOLDER / "results.json", help="where the numbers go")
    made.add_argument(
        "--markdown",
        type=Path,
        default=FOLDER / "table.md",
        help="where the tables for docs/benchmarks.md go",
    )
    made.add_argument("--plot", type=Path, default=FOLDER / "ratios.png", help="where the picture goes")
    return made


def chosen_figures(names: list[str], quick: bool) -> list[str]:
    """The figures of fresh processes that a run measures.

    Example:
        >>> chosen_figures([], quick=True)
        ['first_step', 'peak_memory']
    """
    if names:
        return [name for name in names if name in processes.FIGURES]
    return [name for name in processes.FIGURES if not (quick and name in processes.LONG)]


def measure(listed: list, generated: list, figures: list[str], arguments) -> dict:
    """The results as plain JSON values: workloads and generation first, then fresh processes.

    Each is printed, and written with all before it, as soon as it is measured: a run that is cut leaves them.
    """
    start, watched = time.perf_counter(), others.Others()
    results = {
        "date": datetime.date.today().isoformat(),
        "machine": environment.machine(),
        "quick": arguments.quick,
        "workloads": {},
        "generation": {},
        "processes": {},
    }

    def keep():
        results.update({"seconds": time.perf_counter() - start, "others": watched.share()})
        results["bars"] = [verdict.as_dict() for verdict in verdicts.all_bars(results)]
        write(results, arguments)

    done = _Progress(len(listed) + len(generated) + len(figures), keep)
    results["pace"] = pace = _pace(arguments)
    if listed or generated:
        _say_what_is_missing()
    if listed:
        _measure_workloads(listed, pace, results, done)
    if generated:
        _measure_generation(generated, pace, results, done)
    for figure in figures:
        results["processes"][figure] = processes.measure(figure, arguments.quick)
        done.say(processes.FIGURES[figure][0])
    return results


def write(results: dict, arguments) -> list[Path]:
    """Write the numbers, the tables and the picture of what is measured so far; where they are."""
    for path in (arguments.json, arguments.markdown, arguments.plot):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(arguments.json, json.dumps(results, indent=1) + "\n")
    write_whole(arguments.markdown, report.markdown(results))
    written = [arguments.json, arguments.markdown]
    if results["workloads"]:
        plot.save(results, arguments.plot)
        written.append(arguments.plot)
    return written


def _pace(arguments):
    pace = dict(timing.QUICK if arguments.quick else timing.FULL)
    return pace | ({"rounds": arguments.repeats} if arguments.repeats else {})


def _say_what_is_missing():
    # These import Keras: the threads come first.
    from . import systems_jax, systems_torch

    for other in (systems_torch, systems_jax):
        if not other.installed():
            print(other.HOW_TO_INSTALL, flush=True)


def _measure_workloads(listed, pace, results, done):
    from . import runner, systems

    names = systems.QUICK if results["quick"] else None
    for workload in listed:
        row = results["workloads"][workload.name] = runner.run(workload, **pace, names=names)
        took = f"made and compared in {row['made']:.0f} s, timed in {row['timed']:.0f} s"
        done.say(f"{workload.title}: {report.line(row)}; {took}")


def _measure_generation(generated, pace, results, done):
    from .generation import measure as generating

    for task in generated:
        row = results["generation"][task.name] = generating.run(task, **pace)
        done.say(f"{task.title}: {of_generation.line(row)}")


class _Progress:
    def __init__(self, count, keep):
        self.count, self.number, self.start, self.keep = count, 0, time.perf_counter(), keep

    def say(self, text):
        self.number += 1
        self.keep()
        print(f"[{self.number}/{self.count}, {time.perf_counter() - self.start:.0f} s] {text}", flush=True)


def _positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1, received {text}")
    return value


if __name__ == "__main__":
    sys.exit(main())
