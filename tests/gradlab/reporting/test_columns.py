"""Every entry of a training's record is explained."""

import fnmatch
from pathlib import Path

from gradlab.reporting import columns, records

PUBLISHED = Path(__file__).parents[3] / "results/trainings"


def unexplained(found, explained):
    return {name for name in found if not any(fnmatch.fnmatchcase(name, each) for each in explained)}


def test_entries_of_published_trainings_are_explained():
    """Of today's layout; ``test_bench`` looks at those of a new one."""
    found = [record for record in records.read_all(PUBLISHED) if record["schema_version"] == records.SCHEMA_VERSION]
    assert len(found) > 10
    for record in found:
        assert set(record) == set(columns.RECORD)
        assert not unexplained(record["env"], columns.ENVIRONMENT)
        if "agreement" not in record["metrics"]:
            assert not unexplained(record["metrics"], columns.METRICS)
            assert not unexplained(record["samples"], columns.SAMPLES)


def test_patterns():
    assert unexplained(["tau_mem_quantiles", "epochs"], columns.SAMPLES) == {"epochs"}
