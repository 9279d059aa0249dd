"""Time and memory of one gradient of a trained network, on one core: ``python -m benchmarks.trained_speed``.

Takes the options of ``gradlab.bench``, goes on from that command's checkpoint, and times the gradient of batches of the
training set by the method that trained, with the room for spikes that the training needed. ``benchmarks.speed`` has all
methods side by side, in a network that is tuned to a rate; trained ones fire as they like, and each method's otherwise.
"""
