"""What stable-baselines3 asks of any `VecEnv`, where all environments are one batch."""

from typing import Any, NoReturn

import gymnasium
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices

from vla_sim.errors import BadConfig, NotCopyable


class BatchVecEnv(VecEnv):
    """Slots share one batch: they have no attributes, methods, wrappers or processes of their own.

    The abstract rest of `VecEnv` is the subclass's.
    """

    def close(self) -> None:
        """Nothing to release: the batch goes with the object."""

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """An attribute of the batch, once per slot asked for."""
        return [getattr(self, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Refused: slots share one batch and have no attributes of their own."""
        raise BadConfig(f"slots have no attribute {attr_name!r} of their own; set it on the batch")

    def env_method(
        self,
        method_name: str,
        *method_args: Any,
        indices: VecEnvIndices = None,
        **method_kwargs: Any,
    ) -> list[Any]:
        """Refused: slots share one batch and have no methods of their own."""
        raise BadConfig(f"slots have no method {method_name!r} of their own; call the batch's")

    def env_is_wrapped(
        self,
        wrapper_class: type[gymnasium.Wrapper[Any, Any, Any, Any]],
        indices: VecEnvIndices = None,
    ) -> list[bool]:
        """No slot is wrapped; episodes are counted here, as a Monitor would."""
        return [False for _ in self._get_indices(indices)]

    def __reduce__(self) -> NoReturn:
        """Refused: running physics has no copy.

        Raises:
            NotCopyable: Always.
        """
        raise NotCopyable(
            "a batch of slots",
            "make another, SlotVecEnv(Crank(task_id, n), observer, config), and give it the same"
            " seeds: that gives the same episodes to the last bit",
        )
