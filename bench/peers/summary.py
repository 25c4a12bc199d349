"""One file of what `bench/gpu_suite.sh OUTDIR bench` measured: medians, with the machine that they were measured on.

    python3 bench/peers/summary.py OUTDIR SUMMARY.json
"""

import json
import statistics
import sys
from pathlib import Path

SHARED = ("spikeweave", "commit", "device", "backend")
OF_BENCHMARK = ("batch", "steps", "synapses", "spikes_per_step")
IF_CHECKED = ("gradient_difference",)  # where the learning rule has a textbook form


def milliseconds(part):
    wall = [1e3 * seconds for seconds in part["wall_seconds"]]
    return {"wall_ms": round(statistics.median(wall), 3), "wall_ms_min": round(min(wall), 3),
            "wall_ms_max": round(max(wall), 3)}


def main():
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    summary = {"machine": (folder / "machine.txt").read_text().splitlines(),
               "ceilings": json.loads((folder / "ceilings.json").read_text()), "benchmarks": {}, "peers": {}}
    for path in sorted(folder.glob("*.json")):
        result = json.loads(path.read_text())
        if "parts" in result:
            shared = {key: result[key] for key in SHARED}
            if summary.setdefault("program", shared) != shared:
                sys.exit(f"summary: {path} is of another program or machine than the files before it")
            summary["benchmarks"][path.stem] = {
                **{key: result[key] for key in OF_BENCHMARK},
                **{key: result[key] for key in IF_CHECKED if key in result},
                **{part["name"]: milliseconds(part) for part in result["parts"]}}
        elif "ratios" in result:
            summary["peers"][path.stem.removeprefix("peers_")] = result
    target.write_text(json.dumps(summary, indent=1) + "\n")


if __name__ == "__main__":
    main()
