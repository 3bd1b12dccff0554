"""What every process of the benchmark starts with: threads, backend, and the words for this machine.

Nothing here imports Keras, TensorFlow, NumPy or torch: the threads have to be set before they start.
"""

import importlib.metadata
import os
import platform
from pathlib import Path

THREADS = 2


def prepare(threads: int = THREADS):
    """Give each library the same number of threads, and the CPU alone.

    Example:
        >>> prepare(2)
        >>> os.environ["TF_NUM_INTRAOP_THREADS"]
        '2'
    """
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[name] = str(threads)


def threads() -> int:
    """The number of threads that `prepare` set."""
    return int(os.environ.get("OMP_NUM_THREADS", THREADS))


def machine() -> dict:
    """The processor, its cores and the versions, as words for the report.

    Example:
        >>> machine()["versions"]["keras"]
        '3.15.1'
    """
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": threads(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {
            name: version(name) for name in ("rshop", "keras", "tensorflow", "numpy", "torch", "jax")
        },
    }


def version(name: str) -> str | None:
    """The installed version of a distribution, None where it is missing."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor():
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
