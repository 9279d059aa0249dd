"""Trained weights with escape noise, over many trials, beside the same weights without noise.

``python -m benchmarks.trials`` takes the options of ``gradlab.bench``, goes on from that command's checkpoint, which of
a finished training is the whole training, and tests the weights on the time grid: without noise, and in several trials
whose spikes are drawn with ``--escape`` and ``--slope``. Of the latter it gives the accuracy of a trial, that of the
answer that is expected over trials, and the Fano factor of the spike counts.
"""
