"""Jobs of submitit, on this machine and with what stands in for SLURM; of trainings that take no time."""

import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import stand_in

from gradlab.sweeps import launchers
from gradlab.sweeps.entry import DONE, FAILED
from gradlab.sweeps.options import Config
from gradlab.sweeps.plan import Run
from gradlab.sweeps.view import View
from gradlab.sweeps.watching import Sweep

ROOT = Path(__file__).parents[3]
SLURM = Path(__file__).with_name("fake_slurm.py")
SECONDS = 60


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(launchers, "TRAIN", (sys.executable, stand_in.__file__))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(launchers.Local, "period", 0.1)
    monkeypatch.setattr(launchers.Slurm, "period", 0.1)


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Commands that stand in for those of SLURM; returns the folder with what they know."""
    home, commands = tmp_path / "slurm", tmp_path / "bin"
    for folder in (home, commands):
        folder.mkdir()
    for name in ("sbatch", "srun", "sacct", "scontrol"):
        (commands / name).write_text(f"#!{sys.executable}\n{SLURM.read_text()}")
        (commands / name).chmod(0o755)
    monkeypatch.setenv("FAKE_SLURM", str(home))
    monkeypatch.setenv("PATH", f"{commands}{os.pathsep}{os.environ['PATH']}")
    return home


def made(folder, **runs):
    return [
        Run(folder / name, (str(folder / name), str(epochs), what), epochs) for name, (epochs, what) in runs.items()
    ]


def starts(folder):
    path = folder / "starts"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def wait(condition):
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def swept(runs, launcher, tries=2):
    with View() as view:
        sweep = Sweep(runs, launcher, tries, view)
        sweep.run()
    return {entry.run.path.name: entry for entry in sweep.entries}


def test_cores_of_this_machine_are_divided(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {2, 3, 5, 7, 11}, raising=False)
    cases = {
        (2, None): [(2, 3), (5, 7)],
        (None, None): [(2,), (3,), (5,), (7,), (11,)],
        (3, 3): [(2, 3, 5), (7, 11, 2), (3, 5, 7)],
    }
    for (workers, threads), cores in cases.items():
        launcher = launchers.Local(Config(workers=workers, threads=threads, out=tmp_path))
        assert [place.cores for place in launcher._free] == cores
        assert {place.threads for place in launcher._free} == {len(cores[0])}


def test_workers_of_this_machine(tmp_path, monkeypatch):
    """Each training has the cores of its worker, and the GPUs that the user has chosen; what fails is reported."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    launcher = launchers.Local(Config(workers=2, threads=1, out=tmp_path))
    found = swept(made(tmp_path, a=(2, "ends"), b=(1, "fails")), launcher)
    assert found["a"].state == DONE and found["a"].run.finished
    assert found["b"].state == FAILED and found["b"].reason.startswith("error: no luck (log: ")
    assert Path(found["b"].reason.split("log: ")[1][:-1]).exists()
    assert sorted(each["run"] for each in starts(tmp_path)) == ["a", "b", "b"]
    for each in starts(tmp_path):
        assert (each["numba"], each["gpus"], len(each["cores"])) == ("1", "3", 1)


def test_a_stopped_sweep_leaves_no_process(tmp_path):
    launcher, said = launchers.Local(Config(workers=1, out=tmp_path)), []
    (job,) = launcher.start(made(tmp_path, a=(3, "waits")))
    wait(lambda: stand_in.kept(tmp_path / "a") == 1)
    processes = psutil.Process(int(job.job_id)).children(recursive=True)
    launcher.stop([job], said.append)
    assert len(processes) == 2 and not any(each.is_running() for each in processes)
    assert len(said) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the signal for it is Linux's")
@pytest.mark.parametrize("killed", [0, 1])
def test_a_training_ends_with_its_worker(killed, tmp_path):
    """Also if it is killed: the controller of submitit, or what it has started."""
    (job,) = launchers.Local(Config(workers=1, out=tmp_path)).start(made(tmp_path, a=(3, "waits")))
    wait(lambda: stand_in.kept(tmp_path / "a") == 1)
    controller = psutil.Process(int(job.job_id))
    processes = controller.children(recursive=True)
    [controller, processes[0]][killed].kill()
    wait(job.done)
    wait(lambda: not any(each.is_running() for each in processes))


def test_an_array_of_slurm(tmp_path, slurm):
    """Its script, its jobs, one that fails, and one that is told that its time is over, and goes on in another."""
    config = Config(
        launcher="slurm",
        workers=3,
        threads=4,
        time_limit=90,
        out=tmp_path,
        slurm=("partition=gpu", "setup=true", "mem=8GB"),
    )
    launcher = launchers.Slurm(config)
    runs = made(tmp_path, a=(2, "ends"), b=(2, "waits"), c=(1, "fails"))
    jobs = launcher.start(runs)
    assert [job.job_id for job in jobs] == ["100_0", "100_1", "100_2"]
    script = (slurm / "100.sh").read_text().splitlines()
    for option in (
        "array=0-2%3", "cpus-per-task=4", "time=90", "partition=gpu", "mem=8GB", "signal=USR2@120", "requeue",
    ):  # fmt: skip
        assert f"#SBATCH --{option}" in script
    assert "true" in script
    wait(lambda: stand_in.kept(tmp_path / "b") == 1)
    (step,) = [
        p for p in psutil.Process(int((slurm / "100_1.pid").read_text())).children(recursive=True) if _in_step(p)
    ]
    for each in [step, *step.children()]:  # SLURM sends it to all processes of a step
        with suppress(psutil.NoSuchProcess):  # one may end as another is told
            each.send_signal(signal.SIGUSR2)
    wait(lambda: len([each for each in starts(tmp_path) if each["run"] == "b"]) == 2)
    # The next sweep finds the job that is there, and starts the others again.
    found = swept(runs, launchers.Slurm(config))
    assert {name: entry.state for name, entry in found.items()} == {"a": DONE, "b": DONE, "c": FAILED}
    assert found["c"].reason.startswith("error: no luck")
    assert [each["epochs"] for each in starts(tmp_path) if each["run"] == "b"] == [0, 1]
    assert not list(slurm.glob("*.requeue"))


def _in_step(process):
    return "submitit" in " ".join(process.cmdline()) and "bash" not in process.name()


def test_without_slurm(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="launcher is slurm, but there is no srun here: run it where sbatch runs"):
        launchers.Slurm(Config(launcher="slurm", out=tmp_path))


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("partition", "slurm is 'partition', expected NAME=VALUE"),
        ("colour=red", r"Unavailable parameter\(s\): \['colour'\]"),
    ],
)
def test_options_that_sbatch_has_not(option, message, tmp_path, slurm):
    with pytest.raises(ValueError, match=message):
        launchers.Slurm(Config(launcher="slurm", slurm=(option,), out=tmp_path))


def test_a_refusal_of_sbatch_is_shown(tmp_path, slurm):
    (tmp_path / "bin" / "sbatch").write_text("#!/bin/sh\necho 'invalid partition' >&2\nexit 1\n")
    with pytest.raises(ValueError, match="SLURM does not take the jobs: invalid partition"):
        launchers.Slurm(Config(launcher="slurm", out=tmp_path)).start(made(tmp_path, a=(1, "ends")))
