"""Comfort: bounds that a passenger, or the one beside the arm, would set."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from vla_sim.records.embodiment import Embodiment
from vla_sim.records.episode import Episode

Floats = NDArray[np.float64]


class Comfort(Protocol):
    """How far each bound was used: 1 is the bound itself."""

    def signals(self, episode: Episode, embodiment: Embodiment) -> dict[str, Floats]:
        """{bound: use of it over the episode}; empty where the episode is too short to say."""
        ...


def peak_use(comfort: Comfort, episode: Episode, embodiment: Embodiment) -> dict[str, float]:
    """{bound: largest use of it}; NaN where the episode is too short to say."""
    signals = comfort.signals(episode, embodiment)
    return {name: float(s.max()) if len(s) else np.nan for name, s in signals.items()}


def rms_use(comfort: Comfort, episode: Episode, embodiment: Embodiment) -> dict[str, float]:
    """{bound: root mean square use of it, what goes the other way as none}; NaN where too short."""
    signals = comfort.signals(episode, embodiment)
    return {
        name: float(np.sqrt(np.mean(np.maximum(s, 0.0) ** 2))) if len(s) else np.nan
        for name, s in signals.items()
    }


@dataclass(frozen=True, kw_only=True)
class ArmComfort:
    """A share of the hardware limits of every motion group.

    Source: MoveIt's joint_limits.yaml for the Panda plans with 25 % of Franka's accelerations; the
    same share is taken of the jerk.
    """

    acceleration_share: float = 0.25
    jerk_share: float = 0.25

    def signals(self, episode: Episode, embodiment: Embodiment) -> dict[str, Floats]:
        """{"<group>/acceleration", "<group>/jerk"}: the norm in each step by its bound."""
        used: dict[str, Floats] = {}
        for group in embodiment.motion:
            acceleration = episode.acceleration[:, embodiment.motion_slice(group.name)]
            jerk = np.diff(acceleration, axis=0) / episode.control_dt_s
            for name, signal, bound in (
                ("acceleration", acceleration, self.acceleration_share * group.acceleration_limit),
                ("jerk", jerk, self.jerk_share * group.jerk_limit),
            ):
                used[f"{group.name}/{name}"] = np.linalg.norm(signal, axis=1) / bound
        return used


@dataclass(frozen=True, kw_only=True)
class CarComfort:
    """nuPlan's bounds on the planar motion of the controlled point.

    Source: nuPlan's metrics_description.md (also used by navsim and Bench2Drive). Signals are
    smoothed as there, except that a window takes a third of a short episode at most, and that the
    samples at which a filter window hangs over the edge are dropped: extrapolated ends are not
    motion.
    """

    acceleration_forward: float = 2.40
    """[m/s^2]"""
    acceleration_backward: float = 4.05
    """[m/s^2]"""
    acceleration_lateral: float = 4.89
    """[m/s^2]"""
    yaw_rate: float = 0.95
    """[rad/s]"""
    yaw_acceleration: float = 1.93
    """[rad/s^2]"""
    jerk_longitudinal: float = 4.13
    """[m/s^3]"""
    jerk: float = 8.37
    """Rate of change of the acceleration's norm [m/s^3]."""

    def signals(self, episode: Episode, embodiment: Embodiment) -> dict[str, Floats]:
        """Use of each of nuPlan's bounds; the embodiment's own limits are not needed."""
        del embodiment
        dt_s = episode.control_dt_s
        yaw = np.unwrap(np.arctan2(episode.proprio[:, 4], episode.proprio[:, 3]).astype(float))
        # The simulator's positions carry no noise, so plain differences are exact enough.
        velocity = np.diff(episode.point[:, :2], axis=0) / dt_s  # (T, 2), at mid-step
        world = np.diff(velocity, axis=0) / dt_s  # (T - 1, 2), at the inner states
        ahead = np.stack([np.cos(yaw[1:-1]), np.sin(yaw[1:-1])], axis=1)
        forward = (world * ahead).sum(axis=1)
        lateral = ahead[:, 0] * world[:, 1] - ahead[:, 1] * world[:, 0]
        smooth_forward = _smooth(forward, order=2, window=8)
        smooth_lateral = _smooth(lateral, order=2, window=8)
        smooth_norm = np.hypot(smooth_forward, smooth_lateral)
        long_jerk = _smooth(smooth_forward, order=2, window=15, derivative=1, dt_s=dt_s)
        jerk = _smooth(smooth_norm, order=2, window=15, derivative=1, dt_s=dt_s)
        yaw_rate = _smooth(yaw, order=2, window=15, derivative=1, dt_s=dt_s)
        yaw_acceleration = _smooth(yaw, order=3, window=15, derivative=2, dt_s=dt_s)
        return {
            "acceleration_forward": smooth_forward / self.acceleration_forward,
            "acceleration_backward": -smooth_forward / self.acceleration_backward,
            "acceleration_lateral": np.abs(smooth_lateral) / self.acceleration_lateral,
            "yaw_rate": np.abs(yaw_rate) / self.yaw_rate,
            "yaw_acceleration": np.abs(yaw_acceleration) / self.yaw_acceleration,
            "jerk_longitudinal": np.abs(long_jerk) / self.jerk_longitudinal,
            "jerk": np.abs(jerk) / self.jerk,
        }


def _smooth(
    signal: Floats, *, order: int, window: int, derivative: int = 0, dt_s: float = 1.0
) -> Floats:
    """Savitzky-Golay without the samples whose window hangs over an edge; empty if too short."""
    n = len(signal)
    width = min(window, max(n // 3, order + 2))
    if width > n or not np.isfinite(signal).all():
        return np.empty(0)
    filtered = savgol_filter(signal, width, order, deriv=derivative, delta=dt_s, mode="interp")
    return np.asarray(filtered[(width - 1) // 2 : n - width // 2], dtype=np.float64)
