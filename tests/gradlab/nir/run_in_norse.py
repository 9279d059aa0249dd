"""Run a NIR graph in norse, in an environment without this project: ``run_in_norse.py GRAPH INPUT OUTPUT DT``."""

import sys
import warnings

import nir
import nirtorch
import norse.torch.module.leaky_integrator_box as li_box
import numpy as np
import torch
from norse.torch.utils.import_nir import _import_norse_module


class Late(torch.nn.Module):
    """A delay of whole steps for each unit, which norse has not."""

    def __init__(self, steps):
        super().__init__()
        self.steps = torch.as_tensor(steps)

    def forward(self, x, state=None):
        past = torch.zeros(int(self.steps.max()) + 1, x.shape[-1]) if state is None else state[0]
        past = torch.cat([x.reshape(1, -1), past[:-1]])
        return past[self.steps, torch.arange(x.shape[-1])], (past,)


class Readout(torch.nn.Module):
    """A leaky readout of norse's own parts, as its importer builds its CubaLIF."""

    def __init__(self, node, dt):
        super().__init__()
        cell = lambda tau: li_box.LIBoxCell(li_box.LIBoxParameters(tau_mem_inv=1 / torch.as_tensor(tau)), dt=dt)  # noqa: E731
        self.w_in = torch.as_tensor(node.w_in)
        self.current, self.voltage = cell(node.tau_syn), cell(node.tau_mem)

    def forward(self, x, state=None):
        of_current, of_voltage = (None, None) if state is None else state
        x, of_current = self.current(self.w_in * x, of_current)
        x, of_voltage = self.voltage(x, of_voltage)
        return x, (of_current, of_voltage)


def main(graph, given, out, dt):
    def module(node):
        if isinstance(node, nir.Delay):
            return Late(np.rint(node.delay / dt).astype(int))
        return Readout(node, dt) if isinstance(node, nir.CubaLI) else _import_norse_module(node, dt=dt)

    warnings.simplefilter("ignore")
    network, state, outputs = nirtorch.load(nir.read(graph), module), None, []
    with torch.no_grad():
        for step in torch.as_tensor(np.load(given), dtype=torch.float32):
            output, state = network(step, state)
            outputs.append(output.reshape(-1).numpy())
    np.save(out, np.stack(outputs))


if __name__ == "__main__":
    main(*sys.argv[1:4], float(sys.argv[4]))
