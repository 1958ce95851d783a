"""Evaluate: one call from Python, from a policy to a report that can be defended."""

from collections.abc import Mapping, Sequence

from rich.console import Console

from vla_sim.agents.ensemble import ENSEMBLE
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.rollout import rollout
from vla_sim.envs.shield.mode import ShieldMode
from vla_sim.envs.suites import SPINE, tasks_of
from vla_sim.envs.task_names import short_name
from vla_sim.errors import BadConfig
from vla_sim.loop.benching.benchmark import BENCH_SEEDS_FROM
from vla_sim.loop.benching.conditions import require_chains
from vla_sim.loop.benching.measurement import Measurement
from vla_sim.loop.choice import Choice
from vla_sim.loop.outsiders import acting_for, try_out
from vla_sim.loop.policies import check_policy
from vla_sim.loop.progress import bar_of
from vla_sim.loop.serving.contracts import check_contract_name
from vla_sim.protocols.teacher import Actor, role_of
from vla_sim.ranges import MAX_EPISODE_SEED, whole
from vla_sim.records.episode import Arm, Episode
from vla_sim.records.instruction import Language
from vla_sim.records.reports import EvalReport
from vla_sim.records.shift import Shift


def evaluate(
    policy: Actor | str,
    tasks: str | Sequence[str] = SPINE,
    *,
    episodes: int = 100,
    arms: Sequence[Arm] = ("correct",),
    languages: Sequence[Language] = ("en",),
    axis: str = "",
    severity: int = 0,
    n_instructions: int = 1,
    image_size: int = 64,
    renderer: str = "raycast",
    engine: str = "mujoco",
    first_seed: int = BENCH_SEEDS_FROM,
    n_slots: int = 16,
    n_threads: int = 1,
    proposals: int = 1,
    guidance: float = 1.0,
    ensemble: float = ENSEMBLE,
    policy_arg: Mapping[str, str] | None = None,
    contract: str = "",
    shield: ShieldMode = "off",
    progress: bool = False,
) -> EvalReport:
    """Measure a policy on fixed scenes, in this process.

    The protocol and the simulations are made from the same arguments, so the stamp of the report
    holds all that changes the numbers: two reports are comparable where their stamps are equal.
    `vla-sim bench` measures the same in several processes, under the same stamp.

    Args:
        policy: A policy, a teacher, or what `vla-sim bench --policy` takes: a name, a folder,
            or "module:name".
        tasks: Names or Gymnasium ids of tasks, or suites that are lists of tasks; your own as
            "module:name" or "path/to/file.py:name".
        episodes: Per task and arm.
        arms: What the policy is told: "correct", "empty", "swapped", "held_out", ...
        languages: Of the true instructions.
        axis: A domain axis along which all episodes leave the training distribution.
        severity: How far along it, 1 to 3.
        n_instructions: In an episode, one after the other.
        image_size: Height and width of the pictures that the policy is given [px].
        renderer: Name of the picture backend.
        engine: Name of the physics engine.
        first_seed: The scenes are first_seed, first_seed + 1, ... Those of the benchmark are
            known to everybody; who referees takes a large number of their own and tells nobody.
        n_slots: Simulations at once; results do not depend on it.
        n_threads: Threads for physics and pictures; results do not depend on it.
        proposals: Chunks that an aligned policy, given by its folder, proposes at each decision;
            what they agree on is run.
        guidance: Leads its chunks away from what they would be without words; 1: as is.
        ensemble: Share of the chunk before in what it runs of each; 0: chunks as they are.
        policy_arg: Arguments of what makes a policy that is given by its place, or of a connection.
        contract: What a policy from outside speaks, see `vla-sim contract`; "": what it says
            itself.
        shield: What stands between the policy and the robot, see `CrankConfig`.
        progress: Show a bar.

    Returns:
        Rates and means with intervals per task and arm; `run_card` says how they were measured
        and, under "role", whether a policy or a teacher acted.

    Raises:
        UnknownName: If there is no such task, policy, arm, axis, renderer or engine.
        BadConfig: If a setting is out of range, or what was given is no policy.
        BadAction: If the policy returns what is no chunk of actions for the robot.
    """
    named = policy if isinstance(policy, str) else _place(policy)
    choice = Choice(
        name=named,
        proposals=proposals,
        guidance=guidance,
        ensemble=ensemble,
        args=tuple(sorted((policy_arg or {}).items())),
        contract=contract,
        shield=shield,
    )
    check_policy(policy) if isinstance(policy, str) else role_of(policy)
    check_contract_name(contract)
    if choice.switched and not isinstance(policy, str):
        raise BadConfig(f"{choice}: these are switches of an aligned model; name its run")
    if (policy_arg or contract) and not isinstance(policy, str):
        raise BadConfig(f"{choice}: these are for a policy that is given by its place or address")
    whole(1, episodes=episodes, n_slots=n_slots, n_instructions=n_instructions)
    whole(0, MAX_EPISODE_SEED - episodes, first_seed=first_seed)
    measurement = Measurement(
        task_ids=tasks_of([tasks] if isinstance(tasks, str) else tasks),
        first_seed=first_seed,
        n_episodes=episodes,
        arms=tuple(arms),
        languages=tuple(languages),
        shift=Shift(axis=axis, severity=severity),
        n_instructions=n_instructions,
        base=CrankConfig(
            image_size=image_size,
            renderer=renderer,
            engine=engine,
            n_threads=n_threads,
            shield=shield,
        ),
    )
    measurement.check()
    plan = measurement.plan
    require_chains(plan, measurement.base)
    if isinstance(policy, str):
        try_out(choice, measurement.task_ids, measurement.crank)
    ran: list[Episode] = []
    with bar_of("evaluate", Console(quiet=not progress)) as bar:
        line = bar.add_task("", total=sum(map(len, plan.values())))
        for task_id, specs in plan.items():
            bar.update(line, description=short_name(task_id))
            crank = Crank(task_id, min(n_slots, len(specs)), measurement.crank)
            actor = acting_for(choice, crank) if isinstance(policy, str) else policy
            for _, episode in rollout(crank, actor, specs):
                ran.append(episode)
                bar.advance(line)
    return measurement.report(ran, policy=str(choice))


def _place(actor: Actor) -> str:
    """Where a policy's class lies, for the run card."""
    return f"{type(actor).__module__}:{type(actor).__qualname__}"
