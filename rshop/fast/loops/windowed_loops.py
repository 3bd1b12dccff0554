"""The forward loop and the backward pass of a known body, window by window."""

from collections.abc import Callable
from functools import partial

from keras import ops

from rshop.fast.loops.derivatives import has_gradient, wide, without_gradient
from rshop.fast.loops.known_body import KnownBody
from rshop.fast.loops.loop_data import Cotangents, LoopInputs, LoopResults, Part
from rshop.fast.loops.windows import (
    Windows,
    batch_major_window,
    before_window,
    each_window,
    time_major_window,
)
from rshop.structure import tree


def forward_in_windows(
    windows: Windows, run: Callable, parts: list[LoopInputs], body: KnownBody, *, save: bool
) -> list[LoopResults]:
    """The results of a forward loop for each part of a batch; what is padding holds no numbers of use.

    Example:
        >>> [found] = forward_in_windows(windows, run, [part], body, save=True)
        >>> found.emitted[0].shape  # two windows of 32 timesteps
        (2, 64, 10)

    Args:
        windows: of the loop's length.
        run: the compiled loop, for a list of `(part, length, save)`.
        parts: sequences padded to whole windows.
        body: the body of the loop.
        save: as in `scan_known`.
    """
    saved = [*(parts[0].first[i] for i in body.saved), *(tap.like for tap in body.taps)] if save else []
    emits, axes = [*body.emits, *saved], [1] * len(body.emits) + [0] * len(saved)

    def window(carries, now):
        xs, k = now
        given = [part._replace(first=c, xs=x) for part, c, x in zip(parts, carries, xs, strict=True)]
        found = without_gradient(run([(part, windows.length_of(k), save) for part in given]))
        return [part.last for part in found], [v for part in found for v in (*part.emitted, *part.saved)]

    last, values = windows.run(
        window,
        [part.first for part in parts],
        [[batch_major_window(x) for x in part.xs] for part in parts],
        emits=emits * len(parts),
        axes=axes * len(parts),
    )
    own = [values[n * len(emits) :][: len(emits)] for n in range(len(parts))]
    count = len(body.emits)
    return [LoopResults(carry, v[:count], v[count:]) for carry, v in zip(last, own, strict=True)]


def backward_in_windows(
    windows: Windows, collect: Callable, parts: list[Part], body: KnownBody
) -> list[tuple[dict, dict, dict]]:
    """The gradients, by place, of what each part of a batch read: first carry, sequences, shared tensors.

    Example:
        >>> [(d_first, d_xs, d_shared)] = backward_in_windows(windows, collect, [part], body)

    Args:
        windows: of the loop's length.
        collect: `collect(parts, length)` gives the same for the parts of one window.
        parts: what the forward loop read and returned, and the gradients of what it returned.
        body: the body of the loop.
    """
    whole = parts[0].inputs
    first, xs, shared = ([i for i, value in enumerate(values) if has_gradient(value)] for values in whole)
    met = set()

    def window(after, now):
        here, k = now
        given = [_with_last(part, last) for part, (last, _) in zip(here, after, strict=True)]
        found = collect(given, windows.length_of(k))
        met.update(*(d_shared for _, _, d_shared in found))
        sums = [partial(_added, d_shared) for _, _, d_shared in found]
        totals = [
            [add(i, total) for i, total in zip(shared, before, strict=True)]
            for add, (_, before) in zip(sums, after, strict=True)
        ]
        lasts = [[d_first[i] for i in first] for d_first, _, _ in found]
        return [list(pair) for pair in zip(lasts, totals, strict=True)], [
            d[i] for _, d, _ in found for i in xs
        ]

    zeros = [[wide(ops.zeros_like(part.inputs.shared[i])) for i in shared] for part in parts]
    after, values = windows.run(
        window,
        [[part.cotangents.last, zero] for part, zero in zip(parts, zeros, strict=True)],
        [_windows_of(part, body) for part in parts],
        emits=[whole.xs[i][:, 0] for i in xs] * len(parts),
        axes=[1] * len(xs) * len(parts),
        backwards=True,
    )
    own = [values[n * len(xs) :][: len(xs)] for n in range(len(parts))]
    return [
        (
            dict(zip(first, d_first, strict=True)),
            dict(zip(xs, d_xs, strict=True)),
            {i: d for i, d in zip(shared, totals, strict=True) if i in met},
        )
        for (d_first, totals), d_xs in zip(after, own, strict=True)
    ]


def _with_last(part, last):
    return part._replace(cotangents=part.cotangents._replace(last=last))


def _added(gradients, place, total):
    return total + wide(gradients[place]) if place in gradients else total


def _windows_of(part: Part, body: KnownBody) -> Part:
    # In place of each tensor of a part a function that reads a window of it.
    inputs, always = part.inputs, partial(tree.map_structure, each_window)
    emitted = [
        part.emitted[body.repeated[i]] if i in body.repeated else None for i in range(len(inputs.first))
    ]
    return Part(
        LoopInputs(
            [
                each_window(value) if y is None else before_window(y, value)
                for value, y in zip(inputs.first, emitted, strict=True)
            ],
            [batch_major_window(x) for x in inputs.xs],
            always(inputs.shared),
        ),
        [batch_major_window(y) for y in part.emitted],
        [time_major_window(z) for z in part.saved],
        Cotangents(always(part.cotangents.last), [batch_major_window(d) for d in part.cotangents.emitted]),
    )
