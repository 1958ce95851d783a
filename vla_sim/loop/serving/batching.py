"""Batching: what several clients ask at about the same time is answered in one inference.

Inference runs in one thread of its own: the event loop stays free to take messages, and while one
batch is inferred the next gathers.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Batcher(Generic[Q, A]):
    """Gathers questions and hands them on together.

    Attributes:
        n_batches: Inferences so far.
        n_answered: Questions answered so far.
    """

    def __init__(
        self, answers: Callable[[Sequence[Q]], Sequence[A]], *, most: int, window_s: float
    ) -> None:
        """A batcher; `run` has to be running for anything to be answered.

        Args:
            answers: An answer to each of some questions, in the same order.
            most: Questions in one inference.
            window_s: How long the first question waits for others.
        """
        self._answers = answers
        self._most, self._window_s = most, window_s
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._came = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")
        self.expected = 0
        self.n_batches = 0
        self.n_answered = 0

    async def ask(self, question: Q) -> A:
        """The answer, once a batch with the question in it has been inferred."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        self._came.set()
        return await future

    async def on_thread(self, call: Callable[[], None]) -> None:
        """Run something where the inferences run, between two of them."""
        await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def run(self) -> None:
        """Answer until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._came.wait()
            await self._gather()
            taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            if not self._waiting:
                self._came.clear()
            # Who hung up meanwhile needs no answer.
            batch = [(question, future) for question, future in taken if not future.done()]
            if not batch:
                continue
            questions = [question for question, _ in batch]
            try:
                answers = await loop.run_in_executor(self._thread, self._answers, questions)
            except Exception as error:  # it costs these clients their connection, not the server
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            self.n_batches += 1
            self.n_answered += len(batch)
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)

    async def _gather(self) -> None:
        """Wait for more, until all who may ask have asked, or the window closes."""
        ends = asyncio.get_running_loop().time() + self._window_s
        while len(self._waiting) < min(self.expected, self._most):
            left_s = ends - asyncio.get_running_loop().time()
            if left_s <= 0.0:
                return
            self._came.clear()
            try:
                await asyncio.wait_for(self._came.wait(), left_s)
            except TimeoutError:
                return

    def close(self) -> None:
        """End the thread, after the inference that runs now."""
        self._thread.shutdown(wait=True, cancel_futures=True)
