"""Spike-train matching: curves of the loss, the picture, and what each variant learned to draw."""

from itertools import cycle

import numpy as np
from matplotlib.figure import Figure

from gradlab.command import Record

from .drawing import COLOURS, EXACT, panel
from .matching import DT, NEURONS, STEPS


def matched(record: Record) -> Figure:
    """Loss over epochs, the target, and the last raster of each variant."""
    found = record["samples"]["matching"]
    figure = Figure(figsize=(13, 6.4), layout="constrained")
    places = figure.subplot_mosaic([["loss", "loss", "target"], ["0", "1", "2"]])
    for curve, colour in zip(found["curves"], cycle(COLOURS), strict=False):
        epochs = found["epochs_shown"] * np.arange(len(curve["loss"]))
        places["loss"].plot(epochs, curve["loss"], color=colour, linewidth=1.3, label=curve["name"])
    places["loss"].set_yscale("log")
    places["loss"].legend(frameon=False, fontsize="small")
    panel(places["loss"], "van Rossum's distance to the target", "epoch", "loss")
    target, *drawn = found["rasters"]
    rasters = [(places["target"], target, EXACT)]
    rasters += [(places[str(k)], each, COLOURS[k]) for k, each in enumerate(drawn)]
    for ax, each, colour in rasters:
        ax.scatter(1e3 * DT * np.array(each["step"]), each["neuron"], s=1, color=colour)
        ax.set_xlim(0, 1e3 * DT * STEPS)
        ax.set_ylim(0, NEURONS)
        panel(ax, each["name"], "time [ms]", "neuron")
    return figure
