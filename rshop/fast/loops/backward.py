"""The backward pass of a loop whose body is known: one block of time after the other, the last one first."""

import math
from functools import partial

from keras import ops

from rshop.backend import custom_gradient
from rshop.fast.loops.compiled_loops import CompiledLoops
from rshop.fast.loops.derivatives import has_gradient, no_second_derivative, wide, without_gradient
from rshop.fast.loops.known_body import KnownBody
from rshop.fast.loops.loop_data import BlockGradients, LoopInputs, Part
from rshop.fast.loops.operands import Operands, is_small
from rshop.fast.loops.time_blocks import Block, blocks
from rshop.fast.loops.windowed_loops import backward_in_windows
from rshop.fast.loops.windows import Windows

# For a graph that is traced for any batch.
ORDINARY_BATCH = 32


class Backward:
    """The backward pass of a loop, for parts of a batch side by side.

    Example:
        >>> backward = Backward(loops, in_windows=False, compile_now=None, in_blocks=True)
        >>> [[d_first, d_xs, d_shared]] = backward.gradients([part], inputs, length=7)

    Args:
        loops: of the body.
        in_windows: whether the forward loop ran in windows.
        compile_now, in_blocks: as in `scan_known`.
    """

    def __init__(self, loops: CompiledLoops, *, in_windows: bool, compile_now, in_blocks: bool):
        self.loops, self.body = loops, loops.body
        self.in_windows, self.in_blocks, self.compile_now = in_windows, in_blocks, compile_now
        self.run_compiled = partial(loops.backward, compile_now=compile_now)

    def gradients(self, parts: list[Part], inputs: LoopInputs, length) -> list[LoopInputs]:
        """For each part the gradients of its inputs; None where there is none.

        Args:
            parts: parts of a batch, as constants.
            inputs: the tensors that the parts were split from, differentiable.
            length: as in `scan_known`.
        """
        if self.in_windows:
            return self._in_windows(parts, inputs, length)
        totals = [_Totals() for _ in parts]
        for block in reversed(self._blocks(parts[0].inputs, length)):
            found = self._run(block, length, parts, inputs)
            for total, part, one in zip(totals, parts, found, strict=True):
                total.collect(self.body, block, part, one)
            parts = [_before(part, one) for part, one in zip(parts, found, strict=True)]
        return [total.of(part.inputs) for total, part in zip(totals, parts, strict=True)]

    def _in_windows(self, parts, inputs, length) -> list[LoopInputs]:
        def run(given):
            now = zip(parts, without_gradient(given[0]), strict=True)
            now = [part._replace(cotangents=cotangents) for part, cotangents in now]
            back = self.loops.traced(_back_in_windows)
            return back(now, length, self.compile_now), no_second_derivative

        found = custom_gradient(run)([[part.cotangents for part in parts], inputs])
        return [_by_place(part.inputs, gradients) for part, gradients in zip(parts, found, strict=True)]

    def _blocks(self, inputs, length) -> list[Block]:
        if not self.in_blocks:
            return [Block()]
        # How many numbers of each timestep wait for the deferred products, in one part of the batch.
        likes = [*(tap.like for tap in self.body.taps), *self.body.computed.values()]
        batch = (inputs.first[0].shape[0] if inputs.first else None) or ORDINARY_BATCH
        return blocks(length, batch * sum(math.prod(size or 1 for size in like.shape[1:]) for like in likes))

    def _run(self, block, length, parts, inputs) -> list[BlockGradients]:
        start = None
        if not block.is_whole:
            # As tensors: with ints, the loop would be traced and compiled anew for each block.
            start = ops.convert_to_tensor(block.start, "int32")
            length = ops.convert_to_tensor(block.stop - block.start, "int32")

        def run(given):
            cotangents, _ = given
            now = zip(parts, without_gradient(cotangents), strict=True)
            calls = [(start, length, block.capacity, part._replace(cotangents=d)) for part, d in now]
            return self.run_compiled(calls), no_second_derivative

        # The inputs are not read, but a second derivative with respect to them has to come past here.
        return custom_gradient(run)([[part.cotangents for part in parts], inputs])


def _back_in_windows(loops, parts, length, compile_now):
    def collect(parts, length):
        totals = [_Totals() for _ in parts]
        calls = [(None, length, None, part) for part in parts]
        for total, part, found in zip(totals, parts, loops.backward(calls, compile_now), strict=True):
            total.collect(loops.body, Block(), part, found)
        return [(t.first, {i: d for i, [d] in t.xs.items()}, t.shared) for t in totals]

    return backward_in_windows(Windows(length), collect, parts, loops.body)


def _before(part: Part, found: BlockGradients) -> Part:
    # The part, for the block before.
    return part._replace(cotangents=part.cotangents._replace(last=found.first))


class _Totals:
    # The gradients of one part of a batch, collected from its blocks, the last one first. By place: of the
    # first carry one tensor, of a sequence one for each block, of a shared tensor their sum.

    def __init__(self):
        self.first, self.xs, self.shared = {}, {}, {}

    def collect(self, body: KnownBody, block: Block, part: Part, found: BlockGradients):
        # Add the gradients of a block, the deferred ones as well.
        inputs = part.inputs
        d_xs = [block.trim(d, axis=1) for d in found.xs]
        d_xs = dict(zip(body.differentiated(inputs)[0], d_xs, strict=True))
        d_sums, computed = (list(map(block.trim, values)) for values in (found.sums, found.computed))
        operands, d_shared = Operands(body, block, part, computed), dict(found.shared)
        # A loop over all timesteps has added the small ones; one over a block does not have all operands.
        operands.add_weight_gradients(
            d_shared, d_sums, lambda tap: not (block.is_whole and is_small(tap, inputs.shared))
        )
        # Not in the compiled loop: often nobody asks for the gradient of an input that only products read.
        operands.add_input_gradients(d_xs, d_sums)
        floating = [i for i, value in enumerate(inputs.first) if has_gradient(value)]
        self.first = dict(zip(floating, found.first, strict=True))
        for i, d in d_xs.items():
            self.xs.setdefault(i, []).insert(0, d)
        for i, d in d_shared.items():
            self.shared[i] = wide(self.shared[i]) + wide(d) if i in self.shared else d

    def of(self, inputs: LoopInputs) -> LoopInputs:
        # The gradient of each tensor of the part; None where there is none.
        d_xs = {i: d[0] if len(d) == 1 else ops.concatenate(d, axis=1) for i, d in self.xs.items()}
        return _by_place(inputs, (self.first, d_xs, self.shared))


def _by_place(inputs: LoopInputs, found: tuple[dict, dict, dict]) -> LoopInputs:
    # The gradient of each tensor that a loop read; None where there is none.
    first, xs, shared = found
    shared = {i: ops.cast(d, inputs.shared[i].dtype) for i, d in shared.items()}
    pairs = zip(inputs, (first, xs, shared), strict=True)
    return LoopInputs(*([d.get(i) for i in range(len(values))] for values, d in pairs))
