"""`whole` and `write` of `rshop.files` without the rest of `rshop`, whose import takes seconds."""

from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path


def _files():
    # To find a package is not to import it.
    path = Path(find_spec("rshop").submodule_search_locations[0]) / "files.py"
    spec = spec_from_file_location("rshop_files_alone", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_alone = _files()
whole, write = _alone.whole, _alone.write
