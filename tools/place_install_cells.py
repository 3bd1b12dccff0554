"""Write the cell that installs what is missing into each lesson; of the others only the numbers change.

python tools/place_install_cells.py        # into all lessons
python tools/place_install_cells.py 06 07  # into these
"""

import sys

import nbformat
from execute_notebooks import find, lesson_code, lesson_files, number
from install_cell import with_install_cell

from viz.style.atomic_write import write


def main(names: list[str]):
    """Write the cell, and name the lessons that changed."""
    for path in [find(name) for name in names] or lesson_files():
        old = path.read_text(encoding="utf-8")
        notebook = with_install_cell(nbformat.reads(old, as_version=4))
        # A new lesson waits for its first run.
        if any(cell.execution_count for cell in lesson_code(notebook)):
            number(notebook)
        new = nbformat.writes(notebook) + "\n"
        if new != old:
            write(path, new)
            print(f"{path.name}: has the cell that installs")


if __name__ == "__main__":
    main(sys.argv[1:])
