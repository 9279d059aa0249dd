"""Read records: what each training reached, by preset and method.

Run: ``python docs/examples/read_records.py results/trainings``, or with the folder of your runs.
"""

import sys
from pathlib import Path

from gradlab.reporting import records

for record in records.read_all(Path(sys.argv[1])):
    reached = record["metrics"].get("test_accuracy")  # a comparison of several methods has none of its own
    if record["benchmark"] == "train" and record["status"] == "ok" and reached is not None:
        print(f"{record['preset'] or record['dataset']:14} {record['method']:20} seed {record['seed']}: {reached:.1%}")
