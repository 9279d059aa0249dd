"""Loggers of others that can follow a training: ``--log``. A new one is one file and one line in ``LOGGERS``."""

from typing import TYPE_CHECKING, Literal

from .base import Logger as Logger
from .mlflow import MLflow
from .tensorboard import TensorBoard
from .wandb import WandB

LOGGERS: dict[str, type[Logger]] = {"tensorboard": TensorBoard, "wandb": WandB, "mlflow": MLflow}
if TYPE_CHECKING:
    LoggerName = str
else:
    LoggerName = Literal[tuple(LOGGERS)]
