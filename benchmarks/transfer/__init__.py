"""Trained weights in every simulator: what of a training belongs to the time grid it was done on.

``python -m benchmarks.transfer`` takes the options of ``gradlab.bench``, takes that command's run from its folder, or
goes on with it, and tests the network in its own simulator, on grids of other steps, in continuous time, and in
continuous time with a dead time of one step, in which a neuron spikes no more often than there.
"""
