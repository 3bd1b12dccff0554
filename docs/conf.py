"""Sphinx's settings for the site; `make site` gathers its pages and calls Sphinx with them."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from rshop import __version__  # noqa: E402  (what it imports reads the two variables above)

project = "rshop"
copyright = "the rshop authors, MIT licence"
version = release = __version__
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "site_docstrings",
    "site_markup",
    "site_mathml",
]

# Pages and lessons
nb_execution_mode = "off"
nb_merge_streams = True
nb_render_markdown_format = "myst"
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "tasklist"]
myst_heading_anchors = 4
html_math_renderer = "mathml"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

# The API reference
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
default_role = "public"
maximum_signature_line_length = 76
napoleon_custom_sections = [("Call arguments", "params_style")]
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_display_short_literal_types = True

# What it looks like
html_theme = "pydata_sphinx_theme"
html_title = "rshop"
html_static_path = ["site/_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_use_index = False
html_domain_indices = False
html_theme_options = {
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "navigation_depth": 2,
    "show_nav_level": 1,
    # Pages with wide tables and programs side by side need the place.
    "secondary_sidebar_items": {
        "**": ["page-toc"],
        "index": [],
        "guides/moving_here": [],
        "guides/benchmarks": [],
    },
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": [], "start": [], "glossary": [], "changelog": []}
