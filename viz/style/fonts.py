"""The font sizes of diagrams."""

#: Of a box's title, of its smaller lines, and of what is written beside an arrow, in points.
TITLE, SMALL, BESIDE = 16.0, 12.0, 14.0
