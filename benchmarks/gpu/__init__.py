"""What a GPU does, measured on one in about ten minutes: ``python -m benchmarks.gpu``.

Parts, each of which writes its record as it ends, so that a machine that is lent may be taken away:

- ``correctness``: spikes and gradients of the engines there against ``numba`` on the CPU of the same machine;
- ``times``: a gradient of EventProp with each engine, and of every form of BPTT-SG, over batch and neurons;
- ``memory``: what the device held at its peak, in a fresh process, beside what the compiled program says;
- ``repeats``: whether a gradient is the same, to the last bit, each time;
- ``atomics``: numbers that are added to one array by many threads, in a second;
- ``epoch``: an epoch of training with each of both methods.

Nothing here stands in for a GPU: without one the command says so and ends.
"""
