"""A network, its trials and its gradients as `spikeweave gradcheck --export` writes them, for peers in PyTorch.

What the peers can do: one dense projection from the input, one among the neurons with a delay of one step, one readout;
lif and alif neurons with a piecewise linear pseudo-derivative; squared error or softmax. Anything else is an error.
Arrays have time first: [steps, trials, cells].
"""

import json

import h5py
import numpy as np
import torch


def require(condition, text):
    if not condition:
        raise SystemExit(f"peers: {text}")


class Network:
    gradient_names = "in, rec, out"

    def __init__(self, path, device="cpu"):
        self.device = torch.device(device)
        with h5py.File(path, "r") as file:
            self.config = json.loads(file.attrs["experiment"])
            self.loss = file.attrs["loss"]
            self._read_neurons(file)
            self._read_projections(file)
            self._read_trials(file)
        self._scale_trials()

    def tensor(self, array, dtype=torch.float32):
        return torch.as_tensor(np.ascontiguousarray(array), dtype=dtype, device=self.device)

    def _read_neurons(self, file):
        for name in ("alpha", "zeta", "rho", "beta", "reset"):
            setattr(self, name, self.tensor(file["neurons"][name][()]))
        self.kappa, self.gain = (float(x) for x in file["engine/output_filter"][()])
        gamma, refractory = [], []
        for population in self.config["network"]["populations"]:
            neuron = population["neuron"]
            require(neuron["model"] in ("lif", "alif"), f"no peer has the model {neuron['model']}")
            require(neuron["pseudo_derivative"] == "piecewise_linear", "the pseudo-derivative is not piecewise linear")
            gamma += [neuron["gamma"]] * population["size"]
            refractory += [neuron["refractory_steps"]] * population["size"]
        self.gamma = self.tensor(gamma)
        self.refractory = self.tensor(refractory)
        self.has_adaptation = bool((self.beta != 0).any())
        self.has_refractoriness = bool((self.refractory > 1).any())

    def _read_projections(self, file):
        require(len(file["projections"]) == 3 and "bias" not in file, "expected three projections and no bias")
        projections = [file["projections"][str(p)] for p in range(3)]
        require([int(p.attrs["delay"]) for p in projections] == [0, 1, 0], "expected the delays 0, 1, 0")
        require(all(p["weight"].ndim == 2 for p in projections), "expected dense projections")
        self.w_in, self.w_rec, self.w_out = (self.tensor(p["weight"][()]) for p in projections)
        self.expected = [self.tensor(p["update"][()]) for p in projections]
        self.feedback = self.tensor(file["engine/feedback"][()])  # [outputs, neurons]
        self.diagonal = 1 - torch.eye(self.w_rec.shape[0], device=self.device)

    def _read_trials(self, file):
        trials = file["trials"]
        require("events" in trials, "the input is not events")
        swap = lambda array: np.swapaxes(array, 0, 1)
        self.events = self.tensor(swap(trials["events"][()]), torch.uint8)  # [steps, trials, inputs]
        self.spikes = self.tensor(swap(file["engine/spikes"][()]), torch.uint8)
        self.length = trials["length"][()]
        segment = swap(trials["segment"][()])
        self.steps, self.trials = segment.shape
        require((self.length == self.steps).all(), "the trials are of different lengths")
        self.scored = self.tensor(segment >= 0)  # [steps, trials]
        at = (np.arange(self.trials)[None, :], np.maximum(segment, 0))
        if self.loss == "softmax":
            self.target = self.tensor(trials["target_class"][()][at], torch.int64)  # [steps, trials]
        else:
            require(self.loss == "squared_error", f"no peer has the loss {self.loss}")
            self.target = self.tensor(trials["target"][()][at])  # [steps, trials, outputs]

    def _scale_trials(self):
        scored = self.scored.sum(0)
        kind = self.config["training"]["reduction"]
        count = float(self.trials)
        divisor = {"sum": torch.full_like(scored, count), "mean_trial": scored * count,
                   "mean_batch": torch.full_like(scored, float(scored.sum()))}[kind]
        self.scale = torch.where(scored > 0, 1 / divisor, torch.zeros_like(scored))  # [trials]
        penalty = self.config["learning"].get("rate_regularization", {"coefficient": 0.0, "target_rate": 0.0})
        require(penalty["coefficient"] == 0.0 or penalty["average"] == "trial", "the rate penalty is over the batch")
        self.rate_coefficient = penalty["coefficient"]
        self.rate_target = penalty["target_rate"] * self.config["network"]["dt"] / 1000.0

    def psi(self, excess):
        """Pseudo-derivative, from v - A."""
        return self.gamma / self.reset * torch.clamp(1 - (excess / self.reset).abs(), min=0)

    def error(self, y):
        """dE/dy [steps, trials, outputs], the reduction's scale in it."""
        if self.loss == "softmax":
            error = torch.softmax(y, -1)
            error.scatter_add_(2, self.target.unsqueeze(2), -torch.ones_like(y[..., :1]))
        else:
            error = y - self.target
        return error * (self.scored * self.scale).unsqueeze(2)

    def total_loss(self, y, spike_sum):
        """E with the rate penalty, its scale in it; spike_sum [trials, neurons] counts spikes."""
        if self.loss == "softmax":
            each = torch.nn.functional.cross_entropy(y.flatten(0, 1), self.target.flatten(), reduction="none")
            loss = (each.view(self.steps, self.trials) * self.scored * self.scale).sum()
        else:
            loss = 0.5 * ((y - self.target) ** 2).sum(-1).mul(self.scored * self.scale).sum()
        if self.rate_coefficient > 0:
            excess = spike_sum / self.steps - self.rate_target
            loss = loss + 0.5 * self.rate_coefficient * ((excess ** 2).sum(1) * self.scale).sum()
        return loss

    def differences(self, gradients):
        """Relative L2 error of each gradient against Spikeweave's, in the order of gradient_names."""
        return [float((g - e).norm() / e.norm()) for g, e in zip(gradients, self.expected)]
