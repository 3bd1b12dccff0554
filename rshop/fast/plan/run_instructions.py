"""Run the instructions of a step on numbered values."""

from collections.abc import Callable
from functools import partial

from keras import ops

from rshop.fast.plan.sums_of_products import Group


def run_instructions(
    items: list,
    values: dict,
    weights: dict,
    training,
    *,
    tap: Callable | None = None,
    merged: dict | None = None,
):
    """Run instructions and groups in their order: each reads values by number, and adds those it computes.

    Example:
        >>> values = {0: x, 1: h}
        >>> run_instructions([x_W, plus_h, tanh], values, weights, training=False)
        >>> sorted(values)
        [0, 1, 2, 3, 4]

    Args:
        items: in running order.
        values: for each number a tensor.
        weights: for the number of each `Weight` its tensor.
        training: passed to the layers.
        tap: `tap(place, operands, others, compute)` returns the sum of a group; None computes it.
        merged: for the number of a sum whose products run as one, their joint weight.
    """
    place = 0
    for item in items:
        if not isinstance(item, Group):
            results = item.run([values[n] for n in item.reads], weights, training)
            values.update(zip(item.writes, results, strict=True))
            continue
        if item.write in (merged or {}):
            compute = partial(_merged_sum, item, values, weights, merged[item.write])
        else:
            compute = partial(_sum, item, values, weights, training)
        if tap is None:
            values[item.write] = compute()
            continue
        operands = [values[product.read] for product in item.products]
        values[item.write] = tap(place, operands, [values[n] for n in item.others], compute)
        place += 1


def _sum(group, values, weights, training):
    run_instructions(group.instructions, values, weights, training)
    return values[group.write]


def _merged_sum(group, values, weights, kernel):
    operands = [values[product.read] for product in group.products]
    z = ops.matmul(ops.concatenate(operands, axis=-1), kernel)
    for term in [*(weights[i] for i in group.biases), *(values[n] for n in group.others)]:
        z = z + term
    return z
