"""Servers of somebody else's policies: held to a contract, and let fail alone."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as listen

from vla_sim.errors import BadConfig, BadMessage, PolicyUnreachable, VlaSimError
from vla_sim.loop.benching.evaluate import evaluate
from vla_sim.loop.serving.wire import pack, unpack


@contextmanager
def foreign(handler: Callable[[ServerConnection], None]) -> Iterator[str]:
    """A server of somebody else's."""
    with listen(handler, "127.0.0.1", 0, compression=None) as one:
        thread = threading.Thread(target=one.serve_forever, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{one.socket.getsockname()[1]}"
        one.shutdown()
        thread.join()


def test_a_server_that_declares_nothing_is_held_to_a_contract(tmp_path: Path) -> None:
    contract = tmp_path / "still.toml"
    contract.write_text(
        '[state]\ncomponents = ["tool_x", "joint1"]\n[actions]\nmotion = "delta"\nrate_hz = 20\n'
    )
    heard: list[dict[str, Any]] = []

    def stands_still(connection: ServerConnection) -> None:
        connection.send(pack({}))
        for data in connection:
            heard.append(unpack(bytes(data)))  # type: ignore[arg-type]  # never a text here
            connection.send(pack({"actions": np.zeros((5, 7))}))

    with foreign(stands_still) as url:
        with pytest.raises(BadConfig, match="does not say what it speaks; say it: --contract"):
            evaluate(url, "Reach", episodes=1, image_size=16)
        report = evaluate(url, "Reach", episodes=2, image_size=16, contract=str(contract))
    assert report.tasks[0].rates["success_at_end"].value == 0.0
    assert heard[-1].keys() == {"prompt", "observation/state"}
    assert heard[-1]["observation/state"][0] == pytest.approx(0.45, abs=0.15)


def answering(answer: Callable[[int], Any]) -> Callable[[ServerConnection], None]:
    """A server that answers its n-th question, over all connections, like this."""
    asked_so_far = [0]

    def handler(connection: ServerConnection) -> None:
        connection.send(pack({}))
        for _ in connection:
            asked_so_far[0] += 1
            answered = answer(asked_so_far[0])
            if answered is None:
                return
            connection.send(answered)
            if isinstance(answered, str):
                connection.close(1011)
                return

    return handler


@pytest.mark.parametrize(
    ("answer", "kind", "complaint"),
    [
        (lambda n: "Traceback ...\nOops: no weights", BadMessage, "an error: Oops: no weights"),
        (lambda n: b"\xc1", BadMessage, "no msgpack message"),
        (lambda n: pack({"actions": np.zeros((5, 8))}), BadMessage, r"\(5, 8\) came"),
        (lambda n: pack({"action": np.zeros((5, 7))}), BadMessage, "the answer holds action"),
        (lambda n: None, PolicyUnreachable, "is not to be reached"),
        (lambda n: threading.Event().wait(1.0), PolicyUnreachable, "did not answer within 0.3 s"),
    ],
    ids=["text", "garbage", "shape", "key", "gone", "slow"],
)
def test_a_server_in_trouble_is_named_before_the_first_episode(
    answer: Callable[[int], Any], kind: type[VlaSimError], complaint: str
) -> None:
    with foreign(answering(answer)) as url, pytest.raises(kind, match=complaint) as caught:
        evaluate(
            url,
            "Reach",
            episodes=1,
            image_size=224,
            contract="libero",
            policy_arg={"timeout_s": "0.3"},
        )
    assert url in str(caught.value)


def test_an_error_of_a_server_costs_its_episode_and_its_end_ends_the_bench(tmp_path: Path) -> None:
    contract = tmp_path / "mine.toml"
    contract.write_text("[actions]\nmotion = 'delta'\nrate_hz = 20\n")
    still = pack({"actions": np.zeros((5, 7))})
    asks = {"episodes": 2, "image_size": 16, "n_slots": 1, "contract": str(contract)}
    with foreign(answering(lambda n: "Oops: once" if n == 8 else still)) as url:
        report = evaluate(url, "Reach", **asks)  # type: ignore[arg-type]  # by name
    failed = report.tasks[0].rates["policy_failed"]
    assert (failed.value, failed.n) == (0.5, 2)
    assert "the server answered with an error: Oops: once" in report.run_card["policy_failure"]
    with (
        foreign(answering(lambda n: None if n == 8 else still)) as url,
        pytest.raises(PolicyUnreachable, match=url),
    ):
        evaluate(url, "Reach", **asks)  # type: ignore[arg-type]  # by name


def test_a_server_that_speaks_another_protocol_is_named() -> None:
    other = pytest.raises(BadMessage, match="speaks another protocol: its first message is 'hello")
    with foreign(lambda connection: connection.send("hello")) as url, other:
        evaluate(url, "Reach", episodes=1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(PolicyUnreachable, match=f"{url} is not to be reached"):
            evaluate(url, "Reach", episodes=1)
