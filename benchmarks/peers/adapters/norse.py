"""Norse: BPTT-SG in PyTorch (SuperSpike), ``LIFRecurrent``, a loop over the steps in Python."""

from typing import Any

import torch
from norse.torch import LI, LIFParameters, LIFRecurrent, LIParameters

from benchmarks.peers.contestant import Contestant, Problem, main


class Net(torch.nn.Module):  # type: ignore[misc]
    """The network; norse's neurons are those of the problem, with Euler's steps."""

    def __init__(self, problem: Problem):
        """Take over the weights and the time constants."""
        super().__init__()
        inputs, hidden = problem.w_in.shape
        rates = torch.as_tensor(1 / problem.tau_syn), torch.as_tensor(1 / problem.tau_mem)
        w_in, w_rec, w_out = (
            torch.nn.Parameter(torch.as_tensor(w.T).contiguous()) for w in (problem.w_in, problem.w_rec, problem.w_out)
        )
        neuron = LIFParameters(*rates, v_th=torch.as_tensor(problem.threshold), alpha=torch.as_tensor(10.0))
        self.hidden = LIFRecurrent(
            inputs, hidden, neuron, input_weights=w_in, recurrent_weights=w_rec, autapses=True, dt=problem.dt
        )
        self.w_out = w_out
        self.readout = LI(LIParameters(*rates), dt=problem.dt)

    def forward(self, grid: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Spikes and readout voltages of all steps."""
        spikes, _ = self.hidden(grid)
        return spikes, self.readout(torch.nn.functional.linear(spikes, self.w_out))[0]


def build(problem: Problem) -> Contestant:
    """See ``Contestant``."""
    torch.set_num_threads(1)
    net, grid, labels = Net(problem), torch.as_tensor(problem.grid()), torch.as_tensor(problem.labels).long()
    weights = net.hidden.input_weights, net.hidden.recurrent_weights, net.w_out

    def gradient() -> Any:
        loss = torch.nn.functional.cross_entropy(net(grid)[1].mean(0), labels)
        return torch.autograd.grad(loss, weights)

    def rate() -> float:
        with torch.no_grad():
            return problem.rate_of(net(grid)[0].sum().item())

    return Contestant(gradient, rate, grid.nbytes)


if __name__ == "__main__":
    main(build, "norse")
