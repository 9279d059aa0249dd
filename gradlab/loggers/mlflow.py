"""MLflow, with a database in the run's folder, or the server or database that ``MLFLOW_TRACKING_URI`` names.

To look at one: ``mlflow ui --backend-store-uri sqlite:///RUN/log/mlflow/mlflow.db``.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .base import Logger

_EXPERIMENT = "gradlab"
_AT_ONCE = 500  # figures in a request; MLflow takes 1000
_LONGEST = 500  # characters of a parameter that MLflow takes


class MLflow(Logger):
    """Scalars over steps and epochs, the configuration as parameters, and figures as artifacts."""

    packages = ("mlflow", "sqlalchemy", "alembic")

    def __init__(self, folder: Path, name: str, config: Mapping[str, Any], first: int | None):
        """See ``Logger``."""
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        from mlflow.entities import Metric, Param
        from mlflow.tracking import MlflowClient

        self._metric, self._waiting = Metric, list[Any]()
        given, file = os.environ.get("MLFLOW_TRACKING_URI"), folder / "run"
        folder.mkdir(parents=True, exist_ok=True)
        self._client = MlflowClient(tracking_uri=given or f"sqlite:///{(folder / 'mlflow.db').resolve()}")
        if first != 1 and file.exists():
            self._run = file.read_text()
            self._client.update_run(self._run, status="RUNNING")
            return
        experiment = self._client.get_experiment_by_name(_EXPERIMENT)
        place = None if given else (folder / "artifacts").resolve().as_uri()
        number = experiment.experiment_id if experiment else self._client.create_experiment(_EXPERIMENT, place)
        self._run = self._client.create_run(number, run_name=name).info.run_id
        file.write_text(self._run)
        self._client.log_batch(self._run, params=[Param(key, str(value)[:_LONGEST]) for key, value in config.items()])

    def scalars(self, group: str, at: int, values: Mapping[str, float]) -> None:
        """See ``Logger``; steps wait for the end of their epoch, as a request for each would take time."""
        now = int(1000 * time.time())
        self._waiting += [self._metric(f"{group}/{name}", value, now, at) for name, value in values.items()]
        if group != "step":
            while self._waiting:
                self._client.log_batch(self._run, metrics=self._waiting[:_AT_ONCE])
                del self._waiting[:_AT_ONCE]

    def figure(self, name: str, path: Path) -> None:
        """See ``Logger``."""
        self._client.log_artifact(self._run, str(path), "figures")

    def close(self) -> None:
        """See ``Logger``."""
        self._client.set_terminated(self._run)
