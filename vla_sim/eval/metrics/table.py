"""All metrics by name."""

from vla_sim.eval.metric import Metric
from vla_sim.eval.metrics.collision_delta_v import collision_delta_v
from vla_sim.eval.metrics.comfort_peak import comfort_peak
from vla_sim.eval.metrics.comfort_rms import comfort_rms
from vla_sim.eval.metrics.comfortable import comfortable
from vla_sim.eval.metrics.diverged import diverged
from vla_sim.eval.metrics.graded_progress import graded_progress
from vla_sim.eval.metrics.instructions_completed import instructions_completed
from vla_sim.eval.metrics.manner_kept import manner_kept
from vla_sim.eval.metrics.overtake_order import overtake_order
from vla_sim.eval.metrics.peak_jerk import peak_jerk
from vla_sim.eval.metrics.rms_jerk import rms_jerk
from vla_sim.eval.metrics.smoothness import log_dimensionless_jerk
from vla_sim.eval.metrics.speed_adherence import speed_adherence
from vla_sim.eval.metrics.spl import spl
from vla_sim.eval.metrics.stale_steps_fraction import stale_steps_fraction
from vla_sim.eval.metrics.success_at_end import success_at_end
from vla_sim.eval.metrics.success_held import success_held
from vla_sim.eval.metrics.success_once import success_once
from vla_sim.eval.metrics.time_over_optimal import time_over_optimal
from vla_sim.eval.metrics.time_s import time_s
from vla_sim.eval.metrics.typical_speed import typical_speed
from vla_sim.eval.metrics.within_limits import within_limits

METRICS_VERSION = 1
"""Raised when a metric comes out otherwise of the same episode: its protocols are others then, and
results from before are not compared. A metric that is added raises nothing."""
NUPLAN = "nuPlan, arXiv 2106.11810"

METRICS: dict[str, Metric] = {
    "success_once": Metric(of=success_once, kind="rate", better="higher"),
    "success_at_end": Metric(of=success_at_end, kind="rate", better="higher"),
    "success_held": Metric(of=success_held, kind="rate", better="higher"),
    "graded_progress": Metric(
        of=graded_progress, kind="mean", better="higher", source="VLABench, arXiv 2412.18194"
    ),
    "manner_kept": Metric(of=manner_kept, kind="rate", better="higher"),
    "comfortable": Metric(of=comfortable, kind="rate", better="higher", source=NUPLAN),
    "comfort_peak": Metric(of=comfort_peak, kind="mean", better="lower", source=NUPLAN),
    "comfort_rms": Metric(of=comfort_rms, kind="mean", better="lower", source=NUPLAN),
    "within_limits": Metric(of=within_limits, kind="rate", better="higher"),
    "diverged": Metric(of=diverged, kind="rate", better="lower"),
    "instructions_completed": Metric(
        of=instructions_completed,
        kind="mean",
        better="higher",
        source="CALVIN, arXiv 2112.03227",
    ),
    "spl": Metric(of=spl, kind="mean", better="higher", source="arXiv 1807.06757"),
    "time_s": Metric(of=time_s, kind="mean", unit="s", better="lower"),
    "time_over_optimal": Metric(
        of=time_over_optimal, kind="mean", better="lower", source="Bobrow et al. 1985"
    ),
    "typical_speed": Metric(of=typical_speed, kind="mean", unit="m/s"),
    "speed_adherence": Metric(
        of=speed_adherence, kind="mean", better="higher", source="Bench2Drive-Speed"
    ),
    "overtake_order": Metric(
        of=overtake_order, kind="rate", better="higher", source="Bench2Drive-Speed"
    ),
    "rms_jerk": Metric(of=rms_jerk, kind="mean", unit="m/s^3", better="lower"),
    "peak_jerk": Metric(of=peak_jerk, kind="mean", unit="m/s^3", better="lower"),
    "log_dimensionless_jerk": Metric(
        of=log_dimensionless_jerk, kind="mean", better="lower", source="Hogan and Sternad 2009"
    ),
    "collision_delta_v": Metric(
        of=collision_delta_v, kind="mean", unit="m/s", better="lower", source="NHTSA's delta-v"
    ),
    "stale_steps_fraction": Metric(
        of=stale_steps_fraction, kind="mean", better="lower", source="vla-eval, RFC 0001"
    ),
}
"""Of one episode. Counted by name are violations (`metrics/violations.py`) and events
(`eval/events.py`); what takes several episodes is in `eval/across/table.py`."""
