"""Settings of the book. ``make book`` (tools/book.py) lays out the pages and calls Sphinx; nothing is executed."""

import dataclasses
import os
import re
import sys
from pathlib import Path

from docutils import nodes

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers.parameters import Parameters
from tools.book import BARE, MATHJAX, MATHJAX_FILE, MATHJAX_SHA384
from tools.handouts import cleaned, kept

project = html_title = "Neural notebooks"
author = "The neural-notebooks authors"
extensions = ["myst_nb", "sphinx.ext.mathjax", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
extensions.append("aids")  # docs/aids.py
default_role = "literal"  # `name` in a docstring is the name of an argument
templates_path = [str(Path(__file__).with_name("_templates"))]  # autosummary looks below the pages, not here
suppress_warnings = ["myst.header", "ref.python"]  # two models may use one name; types are then not linked

# --- notebooks and text
nb_execution_mode = "off"
nb_render_markdown_format = "myst"  # tables among the outputs
nb_ipywidgets_js = {}  # no script from elsewhere
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None), ("html", "image/png", 1)]
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath", "html_image"]
myst_heading_anchors = 3

# --- API pages
autodoc_mock_imports = ["brian2", "nest", "pyNN", "ipywidgets", "anywidget"]  # slow, and needed by no signature
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
napoleon_google_docstring = False

# --- look
html_theme = "sphinx_book_theme"
html_logo = html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files, html_js_files = ["book.css"], ["zoom.js"]
html_context = {"default_mode": "auto"}
html_show_sphinx = html_show_copyright = html_domain_indices = False
html_theme_options = {
    "launch_buttons": {"thebe": False},
    "logo": {"text": project, "alt_text": "Sign of the collection"},
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "collapse_navigation": True,  # other branches stay closed: smaller pages, a third less time
}
mathjax_path = f"https://unpkg.com/{MATHJAX}/{MATHJAX_FILE}"  # holds every extension, and needs no fonts
mathjax_config_path = str(BARE)
mathjax_options = {"integrity": MATHJAX_SHA384, "crossorigin": "anonymous"}
if folder := os.environ.get("BOOK_MATHJAX"):
    html_static_path.append(folder)
    mathjax_path, mathjax_options = MATHJAX_FILE, {}
# |x| and v *= 2 are no markup; literals, *emphasis* and bullets are
MARKS = re.compile(r"(`+[^`]+`+|(?<![\w*])\*\w[^*`]*\*(?![\w*])|^\s*\*\s)|\||\*")
LISTS = ("Parameters", "Attributes", "Returns", "Raises")


def add_parameters(app, what, name, obj, options, lines):
    """Append the fields of a parameter set to its docstring: default, unit, meaning, source."""
    if not isinstance(obj, type) or not issubclass(obj, Parameters) or obj is Parameters:
        return
    keys = ("unit", "meaning", "source")
    rows = [("name", "default", *keys)]
    rows += [(f.name, _default(f), *(f.metadata.get(key, "") for key in keys)) for f in dataclasses.fields(obj)]
    lines += ["", ".. list-table::", "   :header-rows: 1", ""]
    lines += [f"   {' ' if i else '*'} - {cell}" for row in rows for i, cell in enumerate(row)]
    lines.append("")


def _default(field):
    value = "required" if field.default is dataclasses.MISSING else field.default
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def mend(app, what, name, obj, options, lines):
    """Make reStructuredText of a docstring written for a terminal: text after a list of fields, and ``|x|``."""
    mended, block, section = [], None, ""
    for i, line in enumerate(lines):
        text, indent = line.strip(), len(line) - len(line.lstrip())
        if "".join(lines[i + 1 : i + 2]).startswith("---"):
            section = text
        elif section in LISTS and not indent and " " in text and " : " not in text and not mended[-1]:
            mended, section = [*mended, "Notes", "-----"], "Notes"
        if text and block is not None and indent <= block:
            block = None
        block = indent if block is None and (text.startswith(".. math") or text.endswith("::")) else block
        mended.append(line if block is not None else MARKS.sub(lambda m: m[1] or rf"\{m[0]}", line))
    lines[:] = mended


def clean(app, document):
    """Let no HTML of a notebook, of its texts or outputs, run; folds are opened and closed by pieces of their own."""
    if app.env.docname.startswith(("FINAL_notebooks/", "dev/")):
        for node in document.findall(nodes.raw):
            pieces = re.split(r"(</?(?:details|summary)>)", node.astext())
            pieces[::2] = map(cleaned, pieces[::2])
            node[:] = [nodes.Text("".join(pieces))]
        for node in document.findall(nodes.reference):
            if not kept("a", "href", node.get("refuri", "")):
                node["refuri"] = ""


def setup(app):
    """Register what cleans notebooks, and what the API pages need; napoleon works between the two, at 500."""
    app.connect("doctree-read", clean)
    app.connect("autodoc-process-docstring", mend, priority=400)
    app.connect("autodoc-process-docstring", add_parameters, priority=600)
