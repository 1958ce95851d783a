"""The tasks of vla-sim in LeRobot; importing this makes `--env.type=vla_sim` known to it.

Where LeRobot is not installed there is nobody to tell, and the environment server runs.
"""

from importlib.util import find_spec

if find_spec("lerobot"):
    from lerobot_env_vla_sim.env_config import VlaSimEnv as VlaSimEnv
