"""Blocks of time, in which the backward pass of a long loop runs."""

from dataclasses import dataclass

# The gradients of sums wait for the deferred products: at most so many numbers of them at a time (8 MB).
# More blocks than this make a long graph.
MANY_WAITING = 2**21
MOST_BLOCKS = 8


@dataclass(frozen=True)
class Block:
    """The timesteps from `start` to `stop`; without these, all timesteps.

    Example:
        >>> Block(4, 6, capacity=4).cut([0, 1, 2, 3, 4, 5])
        [4, 5]

    Attributes:
        start, stop: the first timestep, and the one after the last.
        capacity: the number of timesteps of what is computed in it, the same for all blocks.
    """

    start: int | None = None
    stop: int | None = None
    capacity: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether these are all timesteps."""
        return self.start is None

    def cut(self, x, axis: int = 0):
        """What a sequence has at these timesteps, along the first axis or the second."""
        if self.is_whole:
            return x
        return x[self.start : self.stop] if axis == 0 else x[:, self.start : self.stop]

    def trim(self, x, axis: int = 0):
        """What was computed in this block, without the padding after its last timestep."""
        return x if self.is_whole else Block(0, self.stop - self.start).cut(x, axis)

    def before(self) -> "Block":
        """The block one timestep earlier; nothing comes before the first timestep of all."""
        if self.is_whole:
            return Block(0, -1)
        return Block(max(self.start - 1, 0), self.stop - 1)


def blocks(length, waiting: int) -> list[Block]:
    """The blocks of a loop, in the order of time: one of all timesteps if few numbers wait.

    Example:
        >>> [(b.start, b.stop) for b in blocks(600, waiting=8192)]  # 2**21 numbers are 256 timesteps
        [(0, 200), (200, 400), (400, 600)]

    Args:
        length: the number of timesteps; if it is a tensor, there is one block.
        waiting: how many numbers of each timestep wait for the deferred products.
    """
    if not isinstance(length, int) or length * waiting <= MANY_WAITING:
        return [Block()]
    size = -(-length // min(MOST_BLOCKS, length, -(-length * waiting // MANY_WAITING)))
    return [Block(start, min(start + size, length), size) for start in range(0, length, size)]
