"""One training iteration of a deep network of neurons that fire at random: Spikeweave beside PyTorch, in turn.

Feedback alignment (rule bptt, recurrent_path synapses, fixed random feedback) through layers of escape_lif neurons
without reset, each of which sends to the next alone. So PyTorch's best form goes layer by layer: the currents of all
steps and trials are one matrix product, then come the membranes, step by step, then the next layer; errors go back in the
same way, and a gradient of weights is one product. No autograd. The input events are Spikeweave's, not drawn again.
Gradients are compared first, with Spikeweave's spikes given. Form `graph` is the same captured in a CUDA graph.

    python3 bench/peers/layers.py bench/experiments/784-1500-1500-1500-10.json --json bench/results/peers_cpu_layers.json
    python3 bench/peers/layers.py ... --set /training/batch_size=128 --device cuda --forms layers graph

Needs PyTorch and h5py, see training.py.
"""

import torch

from torch_network import Network, require
from training import beside


class LayerNetwork(Network):
    """Layers in their order; projections from the input or a layer to the next one, from the bias and to the readout."""

    def _read_neurons(self, file):
        for name in ("alpha", "zeta", "reset"):
            setattr(self, name, self.tensor(file["neurons"][name][()]))
        require(not self.reset.any(), "expected neurons without reset")
        self.kappa, self.gain = (float(x) for x in file["engine/output_filter"][()])
        self.layers, begin = [], 0
        for population in self.config["network"]["populations"]:
            neuron = population["neuron"]
            require(neuron["model"] == "escape_lif" and neuron["escape"] == "logistic"
                    and neuron["pseudo_derivative"] == "escape", "expected escape_lif neurons with a logistic escape")
            require(neuron["refractory_steps"] <= 1, "expected no refractoriness")
            self.layers.append((begin, begin + population["size"], neuron["v_threshold"], neuron["width"]))
            begin += population["size"]
        self.alpha_of, self.zeta_of = [], []
        for first, last, _, _ in self.layers:
            for of, values in ((self.alpha_of, self.alpha), (self.zeta_of, self.zeta)):
                require(bool((values[first:last] == values[first]).all()), "the neurons of a layer differ")
                of.append(float(values[first]))

    def _read_projections(self, file):
        learning = self.config["learning"]
        require(learning["rule"] == "bptt" and learning["recurrent_path"] == "synapses", "expected bptt along synapses")
        count = len(self.layers)
        self.w, self.delay, self.back, self.bias = [None] * (count + 1), [0] * (count + 1), [None] * (count + 1), [None] * count
        updates = {}
        starts = {first: layer for layer, (first, *_) in enumerate(self.layers)}
        listed = self.config["network"]["projections"]
        require(len(file["projections"]) == len(listed), "expected one block for each projection")
        for p, settings in enumerate(listed):
            group = file["projections"][str(p)]
            require(group["weight"].ndim == 2, "expected dense projections")
            weight = self.tensor(group["weight"][()])
            to = count if settings["to"] in ("output", ["output"]) else starts[int(group.attrs["post_begin"])]
            if settings["from"] in ("bias", ["bias"]):
                self.bias[to] = weight[0]
                updates["bias", to] = self.tensor(group["update"][()])[0]
                continue
            is_input = settings["from"] in ("input", ["input"])
            require(is_input == (to == 0) and (is_input or starts[int(group.attrs["pre_begin"])] == to - 1),
                    "expected each layer to project to the next one")
            self.w[to], self.delay[to] = weight, int(group.attrs["delay"])
            updates["w", to] = self.tensor(group["update"][()])
            if 0 < to < count:
                self.back[to] = self.tensor(group["feedback" if "feedback" in group else "weight"][()])
        require(all(x is not None for x in self.w + self.bias) and "bias" in file, "expected weights and biases")
        require(self.delay[0] == 0 and max(self.delay) <= 1, "expected delays of at most one step")
        first, last, *_ = self.layers[-1]
        self.back[count] = self.tensor(file["engine/feedback"][()])[:, first:last].contiguous()  # [outputs, last layer]
        self.bias.append(self.tensor(file["bias/value"][()]))
        updates["bias", count] = self.tensor(file["bias/update"][()])
        order = [(kind, to) for kind in ("w", "bias") for to in range(count + 1)]
        self.expected = [updates[key] for key in order]
        self.gradient_names = ", ".join(f"{kind} {to}" for kind, to in order)


class Layers:
    """What a layer sends stands in row t + 1 of its z, its post factors in row t of its h; the rows around are 0."""

    def __init__(self, net):
        self.net = net
        self.w = [w.clone() for w in net.w]
        self.bias = [b.clone() for b in net.bias]
        self.weights = self.w + self.bias
        shape = (net.steps, net.trials)
        make = lambda rows, count: torch.zeros((rows, net.trials, count), device=net.device)
        sizes = [last - first for first, last, *_ in net.layers]
        self.x = make(net.steps, net.w[0].shape[0])
        self.z = [make(net.steps + 1, n) for n in sizes]
        self.h = [make(net.steps + 1, n) for n in sizes]
        self.v = [make(net.steps, n) for n in sizes]  # membrane, then the derivative of the firing probability
        self.drawn = [make(net.steps, n) for n in sizes]
        self.y, self.factor = make(net.steps, net.w[-1].shape[1]), make(net.steps, net.w[-1].shape[1])
        self.gradient = [torch.zeros_like(w) for w in self.weights]
        self.rows = shape[0] * shape[1]

    def flat(self, array):
        return array.view(self.rows, -1)

    def sent(self, to):
        """What arrives at a layer, or the readout, in every step."""
        if to == 0:
            return self.x
        z = self.z[to - 1]
        return z[:-1] if self.net.delay[to] == 1 else z[1:]

    def forward(self, forced):
        net = self.net
        self.x.copy_(net.events)
        for n, (first, last, threshold, width) in enumerate(net.layers):
            v, z = self.v[n], self.z[n]
            torch.addmm(self.bias[n], self.flat(self.sent(n)), self.w[n], out=self.flat(v))
            v.mul_(net.zeta_of[n])
            for t in range(1, net.steps):
                v[t].add_(v[t - 1], alpha=net.alpha_of[n])
            v.sub_(threshold)
            if width != 1:
                v.div_(width)
            p = v.sigmoid_()
            if forced:
                z[1:] = net.spikes[:, :, first:last]
            else:
                torch.rand(p.shape, out=self.drawn[n])
                torch.lt(self.drawn[n], p, out=z[1:])
            torch.addcmul(p, p, p, value=-1, out=p)
            if width != 1:
                p.div_(width)
        torch.mm(self.flat(self.sent(len(net.layers))), self.w[-1], out=self.flat(self.y))
        self.y.mul_(net.gain)
        for t in range(1, net.steps):
            self.y[t].add_(self.y[t - 1], alpha=net.kappa)
        return self.y + self.bias[-1]

    @torch.no_grad()
    def gradients(self, forced=False):
        net, count = self.net, len(self.net.layers)
        error = net.error(self.forward(forced))
        torch.mul(error, net.gain, out=self.factor)
        for t in reversed(range(net.steps - 1)):
            self.factor[t].add_(self.factor[t + 1], alpha=net.kappa)
        torch.sum(error, (0, 1), out=self.gradient[-1])
        factor = self.factor
        for n in range(count, -1, -1):
            torch.mm(self.flat(self.sent(n)).T, self.flat(factor), out=self.gradient[n])
            if n < count:
                torch.sum(factor, (0, 1), out=self.gradient[count + 1 + n])
            if n == 0:
                break
            psi, h = self.v[n - 1], self.h[n - 1]
            if n == count:
                torch.mm(self.flat(factor), net.back[n], out=self.flat(h[:-1]))
            else:
                above = self.h[n][1:] if net.delay[n] == 1 else self.h[n][:-1]
                torch.mm(self.flat(above), net.back[n].T, out=self.flat(h[:-1]))
            h[:-1].mul_(psi)
            for t in reversed(range(net.steps - 1)):
                h[t].add_(h[t + 1], alpha=net.alpha_of[n - 1])
            factor = h[:-1].mul_(net.zeta_of[n - 1])
        return self.gradient


class Graph(Layers):
    """The same without the host's launches. Spikes are drawn anew in each replay."""

    def __init__(self, net):
        if net.device.type != "cuda":
            raise SystemExit("peers: a graph needs a CUDA device")
        super().__init__(net)
        self.graph = {}

    @torch.no_grad()
    def gradients(self, forced=False):
        if forced not in self.graph:
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(2):
                    super().gradients(forced)
            torch.cuda.current_stream().wait_stream(stream)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                super().gradients(forced)
            self.graph[forced] = graph
        self.graph[forced].replay()
        return self.gradient


if __name__ == "__main__":
    beside(__doc__, LayerNetwork, {"layers": Layers, "graph": Graph}, ["layers"],
           lambda weights: torch.optim.SGD(weights, lr=1e-4))
