"""The bars: which ratio is compared with which number. Reads the results only, and measures nothing."""

import math

from . import process_verdicts
from .verdict import Verdict
from .workloads import BIG_BATCHES

#: The columns that are ways of doing it with Keras: the best of them counts.
KERAS = ("keras", "keras jit", "loop", "loop jit")
#: Where torch.nn has no layer, the faster of these ways counts.
TORCH = ("torch loop", "torch compile")
MODES = ("training", "inference")
EACH = 1.05
MEAN = {"training": 0.7, "inference": 0.9}
SMALL = {"training": 0.4, "inference": 0.5}
#: What is generated, its name in the table of bars, the two ways that are compared, and the bar.
GENERATION = (
    ("greedy", "1,000 characters, rshop / a loop over predict", "rshop", "predict loop", 0.1),
    ("greedy", "1,000 characters, rshop / tf.while_loop by hand", "rshop", "while loop", 1.2),
    ("greedy", "1,000 characters, both compiled by XLA", "rshop jit", "while loop jit", 1.2),
    ("beam", "beam search, rshop / tf.while_loop by hand", "rshop", "while loop", 1.2),
    ("beam", "beam search, both compiled by XLA", "rshop jit", "while loop jit", 1.2),
    ("attending", "beam search with attention, rshop / tf.while_loop by hand", "rshop", "while loop", 1.2),
    ("attending", "beam search with attention, both compiled by XLA", "rshop jit", "while loop jit", 1.2),
)


def geometric_mean(values: list[float]) -> float:
    """The mean of ratios: halves and doubles cancel.

    Example:
        >>> geometric_mean([0.5, 2.0])
        1.0

    Raises:
        ValueError: no values, or one that is not above 0.
    """
    if not values or min(values) <= 0:
        raise ValueError(
            f"A geometric mean needs ratios. Received: {values}. Expected: numbers above 0. "
            "Fix: leave out what was not timed."
        )
    return math.exp(sum(map(math.log, values)) / len(values))


def best_keras(medians: dict) -> str | None:
    """The fastest way of doing it with Keras; None where none was timed.

    Example:
        >>> best_keras({"rshop": {"median": 1.0}, "keras": {"median": 3.0}, "loop": {"median": 2.0}})
        'loop'
    """
    return _fastest(medians, KERAS)


def best_torch(medians: dict) -> str | None:
    """torch's own layer where it has one, else the faster way by hand; None where none was timed.

    Example:
        >>> best_torch({"torch loop": {"median": 2.0}, "torch compile": {"median": 3.0}})
        'torch loop'
    """
    return "torch" if "torch" in medians else _fastest(medians, TORCH)


def ratio(medians: dict, other: str | None, system: str = "rshop") -> float | None:
    """`system / other` of the medians, None where one of them was not timed."""
    if system not in medians or other not in medians:
        return None
    return medians[system]["median"] / medians[other]["median"]


def _fastest(medians, names):
    timed = [name for name in names if name in medians]
    return min(timed, key=lambda name: medians[name]["median"], default=None)


def _compared(
    name: str, medians: dict, other: str | None, bar: float, note: str = "", own: str = "rshop"
) -> Verdict:
    # rshop over another system in one row.
    found = ratio(medians, other, own)
    low = None if found is None else medians[own]["low"] / medians[other]["high"]
    return Verdict(name, found, bar, note, low)


def of_workloads(results: dict, mode: str) -> dict[str, Verdict]:
    """For each workload rshop / best Keras beside the bar for each.

    Example:
        >>> of_workloads(results, "training")["lstm_small"].note
        'keras jit'
    """
    found = {}
    for name, row in results["workloads"].items():
        best = best_keras(row[mode])
        found[name] = _compared(row["title"], row[mode], best, EACH, best or "")
    return found


def all_bars(results: dict) -> list[Verdict]:
    """Every ratio that has a bar, over all workloads and processes, in the order of the report."""
    found = []
    for mode in MODES:
        found += _of_mode(results, mode)
    return [
        *found,
        _torch(results),
        *_others(results),
        *_floors(results),
        *_mask(results),
        *_big_batches(results),
        *_generation(results),
        *process_verdicts.all_bars(results.get("processes", {})),
    ]


def _of_mode(results, mode):
    rows = of_workloads(results, mode)
    ratios = {v.name: v.ratio for v in rows.values() if v.ratio is not None}
    missing = [v.name for v in rows.values() if v.ratio is None]
    note = f"{len(ratios)} workloads" + (f"; without {', '.join(missing)}" if missing else "")
    mean = geometric_mean(list(ratios.values())) if ratios else None
    worst = max((v for v in rows.values() if v.ratio is not None), key=lambda v: v.ratio, default=None)
    largest = {} if worst is None else {"note": worst.name, "low": worst.low}
    small = results["workloads"].get("lstm_small", {}).get(mode, {})
    return [
        Verdict(f"{mode}, rshop / best Keras: geometric mean", mean, MEAN[mode], note),
        Verdict(f"{mode}, rshop / best Keras: the largest", worst and worst.ratio, EACH, **largest),
        _compared(f"{mode}, small LSTM, rshop / keras.layers.LSTM by default", small, "keras", SMALL[mode]),
    ]


def _torch(results):
    rows = {row["title"]: ratio(row["training"], "torch") for row in results["workloads"].values()}
    ratios = [value for value in rows.values() if value is not None]
    note = f"{len(ratios)} workloads that torch.nn has a layer for"
    mean = geometric_mean(ratios) if ratios else None
    return Verdict("training, rshop / torch.nn: geometric mean", mean, 1.0, note if ratios else "no torch")


def _others(results):
    small, medium = (results["workloads"].get(f"lstm_{size}", {}) for size in ("small", "medium"))
    return [
        _compared(f"training, {size} LSTM, rshop / {other}", row.get("training", {}), other, bar)
        for size, row, other, bar in (
            ("small", small, "torch", 1.0),
            ("small", small, "jax", 1.2),
            ("medium", medium, "torch", 1.0),
        )
    ]


def _floors(results):
    # How far any training step of TensorFlow is from another library's whole LSTM.
    small = results["workloads"].get("lstm_small", {}).get("training", {})
    name = "training, small LSTM, Keras without any loop / {}"
    return [
        Verdict(name.format(other), ratio(small, other, system="no loop"), None) for other in ("torch", "jax")
    ]


def _mask(results):
    row = results["workloads"].get("mask", {})
    name = "with a mask / without"
    return [_compared(f"{mode}, {name}", row.get(mode, {}), "no mask", 1.15) for mode in MODES]


def _big_batches(results):
    rows = {
        batch: results["workloads"].get(f"batch_{batch}", {}).get("training", {}) for batch in BIG_BATCHES
    }
    name = "training, batch {:,}, rshop / best Keras"
    return [_compared(name.format(batch), row, best_keras(row), 1.0) for batch, row in rows.items()]


def _generation(results):
    rows = results.get("generation", {})
    return [
        _compared(name, rows.get(task, {}).get("times", {}), other, bar, own=own)
        for task, name, own, other, bar in GENERATION
    ]
