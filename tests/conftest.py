"""Tests of PyBullet are there where its wheel is: it has none for Python 3.12 and later."""

from importlib.util import find_spec

collect_ignore_glob = (
    []
    if find_spec("pybullet")
    else ["physics/test_bullet_*.py", "envs/test_engines.py", "loop/test_gap.py"]
)
