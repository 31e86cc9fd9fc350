"""Turns a notebook (standard input) into one HTML page (standard output) with nbconvert; used by report.ts."""

import sys

import nbformat
from nbconvert import HTMLExporter

EXPORTER = HTMLExporter(
    template_name="lab",
    # Nothing is to be loaded from elsewhere.
    mathjax_url="",
    require_js_url="",
    jquery_url="",
    mermaid_js_url="",
    widget_renderer_url="",
)

notebook = nbformat.reads(sys.stdin.buffer.read().decode("utf8"), as_version=4)
page, _ = EXPORTER.from_notebook_node(notebook)
sys.stdout.buffer.write(page.encode("utf8"))
