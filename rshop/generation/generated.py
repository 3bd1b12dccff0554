"""What was generated: tokens or values, their scores and lengths, and for a beam search its tree."""

from dataclasses import dataclass

import numpy as np

from rshop.structure import tree


@dataclass(frozen=True, eq=False, kw_only=True)
class Generated:
    """What `generate` returns, as NumPy arrays.

    Example:
        >>> found = generate(rnn, 20, strategy="beam", beam_width=3, end_token=0)
        >>> found.tokens.shape, found.scores.shape, found.beams.shape
        ((1, 20), (1,), (1, 3, 20))

    Attributes:
        tokens: whole numbers `(batch, length)`, the pad token (by default the end token) after the end; None
            for values.
        values: for a readout of numbers, what was fed back, `(batch, length, ...)`, in the structure of the
            readouts; None for tokens.
        scores: `(batch,)`, the sum of the log-probabilities of the tokens, the end token included, under the
            model as it is; None for values.
        lengths: `(batch,)`, how many were generated, the end token included.
        beams, beam_scores, beam_lengths: likewise for all beams, `(batch, beam_width, length)` and
            `(batch, beam_width)`, best first; a score of minus infinity where there are fewer sequences than
            beams. None without beam search.
        tree: the `BeamTree` of a beam search, else None.
        from_logits: whether the outputs were taken as logits, else as probabilities; None for values.
    """

    tokens: np.ndarray | None = None
    values: object = None
    scores: np.ndarray | None = None
    lengths: np.ndarray
    beams: np.ndarray | None = None
    beam_scores: np.ndarray | None = None
    beam_lengths: np.ndarray | None = None
    tree: "BeamTree | None" = None
    from_logits: bool | None = None

    def __repr__(self):
        names = ("tokens", "values", "scores", "lengths", "beams", "tree")
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        told = ", ".join(f"{name}={_told(value)}" for name, value in given.items())
        read = {True: ", outputs read as logits", False: ", outputs read as probabilities", None: ""}
        return f"Generated({told}{read[self.from_logits]})"


@dataclass(frozen=True, eq=False)
class BeamTree:
    """The beams that were kept at each timestep, and which of the last ones they continue.

    Example:
        >>> tree = generate(rnn, 4, strategy="beam", beam_width=2).tree
        >>> tree.tokens.shape, tree.steps
        ((1, 4, 2), 4)

    Attributes:
        tokens: the last token of each beam, `(batch, time, beam_width)`, best beam first.
        parents: the beam of the timestep before that it continues, likewise; 0 at the first.
        scores: the log-probability of each sequence so far, likewise; minus infinity for no sequence.
        ended: whether the sequence ended there or earlier, likewise.
    """

    tokens: np.ndarray
    parents: np.ndarray
    scores: np.ndarray
    ended: np.ndarray

    @property
    def steps(self) -> int:
        """The number of timesteps that ran until all beams had ended."""
        return self.tokens.shape[1]

    @property
    def width(self) -> int:
        """The number of beams."""
        return self.tokens.shape[2]

    def sequences(self) -> np.ndarray:
        """The tokens of each beam from the first timestep, `(batch, beam_width, time)`."""
        batch, steps, width = self.tokens.shape
        found = np.empty((batch, width, steps), self.tokens.dtype)
        beam = np.broadcast_to(np.arange(width), (batch, width))
        for t in reversed(range(steps)):
            found[:, :, t] = np.take_along_axis(self.tokens[:, t], beam, axis=1)
            beam = np.take_along_axis(self.parents[:, t], beam, axis=1)
        return found

    def __repr__(self):
        return f"BeamTree of {self.steps} timesteps, {self.width} beams, batch {len(self.tokens)}"


def values_from(arrays: list, readouts, batch: int) -> Generated:
    """The result for values, from an array `(time, batch, ...)` for each of the readouts."""
    values = [np.swapaxes(array, 0, 1) for array in arrays]
    lengths = np.full(batch, values[0].shape[1], "int32")
    return Generated(values=tree.pack_sequence_as(readouts, values), lengths=lengths)


def tokens_from(arrays: list, state: dict, *, length: int, pad: int, from_logits: bool) -> Generated:
    """The result of a search without beams.

    Args:
        arrays: the tokens `(time, batch)`.
        state: the last state, as arrays, and the number of `steps` that have run.
        length, pad: of the sequences, and the token after their end.
        from_logits: as in `Generated`.
    """
    tokens = _padded(arrays[0].T, length, pad, state["steps"])
    # Where no sequence can end, all are as long as they were asked to be.
    lengths = state.get("length", np.full(len(tokens), length, "int32"))
    kept = {"scores": state["score"], "lengths": lengths}
    return Generated(tokens=tokens, **kept, from_logits=from_logits)


def beams_from(arrays: list, state: dict, *, length: int, pad: int, from_logits: bool) -> Generated:
    """The result of a beam search, from what `Beams` emits, each `(time, batch, width)`."""
    steps = state["steps"]
    tree = BeamTree(*(np.swapaxes(array[:steps], 0, 1) for array in arrays))
    beams = _padded(tree.sequences(), length, pad, steps)
    return Generated(
        tokens=beams[:, 0],
        scores=state["score"][:, 0],
        lengths=state["length"][:, 0],
        beams=beams,
        beam_scores=state["score"],
        beam_lengths=state["length"],
        tree=tree,
        from_logits=from_logits,
    )


def _padded(tokens, length, pad, steps):
    whole = np.full((*tokens.shape[:-1], length), pad, "int32")
    whole[..., :steps] = tokens[..., :steps]
    return whole


def _told(value):
    if isinstance(value, np.ndarray) and value.size > 12:
        return f"array of shape {value.shape}"
    return repr(value.tolist()) if isinstance(value, np.ndarray) else repr(value)
