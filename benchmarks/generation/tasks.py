"""What is generated: sizes, and the weights and first states that every way starts from."""

from dataclasses import dataclass, replace

import numpy as np

#: The token that ends a sequence of a beam search, and the one that each sequence begins with.
END, FIRST = 0, 1


@dataclass(frozen=True)
class Task:
    """One row: an LSTM that reads the embedding of its last token, and a Dense layer of logits.

    With a memory, what attention by dot products finds in it for the output of the LSTM is joined to that
    output, before the logits (Luong et al., 2015).

    Attributes:
        name: as `--only` takes it.
        title: for the tables.
        batch, length: how many sequences, and of how many tokens.
        tokens, embedding, units: sizes of the vocabulary, of an embedding and of the states.
        width: the number of beams; 1 is greedy, and never ends early.
        places: the number of places of the memory; 0 is none.
    """

    name: str
    title: str
    batch: int
    length: int
    tokens: int
    embedding: int
    units: int
    width: int = 1
    places: int = 0

    def tiny(self) -> "Task":
        """The same in a size for tests."""
        places = min(self.places, 4)
        return replace(
            self, batch=min(self.batch, 3), length=8, tokens=9, embedding=5, units=8, places=places
        )


_BEAM = Task(
    "beam", "beam search of width 5", batch=32, length=50, tokens=2000, embedding=128, units=128, width=5
)
_ROWS = [
    Task("greedy", "1,000 characters, greedy", batch=1, length=1000, tokens=65, embedding=64, units=256),
    _BEAM,
    replace(_BEAM, name="attending", title="the same, attending over 50", places=50),
]

#: name -> task, in the order of the tables.
TASKS = {task.name: task for task in _ROWS}


def chosen(names: list[str], quick: bool) -> list[Task]:
    """The tasks of a run: those that are named; all where nothing is, but for a quick run.

    Example:
        >>> [task.name for task in chosen(["beam", "lstm_small"], quick=True)]
        ['beam']
    """
    if names or quick:
        return [TASKS[name] for name in names if name in TASKS]
    return list(TASKS.values())


@dataclass(frozen=True)
class Found:
    """What a way has generated.

    Attributes:
        tokens: of the best sequences, `(batch, length)`.
        scores: the log-probabilities of all that were kept, `(batch, width)`, best first.
    """

    tokens: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class Start:
    """What every way starts from.

    Attributes:
        weights: embeddings, kernel, recurrent kernel and bias of the LSTM, kernel and bias of the logits, and
            with a memory the kernel `(2 units, units)` of what is joined.
        states: `h` and `c`, `(batch, units)`, another one for each sequence.
        first: the first tokens that are read, `(batch,)`.
        memory: `(batch, places, units)`, or None.
    """

    weights: list[np.ndarray]
    states: list[np.ndarray]
    first: np.ndarray
    memory: np.ndarray | None = None


def start(task: Task) -> Start:
    """The same numbers in each run. Logits are spread widely: with near ties no two ways would agree.

    Example:
        >>> [w.shape for w in start(TASKS["greedy"]).weights][:2]
        [(65, 64), (64, 1024)]
    """
    rng, gates = np.random.default_rng(3), 4 * task.units

    def normal(*shape, gain=1.0):
        return (gain * rng.normal(size=shape)).astype("float32")

    weights = [
        normal(task.tokens, task.embedding),
        normal(task.embedding, gates, gain=2 / task.embedding**0.5),
        normal(task.units, gates, gain=1 / task.units**0.5),
        normal(gates, gain=0.3),
        normal(task.units, task.tokens, gain=6 / task.units**0.5),
        normal(task.tokens, gain=0.3),
    ]
    states = [normal(task.batch, task.units, gain=0.5) for _ in range(2)]
    first, memory = np.full(task.batch, FIRST, "int32"), None
    if task.places:
        memory = normal(task.batch, task.places, task.units)
        weights.append(normal(2 * task.units, task.units, gain=1 / task.units**0.5))
    return Start(weights, states, first, memory)
