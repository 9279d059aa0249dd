"""Other libraries beside ours on one workload, one core, in one run: ``python -m benchmarks.peers``.

The workload is that of ``benchmarks.speed``. Each contestant gets the same input events, weights and time constants,
and scales its input weights until its hidden neurons fire at about the same rate. It is timed in fresh processes, in
turn with the others, for several rounds. The time is that of the gradient with respect to all weights, which has been
compiled if it is at all; memory is the peak that it adds to a process with everything loaded, and its input.

``--install`` first makes the virtual environments of the peers that are not there yet. A peer that is not installed, or
fails, is reported with its reason, and the exit status is 1.

``contestant.py`` and the peers' modules in ``adapters/`` run in those environments: they import NumPy and the library,
nothing of this project.
"""
