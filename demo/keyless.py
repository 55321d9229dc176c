"""Asks a signer or a relay for its status over its socket, with the Keyless protocol's frames."""

import json
import socket
import struct

OPCODE_ITEM, PAYLOAD_ITEM = 0x11, 0x12
OP_STATUS, OP_RESPONSE = 0xE1, 0xF0


def _receive(connection, length):
    data = b""
    while len(data) < length:
        piece = connection.recv(length - len(data))
        if not piece:
            raise ConnectionError("the peer closed the connection")
        data += piece
    return data


def _items(body):
    at = 0
    while at + 3 <= len(body):
        tag, length = body[at], struct.unpack_from(">H", body, at + 1)[0]
        yield tag, body[at + 3 : at + 3 + length]
        at += 3 + length


def status(path, seconds=5):
    """The status of the process behind a Unix socket, as a dict."""
    item = struct.pack(">BHB", OPCODE_ITEM, 1, OP_STATUS)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        connection.connect(path)
        connection.sendall(struct.pack(">BBHI", 1, 0, len(item), 1) + item)
        length = struct.unpack(">BBHI", _receive(connection, 8))[2]
        answer = dict(_items(_receive(connection, length)))
    if answer.get(OPCODE_ITEM) != bytes([OP_RESPONSE]):
        raise ConnectionError(f"{path} refused to tell its status")
    return json.loads(answer[PAYLOAD_ITEM])
