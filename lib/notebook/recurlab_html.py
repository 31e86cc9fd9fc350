"""Sanitises the HTML of a notebook for a page that other people open; used by report.py and by nbconvert in `.venv`.

The page's policy forbids scripts and external resources. This module also removes tags that a policy does not cover (such as a
page that redirects by itself) and elements that would only look broken under it.
"""

import re

import bleach
from bleach.css_sanitizer import ALLOWED_CSS_PROPERTIES, ALLOWED_SVG_PROPERTIES, CSSSanitizer

# Forbids external resources, scripts and forms.
POLICY = "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

TAGS = """
a abbr acronym b bdi bdo big blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure
h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp section small span strike strong sub summary sup table tbody td tfoot
th thead tr tt u ul var
""".split()

EVERYWHERE = {"align", "aria-label", "class", "dir", "id", "lang", "style", "title", "valign"}
OF_TAGS = {
    "a": {"href", "name"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "details": {"open"},
    "img": {"alt", "height", "src", "width"},
    "ol": {"start", "type"},
    "td": {"colspan", "rowspan", "headers"},
    "th": {"colspan", "rowspan", "headers", "scope"},
}

STYLES = """
align-content align-items align-self background border border-bottom border-left border-radius border-right border-spacing border-style
border-top border-width bottom box-sizing column-gap flex flex-basis flex-direction flex-flow flex-grow flex-shrink flex-wrap gap grid
grid-template-columns grid-template-rows inset justify-content justify-items left list-style list-style-type margin margin-bottom
margin-left margin-right margin-top max-height max-width min-height min-width opacity outline overflow-wrap overflow-x overflow-y padding
padding-bottom padding-left padding-right padding-top position right row-gap table-layout text-overflow text-transform top transform
visibility word-break word-wrap
""".split()

# Elements whose text is not for readers.
DROPPED = re.compile(r"<(script|style|iframe|object|template|noscript|title)\b.*?(</\1\s*>|$)", re.IGNORECASE | re.DOTALL)


# Styles that load something or, in old browsers, run something; a backslash could hide either.
ACTIVE_STYLE = re.compile(r"url\s*\(|image\s*\(|image-set|expression\s*\(|@import|\\", re.IGNORECASE)


def allowed(tag, name, value):
    if name not in EVERYWHERE and name not in OF_TAGS.get(tag, ()):
        return False
    if name == "style" and ACTIVE_STYLE.search(value):
        return False
    if name == "src":
        return value.strip().lower().startswith("data:image/")
    if name == "href":
        return not value.strip().lower().startswith("data:")
    return True


CLEANER = bleach.Cleaner(
    tags=TAGS,
    attributes=allowed,
    protocols=["http", "https", "mailto", "data"],
    strip=True,
    css_sanitizer=CSSSanitizer([*ALLOWED_CSS_PROPERTIES, *ALLOWED_SVG_PROPERTIES, *STYLES]),
)


def clean_html(element):
    """Returns the HTML of a Markdown cell or an output without active content."""
    text = element.decode() if isinstance(element, bytes) else str(element)
    return CLEANER.clean(DROPPED.sub("", text))
