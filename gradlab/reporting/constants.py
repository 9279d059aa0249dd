"""Figure of constants of the neurons and of delays over the epochs of a training."""

import numpy as np
from matplotlib.figure import Figure

from solvers.neurons import NEURONS, Constant

from ..networks.heterogeneity import QUANTILES
from .style import Record, colour_of, epoch_axis, epochs_of, tidy

DELAYS = {
    f"{name}_delays": Constant(f"delays of {what}", "s", 0.0)
    for name, what in {"inputs": "the inputs", "recurrent": "recurrent connections"}.items()
}


def _axis_of(constant: Constant) -> tuple[str, float]:
    """Label of an axis, and what values are multiplied by: times are shown in milliseconds."""
    if constant.unit == "s":
        return f"{constant.label} [ms]", 1e3
    return constant.label + (f" [{constant.unit}]" if constant.unit else ""), 1.0


def constants(record: Record) -> Figure:
    """Distribution of each trained constant, and of the delays, over the neurons of each hidden layer, epoch by epoch.

    Args:
        record: of a training, with ``samples["tau_mem_quantiles"]`` and so on, ``[epoch][layer][quantile]``.

    Returns:
        A row of panels for each layer: the median, and bands between the quantiles.
    """
    ending = "_quantiles"
    samples = {name.removesuffix(ending): x for name, x in record["samples"].items() if name.endswith(ending)}
    values = {name: np.array(found, np.float64) for name, found in samples.items()}
    declared = NEURONS[record["config"].get("network", {}).get("neuron", "lif")].constants | DELAYS
    layers = next(iter(values.values())).shape[1]
    figure = Figure(figsize=(10, 0.7 + 2.6 * layers), layout="constrained")
    rows = figure.subplots(layers, len(values), squeeze=False)
    colour, middle = colour_of(record["method"]), len(QUANTILES) // 2
    for layer, row in enumerate(rows):
        for (name, found), ax in zip(values.items(), row, strict=True):
            label, scale = _axis_of(declared[name])
            of_layer = scale * found[:, layer]
            epochs = epochs_of(record["samples"], len(of_layer))
            for k in range(middle):
                band = f"{QUANTILES[k]:.0%} to {QUANTILES[-1 - k]:.0%}"
                ax.fill_between(
                    epochs, of_layer[:, k], of_layer[:, -1 - k], color=colour, alpha=0.2 * (k + 1), lw=0, label=band
                )
            ax.plot(epochs, of_layer[:, middle], color=colour, linewidth=1.8, label="median")
            ax.set_ylabel(label if layers == 1 else f"{label}, layer {layer + 1}")
            epoch_axis(ax)
            tidy(ax)
    handles, labels = rows[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    return figure
