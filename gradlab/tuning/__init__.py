"""Search of settings at equal effort, ``gradlab tune``: trials are drawn and kept by Optuna, trained by ``Trainer``."""
