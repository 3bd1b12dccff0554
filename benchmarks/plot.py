"""The ratios as a picture: one line for each workload, one mark for each system, the best Keras way at 1."""

from pathlib import Path

from viz.style.atomic_write import whole

from . import verdicts
from .verdicts import EACH, MODES

# Okabe and Ito's colours, which people with any colour vision tell apart, and a shape for each.
_MARKS = {
    "rshop": ("#D55E00", "D", 60),
    "rshop jit": ("#E69F00", "d", 30),
    "keras": ("#0072B2", "o", 36),
    "keras jit": ("#56B4E9", "o", 24),
    "loop": ("#009E73", "s", 30),
    "loop jit": ("#009E73", "x", 30),
    "torch": ("#CC79A7", "^", 36),
    "torch loop": ("#CC79A7", "<", 36),
    "torch compile": ("#CC79A7", "v", 36),
    "jax": ("#999999", "P", 36),
    "products": ("#000000", "|", 60),
}
_TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50]


def save(results: dict, path: Path):
    """Write the picture; the suffix of the path says which kind.

    Example:
        >>> save(results, Path("build/bench/ratios.png"))
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 1.6 + 0.4 * len(results["workloads"])), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for axis, mode in zip(axes, MODES, strict=True):
        _panel(axis, results, mode)
    handles, labels = _legend(axes)
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    with whole(path) as unfinished:
        figure.savefig(unfinished, dpi=120)


def positions(results: dict, mode: str) -> dict[str, list[tuple]]:
    """For each system its points `(place of the workload, ratio, low, high)`, to the best Keras way.

    Example:
        >>> positions(results, "training")["rshop"][0]
        (0, 0.64, 0.62, 0.67)
    """
    found = {name: [] for name in _MARKS}
    for place, row in enumerate(results["workloads"].values()):
        medians = row[mode]
        best = verdicts.best_keras(medians)
        for name in found:
            if best and name in medians:
                one = medians[best]["median"]
                found[name].append((place, *(medians[name][key] / one for key in ("median", "low", "high"))))
    return found


def _panel(axis, results, mode):
    titles = [row["title"] for row in results["workloads"].values()]
    for name, points in positions(results, mode).items():
        if points:
            colour, marker, size = _MARKS[name]
            places, middle, low, high = zip(*points, strict=True)
            axis.hlines(places, low, high, color=colour, linewidth=1)
            axis.scatter(middle, places, color=colour, marker=marker, s=size, label=name, zorder=3)
    axis.axvline(1, color="0.5", linewidth=1)
    axis.axvline(EACH, color="0.5", linewidth=1, linestyle=":")
    axis.set_xscale("log")
    axis.set_xticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    axis.set_xlim(*_limits(results))
    axis.set_yticks(range(len(titles)), titles)
    axis.set_ylim(len(titles) - 0.5, -0.5)
    axis.grid(axis="y", color="0.9")
    axis.set_xlabel("time / the best Keras way (less is faster)")
    axis.set_title(mode)


def _limits(results):
    # The same for both panels; from the medians, so that no wide quartile squeezes the marks.
    shown = [1.0]
    for mode in MODES:
        shown += [point[1] for points in positions(results, mode).values() for point in points]
    return min(shown) / 1.5, max(shown) * 1.5


def _legend(axes):
    found = {}
    for axis in axes:
        handles, labels = axis.get_legend_handles_labels()
        found |= dict(zip(labels, handles, strict=True))
    return list(found.values()), list(found)
