"""The arrays that a written-out step needs: weights and fixed values, each under a name."""

import keras
import numpy as np
from keras import ops

from rshop.expressions.terms import Term, number
from rshop.step.names import free_name


class Arrays:
    """The weights and fixed arrays of a step by name, as they are found.

    Example:
        >>> arrays = Arrays()
        >>> arrays.weight(dense.kernel, "W").how["key"], list(arrays.values)
        ('W/kernel', ['W/kernel'])

    Attributes:
        values: name -> array.
    """

    def __init__(self):
        self.values: dict[str, np.ndarray] = {}
        self._keys: dict[int, str] = {}
        self._kept: list = []  # so that no identity is used twice

    def weight(self, variable, path: str, alone: bool = False) -> Term:
        """A Keras variable as a term.

        Args:
            variable: the variable; the same one has the same name again.
            path: the layer that it belongs to, `lstm_cell/kernel`.
            alone: it is the layer's only one, and called as the layer is.
        """
        if id(variable) not in self._keys:
            base = path if alone else f"{path}/{variable.name}"
            self._keys[id(variable)] = self._enter(base.lstrip("/"), variable)
        return self._term(self._keys[id(variable)])

    def constant(self, value, path: str) -> Term:
        """A number or a fixed array as a term.

        Args:
            value: a Python number, an array or a tensor.
            path: where it is used.
        """
        array = np.asarray(ops.convert_to_numpy(value) if ops.is_tensor(value) else value)
        if array.shape == ():
            return number(array if hasattr(value, "dtype") else value)
        return self._term(self._enter(f"{path}/fixed".lstrip("/"), array))

    def fixed(self, array, key: str) -> Term:
        """A fixed array under a name of its own.

        Example:
            >>> arrays.fixed(np.ones(3), "initial_h").how
            {'key': 'initial_h'}
        """
        return self._term(self._enter(key, array))

    def _enter(self, base, value) -> str:
        key = free_name(base, self.values)
        held = isinstance(value, keras.Variable)
        self.values[key] = np.array(ops.convert_to_numpy(value) if held else value)
        self._kept.append(value)
        return key

    def _term(self, key) -> Term:
        array = self.values[key]
        return Term("weight", how={"key": key}, shape=array.shape, dtype=str(array.dtype), name=key)
