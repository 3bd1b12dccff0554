"""The results as text: tables for the screen, and as Markdown for the page. Reads results, prints nothing."""

from . import others, verdicts
from .generation import report as generation
from .process_verdicts import LENGTHS
from .verdicts import MODES

#: The columns of the tables, and what they are.
COLUMNS = {
    "rshop": "rshop, compile() as it is",
    "rshop jit": "the same, compile(jit_compile=True); for information",
    "keras": "keras.layers, else a custom cell in keras.layers.RNN; compile() as it is",
    "keras jit": "the same, compile(jit_compile=True)",
    "loop": "the custom cell in a Python loop over time; compile() as it is",
    "loop jit": "the same, compile(jit_compile=True)",
    "torch": "torch.nn, eager",
    "torch loop": "nn.LSTMCell in a Python loop over time, eager",
    "torch compile": "one timestep in torch.compile, in a Python loop over time",
    "jax": "jax.lax.scan, the whole training step under jit",
    "no mask": "rshop without the mask",
    "no loop": "a Keras model with the weights and products of the LSTM and no loop: TensorFlow's own limit",
    "products": "the matrix products alone (NumPy): the machine's own limit",
}
_WIDTH = 11


def screen(results: dict) -> str:
    """Everything that was measured: medians, ratios, figures of fresh processes, bars.

    Example:
        >>> print(screen(results))
    """
    parts = [heading(results) + "\n" + others.words(results["others"]), legend(results)]
    for mode in MODES:
        parts += [medians(results, mode), ratios(results, mode)]
    parts += [differing(results), generation.screen(results), processes(results), bars(results)]
    return "\n\n".join(part for part in parts if part)


def heading(results: dict) -> str:
    """When and on what.

    Example:
        >>> heading(results)
        '2025-11-24, Intel Xeon, 2 cores, 2 threads, Linux x86_64, Python 3.11.7, keras 3.15.1, ...'
    """
    m = results["machine"]
    versions = [f"{name} {version or '(not installed)'}" for name, version in m["versions"].items()]
    words = [results["date"], m["processor"], f"{m['cores']} cores", f"{m['threads']} threads", m["system"]]
    return ", ".join([*words, f"Python {m['python']}", *versions])


def legend(results: dict) -> str:
    """What the columns are, a line each."""
    return "\n".join(f"{name:<13} {COLUMNS[name]}" for name in _columns(results))


def medians(results: dict, mode: str) -> str:
    """Milliseconds a batch of every system: the median, and half the distance of the quartiles."""
    used = _columns(results)
    if not used:
        return ""
    title = f"{mode.capitalize()}, milliseconds a batch: median, and half the distance between the quartiles"
    rows = results["workloads"].values()
    lines = [_row(row["title"], [_time(row, mode, name) for name in used]) for row in rows]
    return "\n".join([title, _row("", used), *lines])


def ratios(results: dict, mode: str) -> str:
    """Each workload: rshop over the best Keras way beside its bar, then over the others."""
    if not results["workloads"]:
        return ""
    names = [
        "/ best Keras",
        "bar",
        "verdict",
        "which",
        "/ torch",
        "/ torch loop",
        "/ compile",
        "/ jax",
        "jit / best",
        "/ products",
    ]
    lines = [f"{mode.capitalize()}, rshop / other (below 1: rshop is faster)", _row("", names)]
    for name, verdict in verdicts.of_workloads(results, mode).items():
        row = results["workloads"][name][mode]
        jit = verdicts.ratio(row, verdict.note, "rshop jit")
        columns = ("torch", "torch loop", "torch compile", "jax")
        others = [*(verdicts.ratio(row, other) for other in columns), jit, verdicts.ratio(row, "products")]
        word = "DIFFERS" if "rshop" in results["workloads"][name]["differs"] else verdict.word
        cells = [_number(verdict.ratio), f"{verdict.bar:.2f}", word, verdict.note, *map(_number, others)]
        lines.append(_row(verdict.name, cells))
    return "\n".join(lines)


def line(row: dict) -> str:
    """A row in a few words, as soon as it is measured.

    Example:
        >>> line(results["workloads"]["lstm_small"])
        'training 2.00 ms, 0.50 of the best Keras way (keras jit); inference 1.00 ms, 0.50 (keras jit)'
    """
    parts = []
    for mode in MODES:
        best = verdicts.best_keras(row[mode])
        ours, found = row[mode].get("rshop"), verdicts.ratio(row[mode], best)
        words = "" if parts else " of the best Keras way"
        parts.append(
            f"{mode} " + (f"{ours['median']:.2f} ms, {found:.2f}{words} ({best})" if found else "DIFFERS")
        )
    return "; ".join(parts)


def differing(results: dict) -> str:
    """The systems that were not timed because their results are not those of the reference."""
    lines = [
        f"DIFFERS: {row['title']}, {system}: {why}"
        for row in results["workloads"].values()
        for system, why in row["differs"].items()
    ]
    return "\n".join(lines)


def processes(results: dict) -> str:
    """The figures of fresh processes, a line each."""
    lines, figures = [], results.get("processes", {})
    for figure, word in (("first_step", "first training step"), ("first_prediction", "first prediction")):
        for system, value in figures.get(figure, {}).items():
            lines.append(
                f"{word}, {system}: {value['first']:.2f} s after {value['import']:.2f} s of imports; "
                f"the second {1000 * value['second']:.1f} ms"
                + (f"; a hundred within {value['hundred']:.1f} s" if "hundred" in value else "")
            )
    for system, value in figures.get("peak_memory", {}).items():
        lines.append(
            f"peak memory at T = 1,000, {system}: {value['peak']:.0f} MB, "
            f"of which {value['imports']:.0f} MB by imports"
        )
    for system, value in figures.get("growth", {}).items():
        steps = [
            f"T = {int(length):,}: {at['milliseconds']:.1f} ms, {at['peak']:.0f} MB"
            for length, at in value.items()
            if length.isdigit()
        ]
        lines.append(f"growth, {system}: {'; '.join(steps)}")
    for system, value in figures.get("outside", {}).items():
        parts = [
            f"{part} {value[part]['first']:.2f} s, then {value[part]['second']:.3f}"
            for part in ("call", "gradient")
        ]
        lines.append(f"outside of a graph, T = 500, {system}: {'; '.join(parts)}")
    for name, way in LENGTHS.items():
        for system, value in figures.get(name, {}).items():
            marks = ", ".join(f"{mark}: {seconds:.1f}" for mark, seconds in value["seconds"].items())
            lines.append(f"changing lengths, {way}, {system}, seconds until batch {marks}")
    return "\n".join(["In fresh processes", *("  " + line for line in lines)]) if lines else ""


def bars(results: dict) -> str:
    """Every ratio that has a bar, beside its bar."""
    lines = [f"{'Bars':<72}{'ratio':>8}{'bar':>7}  verdict"]
    for v in verdicts.all_bars(results):
        bar = "-" if v.bar is None else f"{v.bar:.2f}"
        note = f"  ({v.note})" if v.note else ""
        lines.append(f"{v.name:<72}{_number(v.ratio):>8}{bar:>7}  {v.word}{note}")
    return "\n".join(lines + [others.words(results["others"])])


def markdown(results: dict) -> str:
    """The tables for docs/benchmarks.md: when and where, a row for each workload, a row for each bar.

    Example:
        >>> markdown(results).splitlines()[2]
        '| milliseconds a batch | training: rshop | best Keras | ratio | ...'
    """
    columns = [f"{mode}: rshop | best Keras | rshop / Keras | / torch | / JAX" for mode in MODES]
    lines = [
        f"{heading(results)}. {others.words(results['others'])}",
        "",
        f"| milliseconds a batch | {' | '.join(columns)} |",
        "|---" * 11 + "|",
    ]
    for row in results["workloads"].values():
        cells = [cell for mode in MODES for cell in _markdown_cells(row, mode)]
        lines.append(f"| {' | '.join([row['title'], *cells])} |")
    if results.get("generation"):
        lines += ["", generation.markdown(results).rstrip()]
    lines += ["", "| ratio | measured | at most | |", "|---|---|---|---|"]
    for v in verdicts.all_bars(results):
        lines.append(f"| {v.name} | {_number(v.ratio)} | {'-' if v.bar is None else v.bar} | {v.word} |")
    return "\n".join(lines) + "\n"


def _columns(results):
    rows = results["workloads"].values()
    return [
        name for name in COLUMNS if any(name in row["training"] or name in row["differs"] for row in rows)
    ]


def _markdown_cells(row, mode):
    medians, best = row[mode], verdicts.best_keras(row[mode])
    times = ["-" if name not in medians else f"{medians[name]['median']:.1f}" for name in ("rshop", best)]
    ratio = verdicts.ratio(medians, best)
    others = [_number(verdicts.ratio(medians, other)) for other in (verdicts.best_torch(medians), "jax")]
    return [times[0], f"{times[1]} ({best})", _number(ratio), *others]


def _row(title, cells):
    return f"{title:<30}" + "".join(f"{cell:>{_WIDTH + 2}}" for cell in cells)


def _time(row, mode, name):
    if name in row["differs"]:
        return "DIFFERS"
    if name not in row[mode]:
        return ""
    value = row[mode][name]
    half = (value["high"] - value["low"]) / 2
    return f"{value['median']:.2f} ±{100 * half / value['median']:.0f}%"


def _number(value):
    return "-" if value is None else f"{value:.2f}"
