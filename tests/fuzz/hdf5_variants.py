"""A small file in the layout of SHD, files that differ in form only, files of other content, and damage to bytes.

Files are opened again without a lock: a process that another thread has just started may still hold that of before.
"""

import h5py
import numpy as np

SAMPLES = 20
TIMES, UNITS, LABELS, SPEAKERS = PARTS = "spikes/times", "spikes/units", "labels", "extra/speaker"


def content(seed=0):
    """Parts of a data set, one sample of which is empty."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(40, 200, SAMPLES) * (np.arange(SAMPLES) != 3)
    return {
        TIMES: [np.sort(rng.uniform(0, 1.2, n)).astype(np.float16) for n in sizes],
        UNITS: [rng.integers(0, 700, n).astype(np.uint16) for n in sizes],
        LABELS: rng.integers(0, 20, SAMPLES).astype(np.uint16),
        SPEAKERS: rng.integers(0, 12, SAMPLES).astype(np.uint16),
    }


def write(path, parts=None, *, types=(np.float16, np.uint16), without=(), opened=None, **storage):
    """Write the file; ``storage`` goes to every dataset, ``opened`` to the file."""
    parts = content() if parts is None else parts
    with h5py.File(path, "w", **opened or {}) as file:
        for name in set(parts) - set(without):
            values = parts[name]
            if name in (TIMES, UNITS):
                dtype = h5py.vlen_dtype(types[name == UNITS])
                dataset = file.create_dataset(name, (len(values),), dtype, **storage)
                for k, row in enumerate(values):
                    dataset[k] = row
            else:
                file.create_dataset(name, data=values, **storage)
        file["extra/keys"] = np.array([b"zero", b"one"])
    return path


def other(name, put, *, keep=()):
    """A writer of a file in which ``put(file, name)`` made one part."""

    def make(path):
        write(path, without={name} - set(keep))
        with h5py.File(path, "r+", locking=False) as file:
            put(file, name)

    return make


def dataset(*args, **settings):
    return lambda file, name: file.create_dataset(name, *args, **settings) and None


def refer(file, name):
    file[name] = np.array([file["extra"].ref] * SAMPLES, h5py.ref_dtype)


def region(file, name):
    keys = file["extra/keys"]
    file.create_dataset(name, (SAMPLES,), h5py.regionref_dtype)[:] = [keys.regionref[0:1]] * SAMPLES


def linked(path):
    """The labels are in another file."""
    source = path.with_suffix(".labels")
    with h5py.File(source, "w") as file:
        file["labels"] = content()[LABELS]
    other(LABELS, lambda file, name: file.__setitem__(name, h5py.ExternalLink(str(source), "labels")))(path)


def virtual(file, name):
    layout = h5py.VirtualLayout((SAMPLES,), np.uint16)
    layout[:] = h5py.VirtualSource("nowhere.h5", "labels", (SAMPLES,))
    file.create_virtual_dataset(name, layout)


def unwritten(path):
    """Its writer was stopped after the first chunk."""
    write(path, without={TIMES})
    with h5py.File(path, "r+", locking=False) as file:
        dataset = file.create_dataset(TIMES, (SAMPLES,), h5py.vlen_dtype(np.float16), chunks=(8,))
        for k, row in enumerate(content()[TIMES][:8]):
            dataset[k] = row


FORMS = {  # the same content, which must come out
    "chunked": lambda path: write(path, chunks=(8,), maxshape=(None,)),
    "newest": lambda path: write(path, opened={"libver": "latest"}),
    "newest, chunked": lambda path: write(path, opened={"libver": "latest"}, chunks=(8,), maxshape=(None,)),
    "filters": lambda path: write(path, chunks=(8,), compression="gzip"),
    "wide types": lambda path: write(path, types=(np.float64, np.int64)),
    "big endian labels": lambda path: write(path, content() | {LABELS: content()[LABELS].astype(">u2")}),
    "user block": lambda path: write(path, opened={"userblock_size": 512}),
    "in order": lambda path: write(path, opened={"track_order": True}),
    "pages": lambda path: write(path, opened={"fs_strategy": "page", "fs_page_size": 4096}),
    "linked": linked,
}
OTHERS = {  # what must be refused
    "unwritten": unwritten,
    "big endian": lambda path: write(path, types=(np.float16, ">u2")),
    **{f"no {name}": lambda path, name=name: write(path, without={name}) and None for name in PARTS},
    **{f"{name} is a group": other(name, lambda file, name: file.create_group(name) and None) for name in PARTS},
    **{f"{name} is a reference": other(name, refer) for name in PARTS},
    **{f"{name} is text": other(name, dataset(data=["a"] * SAMPLES)) for name in PARTS},
    **{f"{name} is one number": other(name, dataset(data=1)) for name in PARTS},
    **{f"{name} is nothing": other(name, dataset(data=h5py.Empty(np.uint16))) for name in PARTS},
    **{f"{name} is a raster": other(name, dataset(data=np.zeros((SAMPLES, 10, 7), np.uint8))) for name in PARTS},
    **{f"{name} is no row": other(name, dataset(data=np.zeros(SAMPLES, np.complex64))) for name in PARTS},
    **{f"{name} is bool": other(name, dataset(data=np.zeros(SAMPLES, bool))) for name in PARTS},
    **{f"{name} is a record": other(name, dataset(data=np.zeros(SAMPLES, "u2,f4"))) for name in PARTS},
    **{f"{name} is opaque": other(name, dataset(data=np.zeros(SAMPLES, "V3"))) for name in PARTS},
    **{f"{name} is huge": other(name, dataset((10**12,), np.uint16)) for name in PARTS},
    **{f"{name} is huge, chunked": other(name, dataset((10**12,), np.uint16, chunks=(64,))) for name in PARTS},
    **{f"{name} leads nowhere": other(name, lambda f, n: f.__setitem__(n, h5py.SoftLink("/x"))) for name in PARTS},
    **{f"{name} leads to itself": other(name, lambda f, n: f.__setitem__(n, h5py.SoftLink(f"/{n}"))) for name in PARTS},
    **{
        f"{name} leads away": other(name, lambda f, n: f.__setitem__(n, h5py.ExternalLink("x", "/x"))) for name in PARTS
    },
    **{f"{name} is not written": other(name, dataset((SAMPLES,), h5py.vlen_dtype(np.uint16))) for name in PARTS},
    **{f"{name} are floats": other(name, dataset(data=np.full(SAMPLES, 1.5))) for name in (LABELS, SPEAKERS)},
    "huge rows": other(TIMES, dataset((10**12,), h5py.vlen_dtype(np.float16), chunks=(64,))),
    "ragged labels": other(LABELS, dataset((SAMPLES,), h5py.vlen_dtype(np.uint16))),
    "regions": other(LABELS, region),
    "virtual": other(LABELS, virtual),
    "external": other(LABELS, dataset((SAMPLES,), np.uint16, external=[("nowhere.bin", 0, 2 * SAMPLES)])),
    "fewer labels": lambda path: write(path, content() | {LABELS: content()[LABELS][1:]}),
    "class 20": lambda path: write(path, content() | {LABELS: np.full(SAMPLES, 20)}),
    "negative class": lambda path: write(path, content() | {LABELS: np.full(SAMPLES, -1)}),
    "channel 700": lambda path: write(path, content() | {UNITS: [row + np.uint16(1000) for row in content()[UNITS]]}),
    "negative times": lambda path: write(path, content() | {TIMES: [-row - 1 for row in content()[TIMES]]}),
    "times not a number": lambda path: write(path, content() | {TIMES: [row * np.nan for row in content()[TIMES]]}),
    "fewer units": lambda path: write(path, content() | {UNITS: [row[1:] for row in content()[UNITS]]}),
    "no samples": lambda path: write(path, {name: values[:0] for name, values in content().items()}),
    "no file": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("<html>not found</html>"),
    "signature": lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n"),
}


def damaged(data, rng):
    """Bytes that differ from ``data``, and what was done to them."""
    while True:
        kind = rng.choice(["zeros", "ones", "bits", "bytes", "cut", "swap", "insert", "delete", "no end", "words"])
        out, at = bytearray(data), int(rng.integers(len(data)))
        size = int(2 ** rng.uniform(0, np.log2(len(data) / 2)))
        if kind in ("zeros", "ones"):
            out[at : at + size] = bytes([0 if kind == "zeros" else 255]) * len(out[at : at + size])
        elif kind in ("bits", "bytes"):
            for place in rng.integers(len(data), size=rng.integers(1, 9)):
                out[place] = out[place] ^ (1 << int(rng.integers(8))) if kind == "bits" else int(rng.integers(256))
        elif kind == "words":  # numbers that a reader may trust
            wide = int(rng.choice([1, 2, 4, 8]))
            value = int(rng.choice([0, 1, 2**15, 2**31 - 1, 2**32 - 1, 2**63])) % 2 ** (8 * wide)
            at -= at % wide
            out[at : at + wide] = value.to_bytes(wide, "little")
            out = out[: len(data)]
        elif kind == "cut":
            del out[at:]
        elif kind == "swap":
            there = int(rng.integers(len(data)))
            size = min(size, len(data) - at, len(data) - there)
            out[at : at + size], out[there : there + size] = data[there : there + size], data[at : at + size]
        elif kind == "insert":
            out[at:at] = rng.bytes(min(size, 4096))
        elif kind == "delete":
            del out[at : at + size]
        else:  # a copy that was stopped, in a file that had its size from the start
            out[at:] = bytes(len(data) - at)
        if bytes(out) != data:
            return bytes(out), f"{kind} at {at}, size {size}"
