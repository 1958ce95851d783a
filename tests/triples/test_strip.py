"""Laws of strips and of jittered clips: chosen by the seed alone, without a gap, in order."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from vla_sim.errors import BadRows
from vla_sim.records.episode import Episode
from vla_sim.records.triple import N_CLIP, Rows
from vla_sim.triples.segment import clip_frames, jittered_frames, segment
from vla_sim.triples.spec import count, strip_spec
from vla_sim.triples.strip import ONE_IN, strip

Make = Callable[..., tuple[Episode, Rows]]


def test_a_strip_is_a_stretch_of_the_episode_and_fits_its_spec(make: Make) -> None:
    episodes = [make(seed, n_steps=20)[0] for seed in range(120)]
    cuts = [(e, cut) for e in episodes if (cut := strip(e, task=1, n_steps=12)) is not None]
    assert len(cuts) == pytest.approx(120 / ONE_IN, abs=12)
    starts = set()
    for episode, cut in cuts:
        assert count(vars(cut), strip_spec(16, 16, 12)) == 1
        assert episode.images is not None
        start = next(
            k for k in range(9) if np.array_equal(episode.images[k : k + 13], cut.strip[0])
        )
        np.testing.assert_array_equal(cut.action[0], episode.actions[start : start + 12])
        assert (cut.task[0], cut.seed[0]) == (1, episode.spec.seed)
        starts.add(start)
    assert len(starts) > 4, "from anywhere in it"


def test_short_episodes_give_none_and_blind_ones_are_refused(make: Make) -> None:
    for seed in range(20):
        assert strip(make(seed, n_steps=12)[0], task=0, n_steps=13) is None
    with pytest.raises(BadRows, match="no pictures to cut a strip from"):
        strip(replace(make(0)[0], images=None), task=0, n_steps=4)


def test_jitter_moves_inner_pictures_only_and_keeps_their_order() -> None:
    rng = np.random.default_rng(0)
    seen = np.stack([jittered_frames(90, 0.45, rng) for _ in range(200)])
    assert (seen[:, [0, -1]] == [0, 90]).all()
    assert (np.diff(seen, axis=1) >= 0).all()
    assert np.abs(seen - clip_frames(90)).max() == pytest.approx(13, abs=1)
    np.testing.assert_array_equal(jittered_frames(90, 0.0, rng), clip_frames(90))


def test_a_jittered_segment_tells_the_times_of_its_own_pictures(make: Make) -> None:
    episode, _ = make(4, n_steps=60, success_from=50)
    n = episode.n_steps + 1

    def cut(jitter: float) -> tuple[np.ndarray, np.ndarray]:
        row = segment(
            episode,
            task=0,
            meaning=0,
            cell=np.zeros((n, 2), np.float32),
            cell_visible=np.zeros(n, np.bool_),
            jitter=jitter,
        )
        return row.clip[0], row.clip_time_s[0]

    clip, time_s = cut(0.4)
    assert episode.images is not None
    frames = np.rint(time_s / episode.control_dt_s).astype(int)
    assert len(frames) == N_CLIP and (frames != clip_frames(51)).any()
    np.testing.assert_array_equal(clip, episode.images[frames])
    np.testing.assert_array_equal(clip, cut(0.4)[0])
