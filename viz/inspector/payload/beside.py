"""Two runs side by side: the values that both have, cut alike, and where they part."""

from dataclasses import dataclass, field

import numpy as np

from rshop.errors import message
from viz.inspector.payload import same_equations, size_limit
from viz.inspector.payload.second_run import SecondRun
from viz.inspector.payload.size_limit import Cut
from viz.inspector.payload.words import Guesses
from viz.plots import parting

# Where the runs part, what the step carries and hands out is named before what leads to it.
_ORDER = ("state", "output", "readout", "inner", "input", "constant")
# The most names in a sentence.
_NAMES = 6


@dataclass(frozen=True)
class Parting:
    """Where the two runs of a sample part.

    Attributes:
        t: the first timestep at which they differ, -1 for the first states, None for never.
        text: the same as a sentence.
    """

    t: int | None
    text: str


@dataclass(frozen=True, eq=False)
class Beside:
    """A second run as it is shown beside the first.

    Attributes:
        said: what it is, in words.
        values: by the place of a value in the payload, the numbers of the second run, like its own array.
        notes: sentences on values that stand in one run only, or have another shape in each.
        partings: for each sample that is kept, where the runs part.
        handed: of a run that was changed, by the place of a state what the timesteps handed on, where that
            is not what the next one reads.
        guesses: the likeliest classes of the second run.
        unlike: the places of the values whose equation, as the first run has it, does not give the numbers of
            the second run: it has other weights.
        edited: whether it is the run of an editor with its changes: the difference is what it is more.
        edits: the changes of a page that has no kernel: of each `role`, `name`, `unit`, `t`, `sample`, and
            as `text` its number before and after.
        sources: for each readout where it came from in the second run, as in the payload.
    """

    said: str
    values: dict[int, np.ndarray]
    notes: list[str]
    partings: list[Parting]
    handed: dict[int, np.ndarray] = field(default_factory=dict)
    guesses: list[Guesses] = field(default_factory=list)
    sources: list[np.ndarray] = field(default_factory=list)
    unlike: list[int] = field(default_factory=list)
    edited: bool = False
    edits: list[dict] = field(default_factory=list)

    def difference(self, first, second) -> np.ndarray:
        """The first run's numbers less those of this one; of an editor's changed run these less the first.

        What is the same in both, NaN and infinity included, is 0.
        """
        return parting.difference(*((second, first) if self.edited else (first, second)))


def pair(every, second: SecondRun) -> tuple[dict[int, np.ndarray], list[str]]:
    """The arrays of the second run by the place of the value in the first, and notes on what is in one only.

    Args:
        every: the values of the first run, not trimmed yet.
        second: the second run.

    Raises:
        ValueError: no value is in both.
    """
    others = {second.key(value): value for value in second.values}
    found = {second.key(value): place for place, value in enumerate(every)}
    both = [key for key in found if key in others]
    common = [key for key in both if _alike(every[found[key]], others[key])]
    if not common:
        raise ValueError(
            message(
                "The two runs have no value in common.",
                received=f"{_listed(every)}; and beside them {_listed(second.values)}",
                expected="a value of the same name and shape in both",
                fix="give beside a run of a layer like this one",
            )
        )
    notes = _other_shapes([(every[found[key]], others[key]) for key in both if key not in common])
    alone = {
        "this run": [every[place] for key, place in found.items() if key not in others],
        "the run beside it": [value for key, value in others.items() if key not in found],
    }
    notes += [f"Only {who} has {_listed(values)}." for who, values in alone.items() if values]
    return {found[key]: others[key] for key in common}, notes


def beside(values, second: SecondRun, others: dict, *, notes, kept: Cut, mask=None) -> Beside:
    """The second run, cut like the first one.

    Args:
        values: those of the payload.
        second: the second run.
        others: by place in the payload the value of the second run.
        notes: sentences on what is in one run only.
        kept: the samples and timesteps that are kept.
        mask: that of the first run, `(samples, steps)`, or None.
    """
    cut = {}
    for place, other in others.items():
        size_limit.trim_units(other)
        frames = other.array[kept.samples, : values[place].array.shape[1]]
        cut[place] = np.ascontiguousarray(frames)
    valid = None if second.mask is None else second.mask[kept.samples, : kept.steps]
    skipped = None if mask is None or valid is None else ~(mask | valid)
    partings = [
        _parting(values, cut, sample, None if skipped is None else skipped[sample])
        for sample in range(len(kept.samples))
    ]
    unlike = same_equations.unlike(values, cut, steps=kept.steps, valid=valid)
    return Beside(second.said, cut, notes, partings, unlike=unlike)


def _alike(one, other) -> bool:
    return one.shape == other.shape and one.array.shape == other.array.shape


def _listed(values) -> str:
    # Names that a user or a cell gave say more than those that Keras made up.
    return _sentence_of(value.said or value.name for value in sorted(values, key=lambda v: v.unnamed))


def _other_shapes(pairs) -> list[str]:
    pairs = sorted(pairs, key=lambda pair: pair[0].unnamed)
    words = [f"{one.said} ({_shape(one)} and {_shape(other)})" for one, other in pairs]
    return [f"Of another shape in each run: {_sentence_of(words)}."] if words else []


def _shape(value) -> str:
    return " × ".join(map(str, value.shape)) or "one number"


def _sentence_of(words) -> str:
    words = list(dict.fromkeys(words))
    more = f" and {len(words) - _NAMES} more" if len(words) > _NAMES else ""
    return ", ".join(words[:_NAMES]) + more


def _parting(values, cut, sample, skipped) -> Parting:
    gaps = {}
    for place, other in cut.items():
        first = values[place].array[sample]
        gap = np.abs(parting.difference(first, other[sample]))
        gaps[place] = np.where(parting.near(first, other[sample]), np.minimum(gap, parting.TOLERANCE), gap)
        if skipped is not None and values[place].role != "constant":
            gaps[place][-len(skipped) :][skipped] = 0.0  # at a masked timestep nothing happens
    starts = {place: -1 if values[place].role == "state" else 0 for place in gaps}
    parted = {place: _first(gap) + starts[place] for place, gap in gaps.items() if _first(gap) is not None}
    if not parted:
        largest = max((gap.max(initial=0.0) for gap in gaps.values()), default=0.0)
        within = f", but for differences of at most {largest:.1g}" if largest else ""
        return Parting(None, f"The two runs are the same at every timestep{within}.")
    t = min(parted.values())
    here = {place: gaps[place][t - starts[place]].max() for place, when in parted.items() if when == t}
    place = min(here, key=lambda place: (_ORDER.index(values[place].role), -np.nan_to_num(here[place])))
    before = max(gap[: max(0, t - starts[place])].max(initial=0.0) for place, gap in gaps.items())
    return Parting(t, _sentence(t, values[place], here[place], before))


def _first(gap):
    # The first frame that is farther apart than the tolerance; NaN is not near to anything.
    found = np.flatnonzero(~(gap <= parting.TOLERANCE).all(axis=1))
    return int(found[0]) if len(found) else None


def _sentence(t, value, gap, before) -> str:
    name, amount = value.said, "" if value.whole else f" by {gap:.2g}"  # token ids name things
    how = f"differs{amount}" if np.isfinite(gap) else "is NaN or infinite in one run only"
    if t < 0:
        return f"The runs part before the first timestep: the first {name} {how}."
    if t == 0:
        return f"The runs part at timestep 0: {name} {how}."
    past = f"they are at most {before:.1g} apart" if before else "they are the same"
    return f"The runs part at timestep {t}: {name} {how}; before it {past}."
