"""What is known of the body of a loop, so that its way back can be written out."""

from dataclasses import dataclass

import keras
from keras import ops

from rshop.errors import message


@dataclass(frozen=True)
class Product:
    """A product in a body: `a W` with a weight, or one with a tensor that each sample has of its own.

    Attributes:
        source: where its `a` comes from: `("carry", i)`, `("x", i)`, or `("body", like)` where the
            body computes it.
        kernel: the place of the other factor in `shared`.
        letters: None for `a W`; else the axes of `a`, of the other factor and of the result, as
            `einsum` names them: `("bh", "bph", "bp")`.
    """

    source: tuple
    kernel: int
    letters: tuple[str, str, str] | None = None

    def ready(self, kernel):
        """The other factor as `back` wants it, made once for all timesteps."""
        return ops.transpose(kernel) if self.letters is None else kernel

    def back(self, dz, ready):
        """The gradient of `a` of one timestep: `dz W^T`."""
        if self.letters is None:
            return ops.matmul(dz, ready)
        a, kernel, z = self.letters
        return ops.einsum(f"{z},{kernel}->{a}", dz, ready)

    def back_over_time(self, dz, kernel):
        """As `back`, for all timesteps at once: `(time, batch, ...)`."""
        if self.letters is None:
            return ops.matmul(dz, ops.transpose(kernel))
        a, other, z = self.letters
        return ops.einsum(f"t{z},{other}->t{a}", dz, kernel)

    def late(self, a, dz, rows):
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
    """A sum of products in a body, `z = a W + h U + b + o`, whose weights wait until after the loop.

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
        """The products whose `a` needs its gradient within the loop: that of an input can wait."""
        return [j for j, product in enumerate(self.products) if product.source[0] != "x"]

    def ready(self, shared: list) -> list:
        """The other factors of the live products as `known_sum` wants them."""
        kernels = [self.products[j].ready(shared[self.products[j].kernel]) for j in self.live]
        return [ops.concatenate(kernels, axis=1)] if self.is_merged and len(kernels) > 1 else kernels

    def known_sum(self, z, operands: list, ready: list, others: list):
        """`z` again, differentiable with respect to `z`, the operands and the other values.

        Args:
            z: the sum, known from the way there.
            operands: the `a` of each product.
            ready: what `ready` returned.
            others: the values that are added.
        """
        live = [self.products[j] for j in self.live]
        widths = [operands[j].shape[-1] for j in self.live]

        @ops.custom_gradient
        def known(z, *parts):
            def gradient(*wanted, upstream=None):
                dz = wanted[0] if upstream is None else upstream
                if len(ready) < len(live):
                    ends = [sum(widths[: i + 1]) for i in range(len(widths) - 1)]
                    found = ops.split(ops.matmul(dz, ready[0]), ends, axis=-1)
                else:
                    found = [product.back(dz, kernel) for product, kernel in zip(live, ready, strict=True)]
                return [dz, *found, *(dz for _ in others)]

            return z + 0, gradient

        return known(z, *(operands[j] for j in self.live), *others)

    def late(self, operands: list, dz) -> list[tuple]:
        """`(place, gradient)` for each of its weights, from all timesteps at once.

        Args:
            operands: the `a` of each product, `(time, batch, ...)`.
            dz: the gradient of the sum, `(time, batch, ...)`.
        """
        rows = _rows(dz)
        found = [(place, _total(rows)) for place in self.biases]
        return found + [(p.kernel, p.late(a, dz, rows)) for p, a in zip(self.products, operands, strict=True)]


@dataclass(frozen=True)
class Known:
    """What is known of a body beforehand.

    Attributes:
        taps: its sums of products, in the order in which it calls `tap`.
        repeated: for a place in the flat carry, the place of the same value among the emitted.
        unread: places in the flat carry whose values the body does not need.
        late_xs: places in `xs` that nothing but products read.
        late_shared: places in `shared` that nothing but taps read.
        by_sample: places in `shared` of what each sample has of its own.
        mask: the place in `xs` of the mask by which the body silences what it reads, or None.
    """

    taps: list[Tap]
    repeated: dict[int, int]
    unread: set[int]
    late_xs: set[int]
    late_shared: set[int]
    by_sample: set[int]
    mask: int | None = None


def wide(x):
    """The numbers in 32 bits where they have 16, which cannot hold a sum of many.

    Example:
        >>> wide(ops.ones((2,), "bfloat16")).dtype
        tf.float32
    """
    return ops.cast(x, "float32") if keras.backend.standardize_dtype(x.dtype).endswith("16") else x


def first_derivatives_only(x):
    """The same tensor, with a first derivative; a second one is refused as by `no_second_derivative`.

    Example:
        >>> y = first_derivatives_only(x) ** 2  # dy/dx is 2 x, and the derivative of that an error
    """

    @ops.custom_gradient
    def once(dx):
        return dx + 0, no_second_derivative

    @ops.custom_gradient
    def same(x):
        return x + 0, lambda *wanted, upstream=None: once(wanted[0] if upstream is None else upstream)

    return same(x)


def no_second_derivative(*wanted):
    """Refuse: the loop back through time is written out, and has no way back of its own.

    Raises:
        NotImplementedError: always; the message says how to get second derivatives.
    """
    raise NotImplementedError(
        message(
            "The gradient of a fast loop has no gradient of its own.",
            received="a second derivative through a recurrent layer",
            expected="first derivatives",
            fix="use the plain loop: make the model inside `with rshop.fast.switched(late_gradients=False, "
            "xla=False, hoist=False, split=False, cudnn=False):`, or the layer with unroll=True",
        )
    )


def _rows(value):
    return ops.reshape(value, (-1, value.shape[-1]))


def _total(rows):
    return ops.cast(ops.sum(wide(rows), axis=0), rows.dtype)
