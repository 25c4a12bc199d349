"""One simulated second of Brunel's network with pair STDP on 6.4 million synapses: Spikeweave beside Brian2, one thread.

Both run in this process's children, in turn, on one processor thread. Spikeweave's figure is the difference between a
longer and a shorter run of the whole program, so that building the network is left out, as it is for Brian2.

    /usr/bin/python3 bench/peers/brunel_stdp.py --program build/default/spikeweave --json bench/results/brunel_stdp.json
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXPERIMENT = HERE.parent.parent / "tasks" / "science" / "brunel_stdp.json"
TRIAL = 0.1  # [s] simulated per epoch of the experiment
WARM_UP = 2  # epochs not in rates


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run_spikeweave(program, seed, folder):
    """Two runs that differ by one simulated second."""
    cpu = {}
    for epochs in (2, 12):
        out = Path(folder) / f"epochs{epochs}"
        cpu[epochs] = cpu_seconds([program, "run", str(EXPERIMENT), "--backend", "cpu", "--threads", "1", "--quiet",
                                   "--set", f"/seed={seed}", "--set", f"/training/epochs={epochs}", "--out", str(out)])
    result = json.loads((Path(folder) / "epochs12" / "result.json").read_text())
    epochs = [epoch["train"] for epoch in result["epochs"][1 + WARM_UP:]]
    last = epochs[-1]
    mean = lambda key: statistics.fmean(epoch[key] for epoch in epochs)
    high = 0.2
    return {
        "seed": seed,
        "cpu_s_per_simulated_s": round(cpu[12] - cpu[2], 3),
        "cpu_s_of_the_whole_program": round(cpu[12], 3),
        "rate_e_hz": round(mean("rate_excitatory"), 3),
        "rate_i_hz": round(mean("rate_inhibitory"), 3),
        "cv_isi_e": round(last["cv_excitatory"], 4),
        "weight_mean_of_w_max": round(last["weight_mean_excitatory_excitatory"] / high, 6),
        "weight_sd_of_w_max": round(last["weight_sd_excitatory_excitatory"] / high, 6),
    }


def run_brian2(seed):
    text = subprocess.run([sys.executable, str(HERE / "brunel_stdp_brian2.py"), "--seconds", "1.2", "--seed", str(seed)],
                          check=True, capture_output=True, text=True).stdout
    result = json.loads(text[text.index("{"):])
    return {key: result[key] for key in result if key not in ("command", "weight_histogram")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/default/spikeweave")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--json", help="file for the result")
    options = parser.parse_args()
    runs = []
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            ours = run_spikeweave(options.program, seed, folder)
        runs.append({"spikeweave": ours, "brian2": run_brian2(seed)})
        print(json.dumps(runs[-1], indent=1), flush=True)
    ratios = [run["brian2"]["cpu_s_per_simulated_s"] / run["spikeweave"]["cpu_s_per_simulated_s"] for run in runs]
    version = subprocess.run([options.program, "--version"], capture_output=True, text=True).stdout.strip()
    summary = {"spikeweave": version, "ratio_median": round(statistics.median(ratios), 2),
               "ratios": [round(ratio, 2) for ratio in ratios], "runs": runs}
    print(f"Brian2 / Spikeweave, CPU seconds per simulated second: median {summary['ratio_median']}, "
          f"{min(ratios):.2f} to {max(ratios):.2f}")
    if options.json:
        Path(options.json).write_text(json.dumps(summary, indent=2) + "\n")


if __name__ == "__main__":
    main()
