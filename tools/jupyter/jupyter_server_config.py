"""What the JupyterLab of `.venv` does differently: `make env` copies this file to where it is read."""

import json
from pathlib import Path

KEPT = ("kernelspec", "language_info")


def keep_what_the_file_says_of_its_kernel(model, path, contents_manager, **_):
    """Save a notebook with the kernel's name and version as they stand in the file.

    JupyterLab writes the Python of each reader into a notebook that is merely opened, and saves it two
    minutes later: every lesson would be a change. A notebook that was given another kernel keeps that one.
    """
    file = Path(contents_manager.root_dir, path.strip("/"))
    if model["type"] != "notebook" or not file.is_file():
        return
    before, now = json.loads(file.read_text(encoding="utf-8"))["metadata"], model["content"]["metadata"]
    names = [metadata.get("kernelspec", {}).get("name") for metadata in (before, now)]
    if names[0] == names[1]:
        now.update({key: before[key] for key in KEPT if key in before})


c = get_config()  # noqa: F821, which JupyterLab puts there
c.ContentsManager.pre_save_hook = keep_what_the_file_says_of_its_kernel
