"""The README as HTML for the page: nothing in it runs, and nothing in it is fetched."""

import re
from collections.abc import Iterable

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

ANCHOR_PREFIX = "doc-"


def render_docs(markdown: str) -> Markup:
    """Return safe HTML.

    Raw HTML is shown as text. Links lead to headings of the document or to http(s) pages; others
    become plain text. A picture becomes its description. Headings move down one level.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = parser.parse(markdown)
    _number_headings(tokens)
    _unname_empty_headers(tokens)
    for token in tokens:
        _drop_inline_style(token)
        if token.children is not None:
            token.children = list(_safe_inline(token.children))
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def anchor(title: str) -> str:
    """Return the id that Markdown renderers give a heading: ``The Five Stages`` the-five-stages."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _number_headings(tokens: list[Token]) -> None:
    seen: dict[str, int] = {}
    for i, token in enumerate(tokens):
        if token.type not in {"heading_open", "heading_close"}:
            continue
        token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
        if token.type == "heading_open":
            name = anchor(tokens[i + 1].content)
            count = seen[name] = seen.get(name, -1) + 1
            token.attrSet("id", ANCHOR_PREFIX + (f"{name}-{count}" if count else name))


def _unname_empty_headers(tokens: list[Token]) -> None:
    """Make a cell of what heads a column and says nothing: a reader would be told of a header."""
    for opened, content, closed in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opened.type == "th_open" and not content.content:
            opened.tag = closed.tag = "td"


def _drop_inline_style(token: Token) -> None:
    """Turn a column's alignment into a class: the page's policy allows no style attribute."""
    style = token.attrs.pop("style", None)
    if style is not None:
        token.attrSet("class", str(style).replace("text-align:", "align-"))


def _safe_inline(tokens: Iterable[Token]) -> Iterable[Token]:
    opened: list[str] = []
    for token in tokens:
        if token.type == "image":
            yield Token("text", "", 0, content=f"[picture: {token.content}]")
            continue
        if token.type == "link_open":
            opened.append(_safe_link(token))
        elif token.type == "link_close":
            token.tag = opened.pop()
        yield token


def _safe_link(token: Token) -> str:
    """Rewrite the link in place and return its tag: ``a``, or ``span`` where it leads nowhere."""
    target = str(token.attrs.get("href", ""))
    if target.startswith("#"):
        token.attrs = {"href": f"#{ANCHOR_PREFIX}{target[1:]}"}
    elif target.startswith(("https://", "http://")):
        token.attrs = {"href": target, "target": "_blank", "rel": "noopener noreferrer"}
    else:
        token.tag, token.attrs = "span", {}
    return token.tag
