"""What training takes again and again: schedules of forcing, buckets, masked losses, a progress bar.

May import: backend.
"""

from rshop.training.bucket import bucket
from rshop.training.forcing_schedule import ForcingSchedule
from rshop.training.masked import MaskedLoss, MaskedMetric
from rshop.training.measures import Perplexity, SequenceAccuracy
from rshop.training.progress_bar import ProgressBar
from rshop.training.schedules import Exponential, InverseSigmoid, Linear

__all__ = [
    "Exponential",
    "ForcingSchedule",
    "InverseSigmoid",
    "Linear",
    "MaskedLoss",
    "MaskedMetric",
    "Perplexity",
    "ProgressBar",
    "SequenceAccuracy",
    "bucket",
]
