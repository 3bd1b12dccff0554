"""`Backtest`: forecasts from many origins beside those of the baselines, as a table."""

from dataclasses import dataclass
from html import escape

import numpy as np

ROWS = 12


@dataclass(frozen=True, eq=False, repr=False)
class Backtest:
    """The errors of a model and of its baselines, for each step ahead.

    Example:
        >>> table = model.backtest(series, origins=10)
        >>> table["model"]  # mean absolute errors (horizon,), in the unit of the series
        >>> table["seasonal"].mean(), table.overall["seasonal"]  # equal
        >>> print(table)

    Attributes:
        forecasts: by name (`"model"`, `"last"`, `"seasonal"`), `(series, origins, horizon, features)`.
        truth: what came, of the same shape.
        origins: for each series the numbers of values that were known, `(series, origins)`.
        period: that of the baseline `seasonal`.
        unit: the mean absolute change over a period before the first origin, `(series, features)`: what
            scaled errors are measured in.
    """

    forecasts: dict
    truth: np.ndarray
    origins: np.ndarray
    period: int
    unit: np.ndarray

    @property
    def names(self) -> list[str]:
        """The names of the forecasts, the model first."""
        return list(self.forecasts)

    def __getitem__(self, name: str) -> np.ndarray:
        """The mean absolute error of each step ahead, `(horizon,)`."""
        return self.errors(name).mean(axis=(0, 1, 3))

    def errors(self, name: str) -> np.ndarray:
        """The absolute errors, `(series, origins, horizon, features)`."""
        return np.abs(self.forecasts[name].astype("float64") - self.truth)

    @property
    def overall(self) -> dict[str, float]:
        """The mean absolute error over all steps ahead, by name."""
        return {name: float(self.errors(name).mean()) for name in self.names}

    @property
    def scaled(self) -> dict[str, float]:
        """The mean absolute scaled error (MASE; Hyndman & Koehler, 2006) over all steps ahead, by name.

        Each error is divided by the `unit` of its series and feature, so that series of different units
        count alike. Those that never change have none and are left out; NaN where no other is left.
        """
        there = self.unit > 0
        unit = np.where(there, self.unit, np.nan)
        parts = {name: self.errors(name).mean(axis=(1, 2)) / unit for name in self.names}
        return {k: float(np.mean(part[there])) if there.any() else np.nan for k, part in parts.items()}

    @property
    def ratio(self) -> dict[str, float]:
        """The overall error of the model divided by that of each baseline: below 1 the model is better."""
        errors = self.overall
        model = errors.pop("model")
        return {name: model / error if error else np.nan for name, error in errors.items()}

    def rows(self) -> list[tuple]:
        """The rows of the table: a label, and a number for each name. Long horizons show some steps only."""
        steps = self.truth.shape[2]
        shown = range(steps)
        if steps > ROWS:
            shown = np.unique(np.linspace(0, steps - 1, ROWS).round().astype(int))
        columns = [self[name] for name in self.names]
        rows = [(f"{i + 1} ahead", *(column[i] for column in columns)) for i in shown]
        rows.append(("all", *self.overall.values()))
        return [*rows, ("scaled", *self.scaled.values())]

    def __str__(self) -> str:
        lines = [("", *self._heads()), *((label, *map(_short, row)) for label, *row in self.rows())]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        written = [
            "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip()
            for line in lines
        ]
        return "\n".join([self._title(), *written])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in self._heads())
        body = "".join(
            f'<tr><th scope="row">{escape(label)}</th>'
            + "".join(f"<td>{_short(value)}</td>" for value in row)
            + "</tr>"
            for label, *row in self.rows()
        )
        caption = f"<caption>{escape(self._title())}</caption>"
        head = f"<thead><tr><td></td>{heads}</tr></thead>"
        return f"<table>{caption}{head}<tbody>{body}</tbody></table>"

    def _heads(self):
        return [f"seasonal ({self.period})" if name == "seasonal" else name for name in self.names]

    def _title(self):
        series, origins = self.truth.shape[:2]
        of = f" of {series} series" if series > 1 else ""
        return f"Mean absolute error, {origins} origin{'s' if origins > 1 else ''}{of}"


def change_over(period: int, series: list, starts: list) -> np.ndarray:
    """The mean absolute change over a period before the first origin, `(series, features)`.

    Example:
        >>> change_over(2, [np.array([[1.0], [5.0], [4.0], [5.0], [99.0]])], [[4]]).tolist()
        [[1.5]]

    Args:
        period: a number of timesteps.
        series: arrays `(time, features)`.
        starts: the origins of each series.
    """
    before = [one[: min(its)].astype("float64") for one, its in zip(series, starts, strict=True)]
    return np.stack([np.abs(one[period:] - one[:-period]).mean(axis=0) for one in before])


def _short(value) -> str:
    return "-" if np.isnan(value) else f"{value:.4g}"
