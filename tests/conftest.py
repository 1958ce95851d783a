"""Tests of PyBullet are there where its wheel is: it has none for Python 3.12 and later.

Those of LeRobot itself are there where it is installed: `make test-lerobot` makes such a place.
Those of openpi's client are there where OPENPI_PYTHON is a Python that has it: `make test-openpi`.
Those of Ray are there where it is installed: `make test-ray`.
Those of trackio and wandb are there where both are installed: `make test-trackers`.
"""

import os
from importlib.util import find_spec

from hypothesis import settings

# How long an example takes is the machine's affair: a busy one would fail laws that hold.
settings.register_profile("vla_sim", deadline=None)
settings.load_profile("vla_sim")

collect_ignore_glob = (
    []
    if find_spec("pybullet")
    else ["physics/test_bullet_*.py", "envs/test_engines.py", "loop/test_gap.py"]
)
if not find_spec("lerobot"):
    collect_ignore_glob += ["interop"]
if not find_spec("ray"):
    collect_ignore_glob += ["on_ray"]
if not (find_spec("trackio") and find_spec("wandb")):
    collect_ignore_glob += ["trackers"]
if "OPENPI_PYTHON" not in os.environ:
    collect_ignore_glob += ["openpi"]
