"""Brunel's random network with pair STDP on all E->E synapses, in Brian2 (C++ standalone, one thread).

The peer of Spikeweave's event-driven plasticity: what does one simulated second cost, and where do the weights go?
Neurons are those of model iaf_delta (include/spikeweave/models/iaf_delta.hpp; Brunel 2000), voltages in mV. The rule is
pair STDP, all-to-all, multiplicative (soft bounds, mu = 1), with delays in the axon:
    arrival of a pre spike:  w -= lambda * ratio * w * y;      x += 1
    post spike:              w += lambda * (w_max - w) * x;    y += 1
x and y decay with tau and are brought up to date at events only ("event-driven"); they are kept per synapse.
A pair that coincides in one step changes nothing: the post pathway runs first, and the pre pathway takes the spike of
this very step out of y again.

Where Brian2 differs from iaf_delta: what arrives in a step is tested against the threshold in the next one; input to a
neuron in the step of its spike is lost. Its refractory time is given one step longer, so that the voltage is held for
the same 20 steps.

    /usr/bin/python3 bench/peers/brunel_stdp_brian2.py --seed 1 --json bench/results/brunel_stdp_brian2_seed1.json
"""

import argparse
import json
import platform
import resource
import subprocess
import tempfile
import time

import brian2
import numpy as np
from brian2 import Network, NeuronGroup, PoissonInput, SpikeMonitor, Synapses, device, ms, second, Hz

N_E, N_I = 8000, 2000
PROBABILITY = 0.1  # of a connection, for each ordered pair of different neurons
DT, DELAY, TAU_M, T_REF = 0.1, 1.5, 20.0, 2.0  # [ms]
THETA, V_RESET = 20.0, 10.0  # [mV]
J = 0.1  # [mV] E weights, initial ones where they are plastic, and weights of the external drive
G = 5.0  # inhibitory weights are -G * J
EXTERNAL_SOURCES = 800  # per neuron
NU_EXT = 25.0  # [Hz] of each source: twice what brings the mean voltage to the threshold
TAU_STDP = 20.0  # [ms] both traces
LAMBDA, RATIO, W_MAX = 0.01, 1.05, 0.2  # W_MAX [mV]
WARM_UP = 0.2  # [s] not in rates and CV

NEURON = "dv/dt = -v / tau_m : 1 (unless refractory)"
PLASTIC = """w : 1
dx/dt = -x / tau_stdp : 1 (event-driven)
dy/dt = -y / tau_stdp : 1 (event-driven)"""
ON_PRE = """v_post += w
w -= lambda_ * ratio * w * (y - int(lastspike_post == t))
x += 1"""
ON_POST = """w += lambda_ * (w_max - w) * x
y += 1"""


def population(size, constants):
    group = NeuronGroup(size, NEURON, threshold="v >= theta", reset="v = v_reset",
                        refractory=(T_REF + DT) * ms, method="exact", namespace=constants)
    group.v = "rand() * theta"
    return group


def build(seconds, nu_ext, g):
    constants = dict(tau_m=TAU_M * ms, theta=THETA, v_reset=V_RESET, tau_stdp=TAU_STDP * ms, lambda_=LAMBDA,
                     ratio=RATIO, w_max=W_MAX, J=J, J_inhibitory=-g * J)
    brian2.defaultclock.dt = DT * ms
    e, i = population(N_E, constants), population(N_I, constants)

    def connect(pre, post, weight):
        synapses = Synapses(pre, post, on_pre=f"v_post += {weight}", delay=DELAY * ms, namespace=constants)
        synapses.connect(condition="i != j" if pre is post else None, p=PROBABILITY)
        return synapses

    plastic = Synapses(e, e, PLASTIC, on_pre=ON_PRE, on_post=ON_POST, delay={"pre": DELAY * ms}, namespace=constants)
    plastic.post.order, plastic.pre.order = -1, 1
    plastic.connect(condition="i != j", p=PROBABILITY)
    plastic.w = J
    fixed = [connect(e, i, "J"), connect(i, e, "J_inhibitory"), connect(i, i, "J_inhibitory")]
    drive = [PoissonInput(group, "v", EXTERNAL_SOURCES, nu_ext * Hz, weight=J) for group in (e, i)]
    spikes_e, spikes_i = SpikeMonitor(e), SpikeMonitor(i)
    network = Network(e, i, plastic, fixed, drive, spikes_e, spikes_i)
    network.run(seconds * second, namespace={})
    return plastic, spikes_e, spikes_i


def rate(monitor, count, seconds):
    return float(np.sum(monitor.t / second >= WARM_UP)) / count / (seconds - WARM_UP)


def mean_cv(monitor, fewest_intervals=5):
    """Mean over neurons with so many intervals of standard deviation / mean of their interspike intervals."""
    cells, times = np.asarray(monitor.i), np.asarray(monitor.t / second)
    kept = times >= WARM_UP
    cells, times = cells[kept], times[kept]
    order = np.lexsort((times, cells))
    cells, intervals = cells[order], np.diff(times[order])
    same = cells[1:] == cells[:-1]
    values = [np.std(part) / np.mean(part) for part in
              np.split(intervals[same], np.flatnonzero(np.diff(cells[1:][same])) + 1) if len(part) >= fewest_intervals]
    return float(np.mean(values))


def cpu_name():
    with open("/proc/cpuinfo") as lines:
        return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.0, help="simulated time; above 0.2 (default: 1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nu-ext", type=float, default=NU_EXT, help="rate of an external source [Hz]")
    parser.add_argument("--g", type=float, default=G, help="inhibitory over excitatory weight")
    parser.add_argument("--json", help="file for the result")
    options = parser.parse_args()
    if options.seconds <= WARM_UP:
        parser.error(f"--seconds {options.seconds}: expected more than the warm-up, {WARM_UP}")

    with tempfile.TemporaryDirectory() as folder:
        brian2.set_device("cpp_standalone", build_on_run=False, directory=folder)
        brian2.seed(options.seed)
        # clock(): processor time of the process. What lies before is the making of the synapses.
        device.insert_code("before_network_run", "const clock_t cpu_before = clock();")
        device.insert_code("after_network_run", """{
            std::ofstream file("cpu_seconds.txt");
            file << double(clock() - cpu_before) / CLOCKS_PER_SEC;
        }""")
        plastic, spikes_e, spikes_i = build(options.seconds, options.nu_ext, options.g)
        start = time.perf_counter()
        device.build(directory=folder, compile=True, run=False)
        build_seconds = time.perf_counter() - start
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        device.run(folder, with_output=False, run_args=[])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        with open(f"{folder}/cpu_seconds.txt") as file:
            simulation = float(file.read())

        w = np.asarray(plastic.w[:]) / W_MAX
        histogram, _ = np.histogram(w, bins=20, range=(0.0, 1.0))
        result = {
            "command": f"bench/peers/brunel_stdp_brian2.py --seconds {options.seconds:g} --seed {options.seed} "
                       f"--nu-ext {options.nu_ext:g} --g {options.g:g}",
            "brian2": brian2.__version__,
            "compiler": subprocess.run(["g++", "--version"], capture_output=True, text=True).stdout.split("\n")[0],
            "compiler_flags": " ".join(brian2.prefs["codegen.cpp.extra_compile_args_gcc"]),
            "cpu": cpu_name(),
            "threads": 1,
            "seconds": options.seconds,
            "seed": options.seed,
            "g": options.g,
            "nu_ext_hz": options.nu_ext,
            "plastic_synapses": int(len(w)),
            "build_s": round(build_seconds, 2),
            "cpu_s_per_simulated_s": round(simulation / options.seconds, 3),
            "cpu_s_of_the_whole_program": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 3),
            "rate_e_hz": round(rate(spikes_e, N_E, options.seconds), 3),
            "rate_i_hz": round(rate(spikes_i, N_I, options.seconds), 3),
            "cv_isi_e": round(mean_cv(spikes_e), 4),
            "weight_mean_of_w_max": round(float(w.mean()), 6),
            "weight_sd_of_w_max": round(float(w.std()), 6),
            "weight_fixed_point_of_w_max": round(1.0 / (1.0 + RATIO), 6),
            "weight_histogram": histogram.tolist(),
        }
    text = json.dumps(result, indent=2)
    print(text)
    if options.json:
        with open(options.json, "w") as file:
            file.write(text + "\n")


if __name__ == "__main__":
    main()
