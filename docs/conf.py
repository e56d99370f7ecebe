"""How the documentation is built; warnings are errors in `make docs`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "IMM platform"
author = "The IMM platform contributors"
project_copyright = "2026, the IMM platform contributors"
extensions = ["myst_parser", "sphinx_design", "commands", "fields", "figures", "catalogue", "routes"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "IMM platform"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1c5f9e", "color-brand-content": "#1c5f9e"},
    "dark_css_variables": {"color-brand-primary": "#79b4ea", "color-brand-content": "#79b4ea"},
}
