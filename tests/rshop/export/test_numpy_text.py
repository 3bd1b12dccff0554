"""The written-out text of a layer, run where there is nothing but NumPy, gives the layer's numbers."""

import inspect
import json
import pickle
import subprocess
import sys

import keras
import pytest

from rshop import to_numpy, trace
from rshop.tracing.check_layer import is_both_ways
from tests.support.closeness import apart
from tests.support.exported import arrays, table, variants

TABLE = table()

# Runs each text in a module of its own; nothing but NumPy and what Python brings may be imported.
ALONE = """
import ast, importlib.util, json, pathlib, pickle, sys
import numpy as np

before, found = set(sys.modules), {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.py")):
    tree = ast.parse(path.read_text())
    imported = [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom))]
    assert imported == ["import numpy as np"], imported
    try:
        spec = importlib.util.spec_from_file_location("network", path)
        network = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(network)
        weights = np.load(path.with_suffix(".npz"))
        worst = 0.0
        for x, call, expected in pickle.loads(path.with_suffix(".pickle").read_bytes()):
            got = network.run(weights, x, **call)
            if expected[1] is None:
                got, expected = got[0], expected[0]
            for y, z in zip(flat(got), flat(expected), strict=True):
                worst = max(worst, apart(y, z))
        found[path.stem] = worst
    except Exception as error:
        found[path.stem] = f"{type(error).__name__}: {error}"
new = {name.partition(".")[0] for name in set(sys.modules) - before} - {"network", "numpy"}
assert new <= set(sys.stdlib_module_names), new
assert "keras" not in sys.modules
print(json.dumps(found))
"""
FLAT = """
def flat(value):
    if isinstance(value, dict):
        return [part for key in sorted(value) for part in flat(value[key])]
    if isinstance(value, (list, tuple)):
        return [part for item in value for part in flat(item)]
    return [value]
"""


def expected(layer, x, call):
    """Outputs and last states, by the layer and by its trace."""
    if getattr(layer, "stateful", False):
        layer.reset_states()
    y = arrays(layer(x, **call))
    if getattr(layer, "stateful", False):
        layer.reset_states()
    if is_both_ways(layer):
        return y, None
    record = trace(layer, x, **call)
    states = [record.states[name][:, -1] for name in layer.state_names]
    return (y[0] if layer.return_states else y), states


@pytest.fixture(scope="module")
def differences(tmp_path_factory):
    """name -> by how much its text differs from the layer, over all variants of its call, or the error."""
    folder, failed = tmp_path_factory.mktemp("texts"), {}
    for name, make in TABLE.items():
        keras.utils.set_random_seed(1)
        try:
            layer, x, call = make()
            to_numpy(layer).save(folder / f"{name}.py")
            runs = [(x, given, expected(layer, x, given)) for given in variants(layer, x, call)]
            (folder / f"{name}.pickle").write_bytes(pickle.dumps(runs))
        except Exception as error:  # noqa: BLE001
            failed[name] = f"{type(error).__name__}: {error}"
    code = FLAT + "import numpy as np\n" + inspect.getsource(apart) + ALONE
    ran = subprocess.run([sys.executable, "-I", "-c", code, str(folder)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return {**json.loads(ran.stdout), **failed}


@pytest.mark.parametrize("name", TABLE)
def test_the_text_alone_gives_the_numbers_of_the_layer(name, differences):
    found = differences[name]
    assert not isinstance(found, str), found
    assert found < 1e-5
