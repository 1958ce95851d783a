"""The blocks of the documents that need LeRobot run where it is; the others run in `tests/docs`."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"^```py\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_blocks_that_need_lerobot_run(language: str) -> None:
    blocks = _BLOCK.findall((DOCS / language / "lerobot.md").read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        exec(block, {"__name__": "page"})
