"""Does the time grid converge to the event-driven solution? ``python -m benchmarks.convergence``.

A recurrent network in double precision, simulated event by event and on ever finer grids: errors of the spike times, of
the logits and of the loss, and the order in which they shrink. Spikes on a grid come up to a step late, and their input
is rounded to it: first order is expected.
"""
