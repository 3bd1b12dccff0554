"""Load saved models each alone, in a process that has imported `rshop` and built nothing.

As a program (`python -m tests.support.fresh FOLDER MODULE ...`) it imports once, forks for each model of
the folder, and prints one JSON object: by how much the predictions differ from the recorded ones, or the
error.
"""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

AT_ONCE = 2  # processes side by side
ROOT = Path(__file__).resolve().parents[2]


def differences(folder: Path, *modules: str, path: Path | None = None) -> dict:
    """For each `.keras` file below a folder how far it lies `apart` from the `.npz` beside it, or the error.

    Example:
        >>> differences(folder, "user_cells")  # {"lstm": 0.0, "gru": "ValueError: ..."}

    Args:
        folder: holds `NAME.keras` and `NAME.npz` with `input00`, ..., `output00`, ...
        modules: imported before anything is loaded, after `rshop`.
        path: where these modules are, if not in this project.
    """
    command = [sys.executable, "-P", "-m", __name__, str(folder), *modules]
    paths = [*([str(path)] if path else []), str(ROOT), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    ran = subprocess.run(command, capture_output=True, text=True, timeout=1200, env=env)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def write(folder: Path, name: str, model, inputs: list, outputs: list):
    """Save a model, inputs, and the numbers that it has to give elsewhere."""
    import numpy as np

    model.save(folder / f"{name}.keras")
    arrays = {f"input{i:02}": x for i, x in enumerate(inputs)}
    arrays |= {f"output{i:02}": np.asarray(y) for i, y in enumerate(outputs)}
    np.savez(folder / f"{name}.npz", **arrays)


def _difference(path):
    import keras
    import numpy as np

    from tests.support.closeness import apart

    model = keras.saving.load_model(path)
    with np.load(path.with_suffix(".npz")) as data:
        inputs = [data[k] for k in data.files if k.startswith("input")]
        expected = [data[k] for k in data.files if k.startswith("output")]
    results = keras.tree.flatten(model(inputs[0] if len(inputs) == 1 else inputs))
    got = [np.array(keras.ops.convert_to_numpy(y)) for y in results]
    return max(apart(z, y) for y, z in zip(expected, got, strict=True))


def _say(path, end):
    # In a child: the result goes into a pipe, and nothing else of this process lives on.
    try:
        found = _difference(path)
    except BaseException as error:
        found = f"{type(error).__name__}: {error}"
    with contextlib.suppress(OSError), os.fdopen(end, "w") as pipe:
        json.dump(found, pipe)
    os._exit(0)


def _alone(path):
    mine, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(mine)
        _say(path, theirs)
    os.close(theirs)
    return path, child, mine


def _result(path, child, end):
    with os.fdopen(end) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else "the process died"


def main(folder, *modules):
    """Print the differences of all models of a folder."""
    import importlib

    for name in ("rshop", *modules):
        importlib.import_module(name)
    found, running = {}, []
    for path in sorted(Path(folder).rglob("*.keras")):
        if len(running) == AT_ONCE:
            first = running.pop(0)
            found[first[0].relative_to(folder).with_suffix("").as_posix()] = _result(*first)
        running.append(_alone(path))
    for last in running:
        found[last[0].relative_to(folder).with_suffix("").as_posix()] = _result(*last)
    print(json.dumps(found))


if __name__ == "__main__":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    main(*sys.argv[1:])
