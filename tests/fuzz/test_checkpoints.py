"""Damaged and crafted checkpoints: each is refused with one clear error, or is the same training to the last bit."""

import copy
import io
import json
import os
import signal
import time
import zipfile

import jax
import numpy as np
import pytest
from tiny_data import tiny_network, tiny_splits

from gradlab import EventPropTrainer, TrainConfig
from gradlab.training import archive, checkpoints

pytestmark = [
    pytest.mark.fuzz,
    pytest.mark.filterwarnings("ignore:Duplicate name"),
]
SEED, DAMAGED, LIMIT = 14, 450, 20  # LIMIT in seconds, of one try
SPLITS = tiny_splits()
CONFIG = TrainConfig(epochs=2, batch_size=8, learning_rate=0.01, patience=1, seed=3)
NO_NUMBERS = (None, "x", "2", [], {}, [1, 2, 3], {"a": 1}, True, -1, -(2**70), 2**70, 0.5, float("nan"), float("inf"))


class Hang(BaseException):
    """No end within the limit."""


def ring(number, frame):
    raise Hang


def flip(rng, content):
    """Some bits."""
    for bit in rng.integers(8 * len(content), size=rng.integers(1, 9)):
        content[bit // 8] ^= 1 << (bit % 8)
    return bytes(content)


def cut(rng, content):
    return bytes(content[: rng.integers(len(content))])


def lengthen(rng, content):
    return bytes(content) + rng.bytes(rng.integers(1, 200))


def overwrite(rng, content):
    """A block of zeros or noise, as after an interrupted copy."""
    start, size = rng.integers(len(content)), rng.integers(1, 600)
    part = content[start : start + size]
    return (
        bytes(content[:start])
        + (bytes(len(part)) if rng.random() < 0.5 else rng.bytes(len(part)))
        + bytes(content[start + size :])
    )


def leave_out(rng, content):
    start, size = rng.integers(len(content)), rng.integers(1, 600)
    return bytes(content[:start]) + bytes(content[start + size :])


def edit(rng, content):
    """One number of one member, in an archive that is right for every reader of zip files; its comment stays."""
    with np.load(io.BytesIO(content)) as file:
        arrays = {name: array.copy() for name, array in file.items()}
    names = [name for name, array in arrays.items() if array.size]
    array = arrays[names[rng.integers(len(names))]].reshape(-1)
    entry = rng.integers(array.size)
    array[entry] += np.ones((), array.dtype)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    with zipfile.ZipFile(buffer, "a") as file:
        file.comment = bytes(content[-32:])
    return buffer.getvalue()


DAMAGES = (flip, cut, lengthen, overwrite, leave_out, edit)


def put(path, value):
    """A change of the text: another value at a path."""

    def change(text, arrays):
        for name in path[:-1]:
            text = text[name]
        text[path[-1]] = value

    return change


def changes(text, arrays):
    """Names of impossible contents, and how to come by them; each gets a right checksum."""
    progress = text["progress"]
    places = [("layout",), ("settings",), ("progress",)]
    places += [("progress", name) for name in progress]
    places += [("progress", "history", name) for name in progress["history"]]
    places += [("progress", "random_state", "state", name) for name in ("state", "inc")]
    for path in places:
        usual = text
        for name in path:
            usual = usual[name]
        for value in NO_NUMBERS:
            # Any whole number may be a state of the generator, and a layout or a number of epochs that is right is.
            if value != usual and not (path[-1] in ("state", "inc") and type(value) is int and 0 <= value < 2**128):
                yield f"{'.'.join(path)} is {value!r}", put(path, copy.deepcopy(value))
        if "history" not in path[:-1]:  # which figures a method or a network has is not known
            yield f"no {'.'.join(path)}", lambda text, _, path=path: drop(text, path)
    for name, array in arrays.items():
        yield f"no {name}", lambda _, arrays, name=name: arrays.pop(name)
        for what, other in {
            "double": array.astype(np.float64), "flat": array.reshape(-1)[None, None], "text": np.array("x"),
            "complex": array.astype(np.complex64), "records": np.zeros(array.shape, "i4,f4"),
        }.items():  # fmt: skip
            yield f"{name} is {what}", lambda _, arrays, name=name, other=other: arrays.update({name: other})
        if array.dtype.kind == "f":
            for value in (np.nan, np.inf):
                yield (
                    f"{value} in {name}",
                    lambda _, arrays, n=name, v=value: arrays.update({n: np.full_like(arrays[n], v)}),
                )
    yield "one more array", lambda _, arrays: arrays.update(more=np.zeros(3))


def drop(text, path):
    for name in path[:-1]:
        text = text[name]
    del text[path[-1]]


def npy(array, **settings):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, **settings)
    return buffer.getvalue()


def archives(text, arrays):
    """Archives that no ``np.savez`` makes, by name; each gets a right checksum."""
    whole = [("json.npy", npy(np.frombuffer(json.dumps(text).encode(), np.uint8)))]
    whole += [(f"{name}.npy", npy(array)) for name, array in arrays.items()]
    header = npy(np.zeros(1, np.float32)).replace(b"'shape': (1,), ", b"'shape': (1" + b"0" * 12 + b",),")
    objects = npy(np.array([{"a": 1}], object), allow_pickle=True)
    yield "no member", []
    yield "empty text", [("json.npy", npy(np.zeros(0, np.uint8))), *whole[1:]]
    for what, content in {
        "no JSON": b"{", "a list": b"[]", "a word": b'"x"', "no UTF-8": b"\xff\xfe", "deep": b"[" * 100_000,
        "deep mapping": b'{"settings":' * 800 + b"1" + b"}" * 800, "null": b"null", "huge number": b"9" * 10_000,
    }.items():  # fmt: skip
        yield f"text is {what}", [("json.npy", npy(np.frombuffer(content, np.uint8))), *whole[1:]]
    for what, member in {
        "of objects": objects, "of 4 TB": header, "no array": b"x" * 100, "empty": b"", "an archive": zipped(whole),
        "cut": whole[1][1][:-3], "of version 9": b"\x93NUMPY\x09\x00" + whole[1][1][8:],
    }.items():  # fmt: skip
        for place in range(min(4, len(whole))):
            yield f"member {place} is {what}", [*whole[:place], (whole[place][0], member), *whole[place + 1 :]]
    for place in range(len(whole)):
        yield f"member {place} is there twice", [*whole, whole[place]]
        yield (
            f"member {place} has no suffix",
            [*whole[:place], (whole[place][0][:-4], whole[place][1]), *whole[place + 1 :]],
        )
    for name in ("../x.npy", "/x.npy", "x/", "x" * 5000):
        yield f"one more member {name[:9]!r}", [*whole, (name, whole[1][1])]


def zipped(members, method=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
    return buffer.getvalue()


def crafted(content):
    """Contents with a right checksum that were never saved, by name."""
    with np.load(io.BytesIO(content)) as file:
        arrays = dict(file)
    text = json.loads(arrays.pop(archive.TEXT).tobytes())
    for what, change in changes(text, arrays):
        changed_text, changed_arrays = copy.deepcopy(text), dict(arrays)
        change(changed_text, changed_arrays)
        if not isinstance(changed_text, dict):
            continue
        yield what, archive.packed(changed_text, changed_arrays)
    for what, members in archives(text, arrays):
        yield what, archive.signed(zipped(members))
    bomb = [("json.npy", bytes(2**28))]
    yield "bomb", archive.signed(zipped(bomb, zipfile.ZIP_DEFLATED))
    yield "bomb of bzip2", archive.signed(zipped(bomb, zipfile.ZIP_BZIP2))


class Places:
    """What may be in the place of a file, by name."""

    @staticmethod
    def folder(path):
        path.mkdir()

    @staticmethod
    def pipe(path):
        os.mkfifo(path)

    @staticmethod
    def device(path):
        path.symlink_to("/dev/zero")

    @staticmethod
    def sparse(path):
        with path.open("wb") as file:
            file.truncate(2**40)


@pytest.fixture(scope="module")
def trainer():
    return EventPropTrainer(tiny_network(), CONFIG)


@pytest.fixture(scope="module")
def whole(trainer, tmp_path_factory):
    """Content of the file of a finished training."""
    path = tmp_path_factory.mktemp("whole") / "state.npz"
    trainer.fit(SPLITS, progress=False, checkpoint=path)
    return path.read_bytes()


def taken(trainer, path):
    """All that a training takes from a checkpoint, for comparison to the last bit."""
    result = trainer.fit(SPLITS, progress=False, checkpoint=path, resume=True)
    leaves = [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(result.params)]
    return leaves, json.dumps(result.history), result.epochs, result.kept, trainer.room.capacities


def attempt(tally, trainer, path, what, expected):
    """Resume from the file at ``path``, as a user does, and count what comes of it."""
    settings, began = trainer.describe(SPLITS), time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        checkpoints.found(path.parent.parent / "another" / path.name, path.parent.name, settings, resume=True)
        same = taken(trainer, path) == expected
    except Hang:
        return tally.fail("hangs", what)
    except (ValueError, OSError) as error:
        clear = str(path) in str(error) and len(str(error)) < 1500
        return tally.passed() if clear else tally.fail("tracebacks", f"{what}: {str(error)[:200]}")
    except Exception as error:
        return tally.fail("tracebacks", f"{what}: {type(error).__name__} {str(error)[:200]}")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        left = [each.name for each in path.parent.iterdir() if each != path]
        assert not left and time.monotonic() - began < 2 * LIMIT
    return tally.passed() if same else tally.fail("silent", what)


def test_checkpoints(tally, trainer, whole, tmp_path):
    rng, path, before = np.random.default_rng(SEED), tmp_path / "state.npz", signal.signal(signal.SIGALRM, ring)
    try:
        path.write_bytes(whole)
        expected = taken(trainer, path)
        for number in range(DAMAGED):
            damage = DAMAGES[number % len(DAMAGES)]
            content = damage(rng, bytearray(whole))
            path.write_bytes(content)
            attempt(tally, trainer, path, f"{damage.__name__}, number {number} of seed {SEED}", expected)
        for what, content in crafted(whole):
            path.write_bytes(content)
            attempt(tally, trainer, path, what, expected)
        for what in ("folder", "pipe", "device", "sparse"):
            folder = tmp_path / what
            folder.mkdir()
            getattr(Places, what)(folder / "state.npz")
            attempt(tally, trainer, folder / "state.npz", what, expected)
    finally:
        signal.signal(signal.SIGALRM, before)
    tally.check(least=500)
