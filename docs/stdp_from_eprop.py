#!/usr/bin/env python3
"""The measurements of docs/stdp-from-eprop.md: both tables as Markdown, the pictures as PNG and SVG.

    docs/stdp_from_eprop.py runs/stdp_from_eprop

Writes into the folder: windows/NAME/window.{csv,h5,png,svg}, sequences/NAME_SEED/result.json, accuracy.{csv,png,svg},
tables.md. Needs python3, gnuplot and the program. Takes five minutes on two cores.
"""

import argparse
import csv
import json
import math
import re
import statistics
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TAU = 20.0  # [ms]  of the membrane and of the spike trace
COLUMNS = [-40, -20, -10, -1, 0, 10, 20, 40]  # D of the table [ms]
PRESENTATIONS = [1, 2, 5, 10, 20, 50, 100]

ESCAPE = ["/neuron/model=escape_lif", "/neuron/width=0.1", "/neuron/pseudo_derivative=constant"]
# name, label, neuron, mean and deviation of the background current
WINDOWS = [
    ("escape", "escape noise (logistic, width .1), no reset", ESCAPE + ["/neuron/reset=false"], 0.031, 0.02),
    ("escape_reset", "the same with reset", ESCAPE + ["/neuron/reset=true"], 0.04, 0.05),
    ("threshold", "hard threshold, triangular psi", ["/neuron/model=lif"], 0.045, 0.08),
]
SEQUENCES = [
    ("sequence_local_eprop", "local signal, spike trace: rule (b)"),
    ("sequence_rule_a", "local signal, membrane: rule (a)"),
    ("sequence_global_eprop", "broadcast error"),
    ("sequence_pair_stdp", "classical pair STDP, same time constants, depression x 1.05"),
    ("sequence_flipped", "rule (b), sign flipped"),
    ("sequence_untrained", "no learning"),
]


def run(command):
    return subprocess.run([str(part) for part in command], check=True, text=True, stdout=subprocess.PIPE).stdout


def short(value):
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def row(cells):
    return "| " + " | ".join(cells) + " |\n"


def kernel(difference):
    """The closed form for tau_m = tau_prediction, dt = 1 ms."""
    alpha = math.exp(-1.0 / TAU)
    scale = (1.0 - alpha) / (1.0 - alpha * alpha)
    return scale * alpha**difference if difference >= 0 else -scale * alpha ** (-difference - 1)


def window(program, folder, neuron, mean, deviation, trials):
    """D -> (change, error), and what the program prints about it."""
    settings = ["/signal=local", f"/tau_prediction={TAU}", f"/neuron/tau_m={TAU}", "/neuron/v_threshold=1",
                "/neuron/refractory_steps=0", f"/protocol/mean={mean}", f"/protocol/deviation={deviation}",
                "/protocol/settle=300", f"/protocol/trials={trials}"]
    text = run([program, "window", "--rule", "eprop", "--protocol", "forced", "--quiet", "--out", folder]
               + [part for setting in neuron + settings for part in ("--set", setting)])
    with open(folder / "window.csv") as file:
        lines = csv.DictReader(line for line in file if not line.startswith("#"))
        curve = {round(float(line["difference [ms]"])): (float(line["change [weight]"]), float(line["error [weight]"]))
                 for line in lines}
    return curve, text


def windows_table(program, out, trials):
    head = ["D [steps]"] + [str(d) for d in COLUMNS] + ["largest error", "fitted tau, LTP / LTD", "p0", "baseline"]
    table = row(head) + row(["---"] * len(head))
    table += row(["K"] + [short(kernel(d)) for d in COLUMNS] + ["", f"{TAU:g} / {TAU:g}", "", ""])
    notes = ""
    for name, label, neuron, mean, deviation in WINDOWS:
        curve, text = window(program, out / "windows" / name, neuron, mean, deviation, trials)
        rate = float(re.search(r"^rate +(\S+)", text, re.M).group(1))
        baseline = float(re.search(r"^baseline +(\S+)", text, re.M).group(1))
        tau = [re.search(rf"tau_{side} (\S+)", text) for side in ("plus", "minus")]
        r_squared = [re.search(rf"tau_{side} .*R2 (\S+)", text) for side in ("plus", "minus")]
        fits = " / ".join("none" if t is None else f"{float(t.group(1)):.1f} (R2 {r.group(1)})"
                          for t, r in zip(tau, r_squared))
        table += row([label] + [short(curve[d][0]) for d in COLUMNS]
                     + [short(max(error for _, error in curve.values())), fits, short(rate), short(baseline)])
        if name == "escape":
            expected = {d: (1.0 - rate) * kernel(d) for d in curve}
            table += row(["(1-p0) K of it"] + [short(expected[d]) for d in COLUMNS] + ["", "", "", ""])
            worst = max(abs(curve[d][0] / expected[d] - 1.0) for d in curve if abs(d) <= 20)
            notes += f"\nWithout reset, from D = -20 to 20: at most {100 * worst:.2f} % from (1-p0) K.\n"
    return f"{trials} trials at each D\n\n" + table + notes


def accuracies(program, out, name, seed):
    folder = out / "sequences" / f"{name}_{seed}"
    run([program, "run", ROOT / "tasks" / "science" / f"{name}.json", "--backend", "cpu", "--quiet",
         "--set", f"/seed={seed}", "--out", folder])
    epochs = json.loads((folder / "result.json").read_text())["epochs"]
    return {n: epoch["valid"]["accuracy"] for n, epoch in enumerate(epochs) if "valid" in epoch}


def sequences_table(program, out, seeds):
    head = ["rule"] + [str(n) for n in PRESENTATIONS] + ["lowest and highest at 20"]
    table = row(head) + row(["---"] * len(head))
    curves = {}
    for name, label in SEQUENCES:
        runs = [accuracies(program, out, name, seed) for seed in seeds]
        mean = {n: statistics.fmean(one[n] for one in runs) for n in runs[0]}
        curves[label] = mean
        last = max(mean)
        at_20 = [one[min(20, last)] for one in runs]
        table += row([f"{label}, `{name}.json`"] + [f"{mean[min(n, last)]:.2f}" for n in PRESENTATIONS]
                     + [f"{min(at_20):.2f} {max(at_20):.2f}"])
    return f"mean of seeds {', '.join(map(str, seeds))}\n\n" + table, curves


def draw_accuracies(out, curves):
    longest = max(max(curve) for curve in curves.values())
    with open(out / "accuracy.csv", "w") as file:
        writer = csv.writer(file)
        writer.writerow(["presentations"] + list(curves))
        for n in range(1, longest + 1):
            writer.writerow([n] + [curve[min(n, max(curve))] for curve in curves.values()])
    for terminal, ending in (("pngcairo size 1000,700 font 'Sans,13'", "png"), ("svg size 1000,700", "svg")):
        data = out / "accuracy.csv"
        columns = ", ".join(f"'{data}' using 1:{i + 2} with lines linewidth 2 title '{label}' noenhanced"
                            for i, label in enumerate(curves))
        script = (f"set terminal {terminal}\nset output '{out / ('accuracy.' + ending)}'\nset datafile separator ','\n"
                  "set logscale x\nset yrange [-0.02:1.02]\nset key outside below vertical maxrows 6\n"
                  "set xlabel 'presentations'\n"
                  f"set ylabel 'accuracy'\nset grid\nset bmargin 11\nplot {columns}\n")
        subprocess.run(["gnuplot"], input=script, text=True, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder for the result")
    parser.add_argument("--program", default=ROOT / "build" / "default" / "spikeweave")
    parser.add_argument("--trials", type=int, default=60000, help="at each D of the windows")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5], help="of the sequences")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    text = "## Windows of real neurons\n\n" + windows_table(options.program, options.out, options.trials)
    table, curves = sequences_table(options.program, options.out, options.seeds)
    draw_accuracies(options.out, curves)
    text += "\n## Simple sequences\n\n" + table
    (options.out / "tables.md").write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main()
