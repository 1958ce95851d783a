"""The tasks of vla-sim in LeRobot; importing this makes `--env.type=vla_sim` known."""

from lerobot_env_vla_sim.env_config import VlaSimEnv

__all__ = ["VlaSimEnv"]
