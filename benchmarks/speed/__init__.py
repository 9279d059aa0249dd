"""Time and memory of one gradient, every method and variants of them, on one core: ``python -m benchmarks.speed``.

One problem for all: Poisson input, hidden neurons tuned to a rate, the same weights, loss and regularisation. Times are
those of compiled calls, with the repeats of all methods interleaved, so that a drift of the machine hits all alike:

- ``eventprop_forward``: loss alone, in continuous time; ``eventprop``: its gradient with respect to all weights.
- ``eventprop_per_neuron``: the same with the time constants as arrays, one for each neuron.
- ``eventprop_silence``: the same as ``eventprop`` with a trial ten times as long, in which no more input comes.
- ``eventprop_axonal_delays``: the same as ``eventprop`` with trained delays of all channels and neurons, drawn up to
  ``longest_delay``; ``eventprop_synaptic_delays``: of all synapses.
- ``limit``: the arithmetic that streaming through the events cannot avoid, see ``benchmarks.workload.limit``.
- ``bptt``: gradient on the grid with the reverse pass of ``solvers.bptt``, which keeps the voltages of every step, and
  the whole state at the start of each segment of steps.
- ``bptt_checkpointed``: the same without the voltages, which are computed again.
- ``bptt_scan``: textbook BPTT, ``solvers.reference.bptt_scan``: automatic differentiation of a plain ``lax.scan``,
  which keeps two numbers of every neuron in every step, the argument of the surrogate derivative and the spike. Its
  input is binned beforehand; neither the time for that counts nor the bytes, but these are printed and recorded.
- ``bptt_whole``: one ``lax.scan`` with projection, neurons, readout and counts inside; ``bptt_packed``: the same with
  the hidden spikes kept as bits; ``bptt_bfloat16``: ``bptt_whole`` in half the bits, which a CPU has to imitate.
- ``bptt_micro``: as ``bptt`` with the gradients of micro-batches of 8 added up; bytes are those of the loss of the
  whole batch, ``benchmarks.memory_scaling`` has those of a micro-batch.
- any other method of ``gradlab.methods.METHODS``: its gradient.

Bytes are those kept between the forward and the backward pass (see ``gradlab.measuring.memory``); those of EventProp
are for the whole spike buffers, padding included.
"""
