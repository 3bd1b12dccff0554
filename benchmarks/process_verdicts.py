"""The bars of what is measured in fresh processes: first calls, memory, changing lengths, no graph around."""

from .verdict import Verdict

# Per timestep, from one length to the next: 1 is a straight line, below 1 there is a constant part.
LINEAR = 1.15
#: The batches with changing lengths until which rshop may be behind by a quarter; from then on it is ahead.
BEHIND, BEHIND_UNTIL = 1.25, 100
#: Of rshop's seconds for a warm batch of another length, to Keras's.
WARM = 1 / 2.3
LENGTHS = {"lengths_fit": "fit", "lengths_buckets": "fit in buckets", "lengths_by_hand": "train_on_batch"}


def all_bars(processes: dict) -> list[Verdict]:
    """Every ratio of the figures of fresh processes, in the order of the report.

    Example:
        >>> all_bars(results["processes"])[0].name
        'first training step, rshop / Keras by default'
    """
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
        *_outside(processes.get("outside")),
        *(bar for name in LENGTHS for bar in _lengths(LENGTHS[name], processes.get(name))),
        _warm(processes.get("lengths_fit")),
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


def _outside(figure):
    found = []
    for part in ("call", "gradient"):
        for which, order in (("first", "first"), ("second", "later")):
            name = f"{order} {part} outside of a graph, T = 500, rshop / Keras"
            both = None if figure is None else [figure[system][part][which] for system in ("rshop", "keras")]
            found.append(Verdict(name, both and both[0] / both[1], 1.0))
    return found


def _lengths(way, figure):
    early, late = {}, {}
    for mark, seconds in {} if figure is None else figure["rshop"]["seconds"].items():
        part = early if int(mark) <= BEHIND_UNTIL else late
        part[mark] = seconds / figure["keras"]["seconds"][mark]
    name = f"changing lengths, {way}, rshop / Keras"
    return [
        _largest(f"{name}: the largest until batch {BEHIND_UNTIL}", early, BEHIND),
        _largest(f"{name}: the largest later", late, 1.0),
    ]


def _largest(name, ratios, bar):
    mark = max(ratios, key=ratios.get, default=None)
    return Verdict(name, ratios.get(mark), bar, "" if mark is None else f"at batch {mark}")


def _warm(figure):
    # The seconds between the last two marks, when all that comes often has been compiled.
    name = "changing lengths, fit: seconds of a warm batch, rshop / Keras"
    if figure is None:
        return Verdict(name, None, round(WARM, 2))
    ours, theirs = (list(figure[system]["seconds"].values())[-2:] for system in ("rshop", "keras"))
    return Verdict(name, (ours[1] - ours[0]) / (theirs[1] - theirs[0]), round(WARM, 2))
