"""Data of `fit`: the model reads the target beside the source, whatever form the data come in."""

import keras

from rshop.errors import message, told


def with_targets(x, y):
    """The arguments `x`, `y` of `keras.Model.fit`, in which the model reads the target too.

    Example:
        >>> with_targets(source, target)
        ((source, target), target)

    Raises:
        ValueError: arrays without a target.
    """
    if y is not None:
        return (x, y), y
    if hasattr(x, "map") and hasattr(x, "element_spec"):
        return x.map(_pair), None
    if isinstance(x, keras.utils.PyDataset):
        return _Pairs(x), None
    if hasattr(x, "__next__"):
        return (_pair(*batch) for batch in x), None
    raise ValueError(
        message(
            "The model learns from a source and its target.",
            received=f"source={told(x)}, target=None",
            expected="arrays of both, or a dataset of (source, target)",
            fix="fit(source, target)",
        )
    )


def with_validation(data):
    """`validation_data=`, likewise."""
    if not isinstance(data, (tuple, list)):
        return None if data is None else with_targets(data, None)[0]
    source, target, *weights = data
    return ((source, target), target, *weights)


def _pair(source, target, *weights):
    return ((source, target), target, *weights)


class _Pairs(keras.utils.PyDataset):
    def __init__(self, data):
        super().__init__(workers=data.workers, use_multiprocessing=False, max_queue_size=data.max_queue_size)
        self.data = data

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        return _pair(*self.data[i])

    def on_epoch_end(self):
        self.data.on_epoch_end()
