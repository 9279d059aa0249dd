"""A PostgreSQL server of the tests' own, in a temporary folder, on a free port of this machine."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import psycopg

_USER = "gradlab"
_READY_S = 60  # at most [s]


def binaries():
    """The folder of ``postgres`` and ``initdb``, of the newest version; None if there is none."""
    found = shutil.which("postgres")
    if found and Path(found).with_name("initdb").exists():
        return Path(found).parent
    versions = [each.parent for each in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(versions, key=lambda each: int(each.parent.name), default=None)


class Server:
    """It refuses to run as root: then it runs as nobody."""

    def __init__(self, folder):
        """Make the files of a database in an empty folder, which this user owns."""
        self._bin, self._folder, self._process = binaries(), folder, None
        self._as = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._run("initdb", "-D", "data", "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync").communicate()
        self.start()

    @property
    def url(self):
        return f"postgresql://{_USER}@127.0.0.1:{self._port}/postgres"

    def start(self):
        """Start it, and wait until it answers."""
        self._process = self._run(
            "postgres", "-D", "data", "-p", str(self._port), "-c", "listen_addresses=127.0.0.1",
            "-c", "unix_socket_directories=", "-c", "fsync=off",
        )  # fmt: skip
        until = time.monotonic() + _READY_S
        while True:
            try:
                return psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                assert self._process.poll() is None and time.monotonic() < until, (self._folder / "log").read_text()
                time.sleep(0.05)

    def stop(self):
        """Stop it at once, whoever is connected."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait()

    def _run(self, program, *arguments):
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [self._bin / program, *arguments], cwd=self._folder, stdout=log, stderr=log,
                env=os.environ | {"LC_ALL": "C"}, **self._as,
            )  # fmt: skip
