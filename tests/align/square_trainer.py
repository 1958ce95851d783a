"""A trainer in the world of squares, and a step of it."""

import numpy as np

from tests.align import squares
from vla_sim.align.curriculum import CurriculumConfig
from vla_sim.align.objective import LossReport
from vla_sim.align.trainer import AlignTrainer
from vla_sim.align.trainer_config import TrainerConfig

ALL = TrainerConfig(curriculum=CurriculumConfig(first="all"))


def trainer(config: TrainerConfig = ALL, seed: int = 0) -> AlignTrainer:
    return AlignTrainer(
        config, corpus=squares.CORPUS, bodies=[squares.BODY], task_body=[0], seed=seed
    )


def one_step(learner: AlignTrainer, seed: int, n: int = 4) -> LossReport:
    rng = np.random.default_rng(seed)
    rows = squares.steps(rng, n)
    texts = squares.say_all(rng, rows)
    if not learner.wants_segments:
        return learner.step(rows, texts)
    segments = squares.segments(rng, n)
    return learner.step(rows, texts, segments, squares.say(rng, segments.meaning))
