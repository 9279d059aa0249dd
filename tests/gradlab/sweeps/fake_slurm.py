"""Stands in for SLURM's commands, by its own name: sbatch, srun, sacct, scontrol. Jobs start at once.

What SLURM knows is in the folder FAKE_SLURM: the script of each array, and of each job its process, that of a session
of its own, and its exit status.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(os.environ["FAKE_SLURM"])
PATTERNS = {"%A": "SLURM_ARRAY_JOB_ID", "%a": "SLURM_ARRAY_TASK_ID", "%j": "SLURM_JOB_ID", "%t": "SLURM_PROCID"}


def start(job):
    array, _, index = job.partition("_")
    told = {"SLURM_JOB_ID": array, "SLURM_PROCID": "0"}
    if index:
        told |= {"SLURM_ARRAY_JOB_ID": array, "SLURM_ARRAY_TASK_ID": index}
    code = f"bash {HOME / array}.sh; echo $? > {HOME / job}.exit"
    quiet = {name: subprocess.DEVNULL for name in ("stdin", "stdout", "stderr")}  # sbatch itself ends at once
    process = subprocess.Popen(["bash", "-c", code], env=os.environ | told, start_new_session=True, **quiet)
    (HOME / f"{job}.pid").write_text(str(process.pid))


def sbatch(script):
    array = str(100 + len(list(HOME.glob("*.sh"))))
    text = Path(script).read_text()
    (HOME / f"{array}.sh").write_text(text)
    last = re.search(r"--array=0-(\d+)", text)
    for job in [f"{array}_{k}" for k in range(int(last[1]) + 1)] if last else [array]:
        start(job)
    print(f"Submitted batch job {array}")


def srun(*words):
    words = list(words)
    for stream, option in (sys.stdout, "--output"), (sys.stderr, "--error"):
        at = words.index(option)
        path = words[at + 1]
        for pattern, name in PATTERNS.items():
            path = path.replace(pattern, os.environ.get(name, ""))
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream.fileno())
        del words[at : at + 2]
    words.remove("--unbuffered")
    os.execvp(words[0], words)


def sacct(*words):
    print("JobID|State|NodeList")
    for path in HOME.glob("*.pid"):
        done = path.with_suffix(".exit")
        state = "RUNNING" if not done.exists() else "COMPLETED" if done.read_text().strip() == "0" else "FAILED"
        print(f"{path.stem}|{'REQUEUED' if path.with_suffix('.requeue').exists() else state}|here")


def scontrol(action, job):
    """As SLURM does: the job ends first, and then it starts again."""
    if action == "requeue":
        (HOME / f"{job}.requeue").touch()
        subprocess.Popen([sys.executable, __file__, "start", job], start_new_session=True)
        return
    while not (HOME / f"{job}.exit").exists():
        time.sleep(0.05)
    (HOME / f"{job}.exit").unlink()
    start(job)
    (HOME / f"{job}.requeue").unlink()


if __name__ == "__main__":
    {each.__name__: each for each in (sbatch, srun, sacct, scontrol)}[Path(__file__).name](*sys.argv[1:])
