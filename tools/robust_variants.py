"""The machines that `make robust` pretends to be: threads, cores, instructions and seeds."""

import os

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "ROBUST_ONE_CORE": "1",
}
# XLA then uses no AVX: other vectors, no fused multiplication and addition, sums in another order.
OLD_PROCESSOR = {"TF_ENABLE_ONEDNN_OPTS": "0", "XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2"}

#: name -> the environment that a lesson or a test starts with.
VARIANTS = {
    "as_is": {},
    "one_core": ONE_THREAD,
    "old_processor": OLD_PROCESSOR,
    "one_old_core": ONE_THREAD | OLD_PROCESSOR,
    "seed_1": {"COURSE_SEED": "1"},
    "seed_2": {"COURSE_SEED": "2"},
}

IN_WORDS = {
    "as_is": "as everywhere: seed 0, every core and instruction that the machine has",
    "one_core": "one thread on one core",
    "old_processor": "without oneDNN, XLA limited to the instructions of SSE 4.2",
    "one_old_core": "the two together, as CI runs the lessons",
    "seed_1": "seed 1 in `course.setup`, and 1 added to every seed that a lesson sets back",
    "seed_2": "the same with 2",
}

# Of a whole run. CI runs the combined one, which the two alone cover here.
ALL = ["as_is", "one_core", "old_processor", "seed_1", "seed_2"]


def is_for_laws(variant: str) -> bool:
    """Tests set seeds of their own: the variants that change nothing else are for lessons."""
    return "COURSE_SEED" not in VARIANTS[variant]


def environment_of(variant: str) -> dict[str, str]:
    """The whole environment of a program of this variant.

    Example:
        >>> environment_of("seed_1")["COURSE_SEED"]
        '1'
    """
    set_by_any = {name for values in VARIANTS.values() for name in values}
    kept = {name: value for name, value in os.environ.items() if name not in set_by_any}
    return kept | VARIANTS[variant]


def pin_to_a_core(job: int):
    """Keep this process, and all it starts, on one core where the variant asks for it.

    Job 0, 1, ... are on other ones. Only Linux can; elsewhere one thread has to do.
    """
    if os.environ.get("ROBUST_ONE_CORE") and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[job % len(cores)]})
