"""All metrics by name."""

from vla_sim.eval.metric import Metric
from vla_sim.eval.metrics.comfortable import comfortable
from vla_sim.eval.metrics.diverged import diverged
from vla_sim.eval.metrics.instructions_completed import instructions_completed
from vla_sim.eval.metrics.manner_kept import manner_kept
from vla_sim.eval.metrics.peak_jerk import peak_jerk
from vla_sim.eval.metrics.rms_jerk import rms_jerk
from vla_sim.eval.metrics.smoothness import log_dimensionless_jerk
from vla_sim.eval.metrics.spl import spl
from vla_sim.eval.metrics.success_at_end import success_at_end
from vla_sim.eval.metrics.success_once import success_once
from vla_sim.eval.metrics.time_s import time_s
from vla_sim.eval.metrics.typical_speed import typical_speed

METRICS: dict[str, Metric] = {
    "success_once": Metric(of=success_once, kind="rate", better="higher"),
    "success_at_end": Metric(of=success_at_end, kind="rate", better="higher"),
    "manner_kept": Metric(of=manner_kept, kind="rate", better="higher"),
    "comfortable": Metric(of=comfortable, kind="rate", better="higher"),
    "diverged": Metric(of=diverged, kind="rate", better="lower"),
    "instructions_completed": Metric(of=instructions_completed, kind="mean", better="higher"),
    "spl": Metric(of=spl, kind="mean", better="higher"),
    "time_s": Metric(of=time_s, kind="mean", unit="s", better="lower"),
    "typical_speed": Metric(of=typical_speed, kind="mean", unit="m/s"),
    "rms_jerk": Metric(of=rms_jerk, kind="mean", unit="m/s^3", better="lower"),
    "peak_jerk": Metric(of=peak_jerk, kind="mean", unit="m/s^3", better="lower"),
    "log_dimensionless_jerk": Metric(of=log_dimensionless_jerk, kind="mean", better="lower"),
}
"""Violations are not here: they are counted by name, see `metrics/violations.py`."""
