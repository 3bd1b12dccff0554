"""The table of `make robust`: one row for each claim, one column for each variant."""

from dataclasses import dataclass, field

# A claim with less than this part of its limit left may fail on the next machine.
SMALL = 0.1
LONGEST = 70


@dataclass
class Row:
    """One claim and what it measured.

    Attributes:
        name: such as `"03: errors['lstm 4'] < 0.1"`.
        results: variant -> `{"holds", "kind", "margin"}`, and `"text"` where the margin says too little.
    """

    name: str
    results: dict[str, dict] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether it fails in any variant."""
        return any(not result["holds"] for result in self.results.values())

    @property
    def worst(self) -> float:
        """The smallest margin of all variants; infinite where all are exact, negative where one failed."""
        if self.failed:
            return -1.0
        margins = [result["margin"] for result in self.results.values() if _is_part(result)]
        return min(margins, default=float("inf"))


def _is_part(result):
    return result["margin"] is not None and result["kind"] != "absolute"


def rows_of(lines: dict[str, list[dict]]) -> list[Row]:
    """variant -> lines of its records; of two lines for one claim the later one has the smaller margin."""
    rows: dict[str, Row] = {}
    for variant, records in lines.items():
        for line in records:
            row = rows.setdefault(line["name"], Row(line["name"]))
            row.results[variant] = line
    return list(rows.values())


def cell_of(result: dict | None) -> str:
    """What stands in the table.

    Example:
        >>> cell_of({"holds": True, "kind": "relative", "margin": 0.25})
        '25 %'
    """
    if result is None:
        return "-"
    words = result.get("text") or _margin_in_words(result)
    return words if result["holds"] else f"FAILS ({words})" if words else "FAILS"


def _margin_in_words(result):
    kind, margin = result["kind"], result["margin"]
    if kind == "error":
        return ""
    if margin is None:
        return kind
    if kind == "absolute":
        return f"by {margin:.2g}"
    return f"{100 * margin:.3g} %" if margin < 10 else "over 1000 %"


def markdown(rows: list[Row], variants: list[str]) -> str:
    """The rows as a table in Markdown, in their order."""
    head = ["claim", *variants]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * len(variants) + "|"]
    for row in rows:
        name = "`" + row.name.replace("|", "\\|").replace("`", "'") + "`"
        lines.append("| " + " | ".join([name, *(cell_of(row.results.get(v)) for v in variants)]) + " |")
    return "\n".join(lines) + "\n"


def terminal(rows: list[Row], variants: list[str], most: int = 20) -> str:
    """Every failing row and those with the smallest margins, in columns; long names are cut."""
    failed = [row for row in rows if row.failed]
    close = sorted((row for row in rows if not row.failed), key=lambda row: row.worst)
    shown = failed + [row for row in close if row.worst < float("inf")][:most]
    table = [["claim", *variants]]
    table += [[_cut(row.name), *(cell_of(row.results.get(v)) for v in variants)] for row in shown]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(
            [line[0].ljust(widths[0]), *(w.rjust(n) for w, n in zip(line[1:], widths[1:], strict=True))]
        )
        for line in table
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n" + summary(rows)


def summary(rows: list[Row]) -> str:
    """How many claims there are, and how many of them are in danger."""
    failed = sum(row.failed for row in rows)
    near = sum(0 <= row.worst < SMALL for row in rows)
    verdict = "all hold" if not failed else f"{failed} FAIL"
    return f"{len(rows)} claims, {verdict}; {near} with less than {100 * SMALL:.0f} % of their limit left.\n"


def _cut(name):
    return name if len(name) <= LONGEST else name[: LONGEST - 3] + "..."
