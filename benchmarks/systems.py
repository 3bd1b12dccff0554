"""Which systems run a workload, by the names of the tables' columns."""

from collections.abc import Callable
from dataclasses import dataclass

from . import (
    systems_jax,
    systems_keras,
    systems_keras_by_hand,
    systems_rshop,
    systems_torch,
    systems_torch_loop,
)
from .data import Batch
from .keras_system import KerasSystem
from .limits import Products
from .systems_keras_by_hand import in_loop, in_rnn
from .systems_torch_compiled import NETWORKS, TorchCompiledSystem
from .workloads import Workload

#: Whose results the others' are compared with.
REFERENCE = "keras"
#: Timed beside the others, but not for the same result.
UNCOMPARED = ["no mask", "no loop", "products"]
#: What --quick times.
QUICK = ["rshop", "keras", "keras jit", "torch", "torch loop", "no mask", "no loop", "products"]

# XLA takes minutes to compile 100 timesteps of 4 layers each, laid out one by one.
_NO_LOOP_JIT = {"highway"}


@dataclass(frozen=True)
class Entry:
    """A system that is made when its turn comes.

    Attributes:
        name: its column.
        make: a function without arguments that returns the system.
    """

    name: str
    make: Callable


def entries(workload: Workload, batch: Batch, eager: bool = False) -> list[Entry]:
    """The systems of a workload, the reference first.

    Example:
        >>> [e.name for e in entries(WORKLOADS["lstm_small"], batch)][:3]
        ['keras', 'keras jit', 'rshop']

    Args:
        workload, batch: what they run.
        eager: Keras without graphs, for tests; there is then no difference between a system and its jit.
    """
    made = []
    for name, build in _builders(workload.kind).items():
        if eager and name.endswith("jit"):
            continue
        made.append(Entry(name, _maker(build, workload, batch, jit=name.endswith("jit"), eager=eager)))
    if workload.kind in systems_torch.LAYERS and systems_torch.installed():
        made.append(Entry("torch", lambda: systems_torch.TorchSystem(workload, batch)))
    if workload.kind in systems_torch_loop.KINDS and systems_torch.installed():
        made.append(Entry("torch loop", lambda: systems_torch_loop.TorchLoopSystem(workload, batch)))
    if workload.kind in NETWORKS and systems_torch.installed():
        made.append(Entry("torch compile", lambda: TorchCompiledSystem(workload, batch, compiled=not eager)))
    if workload.kind in systems_jax.NETWORKS and systems_jax.installed():
        made.append(Entry("jax", lambda: systems_jax.JaxSystem(workload, batch)))
    return [*made, Entry("products", lambda: Products(workload))]


def _builders(kind):
    if hasattr(systems_keras, kind):
        build = getattr(systems_keras, kind)
        found = {"keras": build, "keras jit": build}
    else:
        build = getattr(systems_keras_by_hand, kind)
        found = {"keras": lambda s: build(s, in_rnn), "keras jit": lambda s: build(s, in_rnn)}
        found["loop"] = lambda s: build(s, in_loop)
        if kind not in _NO_LOOP_JIT:
            found["loop jit"] = found["loop"]
    ours = getattr(systems_rshop, kind)
    found |= {"rshop": ours, "rshop jit": ours}
    beside = {
        "mask": {"no mask": systems_rshop.no_mask},
        "lstm": {"no loop": systems_keras.no_loop},
    }
    return found | beside.get(kind, {})


def _maker(build, workload, batch, **options):
    return lambda: KerasSystem(build, workload, batch, **options)
