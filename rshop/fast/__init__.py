"""The same numbers in less time: what a step's graph allows beyond running it timestep after timestep.

`plan` knows which operations may run here, lowers a step to a list of instructions, and schedules them
before, in and after the loop. `loops` runs them, with a backward pass of its own. `cudnn` runs a whole
layer in a GPU's library. `switches` turn each of these off.

May import: backend, step, attention, cells.
"""

from rshop.fast.switches import Switches, switched

__all__ = ["Switches", "switched"]
