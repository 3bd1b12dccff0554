"""Sums of products in the body of a loop, and their gradients: `z = a W + h U + b + o`."""

from dataclasses import dataclass

import keras
from keras import ops

from rshop.backend import custom_gradient
from rshop.fast.loops.derivatives import wide


@dataclass(frozen=True)
class Product:
    """A product in a body: `a W` with a weight, or with a tensor `(batch, ...)` of each sample's own.

    Attributes:
        source: where its `a` comes from: `("carry", i)`, `("x", i)`, or `("body", like)` if the body
            computes it.
        kernel: the place of the other factor in `shared`.
        letters: None for `a W`; else the axes of `a`, of the other factor and of the result, as
            `einsum` names them: `("bh", "bph", "bp")`.
    """

    source: tuple
    kernel: int
    letters: tuple[str, str, str] | None = None

    def ready(self, kernel):
        """The other factor as `gradient` reads it, prepared once for all timesteps."""
        return ops.transpose(kernel) if self.letters is None else kernel

    def gradient(self, dz, ready):
        """The gradient of `a` `(batch, ...)` at one timestep: `dz W^T`."""
        if self.letters is None:
            return ops.matmul(dz, ready)
        a, kernel, z = self.letters
        return ops.einsum(f"{z},{kernel}->{a}", dz, ready)

    def gradient_over_time(self, dz, kernel):
        """The gradient of `a` `(time, batch, ...)` at all timesteps at once."""
        if self.letters is None:
            return ops.matmul(dz, ops.transpose(kernel))
        a, other, z = self.letters
        return ops.einsum(f"t{z},{other}->t{a}", dz, kernel)

    def kernel_gradient(self, a, dz, rows):
        """The gradient of the other factor, from all timesteps at once: `a^T dz`.

        Args:
            a, dz: `(time, batch, ...)`.
            rows: `dz` as a matrix, `(time * batch * ..., columns)`.
        """
        if self.letters is None:
            return ops.matmul(ops.transpose(_rows(a)), rows)
        of_a, kernel, z = self.letters
        return ops.einsum(f"t{of_a},t{z}->{kernel}", a, dz)


@dataclass(frozen=True)
class Tap:
    """A sum of products in a body. The loop taps it: it saves `z`, and defers the gradients of the weights.

    Attributes:
        like: a Keras tensor of the shape and dtype of `z`.
        products: its products.
        biases: the places of its biases in `shared`.
        is_merged: whether its products are one: `[a, h] [W; U]`.
    """

    like: keras.KerasTensor
    products: list[Product]
    biases: list[int]
    is_merged: bool = False

    @property
    def live(self) -> list[int]:
        """The products whose `a` needs its gradient within the loop: that of an input is deferred."""
        return [j for j, product in enumerate(self.products) if product.source[0] != "x"]

    def ready(self, shared: list) -> list:
        """The other factors of the live products as `known_sum` reads them."""
        kernels = [self.products[j].ready(shared[self.products[j].kernel]) for j in self.live]
        return [ops.concatenate(kernels, axis=1)] if self.is_merged and len(kernels) > 1 else kernels

    def known_sum(self, z, operands: list, ready: list, others: list):
        """`z` as saved, differentiable with respect to `z`, the operands and the other values.

        Args:
            z: the sum, saved by the forward loop.
            operands: the `a` of each product.
            ready: the result of `ready`.
            others: the values that are added.
        """
        live = [self.products[j] for j in self.live]
        widths = [operands[j].shape[-1] for j in self.live]

        def known(given):
            def backward(dz):
                if len(ready) < len(live):
                    ends = [sum(widths[: i + 1]) for i in range(len(widths) - 1)]
                    found = ops.split(ops.matmul(dz, ready[0]), ends, axis=-1)
                else:
                    found = [p.gradient(dz, kernel) for p, kernel in zip(live, ready, strict=True)]
                return [dz, found, [dz for _ in others]]

            return given[0] + 0, backward

        return custom_gradient(known)([z, [operands[j] for j in self.live], others])

    def weight_gradients(self, operands: list, dz) -> list[tuple]:
        """`(place, gradient)` for each of its weights, from all timesteps at once.

        Args:
            operands: the `a` of each product, `(time, batch, ...)`.
            dz: the gradient of the sum, `(time, batch, ...)`.
        """
        rows = _rows(dz)
        found = [(place, _total(rows)) for place in self.biases]
        products = zip(self.products, operands, strict=True)
        return found + [(p.kernel, p.kernel_gradient(a, dz, rows)) for p, a in products]


def _rows(value):
    return ops.reshape(value, (-1, value.shape[-1]))


def _total(rows):
    return ops.cast(ops.sum(wide(rows), axis=0), rows.dtype)
