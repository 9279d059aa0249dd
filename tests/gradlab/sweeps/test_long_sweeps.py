"""Sweeps of many trainings: whose workers are killed again and again, and that two workers share."""

import os
import random
import signal
import subprocess
import time

import psutil
import pytest
from tiny_sweep import ENVIRONMENT, command, recorded

KILLS = 20
RUNS = "0-11"
AT_ONCE = 0.6  # share of the time of one worker that two may take


def workers(sweep):
    """Processes that submitit has started for a sweep, and their trainings."""
    found = []
    for each in psutil.Process(sweep.pid).children(recursive=True):
        try:
            words = " ".join(each.cmdline())
        except psutil.Error:
            continue
        if "submitit" in words or "gradlab.bench" in words:
            found.append(each)
    return found


@pytest.mark.slow
def test_killed_workers_lose_and_double_nothing(tmp_path):
    rng, begun = random.Random(0), time.perf_counter()
    line = command(tmp_path / "quiet", "--seeds", RUNS, "--workers", "2", "--threads", "1")
    assert subprocess.run(line, env=ENVIRONMENT).returncode == 0
    one = (time.perf_counter() - begun) / 6  # time of a training
    line = command(tmp_path / "killed", "--seeds", RUNS, "--workers", "2", "--threads", "1", "--tries", str(KILLS + 1))
    with subprocess.Popen(line, env=ENVIRONMENT, start_new_session=True) as sweep:
        for _ in range(KILLS):
            time.sleep(rng.uniform(0, 0.7 * one))
            while not (found := workers(sweep)):
                assert sweep.poll() is None, "the sweep ended before all kills"
                time.sleep(0.1)
            os.kill(rng.choice(found).pid, signal.SIGKILL)
    assert sweep.returncode == 0
    killed = recorded(tmp_path / "killed")
    assert len(killed) == 12 and killed == recorded(tmp_path / "quiet")


@pytest.mark.slow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores that do nothing else")
def test_two_workers_share_the_time(tmp_path):
    """Each of them has one core, as the one has that does all; kernels are compiled before."""
    taken = {}
    for workers in (1, 2):
        line = command(tmp_path / str(workers), "--seeds", "0-7", "--workers", str(workers), "--threads", "1")
        begun = time.perf_counter()
        assert subprocess.run(line, env=ENVIRONMENT).returncode == 0
        taken[workers] = time.perf_counter() - begun
    assert taken[2] <= AT_ONCE * taken[1], taken
