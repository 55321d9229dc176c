"""A signer's socket without keys: answers every request with "signed" and the request's digest, or
as told.

    fake_signer.py SOCKET [delay MS] [error BYTE] [mute] [record FILE]
"""

import asyncio
import struct
import sys


def items(body):
    at = 0
    while at + 3 <= len(body):
        tag, length = body[at], struct.unpack_from(">H", body, at + 1)[0]
        yield tag, body[at + 3 : at + 3 + length]
        at += 3 + length


def frame(number, pairs):
    body = b"".join(struct.pack(">BH", tag, len(value)) + value for tag, value in pairs)
    return struct.pack(">BBHI", 1, 0, len(body), number) + body


class Signer:
    def __init__(self, argv):
        self.delay, self.error, self.mute, self.record = 0.0, None, False, None
        words = iter(argv)
        for word in words:
            if word == "delay":
                self.delay = int(next(words)) / 1000
            elif word == "error":
                self.error = int(next(words), 0)
            elif word == "mute":
                self.mute = True
            elif word == "record":
                self.record = open(next(words), "a", buffering=1)

    async def answer(self, writer, number, request):
        if request[0x11] == b"\xf1":
            writer.write(frame(number, [(0x11, b"\xf2"), (0x12, request.get(0x12, b""))]))
            return
        if self.record:
            deadline = struct.unpack(">I", request[0x81])[0] if 0x81 in request else 0
            self.record.write(f"{deadline} {request.get(0x82, b'').decode()}\n")
        if self.mute:
            return
        await asyncio.sleep(self.delay)
        if self.error is not None:
            writer.write(frame(number, [(0x11, b"\xff"), (0x12, bytes([self.error])), (0x83, b"as told")]))
        else:
            writer.write(frame(number, [(0x11, b"\xf0"), (0x12, b"signed" + request.get(0x12, b""))]))

    async def serve(self, reader, writer):
        try:
            while True:
                header = await reader.readexactly(8)
                length, number = struct.unpack(">HI", header[2:])
                request = dict(items(await reader.readexactly(length)))
                asyncio.ensure_future(self.answer(writer, number, request))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def main():
    signer = Signer(sys.argv[2:])
    server = await asyncio.start_unix_server(signer.serve, sys.argv[1], limit=1 << 20)
    await server.serve_forever()


asyncio.run(main())
