"""A client of LeRobot's environment protocol, as its source says one speaks. LeRobot is not used.

Source:
    LeRobot's public development tree, `lerobot.env_server.client` and `lerobot.transport.zenoh`.
"""

import json
import time
import uuid
from queue import Queue
from typing import Any

import zenoh

from lerobot_env_vla_sim.envelope import Envelope, decode, encode

ROOT = "lerobot/env/v1/deployments/default"
TIMEOUT_S = 60.0


class Client:
    """One client; `open` owns a session until `close`."""

    def __init__(self, endpoint: str) -> None:
        settings = zenoh.Config()
        for name, value in {
            "mode": "peer",
            "connect/endpoints": [endpoint],
            "scouting/multicast/enabled": False,
            "scouting/gossip/enabled": False,
        }.items():
            settings.insert_json5(name, json.dumps(value))
        self._zenoh = zenoh.open(settings)
        self.instance = self.session = self.request = ""
        self.generation = 0

    def describe(self) -> Any:
        body = self.ask(f"{ROOT}/describe", "describe", {}).body
        self.instance = body["instance"]
        return body["descriptor"]

    def open(self, **body: Any) -> Any:
        said = self.ask(f"{ROOT}/instances/{self.instance}/open", "open", body)
        if said.kind == "error":
            return said.body
        self.session, self.generation = said.body["session"], said.body["generation"]
        self._token = self._zenoh.liveliness().declare_token(f"{self.place}/client_alive")
        return said.body["result"]

    @property
    def place(self) -> str:
        return f"{ROOT}/instances/{self.instance}/sessions/{self.session}"

    def operate(self, operation: str, **body: Any) -> Any:
        """What an operation comes to; of a refusal its body, with the code."""
        of_its_own = operation in ("reset", "step")
        key = f"{self.place}/{operation}" if of_its_own else f"{self.place}/control"
        said = self.ask(key, "control", body if of_its_own else {**body, "operation": operation})
        self.generation = said.body.get("generation", self.generation)
        return said.body

    def ask(self, key: str, kind: str, body: dict[str, Any]) -> Envelope:
        self.request = uuid.uuid4().hex
        asked = Envelope(
            kind=kind,
            instance=self.instance,
            session=self.session,
            generation=self.generation,
            request=self.request,
            body=body,
        )
        said = decode(self.send(key, encode(asked)))
        assert (said.request, said.generation) == (asked.request, asked.generation)
        assert said.kind in ("error", "ack" if self.session else "accepted")
        return said

    def send(self, key: str, data: bytes) -> bytes:
        until_s = time.monotonic() + TIMEOUT_S
        with self._zenoh.declare_querier(key) as querier:
            while not querier.matching_status.matching:
                assert time.monotonic() < until_s, f"nobody answers at {key}"
                time.sleep(0.005)
        replies: Queue[Any] = Queue()
        self._zenoh.get(
            key,
            replies.put,
            payload=data,
            timeout=TIMEOUT_S,
            target=zenoh.QueryTarget.ALL,
            consolidation=zenoh.ConsolidationMode.NONE,
        )
        reply = replies.get(timeout=TIMEOUT_S)
        assert reply.ok is not None
        return bytes(reply.ok.payload.to_bytes())

    def close(self) -> None:
        self._zenoh.close()
