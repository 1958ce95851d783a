"""The documents keep their word: every Python block of every page runs.

The blocks of a page share one namespace and an empty working directory. A block whose first line
is a comment with the name of a Python file ("# my_policy.py") is that file: it is written there as
well, so that later blocks can import it.
"""

import ast
import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
LANGUAGES = ("en", "zh-CN")
_BLOCK = re.compile(r"^```python[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)
_FILE = re.compile(r"# (\w+\.py)\n")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]+)")


def blocks(page: Path) -> list[tuple[int, str]]:
    """Line number and code of each Python block."""
    text = page.read_text(encoding="utf-8")
    return [(text.count("\n", 0, m.start(1)) + 1, m.group(1)) for m in _BLOCK.finditer(text)]


def pages() -> list[Path]:
    """Every page, but for those in Chinese whose code is that of the English page.

    The same code does not do anything else in another language.
    """
    found = []
    for english in sorted((DOCS / "en").rglob("*.md")):
        chinese = DOCS / "zh-CN" / english.relative_to(DOCS / "en")
        found += [english] if said_by(english) == said_by(chinese) else [english, chinese]
    return found


def said_by(page: Path) -> list[str]:
    """What the blocks of a page say to Python, without comments and docstrings."""
    trees = [ast.parse(code) for _, code in blocks(page)]
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            del node.body[0]
    return [ast.dump(tree) for tree in trees]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(DOCS)))
def test_every_python_block_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    namespace: dict[str, object] = {"__name__": page.stem.replace("-", "_")}
    for line, code in blocks(page):
        if named := _FILE.match(code):
            (tmp_path / named.group(1)).write_text(code, encoding="utf-8")
            monkeypatch.delitem(sys.modules, Path(named.group(1)).stem, raising=False)
        # Blank lines before it, so that a traceback names the line of the page.
        exec(compile("\n" * (line - 1) + code, str(page), "exec"), namespace)


def test_both_languages_have_the_same_pages_with_the_same_code() -> None:
    pages = {
        language: {str(p.relative_to(DOCS / language)): p for p in (DOCS / language).rglob("*.md")}
        for language in LANGUAGES
    }
    english, chinese = (pages[language] for language in LANGUAGES)
    assert english.keys() == chinese.keys()
    for name, page in english.items():
        assert len(blocks(page)) == len(blocks(chinese[name])), name


def test_every_page_leads_to_the_other_language() -> None:
    for here, there in (LANGUAGES, LANGUAGES[::-1]):
        for page in (DOCS / here).rglob("*.md"):
            head = page.read_text(encoding="utf-8").split("\n\n", 2)[1]
            assert f"](../{there}/{page.name})" in head, page


def test_every_link_of_every_page_leads_somewhere() -> None:
    found = [*DOCS.rglob("*.md"), *DOCS.parent.glob("*.md")]
    assert len(found) > 40
    lost = [
        f"{page.relative_to(DOCS.parent)}: {target}"
        for page in found
        for target in _LINK.findall(_FENCED.sub("", page.read_text(encoding="utf-8")))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert lost == []
