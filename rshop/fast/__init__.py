"""The same numbers sooner: what a step's graph allows beyond running it timestep after timestep.

`plan` says what is known of an operation, writes a step as a list of simple works and deals them out before,
in and after the loop; `loops` runs them, with a backward pass that is written out; `cudnn` hands a whole
layer to a GPU's own library; `switches` turn each of these off.

May import: backend, step, cells.
"""

from rshop.fast.switches import Switches, switched

__all__ = ["Switches", "switched"]
