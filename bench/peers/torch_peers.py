"""One training iteration of e-prop written by hand in PyTorch, in several forms; gradients only, the caller optimises.

adjoint:   the backward recursion per neuron and matrix products over all steps; no autograd.
autograd:  a loop over steps whose recurrent and reset spikes are detached, differentiated by autograd, which is e-prop.
compiled:  the same with the loop's step under torch.compile.
graphs:    forward, backward of `autograd` captured in one CUDA graph.
"""

import torch


class Surrogate(torch.autograd.Function):
    """A spike where excess >= 0 and the neuron is ready; its derivative is psi."""

    @staticmethod
    def forward(ctx, excess, ready, psi):
        ctx.save_for_backward(psi)
        return (excess >= 0).to(excess.dtype) * ready

    @staticmethod
    def backward(ctx, gradient):
        (psi,) = ctx.saved_tensors
        return gradient * psi, None, None


class FeedbackProduct(torch.autograd.Function):
    """z @ W_out, whose errors go back to z through the feedback instead of W_out."""

    @staticmethod
    def forward(ctx, z, w_out, feedback):
        ctx.save_for_backward(z, feedback)
        return z @ w_out

    @staticmethod
    def backward(ctx, gradient):
        z, feedback = ctx.saved_tensors
        return gradient @ feedback, z.flatten(0, 1).T @ gradient.flatten(0, 1), None


def low_pass(drive, kappa, gain):
    """y[t] = kappa y[t-1] + gain drive[t], over the first dimension."""
    y = torch.empty_like(drive)
    last = torch.zeros_like(drive[0])
    for t in range(drive.shape[0]):
        last = torch.add(gain * drive[t], last, alpha=kappa)
        y[t] = last
    return y


class Adjoint:
    """forced: spikes of the file in place of the network's own, so that rounding moves none."""

    name = "adjoint"

    def __init__(self, net):
        self.net = net
        self.weights = [w.clone() for w in (net.w_in, net.w_rec, net.w_out)]
        shape = (net.steps, net.trials, net.alpha.shape[0])
        self.z = torch.zeros((shape[0] + 1, *shape[1:]), device=net.device)  # row t + 1 is step t
        self.psi = torch.empty(shape, device=net.device)
        self.h = torch.empty(shape, device=net.device)

    def forward(self, forced):
        net, z = self.net, self.z
        w_in, w_rec, _ = self.weights
        x = net.events.float()
        current = (x.flatten(0, 1) @ w_in).view(net.steps, net.trials, -1).mul_(net.zeta)
        w_rec = w_rec * net.zeta
        v, a, r = (torch.zeros_like(self.psi[0]) for _ in range(3))
        for t in range(net.steps):
            v.mul_(net.alpha).add_(current[t]).addcmul_(z[t], net.reset, value=-1).addmm_(z[t], w_rec)
            excess = v - net.reset
            if net.has_adaptation:
                a.mul_(net.rho).add_(z[t])
                excess.addcmul_(a, net.beta, value=-1)
            psi, spike = net.psi(excess), (excess >= 0).float()
            if net.has_refractoriness:
                r = (r - 1).clamp_(min=0)
                ready = (r == 0).float()
                psi, spike = psi * ready, spike * ready
            z[t + 1] = net.spikes[t].float() if forced else spike
            if net.has_refractoriness:
                r = torch.where(z[t + 1] > 0, net.refractory, r)
            self.psi[t] = psi
        return x

    def gradients(self, forced=False):
        net, h = self.net, self.h
        x = self.forward(forced)
        z = self.z[1:]
        y = low_pass((z.flatten(0, 1) @ self.weights[2]).view(net.steps, net.trials, -1), net.kappa, net.gain)
        error = net.error(y)
        signal = (error.flatten(0, 1) @ net.feedback).view_as(h).mul_(net.gain)
        penalty = 0.0
        if net.rate_coefficient > 0:
            rate = z.sum(0) / net.steps
            penalty = net.rate_coefficient * (rate - net.rate_target) / net.steps * net.scale.unsqueeze(1)
        c, lam, last = (torch.zeros_like(h[0]) for _ in range(3))
        factor = torch.empty_like(error)
        f = torch.zeros_like(error[0])
        for t in reversed(range(net.steps)):
            c.mul_(net.kappa).add_(signal[t])
            g = (c + penalty).add_(lam).mul_(self.psi[t])
            if net.has_adaptation:
                lam.mul_(net.rho).addcmul_(g, net.beta, value=-1)
            last.mul_(net.alpha).add_(g)
            h[t] = last
            f = torch.add(net.gain * error[t], f, alpha=net.kappa)
            factor[t] = f
        h = h.mul_(net.zeta).flatten(0, 1)
        g_in = x.flatten(0, 1).T @ h
        g_rec = (self.z[:-1].flatten(0, 1).T @ h) * net.diagonal
        g_out = z.flatten(0, 1).T @ factor.flatten(0, 1)
        return [g_in, g_rec, g_out]


class Autograd:
    name = "autograd"

    def __init__(self, net):
        self.net = net
        self.weights = [w.clone().requires_grad_() for w in (net.w_in, net.w_rec, net.w_out)]

    def step(self, current, v, a, r, z, forced):
        """One step of the neurons from detached spikes z; forced: the spikes to take, or None."""
        net = self.net
        v = net.alpha * v + current - net.reset * z.detach()
        a = net.rho * a + z
        excess = v - net.reset - net.beta * a
        r = torch.clamp(r - 1, min=0)
        ready = (r == 0).to(v.dtype)
        z = Surrogate.apply(excess, ready, (net.psi(excess) * ready).detach())
        if forced is not None:
            z = forced + (z - z.detach())
        r = torch.where(z.detach() > 0, net.refractory, r)
        return v, a, r, z

    def loss(self, forced):
        net = self.net
        w_in, w_rec, w_out = self.weights
        current = (net.events.float().flatten(0, 1) @ (w_in * net.zeta)).view(net.steps, net.trials, -1)
        w_rec = w_rec * net.zeta * net.diagonal
        v, a, r, z = (torch.zeros_like(current[0]) for _ in range(4))
        spikes = []
        for t in range(net.steps):
            given = net.spikes[t].float() if forced else None
            v, a, r, z = self.step(current[t] + z.detach() @ w_rec, v, a, r, z, given)
            spikes.append(z)
        spikes = torch.stack(spikes)
        drive = FeedbackProduct.apply(spikes, w_out, net.feedback)
        outputs, last = [], torch.zeros_like(drive[0])
        for t in range(net.steps):
            last = net.kappa * last + net.gain * drive[t]
            outputs.append(last)
        return net.total_loss(torch.stack(outputs), spikes.sum(0))

    def gradients(self, forced=False):
        for weight in self.weights:
            weight.grad = None
        self.loss(forced).backward()
        return [weight.grad for weight in self.weights]


class Compiled(Autograd):
    name = "compiled"

    def __init__(self, net):
        super().__init__(net)
        self.step = torch.compile(super().step, dynamic=False)


class Graphs(Autograd):
    name = "graphs"

    def __init__(self, net):
        if net.device.type != "cuda":
            raise SystemExit("peers: graphs need a CUDA device")
        super().__init__(net)
        self.graph = {}

    def gradients(self, forced=False):
        if forced not in self.graph:
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(2):
                    super().gradients(forced)
            torch.cuda.current_stream().wait_stream(stream)
            for weight in self.weights:
                weight.grad = torch.zeros_like(weight)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                for weight in self.weights:
                    weight.grad.zero_()
                self.loss(forced).backward()
            self.graph[forced] = graph
        self.graph[forced].replay()
        return [weight.grad for weight in self.weights]


FORMS = {form.name: form for form in (Adjoint, Autograd, Compiled, Graphs)}
