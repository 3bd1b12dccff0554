"""Write the models that later versions have to load: `python tests/saved/write.py FOLDER`.

A folder is written once, by the version that it is named after, and never again.
"""

import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import keras  # noqa: E402
import numpy as np  # noqa: E402

from tests.support.models import example  # noqa: E402

NAMES = [
    "bidirectional",
    "cell_from_a_keras_model",
    "cell_options",
    "cells_in_a_functional_step",
    "constants_beside_the_sequence",
    "constants_of_many_ranks_with_decode",
    "dicts_of_inputs_outputs_and_readouts",
    "forcing_decode",
    "forcing_schedule",
    "forcing_variable",
    "greedy_ids_read_out",
    "images_with_statistics",
    "initializers_list",
    "keras_cells_sync_readout",
    "keras_stacked_cells",
    "lists_of_inputs_and_outputs",
    "masked_ids_embedded_inside_and_outside",
    "nested",
    "readable_cell",
    "readout_concat_probability",
    "readout_given_and_forced",
    "readout_layer_activation",
    "readout_only_decode",
    "sequence_inside_a_step",
    "stateful_readout_learned",
    "states_returned_and_given",
    "step_by_hand",
    "sync_readout_forcing",
]


def write(folder: Path, name: str):
    """Save a model before its first call that counts, its inputs and what it made of them."""
    model, inputs = example(name)
    model.save(folder / f"{name}.keras")
    model.save_weights(folder / f"{name}.weights.h5")
    outputs = keras.tree.flatten(model(inputs[0] if len(inputs) == 1 else inputs))
    arrays = {f"input{i:02}": x for i, x in enumerate(inputs)}
    arrays |= {f"output{i:02}": np.asarray(y) for i, y in enumerate(outputs)}
    np.savez_compressed(folder / f"{name}.npz", **arrays)


def write_trained(folder: Path):
    """A model in the middle of its training, and the loss of the next two epochs."""
    model, (x,) = example("two_cells")
    model.compile("adam", "mse")
    truth = np.zeros((*x.shape[:2], 3), "float32")
    model.fit(x, truth, shuffle=False, verbose=0)
    model.save(folder / "trained.keras")
    losses = model.fit(x, truth, epochs=2, shuffle=False, verbose=0).history["loss"]
    np.savez_compressed(folder / "trained.npz", x=x, truth=truth, losses=losses)


if __name__ == "__main__":
    target = Path(__file__).parent / sys.argv[1]
    target.mkdir()
    for chosen in NAMES:
        write(target, chosen)
    write_trained(target)
