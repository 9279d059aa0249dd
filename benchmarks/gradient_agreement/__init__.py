"""How far is the surrogate from the exact gradient, and does it matter? ``python -m benchmarks.gradient_agreement``.

At initialisation, on real data: cosine and length of the surrogate gradient against the exact one at the same weights
and samples, over the surrogate, the step of the grid and the network; the same of every method; noise of both apart
from bias; the loss along both. Along a training with each. On a small network: circulations of both gradient fields,
their integrals along closed loops in weight space.
"""
