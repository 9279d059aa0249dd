"""How much of the data is linear? ``python -m benchmarks.linear --data-dir DIR``.

Logistic regression on the square roots of spike counts, in bins of time and groups of channels: what a network of
spiking neurons has to beat. With one bin it sees counts alone, no timing.
"""
