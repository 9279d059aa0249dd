"""What a fuzzer counts: tries, and the four ways in which one may fail."""

import json
from dataclasses import dataclass, field
from pathlib import Path

FAILURES = ("tracebacks", "hangs", "silent", "lost")


@dataclass
class Tally:
    """The outcomes of one fuzzer.

    Attributes:
        kind: what is abused, such as ``"checkpoints"``.
        tries: how many there were.
        failed: by way of failing (a traceback instead of one clear error, a hang beyond the limit, altered data or
            impossible input silently taken, something written before that is lost), what each try was.
    """

    kind: str
    tries: int = 0
    failed: dict[str, list[str]] = field(default_factory=lambda: {way: [] for way in FAILURES})

    def passed(self):
        """Count a try that ended as it should."""
        self.tries += 1

    def fail(self, way, what):
        """Count a try that failed in one of ``FAILURES``; ``what`` must be enough to repeat it."""
        self.tries += 1
        self.failed[way].append(what)

    def figures(self):
        """The numbers for a record."""
        return {"tries": self.tries} | {way: len(cases) for way, cases in self.failed.items()}

    def write(self, folder):
        """Leave the numbers for ``benchmarks.robustness``."""
        Path(folder, f"{self.kind}.json").write_text(json.dumps(self.figures()))

    def check(self, least):
        """Fail the test with the first cases of each way; also if there were fewer tries than ``least``."""
        cases = {way: found[:5] for way, found in self.failed.items() if found}
        assert not cases, f"{self.figures()}: {cases}"
        assert self.tries >= least
