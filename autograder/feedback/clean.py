"""A learner's own cells as HTML that can do nothing but be read."""

import base64
import binascii
import html
import re

import bleach
from bs4 import BeautifulSoup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from autograder.marking.verdict import plain

MAX_OUTPUT = 400_000
MAX_CELL = 1_000_000
MAX_MARKUP = 150_000  # parsers take far longer over markup than over plain text
MAX_TAGS = 10_000
MAX_NESTING = 50

TAGS = frozenset(
    "a abbr b blockquote br caption code dd del div dl dt em hr i img li ol p pre s span strong "
    "sub sup table tbody td tfoot th thead tr ul".split()
)
HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())
_SAFE_LINK = re.compile(r"(https?://|mailto:|#)", re.I)
_SAFE_IMAGE = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*", re.I)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)", re.I)
_HEADING = re.compile(r"<(/?)h[1-6]\b[^>]*>", re.I)


def cell_html(cell: NotebookNode) -> str:
    """An answer cell with its outputs; what is too large is replaced by a note."""
    if cell.cell_type == "markdown":
        parts = [_capped(cell.source, markdown)]
    else:
        parts = [_capped(cell.source, _pre)]
        parts += [shown for output in cell.get("outputs", []) if (shown := output_html(output))]
    return _within("\n".join(parts[:1]), parts[1:])


def output_html(output: NotebookNode) -> str:
    """One output, by the richest kind that is safe to show; '' if there is none."""
    kind = output.get("output_type")
    if kind == "stream":
        return _capped(_text(output.get("text")), _pre)
    if kind == "error":
        return _capped(f"{output.get('ename')}: {output.get('evalue')}", _pre)
    data = output.get("data")
    if not isinstance(data, dict):
        return ""
    for mime in ("image/png", "image/jpeg"):
        if mime in data and (picture := _picture(mime, _text(data[mime]))):
            return picture
    if "image/svg+xml" in data:
        # As an image, an SVG runs no script and fetches nothing.
        encoded = base64.b64encode(_text(data["image/svg+xml"]).encode()).decode()
        return _capped(encoded, lambda code: _img("image/svg+xml", code))
    for mime, show in (("text/html", sanitised), ("text/markdown", markdown), ("text/plain", _pre)):
        if mime in data:
            return _capped(_text(data[mime]), show)
    return ""


def markdown(source: str, headings: bool = False) -> str:
    """Markdown as safe HTML. Without `headings` they become paragraphs, so that the page it
    stands in keeps its outline."""
    if len(source) > MAX_MARKUP:
        return _note("A text this long is not shown.")
    renderer = _Renderer(escape=False, exclude_anchor_links=True)
    return sanitised(MarkdownWithMath(renderer=renderer).render(source), headings)


def sanitised(source: str, headings: bool = False) -> str:
    """HTML without anything that runs, fetches, or styles."""
    if len(source) > MAX_MARKUP or not _is_modest(source):
        return _note("Markup this large or deep is not shown.")
    soup = BeautifulSoup(source if headings else _HEADING.sub(r"<\1p>", source), "html.parser")
    for tag in soup(["script", "style", "iframe", "object", "svg", "math", "template"]):
        tag.decompose()
    return bleach.clean(
        str(soup),
        tags=TAGS | HEADINGS if headings else TAGS,
        attributes=_attribute,
        protocols=["http", "https", "mailto", "data"],
        strip=True,
    )


class _Renderer(IPythonRenderer):
    """A picture pasted into a text lies beside it in the notebook; it is named, not shown."""

    def image(self, text: str, url: str, title: str | None = None) -> str:
        if url.startswith("attachment:"):
            return f"<em>[picture {html.escape(url.removeprefix('attachment:'))}]</em>"
        return super().image(text, url, title)


def _is_modest(source: str) -> bool:
    depth = deepest = 0
    tags = _TAG.findall(source)
    for closing, name in tags:
        if name.lower() not in ("br", "hr", "img", "col", "input", "meta", "link"):
            depth += -1 if closing else 1
            deepest = max(deepest, depth)
    return len(tags) <= MAX_TAGS and deepest <= MAX_NESTING


def _attribute(tag: str, name: str, value: str) -> bool:
    if tag == "a" and name == "href":
        return bool(_SAFE_LINK.match(value))
    if tag == "img" and name == "src":
        return bool(_SAFE_IMAGE.fullmatch(value))
    return (tag, name) in {("img", "alt"), ("td", "colspan"), ("td", "rowspan")} or (
        tag == "th" and name in ("colspan", "rowspan", "scope")
    )


def _picture(mime: str, encoded: str) -> str:
    try:
        data = base64.b64decode(encoded.encode(), validate=False)
    except (binascii.Error, ValueError):
        return ""
    return _capped(base64.b64encode(data).decode(), lambda code: _img(mime, code))


def _img(mime: str, code: str) -> str:
    return f'<p><img alt="A picture from your notebook" src="data:{mime};base64,{code}"></p>'


def _pre(text: str) -> str:
    return f"<pre>{html.escape(plain(text))}</pre>"


def _note(text: str) -> str:
    return f"<p><em>{html.escape(text)}</em></p>"


def _capped(text: str, show) -> str:
    if len(text) > MAX_OUTPUT:
        return _note(f"A part of {len(text) / 1e6:.1f} MB is not shown.")
    return show(text)


def _within(first: str, rest: list[str]) -> str:
    kept, size = [first], len(first)
    for part in rest:
        size += len(part)
        if size > MAX_CELL:
            kept.append(_note("Further outputs of this cell are not shown."))
            break
        kept.append(part)
    return "\n".join(kept)


def _text(value: object) -> str:
    if isinstance(value, list):
        return "".join(map(str, value))
    return value if isinstance(value, str) else ""
