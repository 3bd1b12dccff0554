"""`RNNCellFromModel`: any Keras model of one timestep, or any recurrent layer, as a cell."""

import keras

from rshop.cells.base import RNNCell
from rshop.cells.cell_checks import check_model
from rshop.cells.shared_layers import warn_of_shared
from rshop.configs import from_parts
from rshop.conversions import converts
from rshop.errors import message, told
from rshop.layers.base import RecurrentLayer
from rshop.step.constants import without_masks
from rshop.step.describe.checks import names_of_states
from rshop.step.names import free_name
from rshop.step.readout import feed_back
from rshop.step.step import Step
from rshop.structure import flat, flat_shapes

# What the model of a step is called, whatever the name of its layer is.
_STEP = "step"


@converts("cell", RecurrentLayer.get_cell)
@keras.saving.register_keras_serializable(package="rshop")
class RNNCellFromModel(RNNCell):
    """A cell from a Keras model of one timestep, or from any recurrent layer of this project.

    Example:
        >>> cell = RNNCellFromModel(keras.Model([x, h_tm1], [h, h]))
        >>> cell.num_states
        1

    Args:
        model: `keras.Model([x, *states], [y, *next_states])`, or a recurrent layer, whose readout
            then becomes a state. The cell runs freely: teacher forcing is left to the outer layer.
        state_names: names for the states; by default those of the model's Inputs.
        constant_names: names for the constants, the Inputs between the first and the states.
        state_lengths: for a state whose size is not known, the name of the constant that is as long.
        **cell_kwargs: as for `RNNCell`.

    Raises:
        TypeError: `model` is neither a Keras model nor a recurrent layer.
    """

    def __init__(
        self,
        model: "keras.Model | RecurrentLayer",
        *,
        state_names: list[str] | None = None,
        constant_names: list[str] | None = None,
        state_lengths: dict[str, str] | None = None,
        **cell_kwargs,
    ):
        super().__init__(**cell_kwargs)
        if not isinstance(model, (keras.Model, RecurrentLayer)):
            raise TypeError(
                message(
                    "A cell is made from a model of one timestep.",
                    received=f"{model!r} of type {type(model).__name__}",
                    expected="keras.Model([x, *states], [y, *next_states]) or a recurrent layer",
                    fix="RNNCellFromModel(keras.Model([x, h], [y, next_h]))",
                )
            )
        if isinstance(model, RecurrentLayer):
            _check_options(model)
        if isinstance(model, keras.Model):
            _check_size("output_dim", self.output_dim, model.outputs)
            declared = self.declared_shape
            _check_size("input_dim", None if declared is None else declared[-1], model.inputs)
        self._names = None if state_names is None else _check_names("state_names", state_names, model)
        self._constants = [] if not constant_names else _check_names("constant_names", constant_names, model)
        self._lengths = check_lengths(state_lengths)
        # Wrapped, so that Keras does not track the layer: only its step belongs to the cell.
        self._source = _Untracked(model)
        if isinstance(model, keras.Model):
            if state_names is None:
                check_model(type(self).__name__, model, len(self._constants))
            self._model = model
            self.built = True
        elif model.is_described:
            self.build(None)

    def made_of(self) -> "keras.Model | RecurrentLayer | None":
        """The given model or layer; None where that is the step of a layer, which was loaded without it.

        It is no property: Keras would write the weights under its name, and not find them when it loads them.
        """
        source = self._source.value
        return None if source.name == _STEP else source

    def build_model(self, input_shape) -> keras.Model:
        """The given model, or the step of the given layer, made for this shape."""
        first, *constants = flat_shapes(input_shape) or [None]
        count = len(without_masks(self.constant_names))
        step = self._source.value.describe(first, constants[:count])
        taken = step.state_names
        self._constants, self._lengths = step.constant_names, dict(step.lengths)
        self._names = [*taken, *(f"{n}_fed" if n in taken else n for n in step.readout_names)]
        return cell_model(step)

    def build(self, input_shape):
        """Use the step of the layer as the model of this cell."""
        if self._model is None:
            self._model = self.build_model(input_shape)
        self.built = True

    def output_shape(self, input_shape) -> tuple | None:
        """The shape of `y` for `x` of this shape; known before the step is made, if the layer knows it."""
        if self._model is None:
            return self._source.value.step_output_shape(input_shape)
        return super().output_shape(input_shape)

    @property
    def state_names(self) -> list[str]:
        """The names of the states, then those of the readouts."""
        if self._names is not None:
            return list(self._names)
        if self._model is not None:
            return names_of_states(self._model.inputs[1 + len(self._constants) :])
        if self._declared_shape is not None:
            self.build(self._declared_shape)
            return list(self._names)
        layer = self._source.value
        return [*layer.state_names, *(["readout"] if layer.has_readout else [])]

    @property
    def constant_names(self) -> list[str]:
        """The names of the constants that the model reads."""
        if self._model is None and not self._constants:
            return self._source.value.constant_names
        return list(self._constants)

    @property
    def state_lengths(self) -> dict[str, str]:
        """For a state whose size is not known, the name of the constant that is as long."""
        return dict(self._lengths)

    def get_config(self):
        """The model (or the layer, as long as it has no step) as plain JSON values."""
        source = self._source.value if self._model is None else self._model
        names = {} if self._names is None else {"state_names": list(self._names)}
        names |= {"constant_names": list(self._constants)} if self._constants else {}
        names |= {"state_lengths": dict(self._lengths)} if self._lengths else {}
        config = {**super().get_config(), **names}
        config["model"] = keras.saving.serialize_keras_object(source)
        warn_of_shared(self, config, [source, *getattr(source, "layers", [])])
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The cell that `get_config` described; the config is left as it is."""
        return from_parts(cls, config, ("model",), custom_objects)


def cell_model(step: Step) -> keras.Model:
    """The Keras model of a step as that of a cell, with its readouts as further states.

    Example:
        >>> model = cell_model(step)  # [x, h, readout] -> [y, next_h, next_readout]
    """
    if step.readouts is None:
        return step.model
    taken = {operation.name for operation in step.model.operations}
    fed = []
    for (place, greedy), readout in zip(step.wiring, flat(step.readouts), strict=True):
        output = step.model.outputs[place]
        if greedy or output.dtype != readout.dtype:
            # In a model of its own, so that no operation has a name that the step uses.
            y = keras.Input(output.shape[1:], dtype=output.dtype)
            name = free_name("next_readout", taken)
            output = keras.Model(y, feed_back([(0, greedy)], [y], [readout.dtype]), name=name)(output)[0]
            taken.add(name)
        fed.append(output)
    return keras.Model(step.model.inputs, [*step.model.outputs, *fed], name=_STEP)


def _check_size(name, size, tensors):
    if size is not None and size != tensors[0].shape[-1]:
        raise ValueError(
            message(
                f"`{name}` contradicts the model, which says it already.",
                received=f"{name}={size!r} for {tuple(tensors[0].shape)}",
                expected=f"{name}={tensors[0].shape[-1]!r}, or none",
                fix=f"leave {name} out",
            )
        )


def check_lengths(given) -> dict[str, str]:
    """The checked `state_lengths=`, a dict of names.

    Raises:
        TypeError: something else.
    """
    names = isinstance(given, dict) and all(isinstance(part, str) for pair in given.items() for part in pair)
    if given is None or names:
        return dict(given or {})
    raise TypeError(
        message(
            "`state_lengths` says which constant a state is as long as.",
            received=f"state_lengths={told(given)}",
            expected="a dict from the names of states to the names of constants",
            fix="state_lengths={'alignment': 'memory'}",
        )
    )


def _check_names(what, names, model):
    kind = what.removesuffix("_names")
    if isinstance(model, RecurrentLayer):
        raise ValueError(
            message(
                f"A recurrent layer names its {kind}s itself.",
                received=f"{what}={told(names)} beside a layer",
                expected="no names, or a keras.Model",
                fix=f"name the Inputs of the layer's {kind}s, keras.Input(..., name='h')",
            )
        )
    listed = list(names) if isinstance(names, (list, tuple)) else [None]
    texts = all(isinstance(name, str) for name in listed)
    most = len(model.inputs) - 1 if isinstance(model, keras.Model) else len(listed)
    if texts and len(listed) <= most:
        return listed
    raise (ValueError if texts else TypeError)(
        message(
            f"`{what}` are the names of the {kind}s.",
            received=f"{what}={told(names)}",
            expected="a list of texts" + (f", at most {most}: the last inputs of the model" if texts else ""),
            fix=f"{what}=['h']",
        )
    )


def _check_options(layer: RecurrentLayer):
    names = ("go_backwards", "decode", "stateful", "state_initializer")
    lost = [name for name in names if getattr(layer, name)]
    if lost:
        raise ValueError(
            message(
                f"As a cell the layer {layer.name!r} has no {', '.join(lost)}: the outer layer decides.",
                received=", ".join(f"{name}={getattr(layer, name)!r}" for name in lost),
                expected="these options at their defaults",
                fix=f"give {lost[0]}= to the outer layer",
            )
        )


class _Untracked:
    def __init__(self, value):
        self.value = value
