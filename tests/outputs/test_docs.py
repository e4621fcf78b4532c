import re

import pytest
from markdown_it import MarkdownIt

from hypertrack.outputs.docs import docs_pages, render_docs
from hypertrack.outputs.templates import template_folder


def test_raw_html_is_shown_as_text() -> None:
    html = render_docs("Hi <script>alert(1)</script> <b>there</b>")

    assert "<script>" not in html and "<b>" not in html
    assert "&lt;script&gt;" in html


def test_links_out_open_apart_and_links_to_files_lead_nowhere() -> None:
    html = render_docs("[a](https://example.com/x?y=1&z=2) [b](CHANGELOG.md) [c](javascript:1)")

    assert '<a href="https://example.com/x?y=1&amp;z=2" target="_blank"' in html
    assert 'rel="noopener noreferrer">a</a>' in html
    assert "<span>b</span>" in html
    assert "href" not in html.split("</a>")[1]


def test_link_to_a_heading_finds_it() -> None:
    html = render_docs("[go](#the-five-stages)\n\n## The Five Stages\n\n## The Five Stages\n")

    assert '<a href="#doc-readme-the-five-stages">go</a>' in html
    assert '<h3 id="doc-readme-the-five-stages">' in html
    assert '<h3 id="doc-readme-the-five-stages-1">' in html


def test_picture_becomes_its_description() -> None:
    html = render_docs("![The dashboard](examples/dashboard.png)")

    assert html == "<p>[picture: The dashboard]</p>\n"


def test_linked_picture_and_link_inside_keep_their_ends() -> None:
    html = render_docs("[![badge](x.svg)](LICENSE) then [on](https://example.com)")

    assert html.count("<span>") == html.count("</span>") == 1
    assert html.count("<a ") == html.count("</a>") == 1


def test_aligned_column_carries_no_style_attribute() -> None:
    html = render_docs("| a | b |\n|---|---:|\n| 1 | 2 |\n")

    assert "style=" not in html
    assert '<td class="align-right">2</td>' in html


def test_pages_are_readme_and_index_and_what_the_index_names_in_its_order() -> None:
    pages = docs_pages()

    assert (template_folder() / "dashboard.html.j2").is_file()
    assert [page.slug for page in pages[:3]] == ["readme", "index", "recording"]
    assert pages[2].title == "Recording and reliability"
    assert pages[2].html.startswith('<h2 id="doc-recording-recording-and-reliability">')


def test_every_link_inside_the_pages_leads_to_a_page_or_a_heading() -> None:
    pages = docs_pages()
    html = "".join(page.html for page in pages)

    ids = re.findall(r' id="([^"]+)"', html)
    known = {*ids, *(f"doc-{page.slug}" for page in pages)}
    leads = set(re.findall(r'href="#([^"]+)"', html))
    assert len(known) == len(ids) + len(pages)  # each once
    assert "doc-recording-reliability" in leads
    assert leads <= known


def test_link_to_a_page_that_is_not_there_is_text() -> None:
    assert render_docs("[b](docs/none.md)") == "<p><span>b</span></p>\n"


def test_no_other_scheme_leads_out_even_where_the_parser_lets_it_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the parser takes for safe may change with its version."""
    monkeypatch.setattr(MarkdownIt, "validateLink", lambda _parser, _url: True)

    for scheme in ("javascript:alert(1)", "data:text/html,x", "ftp://example.com", "HTTPS:x"):
        assert render_docs(f"[a]({scheme})") == "<p><span>a</span></p>\n"


def test_column_without_a_name_has_no_header() -> None:
    html = render_docs("| | size |\n|---|---|\n| a | 1 |")

    assert "<td></td>\n<th>size</th>" in html
