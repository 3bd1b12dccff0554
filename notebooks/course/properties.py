"""Properties that the checks of several lessons look for."""

import keras
import numpy as np

from .outcome import expect, kind_of


def expect_layer(layer):
    """End the check with `differs` unless this is a recurrent layer of rshop.

    Example:
        >>> expect_layer(rshop.LSTMCell(3).get_layer())
    """
    expect(hasattr(layer, "get_cell"), f"It returns {kind_of(layer)}, not a layer of rshop.")


def expect_any_layer(layer):
    """End the check with `differs` unless this is a layer, of rshop or of Keras.

    For exercises that ask for what a layer computes, and not for a step.
    """
    is_layer = isinstance(layer, keras.layers.Layer)
    expect(is_layer, f"It returns {kind_of(layer)}, not a layer.")


def step_of(layer):
    """One timestep of a recurrent layer of rshop or of Keras: a function `[x, *states] -> [y, *new states]`.

    Example:
        >>> y, h = step_of(keras.layers.SimpleRNN(4))([x, h])  # x (batch, 1), h (batch, 4)

    Args:
        layer: one that was called before.
    """
    if hasattr(layer, "get_cell"):
        return layer.step
    expect(hasattr(layer, "cell"), f"It returns {kind_of(layer)}, not a recurrent layer.")

    def step(given):
        x, *states = map(keras.ops.convert_to_tensor, given)
        y, new = layer.cell(x, states)
        return [y, *keras.tree.flatten(new)]

    return step


def count_states(layer):
    """How many states a recurrent layer of rshop or of Keras hands on."""
    if hasattr(layer, "get_cell"):
        return layer.num_states
    expect(hasattr(layer, "cell"), f"It returns {kind_of(layer)}, not a recurrent layer.")
    return len(keras.tree.flatten(layer.cell.state_size))


def numbers(answer, what="It"):
    """The answer as an array; ends the check with `differs`, and says what it is, unless that holds numbers.

    Example:
        >>> numbers("8, 4, 6")
        DiffersError: It is the text '8, 4, 6', where numbers are expected.
    """
    try:
        array = np.asarray(answer)
    except ValueError:  # rows of different lengths
        array = np.asarray(None)
    expect(array.dtype.kind in "biuf", f"{what} is {kind_of(answer)}, where numbers are expected.")
    return array.astype("float64")


def parts(answer, *names):
    """The parts of an answer that is a tuple or a list; ends the check with `differs` if it is none.

    Example:
        >>> x, mask = parts("x, mask", "x", "mask")
        DiffersError: It returns the text 'x, mask', not the tuple (x, mask).
    """
    wanted = f"not the tuple ({', '.join(names)})"
    expect(isinstance(answer, (tuple, list)), f"It returns {kind_of(answer)}, {wanted}.")
    expect(len(answer) == len(names), f"It returns {len(answer)} values, {wanted}.")
    return answer


def expect_timesteps(found, truth, *, inputs=None, atol=1e-4):
    """End the check with `differs` at the first timestep with a wrong number; both numbers are said.

    Example:
        >>> expect_timesteps([[[1.0], [2.0]]], [[[1.0], [3.0]]], inputs=[[[1.0], [2.0]]])
        DiffersError: For the inputs 1, 2 timestep 1 of 0 to 1 is wrong: expected 3, received 2.

    Args:
        found: `(batch, time, features)`.
        truth: the same shape.
        inputs: what was read, if that is one number at each timestep.
        atol: how far a number may be from the truth.
    """
    found, truth = np.asarray(found), np.asarray(truth)
    wrong = ~np.isclose(found, truth, atol=atol)
    if not wrong.any():
        return
    t = int(np.argmax(wrong.any(axis=(0, 2))))
    b, unit = np.argwhere(wrong[:, t])[0]
    read = "" if inputs is None else ", ".join(f"{number:.4g}" for number in np.ravel(inputs[b])[: t + 1])
    where = f"timestep {t} of 0 to {truth.shape[1] - 1} is wrong"
    values = f"expected {truth[b, t, unit]:.4g}, received {found[b, t, unit]:.4g}"
    expect(False, f"For the inputs {read} {where}: {values}." if read else f"T{where[1:]}: {values}.")


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
    """End the check with `differs` unless there are W and U, of `rows` together, and one b."""
    expect_one_bias(layer, rows * units + units, units)
    expect(
        layer.count_params() == rows * units + units, f"{layer.count_params()} weights are not W, U and b."
    )


def expect_one_bias(layer, right, units, most=1):
    """End the check with `differs` if there are as many weights as with 1 to `most` biases too many."""
    too_many = layer.count_params() in {right + extra * units for extra in range(1, most + 1)}
    expect(not too_many, "There are two biases in a sum that has one b.")


def expect_simple_rnn(layer, features, units, *, known=()):
    """End the check with `differs` unless the step is h_t = tanh(x_t W + h_tm1 U + b), and h_t its output.

    Example:
        >>> expect_simple_rnn(rshop.SimpleRNNCell(4, input_dim=1).get_layer(), 1, 4)

    Args:
        layer: one with one state, of rshop or of Keras, which was called before.
        features: the numbers of x.
        units: the numbers of the state.
        known: what the step takes between x and its state, 60 samples of each.
    """
    x, h = samples(features, units)
    output, state = (np.asarray(tensor) for tensor in step_of(layer)([x, *known, h]))
    expect(np.allclose(output, state, atol=1e-5), "The step hands on something else than its output.")
    expect_tanh_of_sum(state, {"x": x, "the old state": h})
    expect_weights(layer, features + units, units)
