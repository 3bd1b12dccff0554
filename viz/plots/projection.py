"""The two directions in which a set of points varies most: principal components."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Projection:
    """Principal components of the rows of a matrix (Pearson, 1901), by NumPy's SVD.

    Example:
        Points on the line `(t, 2 t)` vary in one direction only::

            >>> Projection.of(np.outer(np.arange(5.0), [1.0, 2.0])).shares
            array([1., 0.])

    Attributes:
        centre: the mean of the rows, `(units,)`.
        directions: orthonormal, `(units, 2)`; the largest entry of each is positive.
        shares: of the whole variance, the part along each direction, `(2,)`.
    """

    centre: np.ndarray
    directions: np.ndarray
    shares: np.ndarray

    @classmethod
    def of(cls, rows) -> "Projection":
        """The projection of the rows `(points, units)`; those that are not finite are left out."""
        rows = np.asarray(rows, dtype="float64")
        rows = rows[np.isfinite(rows).all(axis=1)]
        if not len(rows):
            rows = np.zeros((1, rows.shape[1]))
        centre = rows.mean(axis=0)
        _, sizes, directions = np.linalg.svd(rows - centre, full_matrices=False)
        axes = np.zeros((rows.shape[1], 2))
        axes[:, : len(directions)] = directions[:2].T
        # A direction and its opposite are equally good: settle on one, for the same picture each time.
        largest = np.abs(axes).argmax(axis=0)
        axes *= np.where(axes[largest, [0, 1]] < 0, -1.0, 1.0)
        variances = np.zeros(2)
        variances[: len(sizes)] = sizes[:2] ** 2
        total = (sizes**2).sum()
        return cls(centre, axes, variances / total if total > 0 else variances)

    def __call__(self, rows) -> np.ndarray:
        """Rows `(..., units)` as `(..., 2)`; a row that is not finite gives NaN."""
        rows = np.where(np.isfinite(rows).all(axis=-1, keepdims=True), rows, np.nan)
        return (rows - self.centre) @ self.directions
