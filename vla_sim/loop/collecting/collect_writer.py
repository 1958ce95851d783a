"""A writer that works beside the simulators: pictures are packed while the next ones are drawn."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from vla_sim.records.episode import Episode
from vla_sim.records.triple import Rows
from vla_sim.triples.lerobot.writer import LeRobotWriter

_MOST_WAITING = 64
"""Episodes in memory; beyond, the simulators wait for the disk."""


class BackgroundWriter:
    """Hands episodes to a LeRobotWriter in one thread, in the order given.

    Packing, hashing and disk work leave Python free, so on two cores this costs the simulators
    little. Leaving the block waits for all of it and closes the dataset, after Ctrl-C too.
    """

    def __init__(self, writer: LeRobotWriter) -> None:
        self.writer = writer
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")
        self._waiting: deque[Future[None]] = deque()

    def add_episode(self, episode: Episode, labels: Rows) -> None:
        """Queue an episode.

        Raises:
            VlaSimError: What went wrong with an earlier one.
        """
        while self._waiting and (self._waiting[0].done() or len(self._waiting) >= _MOST_WAITING):
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(self.writer.add_episode, episode, labels))

    def __enter__(self) -> "BackgroundWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown(wait=True)
        self.writer.__exit__(kind, error, trace)
        if error is None:
            for written in self._waiting:
                written.result()
