"""Properties that the checks of several lessons look for."""

import numpy as np

from .outcome import expect


def expect_layer(layer):
    """End the check with `differs` unless this is a recurrent layer of rshop.

    Example:
        >>> expect_layer(rshop.LSTMCell(3).get_layer())
    """
    expect(hasattr(layer, "get_cell"), f"It returns a {type(layer).__name__}, not a layer of rshop.")


def best_linear(target, *seen):
    """The best linear function of what was seen (and 1): how wrong it is at most, and its matrix.

    Example:
        >>> wrong, matrix = best_linear(3 * x + 1, x)  # x of shape (60, 1)
        >>> wrong < 1e-9, matrix.ravel()
        (True, array([3., 1.]))

    Args:
        target: `(samples, numbers)`.
        *seen: arrays `(samples, ...)`, side by side in the rows of the matrix; the last row is that of 1.
    """
    A = np.concatenate([*seen, np.ones((len(target), 1))], axis=1).astype("float64")
    matrix, *_ = np.linalg.lstsq(A, target.astype("float64"))
    return np.abs(A @ matrix - target).max(), matrix


def samples(*sizes):
    """Sixty random samples of each size, about 0.5 large: where tanh bends, but is not yet flat.

    Example:
        >>> x, h = samples(1, 4)
        >>> x.shape, h.shape
        ((60, 1), (60, 4))
    """
    draw = np.random.default_rng(9)
    return [0.5 * draw.normal(size=(60, size)).astype("float32") for size in sizes]


def expect_tanh_of_sum(state, seen):
    """End the check with `differs` unless a new state is tanh of a linear function of all that was seen.

    tanh leaves at most 0.00001 when it is undone; a sigmoid, the nearest of all others, 0.09 and more.

    Args:
        state: `(samples, units)`.
        seen: name -> array `(samples, numbers)`.

    Returns:
        The matrix of the linear function, as `best_linear` has it.
    """
    inside = np.arctanh(np.clip(state, -1 + 1e-6, 1 - 1e-6))
    wrong, matrix = best_linear(inside, *seen.values())
    expect(wrong < 1e-2, "The new state is not tanh of a sum of Dense layers.")
    ends = np.cumsum([array.shape[1] for array in seen.values()])
    for name, rows in zip(seen, np.split(matrix, ends), strict=False):
        expect(np.abs(rows).max() > 1e-3, f"The new state does not see {name}.")
    return matrix


def expect_weights(layer, rows, units):
    """End the check with `differs` unless there are W and U, of `rows` together, and b.

    A second bias does no harm: each of two Dense layers may have one.
    """
    weights, matrices = layer.count_params(), rows * units
    fits = matrices < weights <= matrices + 2 * units
    expect(fits, f"{weights} weights are not W, U and b.")


def expect_simple_rnn(layer, features, units, *, known=()):
    """End the check with `differs` unless the step is h_t = tanh(x_t W + h_tm1 U + b), and h_t its output.

    Example:
        >>> expect_simple_rnn(rshop.SimpleRNNCell(4, input_dim=1).get_layer(), 1, 4)

    Args:
        layer: one with one state, which was called before.
        features: the numbers of x.
        units: the numbers of the state.
        known: what the step takes between x and its state, 60 samples of each.
    """
    x, h = samples(features, units)
    output, state = (np.asarray(tensor) for tensor in layer.step([x, *known, h]))
    expect(np.allclose(output, state, atol=1e-5), "The step hands on something else than its output.")
    expect_tanh_of_sum(state, {"x": x, "the old state": h})
    expect_weights(layer, features + units, units)
