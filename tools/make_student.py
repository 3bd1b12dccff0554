"""Write the lessons as students get them: without outputs, with empty exercises, and all they need to run.

    python tools/make_student.py                      # into student/
    python tools/make_student.py --without-solutions  # question.solution() then shows the empty exercise
    python tools/make_student.py --into handout       # another folder beside notebooks/

Made again, every file is the same to the byte. A notebook that somebody has run is never written over.
"""

import argparse
import sys
from pathlib import Path

import nbformat
from execute_notebooks import lesson_files
from leave_out_solutions import without_solutions

from viz.style.atomic_write import write

ROOT = Path(__file__).resolve().parents[1]
LESSONS = ROOT / "notebooks"


def main(arguments=None) -> int:
    """Write the folder; the number to exit with."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--into", type=Path, default=ROOT / "student", help="by default student/")
    parser.add_argument("--without-solutions", action="store_true", help="leave out solutions, wrong answers")
    options = parser.parse_args(arguments)
    folder = options.into.resolve()
    stop_if_worked_in(folder)
    files = student_files(with_solutions=not options.without_solutions)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write(folder / name, text)
    print(f"{folder.name}/: {sum(name.endswith('.ipynb') for name in files)} lessons")
    return 0


def student_files(with_solutions: bool = True) -> dict[str, str]:
    """File name in the student's folder -> its text.

    Example:
        >>> sorted(student_files())[0]
        '00_win_first.ipynb'
    """
    files = {path.name: emptied(path.read_text()) for path in lesson_files(LESSONS)}
    files["README.md"] = (LESSONS / "README.md").read_text()
    for path in sorted((LESSONS / "course").glob("*.py")):
        leave_out = path.name.startswith("lesson_") and not with_solutions
        text = path.read_text()
        files[f"course/{path.name}"] = without_solutions(text) if leave_out else text
    return files


def emptied(text: str) -> str:
    """A notebook's text without outputs and numbers of cells; cells, ids and tags stay.

    The exercises are empty in the lesson already: their cells are made from the solutions.
    """
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return nbformat.writes(notebook) + "\n"


def stop_if_worked_in(folder: Path):
    """End with a message if a notebook of this folder was run: it may hold a student's answers.

    Raises:
        SystemExit: some cells have numbers or outputs.
    """
    run = [
        path.name for path in sorted(folder.glob("*.ipynb")) if path.read_text() != emptied(path.read_text())
    ]
    if run:
        raise SystemExit(
            f"Somebody has worked in {folder.name}/, nothing was written. Received: outputs in {run}. "
            f"Expected: notebooks that nobody has run. Fix: move them away, or add --into FOLDER"
        )


if __name__ == "__main__":
    sys.exit(main())
