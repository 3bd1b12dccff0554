"""A step ready to run fast: its instructions, scheduled, and how they run before, in and after the loop."""

from dataclasses import dataclass

import keras
from keras import ops

from rshop.backend import scan
from rshop.fast.plan.instructions import Lowered
from rshop.fast.plan.lower import lower
from rshop.fast.plan.run_instructions import run_instructions
from rshop.fast.plan.schedule import FED, FIXED, SEQUENCE, Schedule, schedule
from rshop.fast.plan.sums_of_products import Group
from rshop.step.recurrent import is_recurrent
from rshop.step.step import Step
from rshop.structure import flat


@dataclass
class Program:
    """A step whose operations are all known, ready for one kind of call.

    Attributes:
        step: the checked step.
        lowered: its instructions.
        plan: when each of them runs.
        fixed, sequences, states, readouts: the numbers of the step's inputs, by what they are in this call.
        outputs: the numbers of the outputs.
        next_states: the numbers of the next states.
        changed, after_change: the numbers of what the variables that layers change hold before and after the
            step.
        training: passed to the layers.
        kind: what it was made for, beside the step.
    """

    step: Step
    lowered: Lowered
    plan: Schedule
    fixed: list[int]
    sequences: list[int]
    states: list[int]
    readouts: list[int]
    outputs: list[int]
    next_states: list[int]
    changed: list[int]
    after_change: list[int]
    training: bool | None
    kind: tuple

    def __post_init__(self):
        loop = self.plan.loop_instructions
        reads = {n for i in loop for n in i.reads} | {*self.next_states, *self.plan.emitted}
        self.loop_fixed = [n for n in self.fixed if n in reads] + self.plan.from_fixed
        self.loop_sequences = [n for n in self.sequences if n in reads] + self.plan.from_before
        self.groups = [item for item in self.plan.loop if isinstance(item, Group)]
        self.merged = [g for g in self.groups if g.is_merged(self.lowered.likes)]
        self.loop_weights = sorted({i.weight for i in loop if i.weight is not None})
        self.variables = list({id(v): v for i in loop for v in i.variables}.values())
        others = {n for item in self.plan.loop for n in _reads_beside_products(item)}
        others |= {*self.next_states, *self.after_change, *self.plan.emitted}
        #: What only products read: its gradient can be deferred until after the loop.
        self.only_multiplied = {n for n in [*self.loop_sequences, *self.loop_fixed] if n not in others}
        self.emits = [self.lowered.likes[n] for n in self.plan.emitted]
        wiring = self.step.wiring if self.readouts else []
        self.wiring = [(self.plan.emitted.index(self.outputs[i]), argmax) for i, argmax in wiring]

    @property
    def product_sizes(self) -> list[int]:
        """The number of weights of each product."""
        likes = self.lowered.likes
        products = [i for i in self.lowered.instructions if i.kind == "product"]
        return [likes[i.reads[0]].shape[-1] * likes[i.writes[0]].shape[-1] for i in products]

    @property
    def has_inner_loops(self) -> bool:
        """Whether a recurrent layer runs within each timestep."""
        return any(is_recurrent(node.operation) for node in self.step.graph.nodes)

    def before(self, fixed: list, sequences: list) -> tuple[list, list]:
        """What the loop reads: tensors that every timestep sees whole, and sequences `(batch, time, ...)`.

        The first list is in the order of `shared_order`.

        Args:
            fixed: what every timestep sees whole, in the order of `self.fixed`: inputs of a decoder,
                constants, what the step has computed once.
            sequences: `(batch, time, ...)`, in the order of `self.sequences`: inputs, truths that are fed,
                and what was drawn.
        """
        values = self._as_declared(self.fixed, fixed)
        weights = {i: w.value() for i, w in enumerate(self.lowered.weights)}
        run_instructions(self.plan.fixed, values, weights, self.training)
        given = self._as_declared(self.sequences, sequences)
        given |= self._over_time(self.plan.before, given, weights)
        shared = [weights[i] for i in self.loop_weights]
        shared += [ops.concatenate([weights[p.weight] for p in g.products], axis=0) for g in self.merged]
        shared += [ops.convert_to_tensor(v) for v in self.variables]
        return shared + [values[n] for n in self.loop_fixed], [given[n] for n in self.loop_sequences]

    def draw(self, batch, length) -> list:
        """What the dropout layers multiply by at each timestep, each `(batch, time, ...)`.

        The draws are those of the plain loop: timestep by timestep, in running order.

        Args:
            batch, length: ints or scalar tensors.
        """
        likes = [self.lowered.likes[number] for number in self.lowered.drawn]
        if not likes:
            return []

        def timestep(_, __):
            ones = [ops.ones((batch, *like.shape[1:]), like.dtype) for like in likes]
            layers = self.lowered.drawn.values()
            return [], [layer(x, training=True) for layer, x in zip(layers, ones, strict=True)]

        return scan(timestep, [], [], length, emits=likes)[1]

    def shared_order(self) -> list[tuple]:
        """The key of each tensor that every timestep sees whole.

        Returns:
            `("weight", i)`, `("merged", number of the sum)`, `("variable", i)`, `("fixed", number)`.
        """
        order = [("weight", i) for i in self.loop_weights]
        order += [("merged", g.write) for g in self.merged]
        order += [("variable", i) for i in range(len(self.variables))]
        return order + [("fixed", n) for n in self.loop_fixed]

    def timestep(self, shared: list, tap, variables: list):
        """The step as `run(inputs, states, readouts) -> emitted, next_states`.

        Args:
            shared: the first result of `before`.
            tap: `tap(place, operands, others, compute)` returns the sum of a group of products; None
                computes it.
            variables: what the variables of `changed` hold; replaced in place by what they hold afterwards.
        """
        given = dict(zip(self.shared_order(), shared, strict=True))
        weights = {i: value for (kind, i), value in given.items() if kind == "weight"}
        merged = {n: value for (kind, n), value in given.items() if kind == "merged"}
        unchanged = [value for (kind, _), value in given.items() if kind == "variable"]
        fixed = {n: value for (kind, n), value in given.items() if kind == "fixed"}

        def run(inputs, states, readouts):
            values = {**fixed}
            values |= dict(zip(self.loop_sequences, inputs, strict=True))
            values |= dict(zip([*self.states, *self.readouts], [*states, *readouts], strict=True))
            values |= dict(zip(self.changed, variables, strict=True))
            # Layers that an instruction calls find their weights in the scope, as plain tensors.
            with keras.StatelessScope(state_mapping=list(zip(self.variables, unchanged, strict=True))):
                run_instructions(self.plan.loop, values, weights, self.training, tap=tap, merged=merged)
            variables[:] = [values[n] for n in self.after_change]
            return [values[n] for n in self.plan.emitted], [values[n] for n in self.next_states]

        return run

    def after(self, emitted: list, over_time: bool) -> list:
        """The outputs, from what the loop emitted `(batch, time, ...)`, or at its end `(batch, ...)`."""
        values = dict(zip(self.plan.emitted, emitted, strict=True))
        if self.plan.after:
            weights = {i: w.value() for i, w in enumerate(self.lowered.weights)}
            if over_time:
                values |= self._over_time(self.plan.after, values, weights)
            else:
                run_instructions(self.plan.after, values, weights, self.training)
        return [values[n] for n in self.outputs]

    def _as_declared(self, numbers, values):
        # A step of another precision than its layer casts its inputs.
        likes = [self.lowered.likes[n] for n in numbers]
        return {n: ops.cast(v, like.dtype) for n, v, like in zip(numbers, values, likes, strict=True)}

    def _over_time(self, instructions, given, weights):
        # Time is folded into the batch, as each instruction treats each sample alone.
        if not instructions:
            return {}
        written = {n for i in instructions for n in i.writes}
        needed = {n for i in instructions for n in i.reads} - written
        batch, length = _batch_and_time(given[min(needed)])
        values = {n: _folded(given[n]) for n in needed}
        run_instructions(instructions, values, weights, self.training)
        return {n: ops.reshape(values[n], (batch, length, *ops.shape(values[n])[1:])) for n in written}


def program(
    step: Step, training, *, decode: bool, forced: bool, after: bool, late_gradients: bool, hoist: bool
) -> Program | None:
    """The program of a step for one kind of call; None if the step has an operation that is not known.

    Example:
        >>> ready = program(rnn.description, True, decode=False, ...)  # an LSTM
        >>> [len(group.products) for group in ready.groups]
        [2]

    Args:
        step: the checked step.
        training: as in the call.
        decode: the inputs are the same at all timesteps.
        forced: the readouts are the truth, known beforehand.
        after: whether instructions may run after the loop.
        late_gradients, hoist: see `Switches`.
    """
    lowered = lower(step.graph, training)
    if lowered is None:
        return None
    counts = [len(flat(part)) for part in (step.inputs, step.constants, step.states, step.readouts)]
    kinds = [FIXED if decode else SEQUENCE] * counts[0] + [FIXED] * counts[1] + [FED] * counts[2]
    kinds += [SEQUENCE if forced else FED] * counts[3]
    kinds += [FIXED] * len(lowered.once) + [SEQUENCE] * len(lowered.drawn) + [FED] * len(lowered.changed)
    numbers = lowered.inputs
    outputs = lowered.outputs[: len(flat(step.outputs))]
    next_states = lowered.outputs[len(outputs) :]
    wiring = [] if forced else step.wiring
    fed = [*next_states, *lowered.after_change, *(outputs[i] for i, _ in wiring)]
    plan = schedule(lowered, kinds, fed, outputs, late_gradients=late_gradients, hoist=hoist, after=after)
    first = sum(counts[:2])
    return Program(
        step,
        lowered,
        plan,
        fixed=[n for n, kind in zip(numbers, kinds, strict=True) if kind == FIXED],
        sequences=[n for n, kind in zip(numbers, kinds, strict=True) if kind == SEQUENCE],
        states=numbers[first : first + counts[2]],
        readouts=[] if forced else numbers[first + counts[2] : sum(counts)],
        outputs=outputs,
        next_states=next_states,
        changed=[*lowered.changed],
        after_change=lowered.after_change,
        training=training,
        kind=(training, decode, forced, after, late_gradients, hoist),
    )


def places(step: Step, *, decode: bool = False, forced: bool = False) -> dict[str, str]:
    """For the name of each node of a step, whether it runs `"before"`, `"in"` or `"after"` the loop.

    Nested names are joined by `/`. That is for training without a mask. If an operation is not known (see
    `unknown`), all of it runs in the loop, and the result is empty.

    Example:
        >>> places(rnn.description)
        {'embedding': 'before', 'lstm_cell/kernel': 'in', ..., 'logits': 'after'}

    Args:
        step: the checked step.
        decode: the inputs are the same at all timesteps.
        forced: the readouts are the truth.
    """
    ready = program(step, True, decode=decode, forced=forced, after=True, late_gradients=True, hoist=True)
    return {} if ready is None else ready.plan.nodes()


def _reads_beside_products(item):
    return item.others if isinstance(item, Group) else item.reads


def _batch_and_time(value):
    shape = ops.shape(value)
    return shape[0], shape[1]


def _folded(value):
    return ops.reshape(value, (-1, *ops.shape(value)[2:]))
