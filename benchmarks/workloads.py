"""What is timed: a name, a kind of network, and its sizes. The systems say how each builds the kind."""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Sizes:
    """The sizes of a workload.

    Attributes:
        batch, time, features: of the input `(batch, time, features)`.
        units: of each state.
        depth: layers or micro-steps within a timestep.
        tokens: the size of the vocabulary that a readout goes through.
        positions: what a decoder attends over.
        words: timesteps of the inner loop in each timestep of the outer one.
    """

    batch: int
    time: int
    features: int
    units: int
    depth: int = 1
    tokens: int = 0
    positions: int = 0
    words: int = 0


@dataclass(frozen=True)
class Workload:
    """One row of the benchmark.

    Attributes:
        name: as `--only` takes it.
        kind: what the systems build; workloads of one kind differ in size alone.
        title: for the tables.
        sizes: what is timed.
        loss: the Keras loss of the training step.
        quick: whether `--quick` runs it.
        gains: place of a weight -> factor on its first values (see `data.weights`).
        draws: training draws random numbers, in each system others: its results are not compared, those of a
            prediction are.
    """

    name: str
    kind: str
    title: str
    sizes: Sizes
    loss: str = "mse"
    quick: bool = False
    gains: dict[int, float] = field(default_factory=dict)
    draws: bool = False

    def tiny(self) -> "Workload":
        """The same network in a size for tests: every size 5 or below."""
        small = {"batch": 3, "time": 4, "features": 3, "units": 5}
        for name in ("tokens", "positions", "words"):
            if getattr(self.sizes, name):
                small[name] = 4
        return replace(self, sizes=replace(self.sizes, **small))


#: The sizes of the rows with many samples a batch.
BIG_BATCHES = (256, 1024, 4096, 16_384)

_ROWS = [
    Workload("lstm_small", "lstm", "LSTM, small", Sizes(16, 50, 16, 32), quick=True),
    Workload("lstm_medium", "lstm", "LSTM, medium", Sizes(32, 100, 128, 128), quick=True),
    Workload("lstm_large", "lstm", "LSTM, large", Sizes(64, 200, 256, 256)),
    Workload("gru_medium", "gru", "GRU, medium", Sizes(32, 100, 128, 128)),
    Workload("simple_medium", "simple", "SimpleRNN, medium", Sizes(32, 100, 128, 128)),
    Workload("original", "stack", "three LSTMs of 10, 1000 steps", Sizes(10, 1000, 10, 10, depth=3)),
    Workload("mask", "mask", "LSTM, variable lengths", Sizes(32, 100, 128, 128), quick=True),
    Workload("highway", "highway", "recurrent highway, depth 4", Sizes(32, 100, 128, 128, depth=4)),
    Workload(
        "readout",
        "readout",
        "readout through 2000 tokens",
        Sizes(32, 50, 128, 128, tokens=2000),
        loss="sparse_categorical_crossentropy",
        # A peaked softmax and a large embedding: what is read out has to matter for the result.
        gains={0: 15.0, 4: 6.0},
    ),
    Workload(
        "attention",
        "attention",
        "decoder attending over 50",
        Sizes(32, 50, 128, 128, positions=50),
        quick=True,
    ),
    Workload("additive", "additive", "decoder, additive attention", Sizes(32, 50, 128, 128, positions=50)),
    Workload("nested_cells", "nested_cells", "cells in a cell, two levels", Sizes(32, 50, 64, 64)),
    Workload("nested_loops", "nested_loops", "a loop in each timestep", Sizes(32, 10, 32, 64, words=20)),
    Workload("forcing", "forcing", "teacher forcing", Sizes(32, 50, 64, 128)),
    Workload("bidirectional", "bidirectional", "LSTM, bidirectional", Sizes(32, 100, 128, 128)),
    Workload("sequential", "sequential", "two LSTMs in a Sequential", Sizes(32, 100, 128, 128)),
    Workload("dropout", "dropout", "LSTM, both dropouts", Sizes(32, 100, 128, 128), draws=True),
    Workload("normalised", "normalised", "batch normalisation", Sizes(32, 50, 128, 128)),
    Workload("own_layer", "own_layer", "a layer of one's own", Sizes(32, 100, 128, 128)),
    *(
        Workload(f"batch_{batch}", "stack", f"LSTM, batch {batch:,}", Sizes(batch, 30, 16, 64))
        for batch in BIG_BATCHES
    ),
]

#: name -> workload, in the order of the tables.
WORKLOADS = {workload.name: workload for workload in _ROWS}


def chosen(only: list[str] | None, quick: bool) -> list[Workload]:
    """The workloads of a run.

    Example:
        >>> [w.name for w in chosen(["gru_medium"], quick=False)]
        ['gru_medium']

    Raises:
        ValueError: a name that does not exist.
    """
    for name in only or []:
        if name not in WORKLOADS:
            raise ValueError(
                f"There is no workload of this name. Received: --only {name}. "
                f"Expected: one of {', '.join(WORKLOADS)}. Fix: --only lstm_small."
            )
    if only:
        return [WORKLOADS[name] for name in only]
    return [w for w in _ROWS if w.quick or not quick]
