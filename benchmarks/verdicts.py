"""The bars: which ratio is compared with which number. Reads the results only, and measures nothing."""

import math
from dataclasses import asdict, dataclass

#: The columns that are ways of doing it with Keras: the best of them counts.
KERAS = ("keras", "keras jit", "loop", "loop jit")
#: Where torch.nn has no layer, the faster of these ways counts.
TORCH = ("torch loop", "torch compile")
MODES = ("training", "inference")
EACH = 1.05
MEAN = {"training": 0.7, "inference": 0.9}
SMALL = {"training": 0.4, "inference": 0.5}
#: What is generated, its name in the table of bars, the way that it is compared with, and the bar.
GENERATION = (
    ("greedy", "1,000 characters, rshop / a loop over predict", "predict loop", 0.1),
    ("greedy", "1,000 characters, rshop / tf.while_loop by hand", "while loop", 1.2),
    ("beam", "beam search, rshop / tf.while_loop by hand", "while loop", 1.2),
)
# Per timestep, from one length to the next: 1 is a straight line, below 1 there is a constant part.
LINEAR = 1.15


@dataclass(frozen=True)
class Verdict:
    """One ratio beside its bar.

    Attributes:
        name: what is compared.
        ratio: rshop / other, None where it was not measured.
        bar: at most this; None for information.
        note: which workload or what was left out.
        low: the ratio of the lower quartile of rshop to the upper one of the other, where both are known.
    """

    name: str
    ratio: float | None
    bar: float | None
    note: str = ""
    low: float | None = None

    @property
    def word(self) -> str:
        """`holds`, `within noise`, `OVER`, `not measured`, or `-` for information.

        Within noise is a ratio above its bar whose quartiles reach below it.

        Example:
            >>> Verdict("training", 0.71, 0.7).word, Verdict("training", 0.71, 0.7, low=0.69).word
            ('OVER', 'within noise')
        """
        if self.ratio is None:
            return "not measured"
        if self.bar is None:
            return "-"
        if self.ratio <= self.bar:
            return "holds"
        return "within noise" if self.low is not None and self.low <= self.bar else "OVER"

    def as_dict(self) -> dict:
        """For the JSON file."""
        return {**asdict(self), "verdict": self.word}


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


def _compared(name: str, medians: dict, other: str | None, bar: float, note: str = "") -> Verdict:
    # rshop over another system in one row.
    found = ratio(medians, other)
    low = None if found is None else medians["rshop"]["low"] / medians[other]["high"]
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
        *_mask(results),
        *_generation(results),
        *_of_processes(results.get("processes", {})),
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


def _mask(results):
    row = results["workloads"].get("mask", {})
    name = "with a mask / without"
    return [_compared(f"{mode}, {name}", row.get(mode, {}), "no mask", 1.15) for mode in MODES]


def _generation(results):
    rows = results.get("generation", {})
    return [
        _compared(name, rows.get(task, {}).get("times", {}), other, bar)
        for task, name, other, bar in GENERATION
    ]


def _of_processes(processes):
    first, predicted = processes.get("first_step"), processes.get("first_prediction")
    memory, growth = processes.get("peak_memory"), processes.get("growth")
    return [
        Verdict(
            "first training step, rshop / Keras by default",
            _quotient(first, "first"),
            1.3,
            "after the imports",
        ),
        Verdict(
            "first training step with the imports, rshop / Keras by default",
            _with_imports(first),
            None,
            "what a user waits for",
        ),
        Verdict(
            "first 100 training steps, rshop / Keras by default",
            _quotient(first, "hundred"),
            None,
            "all that is compiled late is in it",
        ),
        Verdict(
            "first prediction, rshop / Keras by default",
            _quotient(predicted, "first"),
            1.3,
            "after the imports",
        ),
        Verdict(
            "peak memory at T = 1,000, rshop / Keras by default",
            _quotient(memory, "peak"),
            1.1,
            "whole process",
        ),
        *(_growth(growth, "milliseconds", "time"), _growth(growth, "peak", "memory")),
    ]


def _quotient(figure, key):
    return None if figure is None else figure["rshop"][key] / figure["keras"][key]


def _with_imports(figure):
    if figure is None:
        return None
    ours, theirs = (figure[name]["import"] + figure[name]["first"] for name in ("rshop", "keras"))
    return ours / theirs


def _growth(figure, key, what):
    name = f"training, rshop: {what} of one more timestep, T to 10,000 / T to 1,000"
    if figure is None:
        return Verdict(name, None, LINEAR)
    (a, first), (b, second), (c, third) = (
        (int(t), value[key]) for t, value in figure["rshop"].items() if t.isdigit()
    )
    return Verdict(
        name, ((third - second) / (c - b)) / ((second - first) / (b - a)), LINEAR, "1 is a straight line"
    )
