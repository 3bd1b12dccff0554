"""What every test of a picture has: matplotlib without a screen."""

import matplotlib

matplotlib.use("Agg")
