"""Measurements with gradlab, each a command that prints a table, writes a record and draws a figure.

``python -m benchmarks`` lists them; ``python -m benchmarks NAME`` or ``python -m benchmarks.NAME`` runs one. A new
benchmark is a module or a folder in here, and one line in ``BENCHMARKS``.
"""

#: What each measures, by name.
BENCHMARKS = {
    "speed": "time of a gradient step and bytes kept for it, each method on one core",
    "trained_speed": "the same of trained networks, each by its own method",
    "speed_scaling": "how that time grows with neurons, duration, rates, batch, step and cores",
    "peers": "time and memory of a gradient beside spyx, snnTorch, norse and jaxsnn on one workload",
    "memory_scaling": "how memory grows with duration, step, neurons, batch and rate, here and on an H100",
    "spike_exchange": "bytes that two processes exchange which simulate one network together, once a delay",
    "gpu": "correctness, times, memory, reproducibility and an epoch on a GPU",
    "convergence": "the time grid against continuous time as the step shrinks",
    "accuracy": "table and figure of all presets that were trained, from their records",
    "transfer": "weights that one simulator trained in all others, with and without a dead time",
    "trials": "trained weights with escape noise over many trials, beside those without noise",
    "speakers": "trains once for each held-out speaker, to choose settings by; never tests",
    "installation": "size of an installation, and time of imports",
    "linear": "what logistic regression on spike counts reaches",
    "initialisation": "rates, silent neurons and gradient norms of untrained networks, by initialiser",
    "heterogeneity": "constants of neurons equal or drawn, fixed or trained: accuracy, also at other speeds",
    "delays": "accuracy without delays, with a delay line, and with delays of each kind, frozen and trained",
    "ablation": "trains with the whole recipe and without each ingredient",
    "robustness": "hostile files, options, calls and kills: how many end other than they should",
    "gradient_agreement": "other gradients against the exact one: direction, length, use, closed loops",
    "shape_and_scale": "accuracy with every shape, slope and scale of the surrogate",
    "gygax_zenke": "surrogate gradients in theory: single neurons, bias, wrong signs, closed loops",
}
