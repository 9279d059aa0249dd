"""Time and memory of one gradient of a trained network, on one core: ``python -m benchmarks.trained_speed``.

Takes the options of ``gradlab.bench``, takes that command's run from its folder, and times the gradient of batches of
the training set by the method that trained, with the room for spikes that the training needed. ``benchmarks.speed`` has
all methods side by side, in a network that is tuned to a rate; trained ones fire as they like, each method's otherwise.
"""
