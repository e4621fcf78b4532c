"""README and docs as HTML for the page: nothing in them runs, and nothing in them is fetched."""

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from hypertrack.outputs.templates import read_docs

README, INDEX = "README.md", "docs/index.md"


@dataclass(frozen=True)
class DocsPage:
    """One page of the documentation.

    Attributes:
        slug: ``doc-{slug}`` is the id that links to the page expect of what shows it; those of its
            headings begin with it.
        html: Safe to show as it is.
    """

    slug: str
    title: str
    html: Markup


@dataclass(frozen=True)
class _Source:
    """Where a page lies, for the links in it: its path, and the slugs of all pages by path."""

    path: str
    slugs: Mapping[str, str]

    @property
    def anchor(self) -> str:
        return f"doc-{self.slugs[self.path]}"

    def lead(self, target: str) -> str | None:
        """Return the anchor of what a relative link means; None where no page is there."""
        path, _, heading = target.partition("#")
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), path))
        slug = self.slugs.get(beside if path else self.path)
        if slug is None:
            return None
        return f"doc-{slug}-{heading}" if heading else f"doc-{slug}"


@cache
def docs_pages() -> tuple[DocsPage, ...]:
    """Return the README, then the pages of `docs` in the order in which its index names them."""
    texts = read_docs()
    slugs = {path: posixpath.basename(path).removesuffix(".md").lower() for path in texts}
    return tuple(
        DocsPage(slugs[path], _title(texts[path]), _render(texts[path], _Source(path, slugs)))
        for path in sorted(texts, key=lambda path: _place(path, texts.get(INDEX, "")))
    )


def render_docs(markdown: str) -> Markup:
    """Return safe HTML of one page that stands alone.

    Raw HTML is shown as text. Links lead to headings of the document or to http(s) pages; others
    become plain text. A picture becomes its description. Headings move down one level.
    """
    return _render(markdown, _Source(README, {README: "readme"}))


def _place(path: str, index: str) -> tuple[int, int]:
    """Return where a page stands: README, index, and the others as the index names them."""
    if path in {README, INDEX}:
        return 0, (README, INDEX).index(path)
    at = index.find(f"]({posixpath.basename(path)})")
    return (1, at) if at >= 0 else (2, 0)


def _title(markdown: str) -> str:
    return markdown.partition("\n")[0].lstrip("# ")


def _render(markdown: str, source: _Source) -> Markup:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = parser.parse(markdown)
    _number_headings(tokens, source.anchor)
    _unname_empty_headers(tokens)
    parser.add_render_rule("fence", _code_block)
    for token in tokens:
        _drop_inline_style(token)
        if token.children is not None:
            token.children = list(_safe_inline(token.children, source))
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def anchor(title: str) -> str:
    """Return the id that Markdown renderers give a heading: ``The Five Stages`` the-five-stages."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _number_headings(tokens: list[Token], prefix: str) -> None:
    seen: dict[str, int] = {}
    for i, token in enumerate(tokens):
        if token.type not in {"heading_open", "heading_close"}:
            continue
        token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
        if token.type == "heading_open":
            name = anchor(tokens[i + 1].content)
            count = seen[name] = seen.get(name, -1) + 1
            token.attrSet("id", f"{prefix}-{name}" + (f"-{count}" if count else ""))


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


def _code_block(
    _renderer: object, tokens: Sequence[Token], place: int, _options: object, _env: object
) -> str:
    """Return a block of code that scrolls, and so has to be reached by keyboard."""
    return f'<pre tabindex="0"><code>{escape(tokens[place].content)}</code></pre>\n'


def _safe_inline(tokens: Iterable[Token], source: _Source) -> Iterable[Token]:
    opened: list[str] = []
    for token in tokens:
        if token.type == "image":
            yield Token("text", "", 0, content=f"[picture: {token.content}]")
            continue
        if token.type == "link_open":
            opened.append(_safe_link(token, source))
        elif token.type == "link_close":
            token.tag = opened.pop()
        yield token


def _safe_link(token: Token, source: _Source) -> str:
    """Rewrite the link in place and return its tag: ``a``, or ``span`` where it leads nowhere."""
    target = str(token.attrs.get("href", ""))
    if target.startswith(("https://", "http://")):
        token.attrs = {"href": target, "target": "_blank", "rel": "noopener noreferrer"}
    elif (lead := source.lead(target)) is not None:
        token.attrs = {"href": f"#{lead}"}
    else:
        token.tag, token.attrs = "span", {}
    return token.tag
