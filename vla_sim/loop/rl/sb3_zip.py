"""A zip of stable-baselines3: PPO, A2C, SAC, TD3 or DQN's kin, trained on our Gymnasium face.

What such a zip holds is pickled: loading one runs what it says. Load what you trust.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.save_util import load_from_zip_file

from vla_sim.envs.crank import Crank
from vla_sim.envs.faces.spaces import action_space, encode_instruction, observation_space
from vla_sim.errors import BadConfig, DamagedFile
from vla_sim.records.observation import PolicyInput

Show = Callable[[PolicyInput], NDArray[Any]]
_SHOWN: Mapping[str, Show] = {
    "image": lambda told: next(iter(told.observation.images.values())),
    "proprio": lambda told: told.observation.proprio,
    "instruction": lambda told: np.stack([encode_instruction(s.text) for s in told.instructions]),
}
"""What of a policy's input the members of the native observation are."""


class Sb3Policy:
    """The deterministic action of a policy of stable-baselines3, one per control step."""

    n_action_steps = 1

    def __init__(self, policy: Any, members: Mapping[str, "_Member"], *, is_dict: bool) -> None:
        self.needs_images = "image" in members
        self._policy = policy
        self._members = members
        self._is_dict = is_dict

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """The action for each row, (m, 1, n_act)."""
        seen = {
            name: member.as_trained(_SHOWN[name](told)) for name, member in self._members.items()
        }
        rows = []
        for place in range(len(told)):
            # Row by row: a product of matrices rounds by how many rows there are.
            row = {name: values[place : place + 1] for name, values in seen.items()}
            shown = row if self._is_dict else next(iter(row.values()))
            action, _ = self._policy.predict(shown, deterministic=True)
            rows.append(action)
        return np.asarray(rows, dtype=np.float32)


class _Member:
    """One part of an observation, in the axes that it was trained in."""

    def __init__(self, *, channels_first: bool) -> None:
        self._channels_first = channels_first

    def as_trained(self, values: NDArray[Any]) -> NDArray[Any]:
        """SB3 turns pictures (h, w, 3) into (3, h, w) by itself, and stores that space."""
        return np.moveaxis(values, 3, 1) if self._channels_first else values


def load_sb3_zip(path: Path, crank: Crank) -> Sb3Policy:
    """The policy of a zip that `model.save` wrote, for the task of a crank.

    Its observation is the native one of `gymnasium.make`, some members of it as a Dict, or one
    member alone as a Box.

    Raises:
        DamagedFile: If it is no zip of stable-baselines3, or cannot be read here.
        BadConfig: If its spaces are not those of the task; the error has both sides.
    """
    torch.set_num_threads(1)
    try:
        data, params, _ = load_from_zip_file(path, device="cpu")
        assert data is not None
        trained_on, acts_in = data["observation_space"], data["action_space"]
        make = data["policy_class"]
    except Exception as error:  # a zip of anything, and pickles of anything in it
        raise DamagedFile(
            f"{path} is no zip of stable-baselines3 that can be read here "
            f"({type(error).__name__}: {error})"
        ) from error
    ours = observation_space(crank.embodiment, crank.config.image_size)
    members = _members(trained_on, ours)
    if members is None:
        raise BadConfig(
            f"{path} was trained on another observation than {crank.task_id} has:\n  it wants "
            f"{trained_on}\n  here is {ours}\n  a Dict of some of its members, or one of them, "
            "fits; pictures of another size come by --crank.image-size"
        )
    wanted = action_space(crank.embodiment)
    if acts_in != wanted:
        raise BadConfig(f"{path} acts in {acts_in}; {crank.task_id} takes {wanted}")
    try:
        kwargs = data.get("policy_kwargs", {})
        if issubclass(make, ActorCriticPolicy):
            # PPO and A2C give it apart from these, the others among them.
            kwargs = {"use_sde": data.get("use_sde", False), **kwargs}
        policy = make(trained_on, acts_in, lambda _: 0.0, **kwargs)
        policy.load_state_dict(params["policy"])
    except (KeyError, RuntimeError, TypeError, AttributeError) as error:
        raise DamagedFile(f"{path}: its weights do not fit its policy: {error}") from error
    policy.set_training_mode(False)
    return Sb3Policy(policy, members, is_dict=isinstance(trained_on, spaces.Dict))


def _members(wanted: Any, ours: spaces.Dict) -> dict[str, _Member] | None:
    """The members of our observation that a space is made of; None where it is not."""
    if isinstance(wanted, spaces.Dict):
        found = {
            name: _member(space, ours[name]) if name in ours.spaces else None
            for name, space in wanted.items()
        }
        known = {name: member for name, member in found.items() if member is not None}
        return known if known and len(known) == len(found) else None
    fitting = {
        name: member
        for name, space in ours.items()
        if (member := _member(wanted, space)) is not None
    }
    return fitting if len(fitting) == 1 else None


def _member(wanted: Any, ours: spaces.Space[Any]) -> _Member | None:
    assert isinstance(ours, spaces.Box)
    if not isinstance(wanted, spaces.Box) or wanted.dtype != ours.dtype:
        return None
    if wanted.shape == ours.shape:
        return _Member(channels_first=False)
    is_picture = len(ours.shape) == 3
    if is_picture and wanted.shape == (ours.shape[2], *ours.shape[:2]):
        return _Member(channels_first=True)
    return None
