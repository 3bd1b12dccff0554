"""`RecurrentModel`: a recurrent layer from the Keras graph of one timestep."""

import copy

import keras

from rshop.cells.shared_layers import warn_of_shared
from rshop.configs import reading
from rshop.layers.base import RecurrentLayer
from rshop.step.describe.describe_step import describe_step
from rshop.step.readout import split_fed
from rshop.step.recurrent import runs_its_step
from rshop.step.step import Step


@runs_its_step
@keras.saving.register_keras_serializable(package="rshop")
class RecurrentModel(RecurrentLayer):
    """A Keras layer that runs a step, written with Keras's functional API, over sequences.

    Example:
        A simple RNN with 10 units (after Elman, 1990)::

            >>> x_t, h_tm1 = keras.Input((5,)), keras.Input((10,), name="h_tm1")
            >>> h_t = ops.tanh(Dense(10)(x_t) + Dense(10, use_bias=False)(h_tm1))
            >>> rnn = RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t)
            >>> rnn(np.zeros((2, 7, 5))).shape
            (2, 10)

    Args:
        input, output: what arrives and what is returned at each timestep: a Keras tensor
            `(batch, ...)`, or a list or dict of them.
        initial_states: the Inputs that hold the states of the previous timestep; a list, a dict
            that names them, or one.
        final_states: the states after this timestep, in the same order.
        readout_input: an Input that is fed with the previous output. For several outputs a list or
            a dict; `[r, None]` feeds the first of two back and not the second. Whole numbers
            without the output's last axis are fed its argmax.
        constants: Inputs that each timestep sees whole: an attention memory, a class label.
        teacher_force: in training, feed the truth of the previous timestep as readout: True, a
            probability, a `keras.Variable` that holds one, or a schedule of the training call
            (Williams & Zipser, 1989; Bengio et al., 2015).
        decode: the input is one vector (or a whole sequence), seen at each timestep, or read by
            none; every output is returned.
        output_length: the number of timesteps of a decoder.
        return_sequences: return each output `(batch, time, ...)`, not only the last `(batch, ...)`.
        return_states: return `[output, *states]`; `return_state` is Keras's spelling.
        state_initializer: where states start: a Keras initializer by name or object, `'learned'`
            (a trainable weight), or a list or dict by state name of them. Zeros where not given.
            Random ones are drawn anew in training and stay the same in inference.
        go_backwards: read the input from its end; outputs come in the order of processing.
        stateful: begin each call where the last one ended; needs a known batch size.
        unroll: lay the timesteps out one by one; needs a known number of them.
        zero_output_for_mask: outputs at masked timesteps are 0 and not the last output.
        seed: an int for the draws of scheduled sampling.
        **layer_kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        x: `(batch, time, ...)` for each input of the step; with `decode`, `(batch, ...)`.
        initial_state: `(batch, ...)` or one sample for all; a list, or a dict by state name.
        initial_readout: what the first timestep reads as readout, 0 if not given.
        ground_truth: `(batch, time, ...)`, the target of each timestep, unshifted.
        constants: one tensor for each constant of the step. Where an Input of the step called
            `memory_mask` follows one called `memory`, the mask is found and is not given.
        constants_mask: the mask of each constant, `(batch, time)`; one that a constant carries is found
            without it.
        mask: booleans `(batch, time)`; a masked timestep changes nothing. Masks that tensors carry
            are found without it, and the outputs carry them on (inside `keras.layers.Bidirectional`
            from Keras 3.16 on only if its `supports_masking` is set to True).
        training: whether dropout is on and the truth is fed.
        output_length: another number of timesteps for this call of a decoder.

    Raises:
        TypeError, ValueError: parts that do not fit; the message names them and the fix.
    """

    def __init__(
        self,
        input,
        output,
        initial_states=None,
        final_states=None,
        readout_input=None,
        *,
        constants=None,
        **options,
    ):
        described = input if isinstance(input, Step) else None
        readouts = split_fed(readout_input)[0] if described is None else described.readouts
        super().__init__(has_readout=readouts is not None, **options)
        self._step = described or describe_step(
            input,
            output,
            states=initial_states,
            next_states=final_states,
            readouts=readout_input,
            constants=constants,
            unused_inputs=self.decode,
        )
        self.describe()

    def make_step(self, input_shape, constant_shapes) -> Step:
        """The step that this layer was made with."""
        return self._step

    def get_config(self):
        """The step and the options as plain JSON values."""
        config = {**super().get_config(), "step": self.description.get_config()}
        warn_of_shared(self, config, self.description.graph.operations())
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The layer that `get_config` described; the config is left as it is."""
        known = keras.saving.custom_object_scope(custom_objects or {})
        with reading(config, cls.__name__, "step"), known:
            config = copy.deepcopy(config)
            return cls(Step.from_config(config.pop("step")), None, **config)
