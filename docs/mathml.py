"""Write formulas as MathML, which browsers show by themselves: no script, font or download.

Sphinx's own renderers need MathJax from the network, or a LaTeX installation.
"""

from __future__ import annotations

from typing import Any

from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError


def mathml(tex: str, *, block: bool) -> str:
    """Translate a formula.

    Raises
    ------
    ExtensionError
        The formula has a command that the translation does not know.
    """
    text = tex.strip()
    if block and r"\begin" not in text and ("\\\\" in text or "&" in text):
        text = rf"\begin{{aligned}}{text}\end{{aligned}}"
    try:
        return str(tex2mathml(text, as_block=block))
    except Exception as error:
        raise ExtensionError(f"formula {tex!r}: {error}") from error


def visit_math(writer: Any, node: Any) -> None:
    """Write an inline formula."""
    writer.body.append(mathml(node.astext(), block=False))


def visit_math_block(writer: Any, node: Any) -> None:
    """Write a formula of its own line."""
    style = "overflow: auto; padding: 0.5em 0"
    formula = mathml(node.astext(), block=True)
    writer.body.append(f'<div class="formula" style="{style}">{formula}</div>')


def nothing(_writer: Any, _node: Any) -> None:
    """Leave the children out: the formula is written whole."""


def visit_and_skip(visit: Any) -> Any:
    """Return a visitor that writes a node and skips its children."""
    from docutils import nodes

    def visitor(writer: Any, node: Any) -> None:
        visit(writer, node)
        raise nodes.SkipNode

    return visitor


def setup(app: Sphinx) -> dict[str, object]:
    """Register the renderer under the name ``mathml``."""
    app.add_html_math_renderer(
        "mathml",
        (visit_and_skip(visit_math), nothing),
        (visit_and_skip(visit_math_block), nothing),
    )
    return {"parallel_read_safe": True, "parallel_write_safe": True}
