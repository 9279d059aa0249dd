"""What does each initialiser give, before any training? ``python -m benchmarks.initialisation``.

Firing rates and silent neurons of each hidden layer, and norms of the gradient of each weight matrix, for every
initialiser and with every method, from the same weights. The gradients are those of the cross-entropy alone. Their
norms are taken batch by batch: gradients that blow up now and then show in the largest, not in the median.
"""
