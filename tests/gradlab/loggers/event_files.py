"""Reads TensorBoard's event files as TensorBoard does: what a later start says is void is left out."""

import struct

from tensorboardX.crc32c import crc32c
from tensorboardX.proto.event_pb2 import Event, SessionLog

_MASK = 0xA282EAD8


def masked(data):
    """The checksum of the format of TFRecords."""
    code = crc32c(data)
    return (((code >> 15) | (code << 17)) + _MASK) & 0xFFFFFFFF


def events_of(path):
    """All events of a file; each part has a checksum."""
    content, at = path.read_bytes(), 0
    while at < len(content):
        (size,) = struct.unpack_from("<Q", content, at)
        data = content[at + 12 : at + 12 + size]
        assert struct.unpack_from("<I", content, at + 8) == (masked(content[at : at + 8]),)
        assert struct.unpack_from("<I", content, at + 12 + size) == (masked(data),)
        yield Event.FromString(data)
        at += 16 + size


def logged(folder):
    """Of each tag, its numbers by step, or how many images or texts there are."""
    scalars, others = {}, {}
    for path in sorted(folder.glob("events.out.tfevents.*"), key=lambda path: path.stat().st_mtime):
        for event in events_of(path):
            if event.HasField("session_log") and event.session_log.status == SessionLog.START:
                scalars = {tag: {s: v for s, v in found.items() if s < event.step} for tag, found in scalars.items()}
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    assert event.step not in scalars.setdefault(value.tag, {})
                    scalars[value.tag][event.step] = value.simple_value
                else:
                    others[value.tag] = others.get(value.tag, 0) + 1
    return scalars, others
