"""How the memory of a gradient grows, by method: ``python -m benchmarks.memory_scaling``.

One size at a time is changed: duration of the recording (with the same spikes: what is added is silence), step of the
grid, hidden neurons, samples in a batch, firing rate. Compared are all of ``benchmarks.contestants``: every method,
among them ``eventprop`` and ``bptt`` (``solvers.bptt``, which keeps voltages only); ``bptt_checkpointed``; and
``bptt_scan``, textbook BPTT (``solvers.reference.bptt_scan``); ``bptt_whole``, one scan with everything inside;
``bptt_packed``, the same with the hidden spikes kept as bits; ``bptt_bfloat16``, the same as ``bptt_whole`` in half the
bits; and ``bptt_micro``, ours with the gradients of micro-batches added up, whose memory does not grow with the batch.

Four kinds of figures, each under its own name (see ``gradlab.measuring.memory``), all with EventProp's spike buffers at
their full capacity, padding included, beside the true number of spikes (what trained networks need on an H100 is told
apart, with the pool that a training would choose):

- ``residual_bytes``: what reverse mode keeps between the passes;
- ``h100_*_bytes``: what XLA allocates on an NVIDIA H100, read from the program compiled for it (EventProp: with
  the engine that is chosen by itself there, ``cuda``, or ``xla`` where the gradient is smoothed), not run; needs the
  installation ``gradlab[gpu-compile]``;
- ``local_*_bytes``: the same on this machine (EventProp: its own engine; scratch of the numba kernels is not in it);
- ``process_*_bytes``: peak resident memory of a process that does nothing else, above its start too, and the device's
  peak where there is a GPU; in bfloat16 only there.

Of EventProp with delays, ``*_added_bytes`` is what it keeps beyond that without, beside the delays themselves
(``*_own_bytes``): three numbers a spike stay three.

Bytes of the input (events; counts on the grid for ``bptt_scan``) are apart: plots and ratios leave them out.
"""
