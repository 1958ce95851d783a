"""MuJoCo's log: its warnings stay on the terminal and out of the user's working folder."""

import mujoco

_DEFAULT = "MUJOCO_LOG.TXT"


def keep_no_log_file() -> None:
    """Stop MuJoCo from writing MUJOCO_LOG.TXT wherever the process runs.

    A simulation that diverges is counted and reported by the world that steps it. A log file of
    another name is the user's own wish and stays.
    """
    config = mujoco.MjLogConfig.get()
    if config.logto_file and config.logfile == _DEFAULT:
        config.logto_file = False
        mujoco.MjLogConfig.set(config)
