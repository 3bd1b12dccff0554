"""A step made ready to run fast: the schedule of its works, and how values pass from one part to the next."""

from dataclasses import dataclass
from functools import partial

import keras
from keras import ops

from rshop.fast.plan.lower import Lowered, lower
from rshop.fast.plan.schedule import FED, FIXED, SEQUENCE, Schedule, schedule
from rshop.fast.plan.sums_of_products import Group
from rshop.step.recurrent import is_recurrent
from rshop.step.step import Step
from rshop.structure import flat


@dataclass
class Program:
    """A step whose operations are all known, as it runs in one kind of call.

    Attributes:
        step: the checked step.
        lowered: its works.
        plan: when each is done.
        fixed, sequences, states, readouts: the numbers of the step's inputs, by what they are here.
        fed_outputs: the numbers of the outputs that feed the readouts.
        outputs: the numbers of the outputs.
        next_states: the numbers of the next states.
        training: handed to the layers.
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
    training: bool | None

    def __post_init__(self):
        loop = [w for item in self.plan.loop for w in (item.works if isinstance(item, Group) else [item])]
        reads = {n for w in loop for n in w.reads} | {*self.next_states, *self.plan.emitted}
        self.loop_fixed = [n for n in self.fixed if n in reads] + self.plan.from_fixed
        self.loop_sequences = [n for n in self.sequences if n in reads] + self.plan.from_before
        self.groups = [item for item in self.plan.loop if isinstance(item, Group)]
        self.merged = [g for g in self.groups if g.is_merged(self.lowered.likes)]
        self.loop_weights = sorted({w.weight for w in loop if w.weight is not None})
        self.variables = list({id(v): v for w in loop for v in w.variables}.values())
        others = {n for item in self.plan.loop for n in _reads_beside_products(item)}
        others |= {*self.next_states, *self.plan.emitted}
        #: What only products read: its gradient can wait until after the loop.
        self.only_multiplied = {n for n in [*self.loop_sequences, *self.loop_fixed] if n not in others}
        self.emits = [self.lowered.likes[n] for n in self.plan.emitted]
        wiring = self.step.wiring if self.readouts else []
        self.wiring = [(self.plan.emitted.index(self.outputs[i]), argmax) for i, argmax in wiring]

    @property
    def product_sizes(self) -> list[int]:
        """The number of weights of each product."""
        likes = self.lowered.likes
        products = [w for w in self.lowered.works if w.kind == "product"]
        return [likes[w.reads[0]].shape[-1] * likes[w.writes[0]].shape[-1] for w in products]

    @property
    def has_inner_loops(self) -> bool:
        """Whether a recurrent layer runs within each timestep."""
        return any(is_recurrent(node.operation) for node in self.step.graph.nodes)

    def before(self, fixed: list, sequences: list) -> tuple[list, list]:
        """What the loop reads: what every timestep sees whole, and sequences `(batch, time, ...)`.

        The first list is in the order of `shared_order`.
        """
        values = self._as_declared(self.fixed, fixed)
        weights = {i: w.value() for i, w in enumerate(self.lowered.weights)}
        _run(self.plan.fixed, values, weights, self.training)
        given = self._as_declared(self.sequences, sequences)
        given |= self._over_time(self.plan.before, given, weights)
        shared = [weights[i] for i in self.loop_weights]
        shared += [ops.concatenate([weights[p.weight] for p in g.products], axis=0) for g in self.merged]
        shared += [ops.convert_to_tensor(v) for v in self.variables]
        return shared + [values[n] for n in self.loop_fixed], [given[n] for n in self.loop_sequences]

    def shared_order(self) -> list[tuple]:
        """What the tensors are that every timestep sees whole.

        Returns:
            `("weight", i)`, `("merged", number of the sum)`, `("variable", i)`, `("fixed", number)`.
        """
        order = [("weight", i) for i in self.loop_weights]
        order += [("merged", g.write) for g in self.merged]
        order += [("variable", i) for i in range(len(self.variables))]
        return order + [("fixed", n) for n in self.loop_fixed]

    def timestep(self, shared: list, tap):
        """The step as `run(inputs, states, readouts) -> emitted, next_states`.

        Args:
            shared: the first result of `before`.
            tap: `tap(place, operands, others, compute)` returns the sum of a group of products; None
                computes it.
        """
        given = dict(zip(self.shared_order(), shared, strict=True))
        weights = {i: value for (kind, i), value in given.items() if kind == "weight"}
        merged = {n: value for (kind, n), value in given.items() if kind == "merged"}
        variables = [value for (kind, _), value in given.items() if kind == "variable"]
        fixed = {n: value for (kind, n), value in given.items() if kind == "fixed"}

        def run(inputs, states, readouts):
            values = {**fixed}
            values |= dict(zip(self.loop_sequences, inputs, strict=True))
            values |= dict(zip([*self.states, *self.readouts], [*states, *readouts], strict=True))
            # Layers that are called as they are find their weights in the scope, as plain tensors.
            with keras.StatelessScope(state_mapping=list(zip(self.variables, variables, strict=True))):
                _run(self.plan.loop, values, weights, self.training, tap, merged)
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
                _run(self.plan.after, values, weights, self.training)
        return [values[n] for n in self.outputs]

    def _as_declared(self, numbers, values):
        # A layer may be of another precision than its step, which casts what it is called with.
        likes = [self.lowered.likes[n] for n in numbers]
        return {n: ops.cast(v, like.dtype) for n, v, like in zip(numbers, values, likes, strict=True)}

    def _over_time(self, works, given, weights):
        # Time is folded into the batch: each work treats each sample alone.
        if not works:
            return {}
        made = {n for w in works for n in w.writes}
        needed = {n for w in works for n in w.reads} - made
        batch, length = _batch_and_time(given[min(needed)])
        values = {n: _folded(given[n]) for n in needed}
        _run(works, values, weights, self.training)
        return {n: ops.reshape(values[n], (batch, length, *_rest(values[n]))) for n in made}


def program(step: Step, training, *, decode: bool, forced: bool, after: bool, late: bool, hoist: bool):
    """The program of a step for one kind of call, or None where the rules do not know its operations.

    Example:
        >>> program(rnn.description, True, decode=False, forced=False, after=True, late=True, hoist=True)
        Program(...)

    Args:
        step: the checked step.
        training: as in the call.
        decode: the inputs are the same at all timesteps.
        forced: the readouts are the truth, known beforehand.
        after: whether works may be done after the loop.
        late, hoist: see `Switches`.
    """
    lowered = lower(step.graph, training)
    if lowered is None:
        return None
    counts = [len(flat(part)) for part in (step.inputs, step.constants, step.states, step.readouts)]
    kinds = [FIXED if decode else SEQUENCE] * counts[0] + [FIXED] * counts[1] + [FED] * counts[2]
    kinds += [SEQUENCE if forced else FED] * counts[3]
    numbers = lowered.inputs
    outputs = lowered.outputs[: len(flat(step.outputs))]
    next_states = lowered.outputs[len(outputs) :]
    wiring = [] if forced else step.wiring
    fed = [*next_states, *(outputs[i] for i, _ in wiring)]
    plan = schedule(lowered, kinds, fed, outputs, late=late, hoist=hoist, after=after)
    first = sum(counts[:2])
    return Program(
        step,
        lowered,
        plan,
        fixed=[n for n, kind in zip(numbers, kinds, strict=True) if kind == FIXED],
        sequences=[n for n, kind in zip(numbers, kinds, strict=True) if kind == SEQUENCE],
        states=numbers[first : first + counts[2]],
        readouts=[] if forced else numbers[first + counts[2] :],
        outputs=outputs,
        next_states=next_states,
        training=training,
    )


def places(step: Step, *, decode: bool = False, forced: bool = False) -> dict[str, str]:
    """For the name of each node of a step, whether it runs `"before"`, `"in"` or `"after"` the loop.

    Nested names are joined by `/`. In training, without a mask; all is in the loop where the rules do
    not know an operation (see `unknown`).

    Example:
        >>> places(rnn.description)
        {'embedding': 'before', 'lstm_cell/kernel': 'in', ..., 'logits': 'after'}

    Args:
        step: the checked step.
        decode: the inputs are the same at all timesteps.
        forced: the readouts are the truth.
    """
    ready = program(step, True, decode=decode, forced=forced, after=True, late=True, hoist=True)
    return {} if ready is None else ready.plan.nodes()


def _run(items, values, weights, training, tap=None, merged=None):
    place = 0
    for item in items:
        if not isinstance(item, Group):
            _do(item, values, weights, training)
            continue
        compute = partial(_sum, item, values, weights, training, (merged or {}).get(item.write))
        if tap is None:
            values[item.write] = compute()
            continue
        operands = [values[product.read] for product in item.products]
        values[item.write] = tap(place, operands, [values[n] for n in item.others], compute)
        place += 1


def _sum(item, values, weights, training, kernel):
    if kernel is None:
        _run(item.works, values, weights, training)
        return values[item.write]
    operands = [values[product.read] for product in item.products]
    z = ops.matmul(ops.concatenate(operands, axis=-1), kernel)
    for term in [*(weights[i] for i in item.biases), *(values[n] for n in item.others)]:
        z = z + term
    return z


def _reads_beside_products(item):
    return item.others if isinstance(item, Group) else item.reads


def _do(work, values, weights, training):
    made = work.run([values[n] for n in work.reads], weights, training)
    values.update(zip(work.writes, made, strict=True))


def _batch_and_time(value):
    shape = ops.shape(value)
    return shape[0], shape[1]


def _folded(value):
    shape = ops.shape(value)
    return ops.reshape(value, (-1, *shape[2:]))


def _rest(value):
    return ops.shape(value)[1:]
