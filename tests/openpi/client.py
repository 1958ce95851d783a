"""openpi's own client, for another process: observations in on stdin, answers out on stdout.

It runs where openpi-client is installed, which is not where this package is: their pins of numpy
exclude each other. A message is 8 bytes of length and openpi's encoding.
"""

import struct
import sys
from typing import Any

from openpi_client import action_chunk_broker, msgpack_numpy, websocket_client_policy


def main() -> None:
    """Ask the server at host and port for every observation; argument 3 is a broker's horizon."""
    out = sys.stdout.buffer
    policy: Any = websocket_client_policy.WebsocketClientPolicy(sys.argv[1], int(sys.argv[2]))
    _write(out, policy.get_server_metadata())
    if len(sys.argv) > 3:
        policy = action_chunk_broker.ActionChunkBroker(policy, int(sys.argv[3]))
    while len(head := sys.stdin.buffer.read(8)) == 8:
        (length,) = struct.unpack("<q", head)
        observation = msgpack_numpy.unpackb(sys.stdin.buffer.read(length))
        try:
            answer = policy.infer(observation)
        except Exception as error:  # what the client makes of the server's error is told
            answer = {"error": f"{type(error).__name__}: {error}"}
        _write(out, answer)


def _write(out: Any, message: object) -> None:
    data = msgpack_numpy.packb(message)
    out.write(struct.pack("<q", len(data)) + data)
    out.flush()


if __name__ == "__main__":
    main()
