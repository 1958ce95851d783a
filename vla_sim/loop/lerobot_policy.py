"""A policy that LeRobot trained, by its folder, in an environment where LeRobot is installed."""

from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vla_sim.envs.crank import Crank
from vla_sim.errors import BadConfig, DamagedFile, MissingLeRobot
from vla_sim.records.observation import PICTURE, PolicyInput

IMAGE, STATE = f"observation.images.{PICTURE}", "observation.state"
_DEVICE = "cpu"
_MOST_SEEDS = 2**63


class LeRobotPolicy:
    """A policy of LeRobot's, trained on datasets that `vla-sim collect` wrote.

    It is asked at every control step, as LeRobot's own evaluation asks: chunks that are not used
    up, moments that it looks back at and blends of chunks are its own, and kept for each row.
    """

    needs_images = True
    n_action_steps = 1

    def __init__(self, policy: Any, before: Any, after: Any) -> None:
        """A policy, what makes its input, and what makes actions of its output."""
        self._policy, self._before, self._after = policy, before, after
        self._rows: dict[int, Any] = {}
        self._n_state = int(policy.config.input_features[STATE].shape[0])

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Let the rows `ids` begin anew."""
        for row in ids.tolist():
            if row in self._rows:
                self._rows[row].reset()

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """What it does now in each row, (m, 1, n_act)."""
        (images,) = told.observation.images.values()
        state = np.zeros((len(told), self._n_state), dtype=np.float32)
        state[:, : told.observation.proprio.shape[1]] = told.observation.proprio
        actions = []
        # Row by row: what it does must not depend on the batch, nor what it draws on other rows.
        for place, (row, rng) in enumerate(zip(told.row.tolist(), told.generators(), strict=True)):
            picture = torch.from_numpy(np.moveaxis(images[place], 2, 0).copy())
            batch = {
                IMAGE: picture[None].float() / 255.0,
                STATE: torch.from_numpy(state[place : place + 1]),
                "task": [told.instructions[place].text],
            }
            with torch.inference_mode(), torch.random.fork_rng(devices=[]):
                torch.manual_seed(int(rng.integers(_MOST_SEEDS)))
                action = self._after(self._of(row).select_action(self._before(batch)))
            actions.append(np.asarray(action[0].cpu(), dtype=np.float32))
        return np.stack(actions)[:, None, : told.embodiment.n_act]

    def _of(self, row: int) -> Any:
        """The row's own policy: the same weights, and a memory of its own."""
        if row not in self._rows:
            weights = (*self._policy.parameters(), *self._policy.buffers())
            self._rows[row] = deepcopy(self._policy, {id(tensor): tensor for tensor in weights})
            self._rows[row].reset()
        return self._rows[row]


def load_lerobot_policy(folder: Path, crank: Crank) -> LeRobotPolicy:
    """The policy in a folder that LeRobot's training wrote (`pretrained_model`).

    Raises:
        MissingLeRobot: If LeRobot is not installed.
        DamagedFile: If the folder holds no policy that this LeRobot reads.
        BadConfig: If it wants other pictures, another state or other actions.
    """
    try:
        configs = import_module("lerobot.configs.policies")
        factory = import_module("lerobot.policies.factory")
    except ImportError as error:
        raise MissingLeRobot(f"the policy in {folder}") from error
    try:
        config = configs.PreTrainedConfig.from_pretrained(folder)
        config.device = _DEVICE
        if hasattr(config, "pretrained_backbone_weights"):
            # All weights are in the folder: those that training began with are not fetched again.
            config.pretrained_backbone_weights = None
        policy = factory.get_policy_class(config.type).from_pretrained(folder, config=config)
        before, after = factory.make_pre_post_processors(
            config,
            pretrained_path=str(folder),
            # It may have been trained on a GPU, and be saved with that.
            preprocessor_overrides={"device_processor": {"device": _DEVICE}},
        )
    except Exception as error:  # whatever LeRobot raises about a folder
        raise DamagedFile(
            f"{folder} holds no policy that this LeRobot reads ({type(error).__name__}: {error})"
        ) from error
    policy.eval()
    _check(config, folder, crank)
    return LeRobotPolicy(policy, before, after)


def _check(config: Any, folder: Path, crank: Crank) -> None:
    """Both sides, where they differ."""
    size, body = crank.config.image_size, crank.embodiment
    seen = {name: tuple(feature.shape) for name, feature in config.input_features.items()}
    acts = {name: tuple(feature.shape) for name, feature in config.output_features.items()}
    told = []
    if set(seen) != {IMAGE, STATE}:
        told.append(f"it wants {', '.join(sorted(seen))}; here are {IMAGE}, {STATE}")
    if (picture := seen.get(IMAGE)) not in (None, (3, size, size)):
        told.append(f"{IMAGE}: it wants {picture}, {(3, size, size)} is drawn (--crank.image-size)")
    if (state := seen.get(STATE)) is not None and state[0] < body.n_proprio:
        told.append(f"{STATE}: it wants {state[0]} numbers, {body.name} has {body.n_proprio}")
    if acts.get("action", (0,))[0] < body.n_act:
        told.append(f"action: it gives {acts}, {body.name} takes {body.n_act} components")
    if told:
        raise BadConfig(f"{folder} does not fit {crank.task_id}:\n  " + "\n  ".join(told))
