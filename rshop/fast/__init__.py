"""The same numbers sooner: what a step's graph allows beyond running it timestep after timestep.

`rules` says what is known of an operation, `lower` writes a step as a list of simple works,
`schedule` deals them out before, in and after the loop, `program` runs them.
"""

from .switches import Switches, switched

__all__ = ["Switches", "switched"]
