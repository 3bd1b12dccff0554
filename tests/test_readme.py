"""The README's programs run as written and print the numbers that stand beside them."""

import contextlib
import io
import re
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def test_the_programs_of_the_readme_print_what_their_comments_say():
    programs = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    names = {}
    expected = []
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for program in programs:
            exec(program, names)
            expected += re.findall(r"^print\(.*\)\s+# ([^:\n]*)", program, flags=re.MULTILINE)
    assert len(expected) == 5
    assert printed.getvalue().splitlines() == [value.strip() for value in expected]
