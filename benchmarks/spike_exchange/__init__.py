"""What two processes have to tell each other that simulate a network together? ``python -m benchmarks.spike_exchange``.

Each has half of the neurons, with all weights to them. A spike reaches others only after the delay of the recurrent
connections, so that what arrives within one delay is known at its begin: each process goes on alone for a delay, then
they exchange the spikes of that block of time, as NEST does (Morrison et al. 2005, Neural Comput. 17:1776; with spikes
at any time between the steps of a grid Hanuschkin et al. 2010, Front. Neuroinform. 4:113). The spikes are those of the
whole network in the simulator that trains; the bytes are counted, and set beside those of other things to exchange.
"""
