"""Acting: the settings of who acts, the same for every verb that takes a policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vla_sim.agents.ensemble import ENSEMBLE
from vla_sim.loop.choice import Asked, Choice
from vla_sim.loop.policies import check_policy
from vla_sim.loop.serving.contracts import check_contract_name


@dataclass(frozen=True, kw_only=True)
class Acting:
    """Settings of a policy and its switches."""

    policy: str = "expert"
    """expert, random, zero; a folder: of a checkpoint, an alignment run, or an RL policy;
    "retrieval:" and the folder of an alignment run; one of your own, as module:name or
    path/to/file.py:name; a server's, as ws://host:port; a zip of stable-baselines3; or "lerobot:"
    and a folder."""
    proposals: int = 1
    """Wordings of what was said by which an aligned policy proposes chunks at each decision; what
    they agree on, by its aligned space, is run."""
    guidance: float = 1.0
    """Leads an aligned policy's chunks away from what they would be without words; 1: as is."""
    ensemble: float = ENSEMBLE
    """Share of the chunk before in what an aligned policy runs of each chunk; 0: chunks as they
    are."""
    policy_arg: Mapping[str, str] = field(default_factory=dict)
    """Arguments of what makes a policy of your own, name=value."""
    contract: str = ""
    """What a policy from outside speaks; empty: what it says itself."""

    @property
    def choice(self: Asked) -> Choice:
        """The policy with its switches."""
        return Choice.of(self)

    def check_actor(self: Asked) -> None:
        """Refuse a policy that there is not, and switches that it does not have.

        Raises:
            BadConfig: If a switch is out of range or contradicts the policy.
            UnknownName: If there is no such policy or contract.
        """
        check_policy(Choice.of(self).name)
        check_contract_name(self.contract)
