"""snnTorch: BPTT-SG in PyTorch, a loop over the steps in Python.

Current-based recurrent neurons and a leaky readout. The linear layers are applied to all steps at once.
"""

from typing import Any

import numpy as np
import torch
from snntorch import Leaky, RSynaptic, surrogate

from benchmarks.peers.contestant import Contestant, Problem, main


class Net(torch.nn.Module):  # type: ignore[misc]
    """The network; weights are in units of the voltage, which snnTorch does not scale with the leak."""

    def __init__(self, problem: Problem):
        """Take over the weights and the time constants."""
        super().__init__()
        inputs, hidden = problem.w_in.shape
        outputs = problem.w_out.shape[1]
        alpha, beta = (float(np.exp(-problem.dt / tau)) for tau in (problem.tau_syn, problem.tau_mem))
        self.w_in = torch.nn.Linear(inputs, hidden, bias=False)
        self.hidden = RSynaptic(
            alpha, beta, linear_features=hidden, threshold=problem.threshold,
            spike_grad=surrogate.fast_sigmoid(slope=10), reset_mechanism="subtract",
        )  # fmt: skip
        self.hidden.recurrent = torch.nn.Linear(hidden, hidden, bias=False)
        self.w_out = torch.nn.Linear(hidden, outputs, bias=False)
        self.readout = Leaky(beta, reset_mechanism="none")
        # The readout has no synaptic current; a spike has the same integral as with one.
        scales = 1 - beta, 1 - beta, (1 - beta) * problem.tau_syn / problem.dt
        weights = problem.w_in, problem.w_rec, problem.w_out
        layers = self.w_in, self.hidden.recurrent, self.w_out
        for layer, weight, scale in zip(layers, weights, scales, strict=True):
            layer.weight = torch.nn.Parameter(torch.as_tensor(np.float32(scale) * weight.T).contiguous())

    def forward(self, grid: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Spikes and readout voltages of all steps."""
        currents = self.w_in(grid)
        spike = current = voltage = torch.zeros_like(currents[0])
        spikes = []
        for x in currents:
            spike, current, voltage = self.hidden(x, spike, current, voltage)
            spikes.append(spike)
        fired = torch.stack(spikes)
        seen, voltages = torch.zeros(currents.shape[1], self.w_out.out_features), []
        for x in self.w_out(fired):
            seen = self.readout(x, seen)[1]
            voltages.append(seen)
        return fired, torch.stack(voltages)


def build(problem: Problem) -> Contestant:
    """See ``Contestant``."""
    torch.set_num_threads(1)
    net, grid, labels = Net(problem), torch.as_tensor(problem.grid()), torch.as_tensor(problem.labels).long()

    def gradient() -> Any:
        loss = torch.nn.functional.cross_entropy(net(grid)[1].mean(0), labels)
        return torch.autograd.grad(loss, list(net.parameters()))

    def rate() -> float:
        with torch.no_grad():
            return problem.rate_of(net(grid)[0].sum().item())

    return Contestant(gradient, rate, grid.nbytes)


if __name__ == "__main__":
    main(build, "snntorch")
