"""What surrogate gradients are in theory, and where that ends: ``python -m benchmarks.gygax_zenke``.

Figures 1 to 5 of Gygax & Zenke 2025, Neural Comput. 37:886 (arXiv:2404.14964), with this project's surrogates, in
double precision. In a single neuron that spikes at random, the surrogate derivative is that of the expected output. In
networks of several layers it is the smoothed derivative of the random spikes, which is biased; it can have the wrong
sign, and it is the gradient of no function.

Voltages have no unit here: distances from the threshold are in the unit of the voltage, not in thresholds, and a slope
``beta`` is the inverse of such a distance.
"""
