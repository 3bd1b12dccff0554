"""The Keras layer around a step: what the recurrent layers of this project have in common."""

import keras
from keras import ops

from rshop.backend import counter
from rshop.call import arguments, initial_states, shape_checks
from rshop.call.argument_kinds import call_length, check_given
from rshop.call.carried_states import Carried
from rshop.call.output_spec import call_spec, only_shapes_are_asked, zeros_for
from rshop.call.run import run
from rshop.checks import check_training
from rshop.conversions import convert
from rshop.errors import message
from rshop.layers import options
from rshop.step import teacher_forcing
from rshop.step.masks import combine
from rshop.step.step import Step
from rshop.structure import flat, flat_shapes, shapes_like, tree


class RecurrentLayer(keras.layers.Layer):
    """A layer that runs one step over time. `RecurrentModel` and its kin say which step.

    Example:
        >>> rnn = RecurrentModel(x_t, h_t, h_tm1, h_t, return_sequences=True)
        >>> rnn(np.zeros((2, 7, 5))).shape
        (2, 7, 10)

    Args:
        has_readout: whether the step reads its own last output.
        **given: the options of `RecurrentModel`, and those of any Keras layer.

    Raises:
        TypeError, ValueError: an option of the wrong kind, or options that exclude each other.
    """

    def __init__(self, *, has_readout: bool, **given):
        chosen, layer_kwargs = options.read(given, type(self).__name__)
        first = initial_states.read(chosen.pop("state_initializer"))
        forced = teacher_forcing.check(chosen.pop("teacher_force"), has_readout)
        super().__init__(**layer_kwargs)
        self.supports_masking = True
        self.has_readout = has_readout
        for name, value in chosen.items():
            setattr(self, name, value)
        self.return_sequences = self.return_sequences or self.decode
        self.return_state = self.return_states
        self.state_initializer, self.teacher_force = first, forced
        self.draws = keras.random.SeedGenerator(self.seed)
        self.first_states: list = []
        self.carried: Carried | None = None
        #: How often a schedule was asked, and how often a fast loop has trained: see `backend.counter`.
        self.training_calls, self.training_runs = None, None
        #: Keras's layer with the same numbers, where cuDNN is to run them.
        self.twin = None
        self._description: Step | None = None

    def make_step(self, input_shape) -> Step:
        """The step for inputs of this shape `(batch, ...)`, None when it is not known yet."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its step is.")

    @property
    def description(self) -> Step:
        """The checked `Step`: inputs, constants, states, readouts, outputs."""
        return self.describe()

    def describe(self, input_shape=None) -> Step:
        """The checked `Step`, made for inputs of this shape `(batch, ...)` if there is none yet."""
        if self._description is None:
            step = self.make_step(input_shape)
            self._step_model, self._description = step.model, step
        return self._description

    @property
    def is_described(self) -> bool:
        """Whether the step is there; a stack has none before it knows the shape of its input."""
        return self._description is not None

    def step_output_shape(self, input_shape) -> tuple | None:
        """The shape `(batch, ...)` of the step's first output, None where it is not known yet."""
        return tuple(flat(self.description.outputs)[0].shape) if self.is_described else None

    @property
    def step(self) -> keras.Model:
        """The Keras model of one timestep, on flat lists:
        `[*inputs, *constants, *states, *readouts] -> [*outputs, *next_states]`."""
        return self.description.model

    @property
    def num_states(self) -> int:
        """The number of states, the readout not counted: 2 for an LSTM."""
        return len(self.state_names)

    @property
    def state_names(self) -> list[str]:
        """The names of the states, in order: `['h', 'c']` for an LSTM."""
        return list(self.description.state_names)

    def get_cell(self, **layer_kwargs):
        """This model as a cell for another RNN, sharing its weights; the readout becomes a state.

        A model that holds both trains as one, but Keras cannot load its `.keras` file (weights that are
        shared are written once): use `save_weights` and `load_weights` instead.

        Example:
            >>> outer = RecurrentSequential()
            >>> outer.add(rnn.get_cell())

        Raises:
            ValueError: the layer has options that a cell would lose.
        """
        return convert("cell", self, **layer_kwargs)

    def build(self, input_shape):
        """Make the step if there is none yet, the learned first states, and what is carried."""
        step = self.describe(self._step_shapes(flat_shapes(input_shape)))
        shapes = shapes_like(step.inputs, input_shape, "x")
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
        """Check that the arguments are made of numbers, then call the layer as Keras does."""
        check_given(x, args, kwargs, self.decode)
        return super().__call__(x, *args, **kwargs)

    @property
    def weights(self) -> list:
        """The weights, without what a stateful layer carries: as for Keras's own layers."""
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

        `x_mask` and `constants_mask` are where Keras hands over the masks that the tensors carry
        when there are several tensors.
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
        """What a call returns, for checked arguments."""
        if only_shapes_are_asked():
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

    def compute_output_shape(self, input_shape):
        """The shape of a call's result for an input of this shape `(batch, time, ...)`."""
        step = self.describe(self._step_shapes(flat_shapes(input_shape)))
        shapes = shapes_like(step.inputs, input_shape, "x")
        tensors = [
            keras.KerasTensor(shape, t.dtype) for shape, t in zip(shapes, flat(step.inputs), strict=True)
        ]
        x = tree.pack_sequence_as(step.inputs, tensors)
        spec = self.compute_output_spec(x, constants=step.constants)
        result = tree.map_structure(lambda t: tuple(t.shape), spec)
        return tuple(result) if self.return_states else result

    def compute_mask(self, inputs, previous_mask=None):
        """The mask of each output: that of the input, where there is an output a timestep."""
        mask = combine(previous_mask)
        if mask is None or self.decode or not self.return_sequences:
            return None
        mask = ops.flip(mask, axis=1) if self.go_backwards else mask
        step = self.description
        states = [None] * len(step.states) if self.return_states else []
        return [mask] * len(flat(step.outputs)) + states

    @property
    def states(self) -> list | None:
        """The variables `(batch, ...)` that a stateful layer carries its states in, else None."""
        return None if self.carried is None else list(self.carried.states)

    def reset_states(self, values=None):
        """Forget what a stateful layer carried: states become initial, or take the given values.

        Example:
            >>> rnn.reset_states()  # zeros, or what state_initializer says
            >>> rnn.reset_states(5.0)  # every state 5
            >>> rnn.reset_states({"h": np.ones((1, 3))})  # h given, the others initial

        Args:
            values: None, a number, an array, or a list or dict by state name of them.

        Raises:
            ValueError: the layer is not stateful, or the values do not fit; nothing changes then.
        """
        if not self.stateful:
            raise ValueError(
                message(
                    f"The layer {self.name!r} carries no states from call to call.",
                    received="stateful=False",
                    expected="a layer with stateful=True",
                    fix="make the layer with stateful=True, or pass initial_state= to the call",
                )
            )
        if self.carried is None and values is not None:
            raise ValueError(
                message(
                    f"The layer {self.name!r} has not seen a batch yet: its states have no shape.",
                    received=f"values={values!r} before the first call",
                    expected="a layer that was called or built",
                    fix="call the layer first, or pass initial_state= to the first call",
                )
            )
        if self.carried is not None:
            self.carried.reset(values)

    def reset_state(self):
        """Keras's spelling of `reset_states()`."""
        self.reset_states()

    def get_config(self):
        """The options of this layer as plain JSON values."""
        config = {name: getattr(self, name) for name in options.DEFAULTS}
        config["state_initializer"] = initial_states.serialize(self.state_initializer)
        config["teacher_force"] = teacher_forcing.serialize(self.teacher_force)
        return {**super().get_config(), **config}

    def _step_shapes(self, shapes):
        inner = shapes if self.decode else [shape[:1] + shape[2:] for shape in shapes]
        return inner if len(inner) > 1 else inner[0]
