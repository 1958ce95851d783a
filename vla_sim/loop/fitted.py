"""Fitted policies: what was made elsewhere and has shapes of its own, compared with a crank's."""

from pathlib import Path

from vla_sim.envs.crank import Crank
from vla_sim.errors import BadConfig, BadMessage
from vla_sim.loop.choice import LEROBOT, Choice, is_remote
from vla_sim.loop.policies import brought
from vla_sim.loop.policy_args import typed_arguments
from vla_sim.protocols.policy import Policy


def fitted_policy(choice: Choice, crank: Crank) -> Policy:
    """A policy from a file, a wire or a contract, for the simulations of a crank.

    Raises:
        BadConfig: If it does not fit; the error has both sides.
        BadMessage: If it answers what its contract does not say.
        DamagedFile: If its files are damaged.
        MissingExtra: If what it needs is not installed.
        PolicyUnreachable: If its server is not there.
    """
    name = choice.name
    if is_remote(name):
        from vla_sim.loop.serving.remote import RemoteConfig, remote_policy

        config = RemoteConfig(**typed_arguments(RemoteConfig, choice.args, what=name))
        return remote_policy(name, crank, contract=choice.contract, config=config)
    if name.startswith(LEROBOT):
        from vla_sim.loop.lerobot_policy import load_lerobot_policy

        return load_lerobot_policy(Path(name.removeprefix(LEROBOT)), crank)
    if name.endswith(".zip"):
        from vla_sim.loop.rl.sb3_zip import load_sb3_zip

        return load_sb3_zip(Path(name), crank)
    return _speaking(choice, crank)


def _speaking(choice: Choice, crank: Crank) -> Policy:
    """An object with `infer` of the user's own, under a contract."""
    from vla_sim.loop.serving.contracted import ObjectAsked, contracted
    from vla_sim.loop.serving.contracts import check_contract, contract_of
    from vla_sim.loop.serving.translation import Translation

    found, _ = brought(choice, crank.task_id)
    if not callable(getattr(found, "infer", None)):
        raise BadConfig(
            f"contract {choice.contract!r} for {choice.name!r}, which has no infer(observation): "
            "leave --contract away for a policy with chunk(told)"
        )
    contract = contract_of(choice.contract, crank.embodiment)
    check_contract(contract, crank)
    translation, size = Translation(contract, crank.embodiment), crank.config.image_size
    try:
        return contracted(contract, translation, ObjectAsked(found), crank.task_id, size)
    except BadMessage as error:
        raise BadMessage(f"{choice.name}: {error}") from error
