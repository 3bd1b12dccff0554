"""A loop over time with its own backward pass, for a body that is known beforehand."""

from functools import partial

from keras import ops

from rshop.backend import custom_gradient, padded, split_batch
from rshop.fast.loops.backward import Backward
from rshop.fast.loops.compiled_loops import CompiledLoops
from rshop.fast.loops.derivatives import has_gradient, without_gradient
from rshop.fast.loops.loop_data import Cotangents, LoopInputs, LoopResults, Part
from rshop.fast.loops.windowed_loops import forward_in_windows
from rshop.fast.loops.windows import Windows
from rshop.structure import flat


def scan_known(
    loops: CompiledLoops,
    carry,
    xs: list,
    shared: list,
    *,
    length,
    save: bool,
    compile_now=None,
    in_blocks: bool = True,
    in_windows: bool = True,
    part_sizes: list | None = None,
):
    """As `backend.scan`, with its own backward pass, for a body that is known beforehand.

    The gradient of a weight is one product over all timesteps and samples, after the loop: an automatic
    gradient would add to the whole matrix at each timestep. And as no list passes from the forward loop to
    the backward loop, XLA can compile both.

    Example:
        >>> last, emitted = scan_known(loops, carry, [x], [kernel], length=7, save=True)
        >>> emitted[0].shape
        (2, 7, 10)

    Args:
        loops: of the body, which is one timestep.
        carry: the memory before the first timestep, any structure of tensors `(batch, ...)`.
        xs: tensors `(batch, time, ...)`.
        shared: tensors that every timestep sees whole: weights, constants.
        length: the number of timesteps, an int or a scalar int tensor; an int where there are no `xs`.
        save: save what the backward pass needs; else it first runs the forward loop again.
        compile_now: a boolean tensor: while it is False the loops run without XLA.
        in_blocks: run the backward pass of a long loop block by block.
        in_windows: where the length is not known and XLA compiles, run windows of a fixed length.
        part_sizes: split the batch into parts of these sizes, and run their loops side by side.

    Returns:
        As `scan`. First derivatives only.
    """
    first = [ops.convert_to_tensor(value) for value in flat(carry)]
    xs = [ops.convert_to_tensor(x) for x in xs]
    is_open_ended = bool(xs) and xs[0].shape[1] is None
    if is_open_ended:
        length = ops.cast(ops.shape(xs[0])[1], "int32")
    windows = Windows(length) if is_open_ended and loops.xla and in_windows else None
    if windows:
        xs = [padded(x, windows.capacity) for x in xs]
    loop = _CustomLoop(
        loops,
        length,
        windows,
        save=save,
        part_sizes=part_sizes,
        in_blocks=in_blocks,
        compile_now=compile_now,
    )
    last, emitted = custom_gradient(loop.run)(LoopInputs(first, xs, shared))
    return loops.body.packed(last), [value[:, :length] for value in emitted] if is_open_ended else emitted


class _CustomLoop:
    # The forward loop and its backward pass, for parts of a batch side by side.

    def __init__(self, loops: CompiledLoops, length, windows, *, save, part_sizes, in_blocks, compile_now):
        self.loops, self.body, self.length, self.windows = loops, loops.body, length, windows
        self.save, self.part_sizes, self.compile_now = save, part_sizes, compile_now
        self.run_compiled = partial(loops.forward, compile_now=compile_now)
        self.backward = Backward(
            loops, in_windows=bool(windows), in_blocks=in_blocks, compile_now=compile_now
        )

    def run(self, inputs: LoopInputs):
        # `((last, emitted), backward)`, as `custom_gradient` reads it.
        parts = self._split_inputs(without_gradient(inputs))
        results = self._forward(parts, self.save)
        outputs = [_joined(values) for values in zip(*(part[:2] for part in results), strict=True)]

        def backward(cotangents):
            known = results if self.save else self._forward(parts, save=True)
            pairs = zip(cotangents, outputs, strict=True)
            cotangents = self._split([_only_floating(*pair) for pair in pairs])
            given = [
                Part(part, result.emitted, result.saved, Cotangents(*d))
                for part, result, d in zip(parts, known, cotangents, strict=True)
            ]
            return self._whole(self.backward.gradients(given, inputs, self.length))

        return outputs, backward

    def _forward(self, parts, save) -> list[LoopResults]:
        if self.windows:
            run = self.loops.traced(_forward_in_windows)
            return without_gradient(run(parts, self.length, self.compile_now, save))
        return without_gradient(self.run_compiled([(part, self.length, save) for part in parts]))

    def _split(self, lists: list[list]) -> list[list[list]]:
        # For each part of the batch its slice of each list.
        if self.part_sizes is None:
            return [lists]
        return list(zip(*(split_batch(values, self.part_sizes) for values in lists), strict=True))

    def _split_inputs(self, inputs) -> list[LoopInputs]:
        # Tensors (batch, ...) are split as well, weights go to each part.
        places = sorted(self.body.by_sample)
        parts = self._split([inputs.first, inputs.xs, [inputs.shared[i] for i in places]])
        return [LoopInputs(first, xs, _put(inputs.shared, places, own)) for first, xs, own in parts]

    def _whole(self, gradients: list[LoopInputs]) -> LoopInputs:
        # The gradients of the whole batch, from those of the parts.
        d_first, d_xs, d_shared = zip(*gradients, strict=True)
        whole = []
        for i, of_parts in enumerate(zip(*d_shared, strict=True)):
            if i in self.body.by_sample or of_parts[0] is None:
                whole += _joined([[d] for d in of_parts])
            else:
                whole.append(sum(of_parts[1:], of_parts[0]))
        return LoopInputs(_joined(d_first), _joined(d_xs), whole)


def _forward_in_windows(loops, parts, length, compile_now, save):
    run = partial(loops.forward, compile_now=compile_now)
    return forward_in_windows(Windows(length), run, parts, loops.body, save=save)


def _put(values, places, new):
    at = dict(zip(places, new, strict=True))
    return [at.get(i, value) for i, value in enumerate(values)]


def _joined(parts):
    # One list of tensors for the whole batch, from one for each part of it.
    if len(parts) == 1:
        return parts[0]
    return [None if same[0] is None else ops.concatenate(same, axis=0) for same in zip(*parts, strict=True)]


def _only_floating(cotangents, outputs):
    return [d for d, output in zip(cotangents, outputs, strict=True) if has_gradient(output)]
