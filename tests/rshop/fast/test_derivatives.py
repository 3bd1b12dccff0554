"""Gradients that are written by hand, of structures of tensors; a second derivative is refused."""

import numpy as np
import pytest
import tensorflow as tf

from rshop.backend import count_up, counter, custom_gradient, padded, split_batch, vjp
from rshop.fast.loops.derivatives import first_derivatives_only, without_gradient
from rshop.fast.loops.loop_data import LoopInputs


def inputs():
    return LoopInputs([tf.constant(2.0)], [tf.constant(3.0), tf.constant(5.0)], [tf.constant([7.0, 11.0])])


def weighted(given):
    """Structures in and out, and a backward pass whose numbers are not those of the forward pass."""
    outputs = {"sum": given.first[0] + given.xs[0], "more": (given.shared[0] * 2, [given.xs[1]])}

    def backward(cotangents):
        doubled, [last] = cotangents["more"]
        return LoopInputs([10 * cotangents["sum"]], [None, 100 * last], [1000 * doubled])

    return outputs, backward


@pytest.mark.parametrize("traced", [False, True])
def test_a_custom_gradient_has_the_structures_of_the_outputs_and_of_the_inputs(traced):
    given = inputs()

    def run(given):
        with tf.GradientTape() as tape:
            tape.watch(given)
            outputs = custom_gradient(weighted)(given)
            doubled, [last] = outputs["more"]
            total = 1 * outputs["sum"] + 2 * last + tf.reduce_sum([3.0, 4.0] * doubled)
        return outputs, tape.gradient(total, given)

    outputs, found = (tf.function(run, autograph=False) if traced else run)(given)
    tf.nest.map_structure(
        np.testing.assert_array_equal, outputs, {"sum": 5.0, "more": (np.array([14.0, 22.0]), [5.0])}
    )
    assert isinstance(found, LoopInputs) and found.xs[0] is None
    assert float(found.first[0]) == 10 and float(found.xs[1]) == 200
    np.testing.assert_array_equal(found.shared[0], [3000, 4000])


def test_a_product_with_cotangents_is_that_of_the_jacobian_and_passes_on_what_else_there_is():
    x, other = tf.constant([1.0, 2.0]), tf.constant(1.0)
    matrix = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "float32")
    cotangent = tf.constant([1.0, 0.0, 2.0])
    found, more = vjp(lambda points: ([tf.linalg.matvec(matrix, points[0])], "more"), [x, other], [cotangent])
    np.testing.assert_array_equal(found[0], matrix.T @ [1, 0, 2])
    assert float(found[1]) == 0 and more == "more"


def test_no_gradient_passes_through_constants_and_the_structure_stays():
    given = inputs()
    with tf.GradientTape() as tape:
        tape.watch(given)
        same = without_gradient(given)
        total = given.first[0] * same.first[0] + same.xs[0]
    assert isinstance(same, LoopInputs) and float(total) == 7
    found = tape.gradient(total, [given.first[0], given.xs[0]])
    assert float(found[0]) == 2 and found[1] is None


def test_a_first_derivative_is_there_and_a_second_is_refused_with_its_shape():
    x = tf.ones((2, 3))
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = first_derivatives_only(x) ** 3
        first = inner.gradient(y, x)
    np.testing.assert_array_equal(first, np.full((2, 3), 3))
    with pytest.raises(NotImplementedError, match=r"Received: .*\(2, 3\)"):
        outer.gradient(first, x)


# What else the backend offers


@pytest.mark.parametrize("length", [5, 8])
def test_a_sequence_is_padded_with_zeros_to_a_length(length):
    x = np.ones((2, 5, 3), "float32")
    y = np.asarray(padded(tf.constant(x), tf.constant(length)))
    assert y.shape == (2, length, 3)
    np.testing.assert_array_equal(y[:, :5], x)
    assert not y[:, 5:].any()


@pytest.mark.parametrize("sizes", [[2, 2, 2], [1, 3, 2], [tf.constant(4), tf.constant(2)]], ids=str)
def test_the_parts_of_a_batch_are_its_samples_in_order(sizes):
    values = [np.arange(6), np.arange(12).reshape(6, 2)]
    parts = split_batch([tf.constant(value) for value in values], sizes)
    assert [len(part[0]) for part in parts] == [int(size) for size in sizes]
    for i, value in enumerate(values):
        np.testing.assert_array_equal(np.concatenate([part[i] for part in parts]), value)


def test_a_count_goes_up_each_time_that_a_graph_runs():
    runs = counter()
    count = tf.function(lambda: count_up(runs))
    assert [int(count()) for _ in range(3)] == [1, 2, 3] and int(runs) == 3
