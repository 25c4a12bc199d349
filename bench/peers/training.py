"""One training iteration of e-prop: Spikeweave beside PyTorch, on the same network, trials and weights, in turn.

First every form's gradient is compared with Spikeweave's, with Spikeweave's spikes given (rounding moves single spikes of
a free run). Then Spikeweave (`spikeweave bench`) and the forms (torch_peers.py) take turns, on as many threads.

    python3 bench/peers/training.py bench/experiments/512-512-20.json --json bench/results/peers_512-512-20.json

Needs PyTorch and h5py: Debian's python3-torch and python3-h5py, or both from PyPI.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from torch_network import Network
from torch_peers import FORMS

MOST_DIFFERENCE = 2e-5  # relative L2, each weight matrix


def spikeweave(program, arguments, threads):
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "passive"}
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True, env=environment).stdout


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


def time_peer(form, optimizer, device, iterations):
    """Wall and CPU seconds of each iteration; on a GPU also the seconds between events on its stream."""
    wall, cpu, event = [], [], []
    for _ in range(iterations):
        wall_before, cpu_before = time.perf_counter(), time.process_time()
        if device == "cuda":
            before, after = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            before.record()
        for weight, gradient in zip(form.weights, form.gradients()):
            weight.grad = gradient
        optimizer.step()
        if device == "cuda":
            after.record()
        synchronize(device)
        wall.append(time.perf_counter() - wall_before)
        cpu.append(time.process_time() - cpu_before)
        if device == "cuda":
            event.append(1e-3 * before.elapsed_time(after))
    return wall, cpu, event


def summary(wall, cpu, event):
    result = {"wall_ms": round(1e3 * statistics.median(wall), 3), "wall_ms_min": round(1e3 * min(wall), 3),
              "wall_ms_max": round(1e3 * max(wall), 3), "cpu_ms": round(1e3 * statistics.median(cpu), 3)}
    if event:
        result["event_ms"] = round(1e3 * statistics.median(event), 3)
    return result


def beside(text, network, all_forms, usual_forms, optimizer_of):
    """The program of a comparison. network(path, device) reads the export; all_forms: name -> form(network)."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment")
    parser.add_argument("--set", action="append", default=[], help="change a setting of the experiment")
    parser.add_argument("--program", default="build/default/spikeweave")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--forms", nargs="+", choices=list(all_forms), default=usual_forms)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each")
    parser.add_argument("--iterations", type=int, default=3, help="iterations of a turn")
    parser.add_argument("--json", help="file for the result")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)  # as Spikeweave does: decaying traces would slow a CPU down
    common = [options.experiment, "--backend", options.device, "--threads", str(options.threads)]
    for setting in options.set:
        common += ["--set", setting]

    with tempfile.TemporaryDirectory() as folder:
        spikeweave(options.program, ["gradcheck", *common, "--export", "--quiet", "--out", folder], options.threads)
        net = network(Path(folder) / "gradcheck.h5", options.device)
    differences, forms = {}, {}
    for name in options.forms:
        form = all_forms[name](net)
        differences[name] = net.differences([g.detach() for g in form.gradients(forced=True)])
        print(f"{name}: relative L2 difference of the gradients {net.gradient_names}: "
              + " ".join(f"{d:.1e}" for d in differences[name]), flush=True)
        if not max(differences[name]) <= MOST_DIFFERENCE:
            sys.exit(f"peers: the gradient of {name} differs from Spikeweave's by more than {MOST_DIFFERENCE}")
        optimizer = optimizer_of(form.weights)
        time_peer(form, optimizer, options.device, 1)  # warm up
        forms[name] = (form, optimizer)

    times = {name: ([], [], []) for name in ["spikeweave", *forms]}
    for _ in range(options.rounds):
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            spikeweave(options.program, ["bench", *common, "--warm-up", "1", "--check-trials", "1", "--iterations",
                                         str(options.iterations), "--json", file.name], options.threads)
            ours = json.loads(Path(file.name).read_text())
        part = ours["parts"][-1]
        times["spikeweave"][0].extend(part["wall_seconds"])
        times["spikeweave"][1].extend(part["cpu_seconds"])
        for name, (form, optimizer) in forms.items():
            for all_seconds, seconds in zip(times[name], time_peer(form, optimizer, options.device, options.iterations)):
                all_seconds.extend(seconds)

    result = {"experiment": options.experiment, "set": options.set, "device": ours["device"], "backend": ours["backend"],
              "spikeweave": ours["spikeweave"], "commit": ours["commit"], "torch": torch.__version__,
              "python": platform.python_version(), "threads": options.threads,
              "spikes_per_step": ours["spikes_per_step"], "batch": ours["batch"], "steps": ours["steps"],
              "synapses": ours["synapses"], "gradient_difference_to_textbook": ours.get("gradient_difference"),
              "gradient_differences": differences,
              "times": {name: summary(*seconds) for name, seconds in times.items()}}
    key = "wall_ms" if options.device == "cuda" else "cpu_ms"
    own = result["times"]["spikeweave"][key]
    result["ratios"] = {name: round(result["times"][name][key] / own, 2) for name in forms}
    print(f"batch {ours['batch']}, {ours['steps']} steps, {100 * ours['spikes_per_step']:.2f} % firing, "
          f"torch {torch.__version__}, {options.threads} threads")
    for name, row in result["times"].items():
        ratio = f"  {result['ratios'][name]:.2f} x" if name in forms else ""
        print(f"{name:<12} wall {row['wall_ms']:9.1f} ms ({row['wall_ms_min']:.1f} - {row['wall_ms_max']:.1f})  "
              f"CPU {row['cpu_ms']:9.1f} ms{ratio}")
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    beside(__doc__, Network, FORMS, ["adjoint", "autograd"], lambda weights: torch.optim.Adam(weights, lr=1e-4))
