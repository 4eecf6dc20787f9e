"""From a loopback address of the machine to a host: connections in, connections out, bytes between.

The listening socket belongs to the machine's network, because it was opened there; what is opened
here belongs to the keeper's. A socket keeps the network namespace in which it was made.
"""

import asyncio
import socket


async def relay(listener: socket.socket, address: str, port: int) -> asyncio.Server:
    """Accept on `listener`, and connect each client with `address`:`port`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(address, port)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        for end in (writer, far_writer):
            end.close()

    return await asyncio.start_server(serve, sock=listener)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()
