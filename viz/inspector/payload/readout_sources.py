"""The source of each readout, and the timesteps that are masked."""

import keras
import numpy as np

flatten = keras.tree.flatten

#: The meaning of the codes of `readout_sources`.
SOURCES = ("start", "own output", "truth", "own output, equal to the truth")
START, OWN, TRUTH, BOTH = range(4)
#: In a run with changes: a readout that was changed, and one that is read as in the run without changes.
CHANGED, KEPT = 4, 5


def mask_of(record) -> np.ndarray | None:
    """Which timesteps count, booleans `(batch, time)` in the order of processing, or None for all."""
    return None if record.mask is None else np.asarray(record.mask).astype(bool)


def last_valid(mask: np.ndarray) -> np.ndarray:
    """For each timestep the last one before it that counted, -1 for none: whole numbers like `mask`.

    Example:
        >>> last_valid(np.array([[True, False, True, True]]))
        array([[-1,  0,  0,  2]])
    """
    steps = np.where(mask, np.arange(mask.shape[1])[None], -1)
    before = np.concatenate([np.full_like(steps[:, :1], -1), steps[:, :-1]], axis=1)
    return np.maximum.accumulate(before, axis=1) if mask.shape[1] else before


def readout_sources(rnn, record, ground_truth=None, training=False) -> list[np.ndarray]:
    """The source of each readout at every timestep: codes `(batch, time)` into `SOURCES`.

    Without training the readout is always the model's own. In training it is compared with the truth
    of the previous timestep that counted, so that each draw of scheduled sampling shows.

    Args:
        rnn: the recurrent layer.
        record: its `rshop.Trace`.
        ground_truth, training: what the layer was called with.
    """
    step = rnn.description
    mask = mask_of(record)
    readouts = flatten(record.readout) if step.readouts is not None else []
    known = training and ground_truth is not None
    truths = flatten(step.fed(ground_truth)) if known else [None] * len(readouts)
    outputs, found = flatten(record.outputs), []
    wiring = step.wiring
    for readout, truth, (place, greedy) in zip(readouts, truths, wiring, strict=True):
        shape = readout.shape[:2]
        before = last_valid(np.ones(shape, bool) if mask is None else mask)
        codes = np.where(before < 0, START, OWN)
        if truth is not None and shape[1]:
            own = outputs[place].argmax(axis=-1) if greedy else outputs[place]
            forced = _agree(readout, np.asarray(truth), before)
            by_chance = _agree(readout, own, before)
            codes = np.where((before >= 0) & forced, np.where(by_chance, BOTH, TRUTH), codes)
        found.append(codes.astype("uint8"))
    return found


def _agree(readout, source, before):
    picked = source[np.arange(len(before))[:, None], np.maximum(before, 0)].astype(readout.dtype)
    same = np.isclose(readout, picked, equal_nan=True)
    return same.reshape(*before.shape, -1).all(axis=-1)
