"""The font sizes of diagrams."""

#: The sizes in points of a box's title, of its smaller lines, and of labels beside arrows.
TITLE, SMALL, BESIDE = 16.0, 12.0, 14.0
