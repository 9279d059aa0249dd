"""What does each ingredient of the recipe add? ``python -m benchmarks.ablation --data-dir DIR``.

The whole recipe, and the same without one ingredient at a time, for the same number of epochs from the same seed. Takes
the options of ``gradlab.bench``, which change all trainings alike; its defaults are the preset ``shd-256`` with
heterogeneous neurons, and held-out groups. Each training has a folder of its own in OUT/ablation with its records,
figures and checkpoint; with ``--resume``, a stopped sweep goes on where it was, and finished trainings are only
read and tested again.
"""
