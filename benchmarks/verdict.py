"""One ratio beside its bar."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Verdict:
    """One ratio beside its bar.

    Attributes:
        name: what is compared.
        ratio: rshop / other, None where it was not measured.
        bar: at most this; None for information.
        note: which workload or what was left out.
        low: the ratio of the lower quartile of rshop to the upper one of the other, where both are known.
    """

    name: str
    ratio: float | None
    bar: float | None
    note: str = ""
    low: float | None = None

    @property
    def word(self) -> str:
        """`holds`, `within noise`, `OVER`, `not measured`, or `-` for information.

        Within noise is a ratio above its bar whose quartiles reach below it.

        Example:
            >>> Verdict("training", 0.71, 0.7).word, Verdict("training", 0.71, 0.7, low=0.69).word
            ('OVER', 'within noise')
        """
        if self.ratio is None:
            return "not measured"
        if self.bar is None:
            return "-"
        if self.ratio <= self.bar:
            return "holds"
        return "within noise" if self.low is not None and self.low <= self.bar else "OVER"

    def as_dict(self) -> dict:
        """For the JSON file."""
        return {**asdict(self), "verdict": self.word}
