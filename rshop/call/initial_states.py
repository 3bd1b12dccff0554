"""Initial states: zeros, an initializer, or a learned weight."""

import keras
from keras import initializers, ops

from rshop.errors import message, told
from rshop.structure import find

# These draw each number independently of the shape, so that a batch of states can be drawn at once. The
# others depend on the shape (Glorot, orthogonal) or draw nothing: one sample is drawn, which all share.
_PER_SAMPLE = (initializers.RandomNormal, initializers.RandomUniform, initializers.TruncatedNormal)


def read(spec):
    """The `state_initializer=` argument, checked and copied: an entry, or a list or dict of entries.

    Example:
        >>> read(["ones", "learned"])
        [<Ones>, 'learned']

    Raises:
        ValueError, TypeError: an entry that is not an initializer.
    """
    if isinstance(spec, (list, tuple)):
        return [_entry(e) for e in spec]
    if isinstance(spec, dict) and "class_name" not in spec:
        return {name: _entry(e) for name, e in spec.items()}
    return _entry(spec)


def serialize(spec):
    """A checked `state_initializer` as plain JSON values, which `read` takes back."""
    if isinstance(spec, list):
        return [serialize(e) for e in spec]
    if isinstance(spec, dict):
        return {name: serialize(e) for name, e in spec.items()}
    return initializers.serialize(spec) if callable(spec) else spec


def for_each_state(spec, names: list[str]) -> list:
    """One entry for each state; a state without one starts at zero (None).

    Example:
        >>> for_each_state({"c": "learned"}, ["lstm/h", "lstm/c"])
        [None, 'learned']

    Raises:
        ValueError: more entries than states, or a name of no state.
    """
    if isinstance(spec, dict):
        entries = [None] * len(names)
        for name, entry in spec.items():
            entries[find(name, names, "state")] = entry
        return entries
    if not isinstance(spec, list):
        return [spec] * len(names)
    if len(spec) > len(names):
        raise ValueError(
            message(
                "`state_initializer` is longer than the list of states.",
                received=f"{len(spec)} initializers",
                expected=f"at most {len(names)}, for the states {names}",
                fix="give one for each state, or a dict by state name",
            )
        )
    return spec + [None] * (len(names) - len(spec))


class FirstState:
    """The value of one state before the first timestep.

    Example:
        >>> first = FirstState(keras.initializers.Ones(), "h", keras.Input((3,)), layer)
        >>> first(batch=2, training=False)  # ones of shape (2, 3)

    Args:
        entry: None for zeros, `'learned'`, or a Keras initializer.
        name: the state's name, for messages and for the learned weight.
        tensor: the state's Keras tensor `(batch, ...)`, for its shape and dtype.
        layer: the Keras layer that owns a learned weight.
    """

    def __init__(self, entry, name: str, tensor: keras.KerasTensor, layer: keras.layers.Layer):
        self.name, self.shape, self.dtype = name, tuple(tensor.shape[1:]), tensor.dtype
        self.weight, self.fresh, self.seed_generator = None, None, None
        self.initializer = entry if callable(entry) else initializers.Zeros()
        if entry == "learned":
            self._check_known("a learned state")
            self._check_floating()
            label = f"initial_{name}".replace("/", "_")
            self.weight = layer.add_weight(shape=self.shape, initializer="zeros", name=label)
        config = self.initializer.get_config() if callable(entry) else {}
        if "seed" in config:
            self.seed_generator = keras.random.SeedGenerator(config["seed"])
            self.fresh = type(entry).from_config({**config, "seed": self.seed_generator})

    def __call__(self, batch, training: bool, length=None):
        """The state `(batch, ...)`: random ones are drawn anew in training, and the same in inference.

        Args:
            batch: an int or a scalar tensor.
            training: as in the call of the layer.
            length: the size that the step does not know, likewise.
        """
        if length is None:
            self._check_known("its first value")
        shape_of_one = tuple(length if size is None else size for size in self.shape)
        if self.weight is not None:
            one = ops.convert_to_tensor(self.weight)[None]
        elif training and self.fresh is not None:
            shape = (batch if isinstance(self.fresh, _PER_SAMPLE) else 1, *shape_of_one)
            one = self.fresh(shape, dtype=self.dtype)
        else:
            one = self.initializer((1, *shape_of_one), dtype=self.dtype)
        return ops.broadcast_to(ops.cast(one, self.dtype), (batch, *shape_of_one))

    def _check_floating(self):
        if not keras.backend.is_float_dtype(self.dtype):
            raise ValueError(
                message(
                    f"State {self.name!r} holds whole numbers, which have no gradient to learn from.",
                    received=f"state_initializer='learned' for dtype {self.dtype}",
                    expected="a floating state",
                    fix="use an initializer such as 'zeros' for this state",
                )
            )

    def _check_known(self, what):
        if None in self.shape:
            raise ValueError(
                message(
                    f"The shape of state {self.name!r} is not known, and {what} needs it.",
                    received=f"shape {(None, *self.shape)}",
                    expected="every size but the batch",
                    fix=f"give the sizes in keras.Input(...), or initial_state={{{self.name!r}: ...}}",
                )
            )


def _entry(entry):
    if entry is None or (isinstance(entry, str) and entry == "learned"):
        return entry
    try:
        initializer = initializers.get(entry)
    except Exception:  # noqa: BLE001  (Keras calls what it is given)
        initializer = None
    if not isinstance(initializer, initializers.Initializer):
        kind = ValueError if isinstance(entry, str) else TypeError
        raise kind(
            message(
                "This is no initializer.",
                received=f"state_initializer={told(entry)}",
                expected="'learned', or the name or object of a Keras initializer, or a list or dict of them",
                fix="state_initializer='random_normal'",
            )
        )
    return _with_seed(initializer)


def _with_seed(initializer):
    # Keras draws a seed when none is given, but does not save it: a reloaded model would differ.
    config = initializer.get_config()
    seed = getattr(initializer, "seed", None)
    if "seed" not in config or isinstance(config["seed"], int):
        return initializer
    if isinstance(seed, keras.random.SeedGenerator):
        seed = seed.get_config()["seed"]
    return type(initializer).from_config({**config, "seed": seed})
