"""A policy that LeRobot trained, by its folder, in an environment where LeRobot is installed."""

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


class LeRobotPolicy:
    """Chunks of a LeRobot policy, trained on datasets that `vla-sim collect` wrote."""

    needs_images = True

    def __init__(self, policy: Any, before: Any, after: Any, *, n_action_steps: int) -> None:
        self.n_action_steps = n_action_steps
        self._policy, self._before, self._after = policy, before, after

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """What it predicts for each row, (m, chunk, n_act)."""
        (images,) = told.observation.images.values()
        width = int(self._policy.config.input_features[STATE].shape[0])
        state = np.zeros((len(told), width), dtype=np.float32)
        state[:, : told.observation.proprio.shape[1]] = told.observation.proprio
        rows = []
        for place in range(len(told)):  # row by row: what it does must not depend on the batch
            picture = torch.from_numpy(np.moveaxis(images[place], 2, 0).copy())
            batch = {
                IMAGE: picture[None].float() / 255.0,
                STATE: torch.from_numpy(state[place : place + 1]),
                "task": [told.instructions[place].text],
            }
            with torch.inference_mode():
                chunk = self._policy.predict_action_chunk(self._before(batch))
                chunk = self._after(chunk)
            rows.append(np.asarray(chunk[0].cpu(), dtype=np.float32))
        return np.stack(rows)[:, :, : told.embodiment.n_act]


def load_lerobot_policy(folder: Path, crank: Crank) -> LeRobotPolicy:
    """The policy in a folder that LeRobot's training wrote (`pretrained_model`).

    Raises:
        MissingLeRobot: If LeRobot is not installed.
        DamagedFile: If the folder holds no policy that this LeRobot reads.
        BadConfig: If it wants other pictures, another state or other actions, or several moments.
    """
    try:
        configs = import_module("lerobot.configs.policies")
        factory = import_module("lerobot.policies.factory")
    except ImportError as error:
        raise MissingLeRobot(f"the policy in {folder}") from error
    try:
        config = configs.PreTrainedConfig.from_pretrained(folder)
        config.device = "cpu"
        policy = factory.get_policy_class(config.type).from_pretrained(folder, config=config)
        before, after = factory.make_pre_post_processors(config, pretrained_path=str(folder))
    except Exception as error:  # whatever LeRobot raises about a folder
        raise DamagedFile(
            f"{folder} holds no policy that this LeRobot reads ({type(error).__name__}: {error})"
        ) from error
    policy.eval()
    _check(config, folder, crank)
    return LeRobotPolicy(policy, before, after, n_action_steps=int(config.n_action_steps))


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
    if getattr(config, "n_obs_steps", 1) != 1:
        told.append(f"it looks at {config.n_obs_steps} moments at once; here it is shown one")
    if told:
        raise BadConfig(f"{folder} does not fit {crank.task_id}:\n  " + "\n  ".join(told))
