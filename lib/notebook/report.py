"""Converts a notebook (standard input) to one HTML page (standard output) with nbconvert; used by report.ts."""

import html
import re
import sys

# Text formats that no notebook uses: jsonschema would spend a second on their grammars at every start.
for unused in ("rfc3987_syntax", "isoduration"):
    sys.modules[unused] = None

import nbformat
from nbconvert import HTMLExporter
from recurlab_html import POLICY, clean_html

EXPORTER = HTMLExporter(
    template_name="lab",
    # The page loads no external resources.
    mathjax_url="",
    require_js_url="",
    jquery_url="",
    mermaid_js_url="",
    widget_renderer_url="",
    sanitize_html=True,
    # nbconvert's own filter keeps neither headings nor tables.
    filters={"clean_html": clean_html},
)

# Exit code for a notebook that is not one by nbformat's schema; report.ts reads it.
INVALID = 3

# nbconvert gives every drawing the same alternative text.
ALTERNATIVE_TEXT = re.compile(r'(<img alt=")No description has been provided for this image(" src="data:image/svg\+xml)')


# JupyterLab fits wide drawings to the page; nbconvert's page would cut them off.
FIT = "<style>.jp-RenderedSVG img { max-width: 100%; height: auto; }</style></head>"


def texts_of_drawings(notebook):
    """Yields the text form of every output with a drawing, in order."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "image/svg+xml" in output.get("data", {}):
                yield output.data.get("text/plain", "figure")


notebook = nbformat.reads(sys.stdin.buffer.read().decode("utf8"), as_version=4)
try:
    page, _ = EXPORTER.from_notebook_node(notebook)
except nbformat.ValidationError as error:
    print(" ".join(str(error).split("\n", 1)[0].split()), file=sys.stderr)
    sys.exit(INVALID)
texts = texts_of_drawings(notebook)
page = ALTERNATIVE_TEXT.sub(lambda found: found[1] + html.escape(next(texts, "figure")) + found[2], page)
page = page.replace("</head>", FIT, 1)
# First in the head, because a policy applies only to what follows it.
page = page.replace("<head>", f'<head><meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY, quote=False)}">', 1)
sys.stdout.buffer.write(page.encode("utf8"))
