"""The size limit of a page: which units, values, samples and timesteps are kept, and the notes about it."""

from dataclasses import dataclass, field

import numpy as np

#: The most units of a vector, and the most numbers of an image, that are kept.
VECTOR, IMAGE = 128, 1024
#: The most samples that can be chosen from.
SAMPLES = 16


@dataclass
class Cut:
    """What is kept.

    Attributes:
        values: the places of the values that are kept, in order.
        samples: the places of the samples that are kept, in order.
        steps: the number of timesteps that are kept, the first ones.
        notes: one sentence for each thing that was left out.
    """

    values: list[int]
    samples: list[int]
    steps: int
    notes: list[str] = field(default_factory=list)


def trim_units(value) -> tuple[int, int] | None:
    """Keep the first units of a value that has too many: `(kept, total)`, or None where all are kept."""
    most = VECTOR if value.rows == 1 else IMAGE
    total = value.rows * value.columns
    if total <= most:
        return None
    columns = min(value.columns, most)
    rows = max(1, min(value.rows, most // columns))
    frames = value.array.reshape(*value.array.shape[:2], value.rows, value.columns)
    frames = frames[:, :, :rows, :columns]
    value.array = np.ascontiguousarray(frames.reshape(*frames.shape[:2], rows * columns))
    value.rows, value.columns = rows, columns
    return rows * columns, total


def say_trimmed(names: dict) -> list[str]:
    """Notes on what was trimmed: one sentence for all values that were trimmed alike.

    Example:
        >>> say_trimmed({"h": (128, 4096), "c": (128, 4096)})
        ['the first 128 of 4,096 units of h, c']
    """
    alike: dict[tuple, list[str]] = {}
    for name, sizes in names.items():
        alike.setdefault(sizes, []).append(name)
    said = []
    for (kept, total), group in alike.items():
        more = f" and {len(group) - 3} more" if len(group) > 3 else ""
        said.append(f"the first {kept:,} of {total:,} units of {', '.join(group[:3])}{more}")
    return said


def choose(values, *, steps: int, batch: int, sample: int, room: int) -> Cut:
    """Choose what is kept, so that it takes at most `room` numbers.

    States, inputs, outputs and readouts come first, then inner values no larger than the largest of
    these, then the rest; then as many timesteps as fit, and last more samples.

    Args:
        values: a list of `Value`, trimmed.
        steps, batch: of the run.
        sample: the sample that is always kept.
        room: how many numbers may be kept.
    """
    order, outer = _order(values)
    widths = _new_widths(values, sample)
    kept = [i for i in order if i in outer]
    for i in order[len(kept) :]:
        if (sum(widths[k] for k in kept) + widths[i]) * (steps + 1) <= room:
            kept.append(i)
    per_step = max(1, sum(widths[i] for i in kept))
    shown = max(1, min(steps, room // per_step - 1))
    each = per_step * (shown + 1)
    count = max(1, min(batch, SAMPLES, room // each))
    first = min(sample, batch - count)
    notes = []
    left = [values[i].said for i in sorted(set(order) - set(kept))]
    if left:
        notes.append(f"without the inner values {', '.join(left)}")
    if shown < steps:
        notes.append(f"the first {shown:,} of {steps:,} timesteps")
    if count < batch:
        which = f"sample {first}" if count == 1 else f"samples {first} to {first + count - 1}"
        notes.append(f"{which} of {batch:,} samples")
    return Cut(sorted(kept), list(range(first, first + count)), shown, notes)


def _order(values):
    outer = [i for i, v in enumerate(values) if v.role != "inner"]
    largest = max((_width(values[i]) for i in outer), default=0)
    inner = [i for i, v in enumerate(values) if v.role == "inner"]
    small = [i for i in inner if _width(values[i]) <= largest]
    return outer + small + [i for i in inner if i not in set(small)], set(outer)


def _width(value) -> int:
    return value.array.shape[2]


def _new_widths(values, sample) -> list[int]:
    # A value that repeats another one (an output that is a state) is sent once: the second costs nothing.
    known, widths = set(), []
    for value in values:
        frames = value.array[sample : sample + 1]
        kinds = [frames, frames[:, 1:]] if value.role == "state" else [frames]
        keys = [(part.shape, part.tobytes()) for part in kinds]
        widths.append(0 if keys[0] in known else _width(value))
        known.update(keys)
    return widths
