"""The Keras layer that runs a step over time: the base of this project's recurrent layers."""

import inspect

import keras
from keras import ops

from rshop.backend import counter
from rshop.call import arguments, initial_states, shape_checks
from rshop.call.argument_kinds import call_length, check_given
from rshop.call.carried_states import Carried
from rshop.call.first_memory import has_unknown_sizes
from rshop.call.output_spec import call_spec, only_shapes_are_asked, zeros_for
from rshop.call.run import run
from rshop.call.traced_calls import TracedCalls
from rshop.checks import check_training
from rshop.fast.loops.compiled_loops import KeptLoops
from rshop.layers import options
from rshop.layers.described import DescribedLayer
from rshop.layers.reset_states import StatefulLayer
from rshop.signatures import ClassSignature
from rshop.step import teacher_forcing
from rshop.step.masks import combine
from rshop.structure import flat, flat_shapes, shapes_like, tree


class RecurrentLayer(DescribedLayer, StatefulLayer):
    """A layer that runs one step over time; its subclasses, such as `RecurrentModel`, provide the step.

    Example:
        >>> rnn = RecurrentModel(x_t, h_t, h_tm1, h_t, return_sequences=True)
        >>> rnn(np.zeros((2, 7, 5))).shape
        (2, 7, 10)

    Args:
        has_readout: whether the step reads its own last output.
        **given: the options of `RecurrentModel`, and those of any Keras layer.

    Raises:
        TypeError, ValueError: an option of the wrong type, or options that exclude each other.
    """

    __signature__ = ClassSignature()

    def __init__(self, *, has_readout: bool, **given):
        chosen, layer_kwargs = options.read(given, type(self).__name__)
        first = initial_states.read(chosen.state_initializer)
        forced = teacher_forcing.check(chosen.teacher_force, has_readout)
        super().__init__(**layer_kwargs)
        self.supports_masking = True
        self.has_readout = has_readout
        self.teacher_force, self.state_initializer = forced, first
        self.decode, self.output_length = chosen.decode, chosen.output_length
        self.return_sequences = chosen.return_sequences or chosen.decode
        self.return_states = self.return_state = chosen.return_states
        self.go_backwards, self.unroll = chosen.go_backwards, chosen.unroll
        self.stateful, self.zero_output_for_mask = chosen.stateful, chosen.zero_output_for_mask
        self.seed = chosen.seed
        self.draws = keras.random.SeedGenerator(self.seed)
        self.first_states: list = []
        self.carried: Carried | None = None
        #: How often a schedule was called, and how often a fast loop has trained: see `backend.counter`.
        self.training_calls, self.training_runs = None, None
        #: The Keras layer with the same weights, where cuDNN is to run it.
        self.twin = None
        #: The graphs of long calls outside of `fit` and `predict`.
        self.traced_calls = TracedCalls()
        #: The graphs of its fast loops.
        self.loops = KeptLoops()

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        # Keras hands `build` the shape of each argument of `call` that it names. A `call` of a user's own
        # may leave out the constants, or name its input otherwise: then the first shape is that of the input.
        named = inspect.signature(cls.call).parameters.keys()
        if "build" not in vars(cls) and not {"x", "constants"} <= named:
            cls.build = lambda self, input_shape: super(cls, self).build(input_shape)
        names = inspect.signature(cls.build).parameters.keys()
        if "compute_output_shape" not in vars(cls) and "x_shape" not in names:
            # A summary asks for it under the names of the arguments of `build`.
            cls.compute_output_shape = lambda self, *shapes, **named: super(cls, self).compute_output_shape(
                *[*shapes, *named.values()][:1]
            )

    @classmethod
    def options_of_init(cls) -> list[inspect.Parameter]:
        """The options that `__init__` takes by name, for the signature of the class."""
        return options.parameters()

    def build(self, x_shape, constants_shape=None):
        """Make the step if there is none yet, the learned initial states, and the carried states."""
        step = self.describe(self._step_shapes(flat_shapes(x_shape)), flat_shapes(constants_shape))
        shapes = shapes_like(step.inputs, x_shape, "x")
        shape_checks.check_inputs(step, shapes, self.decode)
        entries = initial_states.for_each_state(self.state_initializer, step.state_names)
        self.first_states = [
            initial_states.FirstState(entry, name, t, self)
            for entry, name, t in zip(entries, step.state_names, step.states, strict=True)
        ]
        self.training_runs = counter()
        self._generators = [f.seed_generator for f in self.first_states if f.seed_generator]
        if teacher_forcing.is_schedule(self.teacher_force):
            self.training_calls = self.add_weight(
                shape=(), dtype="int32", initializer="zeros", trainable=False, name="training_calls"
            )
        if self.stateful:
            batch, truths = shapes[0][0], teacher_forcing.is_on(self.teacher_force)
            self.carried = Carried(self, self.first_states, batch=batch, forced=truths)

    def __call__(self, x, *args, **kwargs):
        """Check that the arguments hold numbers, then call the layer as Keras does."""
        check_given(x, args, kwargs, self.decode)
        return super().__call__(x, *args, **kwargs)

    @property
    def weights(self) -> list:
        """The weights, without the carried states of a stateful layer, as in Keras's own layers."""
        carried = {id(v) for v in self.carried.variables} if self.carried is not None else set()
        carried |= {id(self.training_calls), id(self.teacher_force)}
        return [w for w in super().weights if id(w) not in carried]

    def call(
        self,
        x,
        initial_state=None,
        initial_readout=None,
        ground_truth=None,
        constants=None,
        mask=None,
        training=None,
        output_length=None,
        x_mask=None,
        constants_mask=None,
    ):
        """Run over `x`. See `RecurrentModel` for the arguments.

        Keras passes the masks that tensors carry as `x_mask` and `constants_mask` when there are
        several tensors.
        """
        given = self.read_call(
            x,
            output_length,
            initial_state=initial_state,
            initial_readout=initial_readout,
            ground_truth=ground_truth,
            constants=constants,
            mask=x_mask if mask is None else mask,
            constants_mask=constants_mask,
        )
        return self.results(given, check_training(training))

    def results(self, given: arguments.Arguments, training: bool):
        """The result of a call, for checked arguments."""
        if only_shapes_are_asked() and not has_unknown_sizes(self.description.states):
            y = zeros_for(call_spec(self, given), given)
            if y is not None:
                return y
        memory, emitted = run(self, given, training)
        outputs = emitted if self.return_sequences else memory["held"]
        y = tree.pack_sequence_as(self.description.outputs, outputs)
        return [y, *memory["states"]] if self.return_states else y

    def compute_output_spec(
        self,
        x,
        initial_state=None,
        initial_readout=None,
        ground_truth=None,
        constants=None,
        mask=None,
        training=None,
        output_length=None,
        x_mask=None,
        constants_mask=None,
    ):
        """The symbolic result of a call, after the same checks."""
        given = self.read_call(
            x,
            output_length,
            initial_state=initial_state,
            initial_readout=initial_readout,
            ground_truth=ground_truth,
            constants=constants,
            mask=x_mask if mask is None else mask,
            constants_mask=constants_mask,
        )
        return call_spec(self, given)

    def read_call(self, x, output_length, **given) -> arguments.Arguments:
        """The arguments of a call, checked against the step and the options.

        Raises:
            ValueError: they do not fit; the message names the argument.
        """
        length = call_length(output_length, self.output_length, self.decode)
        read = arguments.read(self.description, x, decode=self.decode, output_length=length, **given)
        shape_checks.check_unroll(self, read)
        if self.carried is not None:
            self.carried.check_batch(read.batch)
        return read

    def compute_output_shape(self, x_shape, constants_shape=None):
        """The shape of a call's result for an input of this shape `(batch, time, ...)`; as in `build`."""
        step = self.describe(self._step_shapes(flat_shapes(x_shape)), flat_shapes(constants_shape))
        shapes = shapes_like(step.inputs, x_shape, "x")
        tensors = [
            keras.KerasTensor(shape, t.dtype) for shape, t in zip(shapes, flat(step.inputs), strict=True)
        ]
        x = tree.pack_sequence_as(step.inputs, tensors)
        spec = self.compute_output_spec(x, constants=step.constants)
        result = tree.map_structure(lambda t: tuple(t.shape), spec)
        return tuple(result) if self.return_states else result

    def compute_mask(self, inputs, previous_mask=None):
        """The mask of each output: that of the input if there is an output for each timestep, else None."""
        mask = combine(previous_mask)
        if mask is None or self.decode or not self.return_sequences:
            return None
        mask = ops.flip(mask, axis=1) if self.go_backwards else mask
        step = self.description
        states = [None] * len(step.states) if self.return_states else []
        return [mask] * len(flat(step.outputs)) + states

    def get_config(self):
        """The options of this layer as plain JSON values."""
        config = {name: getattr(self, name) for name in options.DEFAULTS}
        config["state_initializer"] = initial_states.serialize(self.state_initializer)
        config["teacher_force"] = teacher_forcing.serialize(self.teacher_force)
        return {**super().get_config(), **config}

    def _step_shapes(self, shapes):
        inner = shapes if self.decode else [shape[:1] + shape[2:] for shape in shapes]
        return inner if len(inner) > 1 else inner[0]
