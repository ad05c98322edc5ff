"""A line to an API that is far away: what the client says arrives later. `python -m benchmarks.far PORT TO_PORT SECONDS`"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence


async def _carry(come: asyncio.StreamReader, go: asyncio.StreamWriter, late: float) -> None:
    """What follows closely arrives closely: nothing is held up by what is under way before it."""
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    arriving = asyncio.create_task(_arrive(under_way, go))
    try:
        while data := await come.read(65536):
            under_way.put_nowait((asyncio.get_running_loop().time() + late, data))
    except ConnectionError:
        pass
    under_way.put_nowait((0.0, b""))
    await arriving


async def _arrive(under_way: asyncio.Queue[tuple[float, bytes]], go: asyncio.StreamWriter) -> None:
    try:
        while True:
            at, data = await under_way.get()
            if not data:
                return
            await asyncio.sleep(max(0.0, at - asyncio.get_running_loop().time()))
            go.write(data)
            await go.drain()
    except ConnectionError:
        pass
    finally:
        go.close()


async def _serve(port: int, to: int, late: float) -> None:
    async def connected(come: asyncio.StreamReader, go: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(_carry(come, back, late), _carry(there, go, 0.0))

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


def main(words: Sequence[str]) -> None:
    asyncio.run(_serve(int(words[0]), int(words[1]), float(words[2])))


if __name__ == "__main__":
    main(sys.argv[1:])
