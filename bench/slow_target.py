"""A webhook that answers after a while and remembers what it was told: `python -m bench.slow_target 20`."""

from __future__ import annotations

import asyncio
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


async def main(answers_after_milliseconds: float) -> None:
    """Print the port, then answer until ended; GET tells calls and how many deliveries they were."""
    heard: set[bytes] = set()
    calls = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        head = await reader.readuntil(b"\r\n\r\n")
        headers = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
        if head.startswith(b"GET"):
            told = b"%d %d" % (calls, len(heard))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(told), told))
        else:
            await reader.readexactly(int(headers[b"Content-Length"]))
            calls += 1
            heard.add(headers[b"Portal-Delivery"])
            await asyncio.sleep(answers_after_milliseconds / 1000)
            writer.write(ANSWER)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
