"""Settings of an alignment run."""

from dataclasses import dataclass, field
from pathlib import Path

from vla_sim.agents.taught import check_taught
from vla_sim.envs.streams import TRAIN_SEEDS_FROM
from vla_sim.envs.suites import SPINE, tasks_of
from vla_sim.envs.task_names import short_name
from vla_sim.envs.tasks import check_engines
from vla_sim.errors import BadConfig
from vla_sim.eval.stopping import StoppingConfig
from vla_sim.loop.aligning.given import DataMemory
from vla_sim.loop.aligning.learner import LearnerConfig
from vla_sim.loop.evaluation import FINETUNE_SEEDS_FROM, GALLERY_SEEDS_FROM, ONLINE_SEEDS_FROM
from vla_sim.loop.paths import with_paths
from vla_sim.loop.simulating.simulators import StationConfig
from vla_sim.loop.tracking.tracker import TrackerName, check_tracker
from vla_sim.ranges import MAX_SEED, above, some, whole, within

VERB = "align"
MAY_CHANGE = (
    "out",
    "resume",
    "data",
    "picture_cache",
    "data_memory",
    "max_updates",
    "max_seconds",
    "stopping.patience",
    "stopping.target_success",
    "stopping.target_task_success",
    "stopping.target_retrieval",
    "n_processes",
    "simulators.crank.n_threads",
    "track",
)
"""Settings that a run may go on with otherwise: budgets, when to stop, places, and what changes no
result. What makes a report the best stays: checkpoints are named by it."""


@dataclass(frozen=True, kw_only=True)
class AlignRun:
    """One alignment run."""

    out: Path = Path("runs/align")
    """Run folder."""
    resume: bool = False
    """Go on with the run in OUT from its last evaluation."""
    seed: int = 0
    """Seed of weights, batches and training scenes: equal seeds give equal runs."""
    tasks: tuple[str, ...] = tuple(short_name(t) for t in SPINE)
    """Tasks and suites by name, see `vla-sim list tasks`; your own as path/to/file.py:name."""
    data: Path | None = None
    """Train from this dataset instead of from the running simulators. Its tasks are evaluated, with
    pictures of its size, unless others are named."""
    picture_cache: Path | None = None
    """Folder for the decoded pictures of the dataset; None for the one that the environment
    variable VLA_SIM_PICTURE_CACHE names, or else one inside the dataset."""
    data_memory: DataMemory = "auto"
    """Where the dataset's rows are drawn from: "ring" holds as many in memory as have room there
    and leaves the others out, "disk" leaves all of them in files; "auto" for "disk" where they
    would not all have room. Batches are the same as long as they have."""
    max_updates: int = 3_600
    """Budget: updates of the model. The learning rate falls with it, and equal seeds and settings
    give equal weights to the last bit, however busy the machine is."""
    max_seconds: float | None = None
    """Cap on the time of training; the run says what it cut. None for no cap."""
    updates_per_round: int = 100
    updates_per_evaluation: int = 250
    """Updates while the simulators evaluate, which takes longer than to collect."""
    warm_up_rows: int = 1024
    """Step triples of the experts per task before the first update."""
    rows_per_round: int = 128
    """Step triples per task and round."""
    last_expert_share: float = 0.3
    """The expert acts always at first; its share falls to this by mid-run."""
    rounds_per_evaluation: int = 8
    online_episodes: int = 32
    """Episodes per task in an evaluation during training."""
    gallery_per_task: int = 66
    """Held-out episodes per task in the retrieval gallery."""
    n_processes: int | None = None
    """Processes for the simulators beside the trainer's; 0 to run them in the trainer's own, in
    turn with it; None for one on each core but the trainer's. The run is the same to the bit."""
    track: TrackerName = ""
    """Send losses, evaluations and rates to "tensorboard" (files in OUT), "trackio" or "wandb" as
    well; empty for none."""
    learner: LearnerConfig = field(default_factory=LearnerConfig)
    simulators: StationConfig = field(default_factory=StationConfig)
    stopping: StoppingConfig = field(default_factory=StoppingConfig)

    def __post_init__(self) -> None:
        with_paths(self)
        check_tracker(self.track)
        some(tasks=self.task_ids)
        check_taught(self.task_ids)
        check_engines(self.task_ids, self.simulators.crank.engine)
        whole(0, MAX_SEED, seed=self.seed)
        whole(0, n_processes=self.n_processes)
        whole(
            1,
            updates_per_round=self.updates_per_round,
            updates_per_evaluation=self.updates_per_evaluation,
            warm_up_rows=self.warm_up_rows,
            rows_per_round=self.rows_per_round,
            rounds_per_evaluation=self.rounds_per_evaluation,
            max_updates=self.max_updates,
        )
        if self.data_memory == "disk" and self.data is None:
            raise BadConfig(
                'data_memory is "disk", and there is no dataset: name one with --data, or leave '
                "the setting away"
            )
        above(0, max_seconds=self.max_seconds)
        whole(1, FINETUNE_SEEDS_FROM - ONLINE_SEEDS_FROM, online_episodes=self.online_episodes)
        whole(2, TRAIN_SEEDS_FROM - GALLERY_SEEDS_FROM, gallery_per_task=self.gallery_per_task)
        within(0, 1, last_expert_share=self.last_expert_share)
        self.learner.trainer.contrast.require_time(self.max_updates)

    @property
    def task_ids(self) -> tuple[str, ...]:
        """Gymnasium ids of the tasks, each once."""
        return tasks_of(self.tasks)
