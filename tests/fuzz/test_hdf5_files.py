"""Damaged and foreign SHD files: each must end in one clear error, or in exactly the data that are in the file.

``load_shd`` is what users run, with a process for each file; only its patience with HDF5 is shortened.

What is right? A file whose archive lies beside it, as after a download, has a checksum: any other byte must be refused.
A file from elsewhere has none, and a spike time that became another one cannot be noticed. There, what is accepted must
be what a plain reading of this very file gives, sample by sample, in another process; data that come out although a
plain reading fails, hangs, or gives something else, count as silently altered.
"""

import os
import subprocess
import sys
import time
import traceback
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hdf5_variants import FORMS, OTHERS, PARTS, content, damaged, write

from gradlab.data import hdf5, load_shd

DAMAGED, WITH_ARCHIVE = 1000, 200
PATIENCE = 5.0  # [s]
LIMIT = 60.0  # for a whole try [s]
PLAIN = """
import sys, h5py, numpy as np
with h5py.File(sys.argv[1]) as file:
    rows = range(len(file["labels"]))
    parts = {name: np.concatenate([np.atleast_1d(file[name][k]) for k in rows]) for name in sys.argv[3:]}
    parts["sizes"] = np.array([file[sys.argv[3]][k].size for k in rows])
np.savez(sys.argv[2], **parts)
"""


def arrays(times, units, labels, speakers, sizes):
    """In the form in which two readings are compared; each sample in order of time, as it is loaded."""
    ends = np.cumsum(sizes)[:-1]
    order = [np.argsort(part, kind="stable") for part in np.split(times, ends)]
    sort = lambda flat: np.concatenate([part[o] for part, o in zip(np.split(flat, ends), order, strict=True)])  # noqa: E731
    return [np.asarray(x, np.float64) for x in (sort(times), sort(units), labels, speakers, sizes)]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def read_plainly(path):
    """What h5py gives, or None."""
    out = path.with_suffix(".npz")
    try:
        call = [sys.executable, "-c", PLAIN, str(path), str(out), *PARTS]
        subprocess.run(call, check=True, capture_output=True, timeout=LIMIT)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    with np.load(out) as parts:
        return arrays(*(parts[name] for name in (*PARTS, "sizes")))


def outcome(folder):
    """``None`` and the arrays, or a way of failing (or "passed" for a clear error) and what was said."""
    start = time.monotonic()
    try:
        data, _ = load_shd(folder)
    except (ValueError, OSError) as error:
        said = str(error)
        if time.monotonic() - start > LIMIT:
            return "hangs", said
        clear = "shd_train.h5" in said and "\n" not in said and "Traceback" not in said
        return ("passed" if clear else "tracebacks"), said
    except Exception:
        return "tracebacks", traceback.format_exc(limit=-2)
    return None, arrays(data.times, data.units, data.labels, data.groups, data.spikes_per_sample)


@pytest.fixture
def folders(tmp_path):
    """Makes folders with a sound test set."""
    sound = write(tmp_path / "sound.h5")

    def make(name):
        folder = tmp_path / name
        folder.mkdir()
        os.link(sound, folder / "shd_test.h5")
        return folder

    return make


@pytest.mark.fuzz
def test_damaged_and_foreign_files(folders, tally, monkeypatch):
    monkeypatch.setattr(hdf5, "_PATIENCE", PATIENCE)
    original = [write(folders("sound") / "shd_train.h5"), *(folders(f"sound {k}") / "shd_train.h5" for k in range(3))]
    for path, name in zip(original[1:], ("newest, chunked", "filters", "chunked"), strict=True):
        FORMS[name](path)
    sound = [path.read_bytes() for path in original]
    parts = content()
    expected = arrays(*(np.concatenate(parts[p]) for p in PARTS[:2]), *(parts[p] for p in PARTS[2:]),
                      [len(row) for row in parts[PARTS[0]]])  # fmt: skip
    seen = {"refused": 0, "as they were": 0, "as they are in the file": 0}

    def judge(name, way, found, allowed):
        if way is None:
            way = next((kind for kind, right in allowed.items() if right(found)), "silent")
        kind = "refused" if way == "passed" else way
        if kind not in seen:
            return name, way, str(found)[-500:]
        seen[kind] += 1
        return name, None

    def form(name):
        folder = folders(name)
        FORMS[name](folder / "shd_train.h5")
        way, found = outcome(folder)
        if way == "passed":  # refused, though it is sound
            return name, "lost", found
        return judge(name, way, found, {"as they were": lambda x: same(x, expected)})

    def foreign(name):
        folder = folders(name.replace("/", " "))
        OTHERS[name](folder / "shd_train.h5")
        return judge(name, *outcome(folder), {})

    def broken(number):
        rng = np.random.default_rng(number)
        archive = number >= DAMAGED
        data, what = damaged(sound[number % len(sound)], rng)
        folder = folders(str(number))
        path = folder / "shd_train.h5"
        if archive:
            with zipfile.ZipFile(folder / "shd_train.h5.zip", "w") as file:
                file.writestr(path.name, sound[number % len(sound)])
        path.write_bytes(data)
        allowed = {
            "as they were": lambda x: same(x, expected),
            "as they are in the file": lambda x: (plain := read_plainly(path)) is not None and same(x, plain),
        }
        return judge(f"{number}: {what}", *outcome(folder), {} if archive else allowed)

    with ThreadPoolExecutor(max(os.cpu_count() or 1, 2)) as pool:
        tries = [pool.submit(form, name) for name in FORMS]
        tries += [pool.submit(foreign, name) for name in OTHERS]
        tries += [pool.submit(broken, number) for number in range(DAMAGED + WITH_ARCHIVE)]
        for each in tries:
            name, way, *found = each.result()
            if way is None:
                tally.passed()
            else:
                tally.fail(way, f"{name}: {' '.join(found)}")
    print(seen)
    tally.check(least=1000)
