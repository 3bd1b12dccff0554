"""Law 30 for models that nobody thought of: each is saved here, and loaded alone in a fresh process."""

import keras
import numpy as np
import pytest

from tests.support import fresh
from tests.support.models_at_random import random_model

COUNT = 300


def first_outputs(model, inputs):
    """What the model makes of the inputs at its first state, to which it goes back."""
    outputs = model(inputs[0] if len(inputs) == 1 else inputs)
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_states()
    return [np.asarray(keras.ops.convert_to_numpy(y)) for y in keras.tree.flatten(outputs)]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """For each seed the largest difference of the predictions, or the error."""
    folder, failed = tmp_path_factory.mktemp("random"), {}
    for seed in range(COUNT):
        try:
            model, inputs = random_model(seed)
            # A call changes a stateful layer: what is saved is the model before it.
            outputs = first_outputs(model, inputs)
            fresh.write(folder, str(seed), model, inputs, outputs)
            (folder / f"{seed}.txt").write_text(str(max(float(np.ptp(y)) for y in outputs)))
        except Exception as error:
            failed[str(seed)] = f"not saved: {type(error).__name__}: {error}"
    return {**fresh.differences(folder, "tests.support.random_parts"), **failed}, folder


@pytest.mark.slow
def test_each_of_many_models_loads_alone_in_a_fresh_process(loaded):
    """Names of parts, sizes of readouts, users' own classes: nothing hangs on what was built before."""
    differences, _ = loaded
    wrong = {seed: found for seed, found in differences.items() if found != 0.0}
    assert wrong == {} and len(differences) == COUNT


@pytest.mark.slow
def test_the_models_at_random_are_not_trivial(loaded):
    """Nearly every one has outputs that differ from each other."""
    spreads = [float(path.read_text()) for path in loaded[1].glob("*.txt")]
    assert np.mean(np.array(spreads) > 0) > 0.95
