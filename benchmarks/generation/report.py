"""The rows of generation as text: for the screen, and as Markdown for the page. Reads results alone."""

#: The columns of the tables, and what they are.
COLUMNS = {
    "rshop": "rshop.generate",
    "rshop jit": "the same, generate(jit_compile=True)",
    "predict loop": "a Python loop over predict, one timestep a call",
    "while loop": "tf.while_loop by hand around cells of Keras, in one tf.function",
    "while loop jit": "the same, tf.function(jit_compile=True)",
    "torch": "nn.LSTMCell in a Python loop, eager",
}
#: The columns that are ours: the others are compared with one of them.
OWN = ("rshop", "rshop jit")


def screen(results: dict) -> str:
    """What the columns are, then milliseconds and ratios of every way; empty where nothing was measured.

    Example:
        >>> print(screen(results))
    """
    rows = results.get("generation", {}).values()
    if not rows:
        return ""
    used = [name for name in COLUMNS if any(name in row["times"] for row in rows)]
    lines = ["Generation, milliseconds for all tokens: median, and rshop / other (below 1: rshop is faster)"]
    lines += [f"{name:<16}{COLUMNS[name]}" for name in used]
    lines.append(" " * 30 + "".join(f"{name:>20}" for name in used))
    for row in rows:
        lines.append(f"{row['title']:<30}" + "".join(f"{_cell(row, name):>20}" for name in used))
    lines += _notes(rows)
    return "\n".join(lines)


def markdown(results: dict) -> str:
    """A table for docs/benchmarks.md, with its notes; empty where nothing was measured."""
    rows = results.get("generation", {}).values()
    if not rows:
        return ""
    lines = [f"| milliseconds, rshop / other | {' | '.join(COLUMNS)} |", "|---" * (1 + len(COLUMNS)) + "|"]
    for row in rows:
        lines.append(f"| {row['title']} | {' | '.join(_cell(row, name) for name in COLUMNS)} |")
    notes = _notes(rows)
    return "\n".join([*lines, *([""] if notes else []), *notes]) + "\n"


def line(row: dict) -> str:
    """A row in a few words, as soon as it is measured.

    Example:
        >>> line(results["generation"]["greedy"])
        'rshop 95.0 ms, rshop jit 24.0 ms; predict loop 52310.0 (0.00), while loop 91.0 (1.04)'
    """
    others = [f"{name} {_cell(row, name)}" for name in row["times"] if name not in OWN]
    own = [f"{name} {_cell(row, name)} ms" for name in OWN if name in row["times"]]
    return f"{', '.join(own)}; {', '.join(others)}"


def _cell(row, name):
    times = row["times"]
    if name in row["differs"]:
        return "DIFFERS"
    if name not in times:
        return "-"
    median = f"{times[name]['median']:.1f}"
    # What XLA compiles is compared with what it compiles.
    own = "rshop jit" if name.endswith(" jit") else "rshop"
    if name in OWN or own not in times:
        return median
    return f"{median} ({times[own]['median'] / times[name]['median']:.2f})"


def _notes(rows):
    scaled = [
        f"{row['title']}, {name}: {count} tokens were timed, and the time scaled to {row['sizes']['length']}."
        for row in rows
        for name, count in row["scaled"].items()
    ]
    differing = [
        f"DIFFERS: {row['title']}, {name}: {why}" for row in rows for name, why in row["differs"].items()
    ]
    return scaled + differing
