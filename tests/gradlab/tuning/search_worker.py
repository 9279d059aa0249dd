"""One worker of a search whose trials take no training: ``search_worker.py STORAGE TRIALS SECONDS``."""

import sys
import time
from functools import partial

from gradlab.tuning import life, search, storage

METHODS = "one", "other"
EPOCHS = 4


def evaluate(seconds, method, trial):
    """Takes so many seconds."""
    x = storage.patiently(partial(trial.suggest_float, "x", 0.1, 10.0, log=True))
    for epoch in range(1, EPOCHS + 1):
        time.sleep(seconds / EPOCHS)
        storage.patiently(partial(trial.report, x * epoch, epoch))
    return x * EPOCHS


if __name__ == "__main__":
    where, trials, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    life.BEAT_S, life.SILENT_S, search.POLL_S, storage.PAUSE_S = 0.2, 2.0, 0.1, 0.1
    with storage.opened(where) as shared:
        studies = {name: search.study_of(shared, name, EPOCHS) for name in METHODS}
        first = dict.fromkeys(METHODS, {"x": 1.0})
        search.search(studies, search.Effort(trials, EPOCHS, 0), partial(evaluate, seconds), first)
